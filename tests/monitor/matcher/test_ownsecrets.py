"""Own secrets in the scanning process: known by whatever rule found them, found where no rule does, in every form; bounded, and masked."""

from __future__ import annotations

import random
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acme_rules import ruleset, scanner_with
from detectors import Confidence, Finding, Severity, Verdict
from detectors.synthetic import secret_for
from monitor.contracts import Document, FindingEvent, Provenance
from monitor.identity import KeyRing
from monitor.matcher.events import EventMaker
from monitor.matcher.ownsecrets import MOST_NAMES, OwnSecrets
from monitor.matcher.redact import Redactor
from monitor.own import values
from monitor.own.ownfile import Entry, OwnFileError
from monitor.own.ownfile import write as write_file
from owning import KEYS, own_file, own_secrets, secret

RNG = random.Random(7)
SECRETS = [secret(RNG, 24 + number) for number in range(40)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> OwnSecrets:
    return own_secrets(tmp_path_factory.mktemp("own"), SECRETS)


def scan(own: OwnSecrets, content: bytes) -> tuple[Finding, ...]:
    return scanner_with(beside=own).scan(content)


def events(own: OwnSecrets, content: bytes, keys: KeyRing = KEYS, **more: object) -> list[FindingEvent]:
    made = scanner_with(beside=own)
    document = Document(source="t", id="1", content=content, fetched_at=5.0, **more)  # type: ignore[arg-type]
    return EventMaker(keys, Redactor(made), None, own).events(document, made.scan(content), now=9.0)


def forms(value: bytes) -> dict[str, bytes]:
    return {
        "": b'key = "' + value + b'"',
        "base64": b"data: " + b64encode(b"xx" + value + b" behind"),
        "percent": b"?key=" + quote(value, safe="").encode() + b"&more=1",
    }


@pytest.mark.parametrize("number", range(len(SECRETS)))
def test_each_is_found_in_each_form_where_it_stands(own: OwnSecrets, number: int) -> None:
    value = SECRETS[number]
    for encoding, text in forms(value).items():
        content = b"some code\n" + text + b"\nmore of it\n"
        (found,) = scan(own, content)
        assert (found.rule.id, found.secret, found.proof.check) == ("own-secret", value, "own_hash")
        if found.decoded:
            assert found.decoded == (encoding,)
        else:
            assert quote(value, safe="").encode() in (value, found.secret) or encoding == ""
        shown = content[found.start : found.end]
        assert encoding == "base64" or shown in (value, quote(value, safe="").encode())
        (event,) = events(own, content)
        assert (event.own, event.verdict, event.severity) == ((f"own-{number}",), "proved", "critical")
        assert event.confidence == "high"
        assert "*****" in event.snippet
        body = event.message().value
        assert not any(value[at : at + 8] in body for at in range(len(value) - 7))
        assert b64encode(value)[4:16] not in body


def test_it_is_one_leak_in_all_forms(own: OwnSecrets) -> None:
    prints = {event.fingerprint for text in forms(SECRETS[3]).values() for event in events(own, text)}
    assert len(prints) == 1
    assert prints != {event.fingerprint for event in events(own, forms(SECRETS[4])[""])}


def test_a_stranger_that_begins_alike_is_none(own: OwnSecrets) -> None:
    for value in SECRETS:
        stranger = value[:-1] + (b"0" if value[-1:] != b"0" else b"1")
        for text in forms(stranger).values():
            assert scan(own, text) == ()
        assert scan(own, value[:-1]) == ()


def test_it_is_masked_beside_another_finding_and_in_names(own: OwnSecrets) -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    encoded = b64encode(SECRETS[1])
    content = b"k = " + token + b" " + SECRETS[0] + b" " + encoded
    where = Provenance(
        repository="a/b", path=f"conf/{SECRETS[2].decode().replace('/', '_')}", title=SECRETS[5].decode()
    )
    for event in events(own, content, provenance=where):
        body = event.message().value
        for value in (SECRETS[0], SECRETS[1], SECRETS[5], encoded):
            assert not any(value[at : at + 8] in body for at in range(len(value) - 7))


def test_what_a_rule_finds_is_known_by_its_value(tmp_path: Path) -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(3))
    stranger = secret_for(ruleset()["acme-token"], random.Random(4))
    own = own_secrets(tmp_path, [token], selectors=False)
    first, second = events(own, b"k = " + token + b"\nk = " + stranger + b"\n")
    assert (first.own, second.own) == (("own-0",), ())
    assert (first.rule, first.verdict, first.severity) == ("acme-token", "proved", "high")
    assert second.verdict == "unprovable" or second.check != "own_hash"


def test_a_part_of_a_set_is_known(tmp_path: Path) -> None:
    rng = random.Random(5)
    identity, key = (secret_for(ruleset()[name], rng) for name in ("acme-id", "acme-key"))
    content = b'acme_id = "' + identity + b'"\nacme_key = "' + key + b'"\n'
    for value in (identity, key):
        own = own_secrets(tmp_path, [value], selectors=False)
        (event,) = events(own, content)
        assert (event.own, event.set_id) == (("own-0",), "acme-pair")


def test_what_a_rule_of_nobody_found_is_told_as_an_own_secret(own: OwnSecrets) -> None:
    rule = replace(ruleset()["acme-token"], provider="generic", severity=Severity.LOW)
    plain = Finding(rule, 4, 4 + len(SECRETS[0]), SECRETS[0], Severity.LOW, Confidence.LOW)
    told = own.owned(plain)
    assert own.names(plain) == ("own-0",)
    assert (told.rule, told.severity, told.confidence) == (values.RULE, Severity.CRITICAL, Confidence.HIGH)
    assert told.proof.verdict is Verdict.PROVED
    provider = own.owned(replace(plain, rule=ruleset()["acme-token"]))
    assert (provider.rule.id, provider.severity) == ("acme-token", Severity.HIGH)


def test_names_are_few_and_under_active_keys_alone(tmp_path: Path) -> None:
    value = secret(random.Random(1))
    ring = KeyRing.of(b"k" * 32)
    ((key_id, key),) = ring.own_keys().items()
    path = tmp_path / "own.txt"
    write_file(path, [Entry(key_id, values.digest(key, value), f"name-{n}") for n in range(20)])
    finding = Finding(values.RULE, 0, 9, value, Severity.LOW, Confidence.LOW)
    assert len(OwnSecrets.open([path], ring, tmp_path).names(finding)) == MOST_NAMES
    assert OwnSecrets.open([path], KeyRing.of(b"n" * 32, b"k" * 32), tmp_path).names(finding)
    assert not OwnSecrets.open([path], KeyRing.of(b"n" * 32), tmp_path).names(finding)


def test_without_selectors_there_is_nothing_to_look_for(tmp_path: Path) -> None:
    own = own_secrets(tmp_path, SECRETS, selectors=False)
    assert own.look(SECRETS[0]) == ()
    assert scan(own, SECRETS[0]) == ()


def test_a_text_of_beginnings_costs_its_budget_and_the_next_has_its_own(own: OwnSecrets) -> None:
    made = scanner_with(beside=own)
    head = SECRETS[0][:12]
    hostile = (head + b"=" * 40 + b"\n") * 5_000
    found = made.scan_many([hostile, SECRETS[1], hostile + SECRETS[2]])
    assert [len(one) for one in found] == [0, 1, 0]
    assert made.last.dropped["own_budget"] > 5_000


def test_beyond_the_budget_the_surroundings_are_hidden_whole(own: OwnSecrets) -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    line = b" ".join([SECRETS[0][:8]] * 30)
    content = (line + b"\n") * 200 + b"k = " + token + b" " + SECRETS[1] + b"\n" + (line + b"\n") * 200
    for event in events(own, content):
        assert SECRETS[1][8:20] not in event.message().value


def test_the_database_is_kept_and_follows_the_file(tmp_path: Path) -> None:
    own_secrets(tmp_path, SECRETS[:5])
    kept = tmp_path / "cache" / "own-literals.hsdb"
    before = kept.read_bytes()
    own_secrets(tmp_path, SECRETS[:5])
    assert kept.read_bytes() == before
    changed = own_secrets(tmp_path, SECRETS[5:9])
    assert kept.read_bytes() != before
    assert len(scan(changed, SECRETS[6])) == 1
    kept.write_bytes(b"nonsense")
    assert (
        len(scan(OwnSecrets.open([own_file(tmp_path, SECRETS[5:9])], KEYS, tmp_path / "cache"), SECRETS[6]))
        == 1
    )


def test_a_file_that_is_spoiled_later_counts_as_it_was(tmp_path: Path) -> None:
    path = own_file(tmp_path, SECRETS[:3])
    OwnSecrets.open([path], KEYS, tmp_path / "cache")
    path.write_text("<<<<<<< HEAD\n")
    assert len(scan(OwnSecrets.open([path], KEYS, tmp_path / "cache"), SECRETS[1])) == 1
    with pytest.raises(OwnFileError):
        OwnSecrets.open([path], KEYS, tmp_path / "another cache")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [
                    part
                    for value in SECRETS[:6]
                    for text in forms(value).values()
                    for part in (text, text[:20], text[-25:])
                ]
            ),
        ),
        max_size=12,
    ).map(b"".join)
)
def test_any_text_is_read_and_what_is_found_is_there(own: OwnSecrets, content: bytes) -> None:
    dropped: Counter[str] = Counter()
    own.begin()
    for finding in own.findings(content, 0, len(content), own.look(content), dropped):
        assert finding.secret in SECRETS
        assert 0 <= finding.start < finding.end <= len(content)
    for value in SECRETS[:6]:
        if value in content:
            assert value in [finding.secret for finding in scan(own, content)]
