import base64
import random

import pytest

from detectors.model import Verdict
from detectors.proofs.azure import PROOFS, marvin, marvin32

SIGNATURES = [name for name in sorted(PROOFS) if name not in {"azure-cask", "entra-secret"}]
MARKS = {
    "azure-storage": (76, b"+ASt", b"=="), "azure-cosmos": (76, b"ACDb", b"=="), "azure-batch": (76, b"+ABa", b"=="),
    "azure-api-management": (76, b"APIM", b"=="), "azure-ml-classic": (76, b"+AMC", b"=="),
    "azure-redis": (33, b"AzCa", b"="), "azure-service-bus": (33, b"+ASb", b"="), "azure-event-hub": (33, b"+AEh", b"="),
    "azure-relay": (33, b"+ARm", b"="), "azure-iot": (33, b"AIoT", b"="), "azure-function": (44, b"AzFu", b"=="),
    "azure-search": (42, b"AzSe", b""), "azure-container-registry": (42, b"+ACR", b""),
}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", 0x30ED35C100CD3C7D),
        ("af", 0x48E73FC77D75DDC1),
        ("e70f", 0xB5F6E1FC485DBFF8),
        ("37f495", 0xF0B07C789B8CF7E8),
        ("8642dc59", 0x7008F2E87E9CF556),
    ],
)
def test_marvin_against_the_vectors_of_the_dotnet_runtime(data: str, expected: int) -> None:
    """dotnet/runtime, MarvinTests.cs, seed 0x004FB61A001BDBCC."""
    low, high = marvin(bytes.fromhex(data), 0x004FB61A001BDBCC)

    assert high << 32 | low == expected


def candidate(name: str) -> bytes:
    length, mark, padding = MARKS[name]
    return b"Qx7" * (length // 3) + b"Q" * (length % 3) + mark + b"A" * 6 + padding


@pytest.mark.parametrize("name", SIGNATURES)
def test_made_key_is_proved_and_keeps_its_shape(name: str) -> None:
    made = PROOFS[name].make(candidate(name), random.Random(7))
    length, mark, padding = MARKS[name]

    assert (len(made), made[length : length + 4], made[length + 10 :]) == (
        length + 10 + len(padding),
        mark,
        padding,
    )
    assert PROOFS[name].check(made).verdict is Verdict.PROVED


@pytest.mark.parametrize("name", SIGNATURES)
def test_another_character_is_refuted_only_where_the_seeds_are_confirmed(name: str) -> None:
    made = PROOFS[name].make(candidate(name), random.Random(7))
    other = made[:10] + (b"Z" if made[10:11] != b"Z" else b"Y") + made[11:]

    wanted = Verdict.REFUTED if name == "azure-storage" else Verdict.UNPROVABLE

    assert PROOFS[name].check(other).verdict is wanted


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_key_without_its_mark_is_refuted(name: str) -> None:
    assert PROOFS[name].check(base64.b64encode(bytes(64))).verdict is Verdict.REFUTED


def test_storage_sum_is_the_one_the_source_states() -> None:
    """Last four bytes little-endian over the others, seed `Default0` read big-endian."""
    made = base64.b64decode(PROOFS["azure-storage"].make(candidate("azure-storage"), random.Random(7)))

    assert int.from_bytes(made[-4:], "little") == marvin32(made[:-4], b"Default0")


def test_entra_secret_is_proved_or_left_open() -> None:
    made = PROOFS["entra-secret"].make(b"abc8Q~" + b"d" * 34, random.Random(1))

    assert PROOFS["entra-secret"].check(made).verdict is Verdict.PROVED
    assert PROOFS["entra-secret"].check(made[:20] + b"~" + made[21:]).verdict is Verdict.UNPROVABLE
    assert PROOFS["entra-secret"].check(b"abc7Q~" + b"d" * 31).verdict is Verdict.UNPROVABLE


def test_annotated_key_tells_its_month_and_service() -> None:
    key = b"a" * 52 + b"JQQJ99" + b"BC" + b"d" * 12 + b"AAAB" + b"ACOG" + b"e" * 4

    proof = PROOFS["azure-cask"].check(key)

    assert (proof.verdict, dict(proof.facts)) == (
        Verdict.UNPROVABLE,
        {"service": "Azure AI services", "created": "2025-03"},
    )
