"""How the words of `leakstream scan` are read; what a scan prints is tested in tests/monitor/commands/test_scan.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leaks import leak, line
from monitor.scan.command import main
from shell import call, run


def test_options_may_stand_between_targets_and_be_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        (tmp_path / str(number)).write_bytes(line(number))

    status = main(
        [str(tmp_path / "1"), "-f", "jsonl", "-j1", str(tmp_path / "2"), "--show-secrets", "--no-progress"]
    )

    assert status == 1
    found = [json.loads(text)["secret"] for text in capsys.readouterr().out.splitlines()]
    assert found == [leak(1).decode(), leak(2).decode()]


def test_nothing_found_is_status_0(tmp_path: Path) -> None:
    assert main(["--format=jsonl", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "TARGET"),
        (["--jobs", "0", "."], "1 to 256"),
        (["--jobs", "many", "."], "--jobs"),
        (["--format", "xml", "."], "xml"),
        (["--rules", "none.toml", "."], "none.toml: no such file or folder"),
        (["--show", "."], "--show"),
    ],
)
def test_a_wrong_call_is_said_and_status_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err


def test_a_missing_target_is_one_message_and_status_2() -> None:
    done = run("scan", "/no/such/place")

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"leakstream: /no/such/place: no such file or folder\n"


def test_the_list_of_commands_has_it_and_runs_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(line(1))

    assert "Scan files, folders" in call("--help").output
    assert call("scan", "--format", "jsonl", str(tmp_path)).exit_code == 1
    assert "--write-baseline" in call("scan", "--help").output
