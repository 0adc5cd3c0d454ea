import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.model import Verdict
from detectors.proofs.reversible import PROOFS
from detectors.synthetic import secret_for
from shipped_rules import shipped, shipped_scanner

RULES = {
    "cisco-type-7": ("cisco", "cisco-type-7-password"),
    "filezilla-password": ("filezilla", "filezilla-site-password"),
    "group-policy-password": ("windows", "windows-group-policy-password"),
}


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_is_stored_is_read_back_and_only_its_length_told(name: str) -> None:
    provider, rule_id = RULES[name]
    rule = shipped(provider)[rule_id]
    for seed in range(20):
        secret = secret_for(rule, random.Random(seed))
        proof = PROOFS[name].check(secret)
        assert set(proof.facts) == {"reversible", "password_length"}
        assert 1 <= int(proof.facts["password_length"]) <= len(secret)
        assert (proof.verdict is Verdict.PROVED) == (name == "group-policy-password")


def test_each_is_read_as_its_program_writes_it() -> None:
    # "cisco" beginning at two places, as any router prints it; a text of eleven characters
    for stored in (b"0822455D0A16", b"060506324F41"):
        assert PROOFS["cisco-type-7"].check(stored).facts["password_length"] == "5"
    made = base64.b64encode("Grüße an d!".encode())
    assert PROOFS["filezilla-password"].check(made).facts["password_length"] == "11"


def test_a_changed_policy_password_is_not_proved() -> None:
    rule = shipped("windows")["windows-group-policy-password"]
    proofs = set()
    for seed in range(20):
        secret = secret_for(rule, random.Random(seed))
        changed = (b"A" if secret[:1] != b"A" else b"B") + secret[1:-4] + secret[-4:][::-1]
        proofs.add(PROOFS["group-policy-password"].check(changed).verdict)
    assert proofs == {Verdict.UNPROVABLE}


@pytest.mark.parametrize("name", sorted(RULES))
@given(
    secret=st.one_of(st.binary(max_size=80), st.text("0123456789ABCDEFabcd+/=", max_size=80).map(str.encode))
)
def test_nothing_is_refuted_and_nothing_raises(name: str, secret: bytes) -> None:
    assert PROOFS[name].check(secret).verdict is not Verdict.REFUTED


@pytest.mark.parametrize(
    ("provider", "text"),
    [
        ("cisco", "username ann password 7 {}\n"),
        ("filezilla", '<Pass encoding="base64">{}</Pass>'),
        ("windows", '<Properties action="U" cpassword="{}" userName="ann"/>'),
    ],
)
def test_a_finding_never_tells_the_password(provider: str, text: str) -> None:
    plain = "wQ7" + "zK4" * 3
    stored = {
        "cisco": b"00" + bytes(a ^ b for a, b in zip(plain.encode(), b"dsfd;kfoA,.iyewrkld", strict=False)).hex().upper().encode(),
        "filezilla": base64.b64encode(plain.encode()),
        "windows": PROOFS["group-policy-password"].make(b"", random.Random(3)),
    }[provider]  # fmt: skip

    (finding,) = shipped_scanner(provider).scan(text.format(stored.decode()).encode())

    assert "reversible" in finding.proof.facts
    assert plain not in " ".join(finding.proof.facts.values())
