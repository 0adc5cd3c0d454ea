from __future__ import annotations

import pytest

from monitor.alerting.ownership import KINDS, Level, combine, reason_text
from monitor.alerting.ownership.reasons import reason


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_sentence_that_names_what_fitted(kind: str) -> None:
    text = reason_text(reason(kind, "ENTRY", "{FOUND}"))
    assert text.endswith(f"({KINDS[kind].proof})")
    assert "ENTRY" in text or "{FOUND}" in text


def test_the_file_of_an_entry_is_told() -> None:
    given = reason("account_id", "123456789012", "account_id", file="watch/cloud.toml")
    assert reason_text(given) == (
        "the credential belongs to your account 123456789012 (proved; watch/cloud.toml)"
    )


def test_a_reason_of_an_older_version_is_told_without_its_file() -> None:
    given = {"kind": "author", "entry": "jdoe", "found": "jdoe", "proof": "claimed", "weight": 20}
    assert reason_text(given) == "the author is said to be jdoe (claimed)"


def test_a_place_that_is_hearsay_makes_a_claim_of_a_proof() -> None:
    assert reason("organisation", "acme", "acme", most=Level.CLAIMED)["proof"] == "claimed"


def test_weights_add_up_to_a_hundred_at_most() -> None:
    one, two = reason("organisation", "acme", "acme"), reason("user", "jdoe", "jdoe")
    assert (combine([one]).score, combine([one], [two, one]).score) == (90, 100)


def test_foreign_text_is_cut() -> None:
    assert len(reason("author", "x", "y" * 5000)["found"]) == 200
