"""`leakstream scan`: exit statuses, formats, targets and options."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from random import Random

import orjson
import pytest

from detectors.synthetic import refuted_for
from gitrepos import Repo
from leaks import leak, line, rules
from shell import COMMAND, call, run

PROMISED = {
    "rule", "provider", "severity", "confidence", "path", "line", "column", "start", "end", "preview", "fingerprint",
    "proof", "check",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_bytes(b"# caf\xc3\xa9\n\n  " + line(1) + b"rest = 1\n")
    (tmp_path / "code" / "clean.py").write_bytes(b"print('hello')\n")
    return tmp_path / "code"


def hits(*arguments: str, data: bytes = b"") -> list[dict[str, object]]:
    done = call("scan", "--format", "jsonl", *arguments, data=data)
    assert done.exit_code in (0, 1), (done.output, done.exception)
    found = [json.loads(text) for text in done.stdout.splitlines()]
    assert done.exit_code == bool(found)
    return found


def test_statuses_and_no_colours_where_nobody_looks(folder: Path) -> None:
    found = run("scan", str(folder))
    assert (found.returncode, found.stderr) == (1, b"")
    assert b"\x1b" not in found.stdout
    assert b"1 finding in 2 files" in found.stdout
    assert leak(1)[4:] not in found.stdout
    clean = run("scan", str(folder / "clean.py"))
    assert (clean.returncode, clean.stderr) == (0, b"")
    wrong = run("scan", str(folder / "nothing"))
    assert wrong.returncode == 2
    assert wrong.stdout == b""
    assert wrong.stderr.startswith(b"leakstream: ")
    assert wrong.stderr.count(b"\n") == 1


def test_json_lines_have_what_is_promised_and_exact_offsets(folder: Path) -> None:
    (hit,) = hits(str(folder))
    assert set(hit) >= PROMISED
    content = (folder / "a.py").read_bytes()
    assert content[hit["start"] : hit["end"]] == leak(1)  # type: ignore[misc]
    assert (hit["line"], hit["column"]) == (3, 12)
    assert (hit["rule"], hit["proof"], hit["check"]) == ("github-pat-classic", "proved", "crc32-base62")
    assert hit["path"] == str(folder / "a.py")
    assert "secret" not in hit


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_jobs_find_the_same(folder: Path, jobs: str) -> None:
    for number in range(2, 30):
        (folder / f"{number}.txt").write_bytes(line(number))
    assert len(hits(str(folder), "--jobs", jobs)) == 29


def test_sarif_is_what_code_scanning_reads(folder: Path) -> None:
    log = json.loads(call("scan", "--format", "sarif", str(folder)).stdout)
    assert log["version"] == "2.1.0"
    (run_,) = log["runs"]
    driver = run_["tool"]["driver"]
    assert driver["name"] == "leakstream"
    (result,) = run_["results"]
    assert [rule["id"] for rule in driver["rules"]] == [result["ruleId"]]
    assert result["level"] == "error"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == (folder / "a.py").as_uri()
    assert place["region"]["startLine"] == 3
    wide = folder / "wide.py"
    wide.write_text("s = 'é€😀'; t = '" + leak(2).decode() + "'")
    (result,) = json.loads(call("scan", "--format", "sarif", str(wide)).stdout)["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["byteOffset"]) == (18, 22)  # UTF-16 code units; bytes
    (result,) = run_["results"]
    assert place["region"]["byteLength"] == len(leak(1))
    assert result["partialFingerprints"]["leakstream/v1"]
    empty = json.loads(call("scan", "--format", "sarif", str(folder / "clean.py")).stdout)
    assert empty["runs"][0]["results"] == []


def test_standard_input(folder: Path) -> None:
    (hit,) = hits("-", data=line(1))
    assert (hit["path"], hit["line"]) == ("-", 1)
    assert hits("-", data=b"nothing") == []


def test_secrets_are_shown_only_when_asked_for(folder: Path) -> None:
    (hit,) = hits("--show-secrets", str(folder))
    assert hit["secret"] == leak(1).decode()
    assert leak(1).decode() in call("scan", "--show-secrets", str(folder)).stdout


def test_what_is_refuted_is_told_only_when_asked_for(tmp_path: Path) -> None:
    wrong = refuted_for(rules()["github-pat-classic"], Random(1)).text
    (tmp_path / "a").write_bytes(b"t = " + wrong + b"\n")
    assert hits(str(tmp_path)) == []
    (hit,) = hits("--refuted", str(tmp_path))
    assert (hit["rule"], hit["proof"]) == ("github-pat-classic", "refuted")


def test_a_baseline_silences_what_it_knows_and_holds_no_weak_secret(folder: Path, tmp_path: Path) -> None:
    (folder / "b.env").write_bytes(b"DB=postgres://app:Sommer" + b"2019@db.acme.io/app\n")
    baseline = tmp_path / "baseline.json"
    first = hits("--write-baseline", str(baseline), str(folder))
    assert sorted(str(hit["rule"]) for hit in first) == ["github-pat-classic", "postgres-uri"]
    written = orjson.loads(baseline.read_bytes())
    assert [entry["rule"] for entry in written["findings"]] == ["github-pat-classic"]
    assert leak(1)[4:] not in baseline.read_bytes()
    assert baseline.stat().st_mode & 0o777 == 0o600
    assert [hit["rule"] for hit in hits("--baseline", str(baseline), str(folder))] == ["postgres-uri"]
    (folder / "b.env").unlink()
    assert hits("--baseline", str(baseline), str(folder)) == []
    (folder / "c").write_bytes(line(2))
    assert len(hits("--baseline", str(baseline), str(folder))) == 1


def test_a_new_baseline_holds_the_old_one(folder: Path, tmp_path: Path) -> None:
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    assert len(hits("--write-baseline", old, str(folder))) == 1
    (folder / "c").write_bytes(line(2))
    assert len(hits("--baseline", old, "--write-baseline", new, str(folder))) == 1
    assert hits("--baseline", new, str(folder)) == []


def test_a_baseline_that_cannot_be_written_is_said_before_the_scan(folder: Path, tmp_path: Path) -> None:
    done = run("scan", "--write-baseline", str(tmp_path / "none" / "new"), str(folder))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"cannot be written" in done.stderr


def test_a_baseline_that_is_none_is_refused(folder: Path) -> None:
    done = run("scan", "--baseline", str(folder / "a.py"), str(folder))
    assert done.returncode == 2
    assert b"not a baseline file" in done.stderr


def test_the_history_of_a_repository_is_read_whole(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    added = repo.commit("add", a__txt=line(1))
    repo.commit("remove", a__txt=b"gone\n")
    said = repo.commit(f"say {leak(2).decode()}", b__txt=b"x\n")
    found = {str(hit["commit"]): hit for hit in hits("--history", str(repo.path))}
    assert set(found) == {added, said}
    assert found[added]["path"] == "a.txt"
    assert hits(str(repo.path)) == []


def test_a_scan_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.commit("add", a__txt=b"".join(map(line, range(500))))
    kept = tmp_path / "temporary"
    kept.mkdir()
    arguments = ["scan", "-f", "jsonl", "--history", str(repo.path)]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(kept)}
    ) as scan:
        assert scan.stdout is not None
        scan.stdout.readline()  # it stands still in the midst of what it says: nobody reads on
        assert list(kept.iterdir())
        scan.terminate()
        scan.communicate(timeout=180)
    assert scan.returncode == 143
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("ext::sh -c id", "refused_protocol"),
        ("http://h.example/x", "refused_protocol"),
        ("git://h.example/x", "refused_protocol"),
        ("https://127.0.0.1/x/y.git", "refused_host"),
    ],
)
def test_git_is_not_asked_for_everything(target: str, reason: str) -> None:
    done = run("scan", target)
    assert done.returncode == 2
    assert reason.encode() in done.stderr


def test_history_of_what_is_no_repository(folder: Path) -> None:
    for target in (folder, folder / "a.py"):
        assert run("scan", "--history", str(target)).returncode == 2


def test_paths_below_the_working_folder_are_shown_relative(folder: Path) -> None:
    done = run("scan", "--format", "jsonl", ".", cwd=folder)
    assert json.loads(done.stdout)["path"] == "a.py"
