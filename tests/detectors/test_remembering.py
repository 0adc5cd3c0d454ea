from __future__ import annotations

from detectors.remembering import remembered


def test_a_verdict_is_asked_for_once_and_of_each_question_by_itself() -> None:
    asked: list[tuple[str, bytes]] = []

    @remembered
    def judge(place: str, value: bytes) -> str:
        asked.append((place, value))
        return f"{place}:{len(value)}"

    assert [judge("a", b"xy"), judge("b", b"xy"), judge("a", b"xyz"), judge("a", b"xy")] == [
        "a:2",
        "b:2",
        "a:3",
        "a:2",
    ]
    assert asked == [("a", b"xy"), ("b", b"xy"), ("a", b"xyz")]


def test_neither_long_values_nor_many_are_kept() -> None:
    asked: list[bytes] = []

    @remembered
    def judge(value: bytes) -> str:
        asked.append(value)
        return ""

    for value in (b"x" * 5000, *(b"%d" % number for number in range(5000)), b"x" * 5000, b"0"):
        judge(value)

    assert asked.count(b"x" * 5000) == asked.count(b"0") == 2
