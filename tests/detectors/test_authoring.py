"""What authors are refused and advised, each with what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acme_rules import ruleset
from detectors import authoring

RULES = ruleset()


def test_sound_rules_are_not_refused() -> None:
    assert authoring.refused(RULES.rules, {}) == []


@pytest.mark.parametrize(
    ("rule_id", "changes", "hits", "text"),
    [
        ("acme-token", {}, 51.0, "51 hits a MB"),
        ("acme-key", {"names": ("acm",), "pattern": "[0-9a-f]{20}"}, 0.0, "bind it (`acm&`)"),
        ("acme-token", {"pattern": "acm[0-9a-f]{20}"}, 0.0, "three letters"),
    ],
)
def test_what_is_refused(rule_id: str, changes: dict[str, object], hits: float, text: str) -> None:
    rule = replace(RULES[rule_id], **changes)  # type: ignore[arg-type]
    (problem,) = authoring.refused([rule], {rule_id: hits})
    assert problem.rule_id == rule_id
    assert text in problem.text


@pytest.mark.parametrize(
    "changes",
    [
        {"names": ("acm&",), "pattern": "[0-9a-f]{20}"},
        {"names": ("ac2",), "pattern": "[0-9a-f]{20}"},
        {"names": ("acm",), "pattern": "[0-9a-f]{32}"},
        {"provider": "generic"},
    ],
)
def test_what_is_not(changes: dict[str, object]) -> None:
    rule = replace(RULES["acme-key"], **changes)  # type: ignore[arg-type]
    hits = 51.0 if "provider" in changes else 5.0
    assert authoring.refused([rule], {"acme-key": hits}) == []


def test_advice() -> None:
    rule = replace(RULES["acme-key"], pattern="[0-9a-f]{12}", negatives=(), references=())
    told = " | ".join(problem.text for problem in authoring.advice([rule], {"acme-key": 20.0}))
    for word in ("20 hits", "12 bytes", "negatives", "revoke", "references"):
        assert word in told
