"""A scan from its targets to what it tells."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from leaks import line
from monitor.gitread.errors import GitError
from monitor.matcher.blocks import Progress
from monitor.scan.formats import Summary
from monitor.scan.hit import Hit
from monitor.scan.run import Options, TargetError, scan


class Told:
    """A format that remembers."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.summary = Summary()

    def hit(self, hit: Hit) -> None:
        self.hits.append(hit)

    def end(self, summary: Summary) -> None:
        self.summary = summary


def test_several_targets_are_one_scan(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "a").write_bytes(line(number))
    told, progress = Told(), Progress()
    count = scan(Options([str(tmp_path / str(n)) for n in range(3)]), told, progress)
    assert count == len(told.hits) == 3
    assert (told.summary.files, told.summary.bytes) == (3, progress.bytes)


def test_a_wrong_target_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(line(1))
    told = Told()
    for wrong, error in ((str(tmp_path / "no"), TargetError), ("http://h.example/x", GitError)):
        with pytest.raises(error):
            scan(Options([str(tmp_path / "a"), wrong]), told, Progress())
    with pytest.raises(TargetError, match="needs a git repository"):
        scan(Options([str(tmp_path / "a")], history=True), told, Progress())
    assert told.hits == []


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "zst").write_bytes(b"\x28\xb5\x2f\xfdrest")
    told = Told()
    assert scan(Options([str(tmp_path)]), told, Progress()) == 0
    assert told.summary.skipped["compressed"] == 1


def test_a_target_of_which_nothing_can_be_read_fails_after_the_rest_was_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(line(1))
    told = Told()
    with pytest.raises(TargetError, match="nothing could be read of /proc/self/mem"):  # opens, does not read
        scan(Options(["/proc/self/mem", str(tmp_path)]), told, Progress())
    assert len(told.hits) == 1
    assert told.summary.unreadable == ["/proc/self/mem"]
    assert told.summary.skipped["unreadable_file"] == 1


class Long(io.RawIOBase):
    """20 MiB of lines and a leak, for whoever does not ask for all at once."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        assert len(room) <= 8 << 20
        size = min(len(room) & ~15, (20 << 20) - self.given)
        text = b"0123456 89abcde\n" * (size >> 4) if size else line(1) * (self.given == 20 << 20)
        room[: len(text)] = text
        self.given += len(text)
        return len(text)

    def readall(self) -> bytes:
        raise AssertionError("read whole")


def test_standard_input_is_read_in_parts() -> None:
    told, former = Told(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BufferedReader(Long()))
    try:
        assert scan(Options(["-"]), told, Progress()) == 1
    finally:
        sys.stdin = former
    (hit,) = told.hits
    assert (hit.path, hit.start, hit.line) == ("-", (20 << 20) + 9, (20 << 16) + 1)
    assert told.summary.files == 1


def test_a_target_named_twice_is_scanned_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(line(1))
    told = Told()
    twice = [str(tmp_path), f"{tmp_path}/", str(tmp_path / "." / "a"), str(tmp_path / "a")]
    assert scan(Options(twice[:2]), told, Progress()) == 1
    assert scan(Options(twice[2:]), told, Progress()) == 1


def test_a_comment_allows_what_it_names_and_is_counted(tmp_path: Path) -> None:
    allow = b"# leakstream:allow"
    (tmp_path / "a").write_bytes(line(1).rstrip() + b"  " + allow + b"\n")
    (tmp_path / "b").write_bytes(allow + b"=github-pat-classic\n" + line(2))
    (tmp_path / "c").write_bytes(line(3).rstrip() + b"  " + allow + b"=another-rule\n")
    told = Told()
    assert scan(Options([str(tmp_path)]), told, Progress()) == 1
    assert told.summary.allowed == 2
    assert told.summary.remarks() == ["allowed by comments: 2"]


def test_a_baseline_knows_a_leak_whose_file_was_renamed(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_bytes(line(1))
    baseline = tmp_path / "baseline.json"
    assert scan(Options([str(tmp_path / "code")], write_baseline=baseline), Told(), Progress()) == 1
    (tmp_path / "code" / "a.py").rename(tmp_path / "code" / "b.py")
    (tmp_path / "code" / "b.py").write_bytes(b"# moved\n\n" + line(1) + line(2))
    told = Told()
    assert scan(Options([str(tmp_path / "code")], baseline=baseline), told, Progress()) == 1
    assert told.summary.known == 1


def test_a_baseline_within_what_is_scanned_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(line(1))
    baseline = tmp_path / "known.json"
    assert scan(Options([str(tmp_path)], write_baseline=baseline), Told(), Progress()) == 1
    progress = Progress()
    assert scan(Options([str(tmp_path)], baseline=baseline), Told(), progress) == 0
    assert progress.files == 1
    assert scan(Options([str(baseline)]), Told(), Progress()) == 1  # its key looks like one


def test_what_everybody_has_is_told_on_request(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("key = AKIA" + "IOSFODNN7" + "EXAMPLE\n")
    quiet, told = Told(), Told()

    assert scan(Options([str(tmp_path)]), quiet, Progress()) == 0
    assert quiet.summary.dropped["public"] >= 1
    assert scan(Options([str(tmp_path)], known=True), told, Progress()) == 1
    assert (told.hits[0].confidence, told.hits[0].known) == ("low", "example of the provider's documentation")


def test_weak_passwords_of_a_projects_tests_are_counted_and_told_on_request(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.yml").write_text("password: '" + "Berlin" + "2019!'\n")
    quiet, told = Told(), Told()

    assert scan(Options([str(tmp_path)]), quiet, Progress()) == 0
    assert quiet.summary.remarks() == ["weak passwords in tests, examples and documentation (--samples): 1"]
    assert scan(Options([str(tmp_path)], samples=True), told, Progress()) == 1
    assert scan(Options([str(tmp_path / "tests" / "a.yml")]), Told(), Progress()) == 1  # asked for by name
    assert told.summary.samples == 0
