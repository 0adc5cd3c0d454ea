"""What leaves the scanning process shows no secret, wherever and however often it stands."""

from __future__ import annotations

import random
from collections.abc import Sequence
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_rules import ruleset, scanner, scanner_with
from detectors import Finding
from detectors.stats import Budget, ScanStats
from detectors.synthetic import records_for, secret_for
from monitor.matcher import redact
from monitor.matcher.redact import Redactor
from monitor.matcher.repeats import Repeats

RULES = ruleset()


def made(rule: str, seed: int = 0) -> bytes:
    return secret_for(RULES[rule], random.Random(f"{rule} {seed}"))


def shown(content: bytes, *, more: bool = False, redactor: Redactor | None = None) -> list[tuple[str, str]]:
    """(snippet, neighbourhood) of each finding."""
    findings = scanner().scan(content)
    assert findings
    hidden = (redactor or Redactor(scanner())).hidden(
        content, findings, redact.repeats_of(findings), more=more
    )
    return [(redact.snippet(content, f.start, hidden), redact.near(content, f, hidden)) for f in findings]


def test_a_preview_shows_the_public_prefix_and_two_characters_if_enough_stay_hidden() -> None:
    token = made("acme-token")
    assert redact.preview(RULES["acme-token"], token) == f"acme_…{token[-2:].decode()}"
    key = made("acme-key")
    assert redact.preview(RULES["acme-key"], key) == "[32 characters: letters, digits]"
    short = RULES["acme-token"]
    assert redact.preview(short, b"acme_" + b"x" * 21) == "[26 characters: letters, others]"
    assert redact.preview(short, b"acme_" + b"x" * 28 + b"\xff\n") == "acme_…**"


def test_every_match_on_the_line_is_masked_and_the_rest_stays() -> None:
    first, second = made("acme-token", 1), made("acme-token", 2)
    for snippet, near in shown(b"a = " + first + b"; b = '" + second + b"' # here"):
        assert snippet == "a = *****; b = '*****' # here"
        assert near == snippet


def test_a_value_that_is_reported_only_within_a_set_is_masked_alone_as_well() -> None:
    identity = made("acme-id")
    ((snippet, _),) = shown(b'acme_id = "' + identity + b'"; t = ' + made("acme-token"))
    assert snippet == 'acme_id = "*****"; t = *****'


def test_a_repetition_is_masked_even_where_the_snippet_cuts_it() -> None:
    url = b"acmedb://bob:Tr0ub4dor+9xQ7@db.example"
    for gap in range(60, 90):
        content = url + b" " * gap + b"Tr0ub4dor+9xQ7 again"
        for snippet, near in shown(content):
            assert not any(b"Tr0ub4dor+9xQ7"[at : at + 4].decode() in snippet + near for at in range(11))


def test_the_end_of_a_part_is_hidden_since_a_secret_may_be_cut_there() -> None:
    cut = made("acme-token", 2)[:20]
    content = b"t = " + made("acme-token", 1) + b"; u = " + cut
    assert cut.decode() in shown(content)[0][0]
    assert cut.decode()[5:] not in "".join(shown(content, more=True)[0])


def test_what_is_too_loud_for_the_scan_is_masked_all_the_same() -> None:
    tokens = [made("acme-token", n) for n in range(300)]
    content = b",".join(tokens)
    quiet = scanner_with(budget=Budget(hits=100, exact_hits=5))
    findings = quiet.scan(content)
    assert 0 < len(findings) < 300
    hidden = Redactor(quiet).hidden(content, findings, redact.repeats_of(findings))
    for finding in findings:
        text = redact.snippet(content, finding.start, hidden) + redact.near(content, finding, hidden)
        assert not any(token[5:13].decode() in text for token in tokens)


class Counting:
    """A scanner that tells how much it was given to look at."""

    def __init__(self) -> None:
        self._scanner = scanner()
        self.looked = 0

    def scan(self, data: bytes) -> Sequence[Finding]:
        return self._scanner.scan(data)

    def candidates(self, data: bytes) -> Sequence[Finding]:
        self.looked += len(data)
        return self._scanner.candidates(data)

    @property
    def last(self) -> ScanStats:
        return self._scanner.last


def test_a_dump_is_masked_whole_and_not_looked_at() -> None:
    dump = records_for(RULES["acme-dump"], 3000, random.Random(1))
    lone = made("acme-id")
    for content in (dump + b'\nacme_id = "' + lone + b'"\n', b'acme_id = "' + lone + b'"\n' + dump):
        (finding,) = scanner().scan(content)
        counting = Counting()
        hidden = Redactor(counting).hidden(content, [finding], redact.repeats_of([finding]))
        assert counting.looked < 10_000 < len(dump)
        text = redact.masked(content, 0, len(content), hidden)
        assert text.split() in (["*****", "acme_id", "=", '"*****"'], ["acme_id", "=", '"*****"', "*****"])


def test_what_comes_behind_thousands_of_candidates_is_hidden_without_a_look() -> None:
    tokens = [made("acme-token", n) for n in range(2500)]
    content = b"\n".join(b"t = " + token for token in tokens)
    findings = scanner_with(budget=Budget(hits=20_000)).scan(content)
    counting = Counting()
    hidden = Redactor(counting).hidden(content, findings, redact.repeats_of(findings))
    assert len(findings) == 2500
    assert counting.looked < len(content)
    assert redact.snippet(content, findings[0].start, hidden) == "t = *****"
    assert redact.snippet(content, findings[-1].start, hidden) == "*****"


def test_a_snippet_is_one_line_of_at_most_160_bytes() -> None:
    ((snippet, _),) = shown(b"above\n" + b"x " * 500 + made("acme-token") + b" y" * 500 + b"\nbelow")
    assert len(snippet) <= 160
    assert "above" not in snippet
    assert "*****" in snippet
    assert "below" not in snippet


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_metadata_is_masked_whatever_its_percent_encoding(layers: int) -> None:
    text = made("acme-token").decode()
    for _ in range(layers):
        text = (
            "".join(f"%{ord(c):02x}" for c in text)
            if layers == 1
            else quote(f"%{ord(text[0]):02x}" + text[1:])
        )
    told = Redactor(scanner()).text(f"https://h.example/?t={text}", Repeats([]))
    assert told == ("https://h.example/?t=*****" if layers == 0 else "*****")


def test_metadata_repeats_no_secret_of_the_document() -> None:
    secret = b"Tr0ub4dor+9xQ7"
    redactor = Redactor(scanner())
    assert redactor.text("why is Tr0ub4dor+9xQ7 wrong", Repeats([secret])) == "why is ***** wrong"
    assert redactor.text(f"q={quote(secret)}", Repeats([secret])) == "*****"
    assert redactor.text("100%25 fine", Repeats([secret])) == "100%25 fine"
    assert redactor.text("", Repeats([secret])) == ""


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 5)), min_size=1, max_size=8),
    st.sampled_from([b"\n", b" ", b"'", b'","', b"\t"]),
)
def test_no_eight_characters_show_among_any_bytes(pieces: list[tuple[bytes, int]], joint: bytes) -> None:
    secrets = {n: made("acme-token", n) for n in range(6)}
    content = joint.join(joint.join((noise, secrets[n])) for noise, n in pieces) + joint
    findings = scanner().scan(content)
    if not findings:
        return
    for snippet, near in shown(content):
        for finding in findings:
            body = finding.secret[5:].decode("latin-1")
            assert not any(body[at : at + 8] in snippet + near for at in range(len(body) - 7))
