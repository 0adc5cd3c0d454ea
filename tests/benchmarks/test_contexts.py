"""What the context bench puts where."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from acme_rules import ruleset, scanner
from benchmarks.context_cases import NEGATIVES, PLACES
from benchmarks.contexts import _SIGN, _cases, _counted, _fits, group_of, sampled, styles
from detectors.synthetic import secret_for

RULE = ruleset()["acme-key"]


@pytest.mark.parametrize(
    ("pattern", "group"),
    [
        ("[0-9a-f]{32}", "hex 32"),
        ("[0-9a-f]{48}", "hex other"),
        ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "uuid"),
        ("[0-9A-Z]{20}", "one case"),
        ("[0-9A-Za-z]{20}", "mixed short"),
        ("[0-9A-Za-z]{24,40}", "mixed long"),
        ("[0-9A-Za-z_-]{40}", "base64"),
        ("ak-[0-9a-f]{32}", "parts"),
    ],
)
def test_what_a_value_looks_like(pattern: str, group: str) -> None:
    assert group_of(replace(RULE, pattern=pattern)) == group


def test_a_name_in_every_style_and_bare_only_where_the_rule_knows_it() -> None:
    found = styles(RULE)

    assert found["SNAKE"] == "AM_KEY"
    assert (found["camel"], found["Pascal"], found["kebab"], found["words"]) == (
        "amKey",
        "AmKey",
        "am-key",
        "am key",
    )
    assert (found["vendor"], found["Vendor"]) == ("acme", "Acme")
    assert "vendor" not in styles(replace(RULE, names=("acme&",)))


def test_every_place_has_a_value_and_a_name_that_some_rule_has() -> None:
    signs = {*styles(RULE), "v"}
    for text in (*PLACES.values(), *NEGATIVES.values()):
        used = set(_SIGN.findall(text))
        assert "v" in used
        assert used <= signs


def test_only_context_rules_of_long_values_are_asked() -> None:
    assert {rule.id for _, rule in sampled(ruleset(), 5, Random(1))} == {"acme-key"}


def test_what_is_found_counts_and_what_is_not_is_kept() -> None:
    value = secret_for(RULE, Random(1)).decode()
    places = {"beside": "@SNAKE = '@v'", "alone": "checksum: @v"}

    table = _counted(scanner(), _cases([("hex 32", RULE)], places | {"fixed": value}, Random(2)), find=True)

    assert not _fits("beside", "hex 32")  # a look-alike, for it is none of the places
    assert table == {}
    table = _counted(
        scanner(),
        _cases([("hex 32", RULE)], {"any a": places["beside"], "any b": places["alone"]}, Random(2)),
        find=True,
    )
    assert [(count["hex 32"].found, len(count["hex 32"].cases)) for count in table.values()] == [
        (1, 0),
        (0, 1),
    ]
