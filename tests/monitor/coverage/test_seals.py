from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers import NOON, SIGNER, STRANGER, chained, poll, sealed
from monitor.coverage.chain import LedgerBroken
from monitor.coverage.seals import DAY, Signed, begin_of_day, day_of, in_order

FIRST = sealed(chained([poll(NOON), poll(NOON + 60)]))


def after(signed: Signed, **other) -> Signed:
    seal = signed.seal()
    next_one = replace(
        seal,
        number=seal.number + 1,
        first=seal.last + 1,
        last=seal.last,
        prev=signed.hash,
        until=seal.until + DAY,
    )
    return Signed.make(replace(next_one, **other), SIGNER)


def test_a_seal_says_what_was_sealed():
    seal = FIRST.seal()
    assert (seal.number, seal.day, seal.first, seal.last, seal.count) == (1, "2023-11-15", 1, 2, 2)
    assert seal.key == SIGNER.public
    assert after(FIRST).seal().count == 0


@given(data=st.data())
def test_no_byte_of_a_seal_can_be_changed(data):
    part = data.draw(st.sampled_from(["body", "signature"]))
    value = bytearray(FIRST.signature if part == "signature" else FIRST.body.encode())
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 127))
    changed = bytes(value) if part == "signature" else value.decode("utf-8", "replace")
    with pytest.raises(LedgerBroken):
        replace(FIRST, **{part: changed}).seal()


def test_a_seal_of_a_stranger_is_not_ours():
    forged = Signed(FIRST.body, Signed.make(FIRST.seal(), STRANGER).signature)
    with pytest.raises(LedgerBroken, match="its signature is not that of key"):
        forged.seal()


def test_seals_are_a_chain():
    second = after(FIRST)
    third = after(second)
    assert [seal.number for seal in in_order([FIRST, second, third])] == [1, 2, 3]
    assert [seal.number for seal in in_order([second, third])] == [2, 3]
    for wrong in (
        [FIRST, third],
        [second, FIRST],
        [FIRST, after(FIRST, prev="0" * 64)],
        [FIRST, after(FIRST, first=9, last=9)],
        [Signed.make(replace(FIRST.seal(), prev="1" * 64), SIGNER)],
    ):
        with pytest.raises(LedgerBroken, match=r"seal \d"):
            in_order(wrong)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"number":1}', FIRST.body[:-1] + ',"more":1}'])
def test_what_is_no_seal_is_said_to_be_none(body):
    with pytest.raises(LedgerBroken, match="a seal cannot be read"):
        Signed(body, b"").seal()


def test_days_are_of_utc():
    assert (day_of(NOON), begin_of_day(NOON)) == ("2023-11-15", NOON - DAY / 2)
    assert day_of(begin_of_day(NOON) - 0.001) == "2023-11-14"
