from __future__ import annotations

import base64
import random

import pytest

from detectors.model import Verdict
from detectors.proofs.labelled import PROOFS

CANDIDATES = {"intercom": b"dG9rO" + b"A" * 54 + b"=", "workos": b"sk_live_" + b"a2V5X" + b"A" * 55}


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_a_made_token_has_its_label_and_length(name: str) -> None:
    made = PROOFS[name].make(CANDIDATES[name], random.Random(1))

    assert PROOFS[name].check(made).verdict is Verdict.UNPROVABLE
    assert len(made) == len(CANDIDATES[name])


@pytest.mark.parametrize("name", sorted(CANDIDATES))
def test_another_text_is_refuted(name: str) -> None:
    for value in (b"", b"sk_live_", b"\xff", base64.b64encode(b"tik:abcdefgh"), b"dG9rO" + b"\xff" * 9):
        assert PROOFS[name].check(value).verdict is Verdict.REFUTED
