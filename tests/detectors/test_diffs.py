from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_rules import ruleset, scanner
from detectors import Scanner, diffs, load_rules
from detectors.model import Finding
from detectors.synthetic import checked_sample, records_for, secret_for

DUMP = records_for(ruleset()["acme-dump"], 6, Random(1)).split(b"\n")
TOKEN = secret_for(ruleset()["acme-token"], Random(1))


def scanned(diff: bytes, *, continued: bool = False) -> list[Finding]:
    sides = diffs.sides(diff, continued=continued)
    return diffs.findings_of(sides, scanner().scan_many([side.text for side in sides]))


def marked(mark: bytes, lines: list[bytes]) -> bytes:
    return b"".join(mark + line + b"\n" for line in lines)


@pytest.mark.parametrize("mark", [b"+", b"-", b" "])
@pytest.mark.parametrize("head", [b"@@ -1,6 +1,6 @@\n", b"--- a/x\n+++ b/x\n@@ -1 +1 @@ def f():\n"])
def test_lines_that_are_matched_as_a_whole_are_found_and_span_all_of_their_bytes(
    mark: bytes, head: bytes
) -> None:
    (plain,) = scanner().scan(b"\n".join(DUMP))

    (finding,) = scanned(head + marked(mark, DUMP) + b"\\ No newline at end of file\n")

    assert finding.secret == plain.secret
    assert (finding.start, finding.end) == (len(head) + 1, len(head) + len(marked(mark, DUMP)) - 1)


def test_both_sides_are_told_and_what_stands_in_both_once() -> None:
    one, other = (secret_for(ruleset()["acme-token"], Random(seed)) for seed in (2, 3))
    diff = b"@@ -1,2 +1,2 @@\n k=" + TOKEN + b"\n-k=" + one + b"\n+k=" + other + b"\n"

    found = scanned(diff)

    assert [finding.secret for finding in found] == [TOKEN, one, other]
    assert all(diff[finding.start : finding.end] == finding.secret for finding in found)


def test_lines_of_the_other_side_between_do_not_cut_a_value_and_lie_in_its_span() -> None:
    old, new = list(DUMP), list(DUMP)
    new[3] = b"not any more"
    diff = b"@@ -1,6 +1,6 @@\n" + marked(b" ", DUMP[:3]) + b"-" + old[3] + b"\n+" + new[3] + b"\n"
    diff += marked(b" ", DUMP[4:])

    (after, *before) = scanned(diff)

    assert after.records == 5
    assert all(line in diff[after.start : after.end] for line in DUMP)
    assert all(finding.records == 6 for finding in before)


def test_a_set_has_its_parts_where_they_stand() -> None:
    key, identity = (secret_for(ruleset()[name], Random(4)) for name in ("acme-key", "acme-id"))
    diff = b'@@ -0,0 +1,2 @@\n+acme_id = "' + identity + b'"\n+acme_key = "' + key + b'"\n'

    (finding,) = scanned(diff)

    assert [diff[part.start : part.end] for part in finding.parts] == [identity]
    assert diff[finding.start : finding.end] == key


def test_the_line_behind_a_hunks_numbers_is_read_on_its_own() -> None:
    diff = b"@@ -10,1 +10,1 @@ k=" + TOKEN + b"\n-a\n+b\n"

    (finding,) = scanned(diff)

    assert diff[finding.start : finding.end] == TOKEN


def test_what_is_before_the_first_hunk_keeps_its_columns_and_a_later_part_has_none() -> None:
    text = marked(b"+", DUMP)

    assert scanned(text) == []
    assert scanned(text, continued=True)[0].records == 6


def test_removed_and_added_lines_that_look_like_headers_are_lines() -> None:
    diff = b"@@ -1,2 +1,2 @@\n--- select 1\n-+++ a\n+++ b\n"

    new, old = diffs.sides(diff)

    assert old.text.split() == [b"--", b"select", b"1", b"+++", b"a"]
    assert new.text.split() == [b"++", b"b"]


def test_the_headers_of_the_next_file_are_blank() -> None:
    diff = b"@@ -1 +1 @@\n+a\ndiff --git a/x b/x\nindex 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n+b\n"

    (new,) = diffs.sides(diff)

    assert new.text.split() == [b"a", b"b"]


def test_a_diff_of_endless_lines_is_read_as_it_is() -> None:
    diff = b"@@ -1 +1 @@\n" + b"+\n" * 300_001

    assert [side.text == diff for side in diffs.sides(diff)] == [True]


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([b"+", b"-", b" ", b"\\", b"@@ -1 +1 @@", b"--- a", b"+++ b", b"\n", b"\r\n", b"x"])
    ),
    st.booleans(),
)
def test_any_bytes_have_sides_whose_offsets_are_in_the_diff(pieces: list[bytes], continued: bool) -> None:
    diff = b"".join(pieces)

    for side in diffs.sides(diff, continued=continued):
        for offset, byte in enumerate(side.text):
            assert diff[side.place(offset)] == byte


def test_a_value_over_several_lines_says_that_it_is_not_what_stands_in_its_span() -> None:
    rules = load_rules()
    rule = next(rule for rule in rules.rules if rule.id == "private-key-dsa")
    key = checked_sample(rule.examples[0], rule, rules, 1).text
    key = key[key.index(b"-----BEGIN") :]
    diff = b"@@ -0,0 +1,9 @@\n" + b"".join(b"+" + line + b"\n" for line in key.split(b"\n"))
    (whole,) = Scanner(rules).scan(diff)
    assert whole.decoded == ("diff",)
    (plain,) = Scanner(rules).scan(key)
    assert plain.decoded == ()
    assert (whole.secret, whole.rule.id) == (plain.secret, plain.rule.id)
