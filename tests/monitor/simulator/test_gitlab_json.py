from __future__ import annotations

import pytest

from monitor.simulator.gitlab_json import file_diff, iso

LARGE = ("ab" * 20, b"".join(b"%d\n" % n for n in range(400)))


def test_times_have_milliseconds() -> None:
    assert iso(1_780_000_000.25) == "2026-05-28T20:26:40.250Z"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (None, ("a", b"x\n"), (True, False, "0", "100644")),
        (("a", b"x\n"), None, (False, True, "100644", "0")),
        (("a", b"x\n"), ("b", b"y\n"), (False, False, "100644", "100644")),
    ],
)
def test_what_happened_to_a_file(
    old: tuple[str, bytes] | None, new: tuple[str, bytes] | None, told: tuple[bool, bool, str, str]
) -> None:
    entry = file_diff("p", old, new, limit=1000, flags="new")
    assert (entry["new_file"], entry["deleted_file"], entry["a_mode"], entry["b_mode"]) == told
    assert entry["diff"]
    assert (entry["collapsed"], entry["too_large"]) == (False, False)


def test_a_large_file_is_marked_by_newer_versions_only() -> None:
    assert "too_large" not in file_diff("p", None, LARGE, limit=1000, flags="old")
    assert file_diff("p", None, LARGE, limit=1000, flags="new")["too_large"] is True
    seen = [file_diff("p", None, (f"{n:040d}", LARGE[1]), limit=1000, flags="mixed") for n in range(30)]
    assert all(entry["diff"] == "" for entry in seen)
    assert {(entry.get("collapsed"), entry.get("too_large")) for entry in seen} == {
        (None, None),
        (True, False),
        (False, True),
    }


def test_a_binary_file_has_no_text() -> None:
    assert file_diff("p", None, ("a", b"\0\1"), limit=1000, flags="new")["diff"] == ""
