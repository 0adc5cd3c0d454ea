"""`leakstream watch`: secrets in, keyed hashes out; no value in any output, error, argument or file."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from detectors import load_rules
from detectors.synthetic import secret_for
from monitor.commands.errors import Failure
from monitor.identity import KeyFileError, create_key
from monitor.own import ownfile
from owning import secret
from shell import call, run

RNG = random.Random(21)
ONE, TWO = secret(RNG, 40), secret(RNG, 40)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "leakstream.toml"
    path.write_text('[watch]\nown_secrets = ["own.txt"]\n')
    create_key(tmp_path / "leakstream-state.key")
    return path


def say(config: Path, *words: str, data: bytes = b"", status: int = 0) -> str:
    done = call("watch", *words, "--config", str(config), data=data)
    assert done.exit_code == status, (done.output, done.exception)
    for value in (ONE, TWO):
        assert not any(value[at : at + 8] in done.output.encode() for at in range(len(value) - 7))
    return done.stdout


def out(config: Path) -> tuple[str, str]:
    return "--out", str(config.parent / "own.txt")


def names(config: Path) -> set[str]:
    return {entry.name for entry in ownfile.read(config.parent / "own.txt")}


def test_from_standard_input_into_a_file_without_a_value(config: Path) -> None:
    said = say(
        config, "fingerprint", *out(config), data=b"DB=" + ONE + b"\nWEAK=Sommer2019!\nHOST=db.example.com\n"
    )
    assert said.splitlines()[0].startswith("1 written to ")
    assert "too easy to guess" in said
    assert "(WEAK)" in said
    content = (config.parent / "own.txt").read_bytes()
    assert names(config) == {"DB"}
    assert not any(ONE[at : at + 4] in content for at in range(len(ONE) - 3))


def test_a_second_call_adds_and_replace_begins_anew(config: Path, tmp_path: Path) -> None:
    (tmp_path / "two.json").write_text(json.dumps({"app": {"key": TWO.decode()}}))
    say(config, "fingerprint", *out(config), data=b"A=" + ONE)
    say(config, "fingerprint", *out(config), "--from", str(tmp_path / "two.json"), "--prefix", "prod:")
    assert names(config) == {"A", "prod:app.key"}
    say(config, "fingerprint", *out(config), "--replace", "--name-from", "position", data=b"A=" + ONE)
    assert names(config) == {"value-1"}


def test_selectors_only_when_asked_and_not_for_what_a_rule_knows(config: Path) -> None:
    token = secret_for(load_rules()["github-pat-classic"], random.Random(4))
    data = b"OWN=" + ONE + b"\nTOKEN=" + token
    say(config, "fingerprint", *out(config), data=data)
    assert not any(entry.selector for entry in ownfile.read(config.parent / "own.txt"))
    told = json.loads(say(config, "fingerprint", *out(config), "--selectors", "--json", data=data))
    assert (told["written"], told["with_selector"], told["without_selector"]) == (
        2,
        1,
        {"selector_needless": 1},
    )
    assert {entry.name: entry.selector is not None for entry in ownfile.read(config.parent / "own.txt")} == {
        "OWN": True,
        "TOKEN": False,
    }


def test_nothing_that_can_be_watched_leaves_the_file_alone(config: Path) -> None:
    say(config, "fingerprint", *out(config), data=b"A=" + ONE)
    before = (config.parent / "own.txt").read_bytes()
    done = call("watch", "fingerprint", *out(config), "--replace", "--config", str(config), data=b"B=short\n")
    assert isinstance(done.exception, Failure)
    assert done.exception.status == 1
    assert (config.parent / "own.txt").read_bytes() == before


def test_what_it_holds_and_whether_the_keys_fit(config: Path) -> None:
    say(config, "fingerprint", *out(config), "--selectors", data=b"A=" + ONE + b"\nB=" + TWO)
    path = config.parent / "own.txt"
    assert "2 entries, 2 with a selector" in say(config, "fingerprint", "--check", str(path))
    listed = [json.loads(line) for line in say(config, "list", "--json").splitlines()]
    assert [
        (one["name"], one["active"], one["length"]) for one in sorted(listed, key=lambda one: one["name"])
    ] == [
        ("A", True, 40),
        ("B", True, 40),
    ]
    assert "2 of 2" in say(config, "list", str(path))

    (config.parent / "leakstream-state.key").unlink()
    create_key(config.parent / "leakstream-state.key")

    assert "not in the key file" in say(config, "fingerprint", "--check", str(path), status=1)
    told = json.loads(say(config, "fingerprint", "--check", str(path), "--json", status=1))
    assert (told["entries"], told["lost"]) == (2, 2)
    assert "not in the key file" in say(config, "list")


def test_the_doctor_says_what_is_looked_up(config: Path) -> None:
    def told() -> str:
        lines = call("doctor", "--config", str(config)).output.splitlines()
        return next(line for line in lines if "own secrets" in line)

    assert "no such file" in told()
    say(config, "fingerprint", *out(config), data=b"A=" + ONE)
    assert "1 are looked up" in told()
    (config.parent / "leakstream-state.key").unlink()
    create_key(config.parent / "leakstream-state.key")
    assert "1 are under keys that are not in the key file" in told()


def test_wrong_calls_say_what_to_do(config: Path, tmp_path: Path) -> None:
    def failure(*words: str, data: bytes = b"") -> str:
        done = call("watch", *words, "--config", str(config), data=data)
        assert isinstance(done.exception, Failure), done.output
        assert done.exception.__cause__ is None or isinstance(done.exception.__cause__, ownfile.OwnFileError)
        return str(done.exception)

    assert "no such file" in failure("list")
    assert "no such file" in failure("fingerprint", "--from", str(tmp_path / "none"))
    assert "VAULT_ADDR" in failure("fingerprint", "--from", "vault:secret/x")
    broken = failure("fingerprint", data=b'{"a": "' + ONE)
    assert "not valid JSON" in broken
    assert ONE[:8].decode() not in broken
    (tmp_path / "bad.txt").write_bytes(ONE)
    assert "bad.txt:1: " in failure("fingerprint", "--check", str(tmp_path / "bad.txt"))
    config.write_text("")
    assert "own_secrets" in failure("list")
    (config.parent / "leakstream-state.key").unlink()
    assert isinstance(call("watch", "fingerprint", "--config", str(config), data=ONE).exception, KeyFileError)


def test_as_a_process_it_says_and_leaves_nothing(config: Path) -> None:
    done = run(
        "watch", "fingerprint", *out(config), "-c", str(config), data=b"A=" + ONE + b"\n", cwd=config.parent
    )
    assert done.returncode == 0, done.stderr
    files = [path for path in config.parent.rglob("*") if path.is_file()]
    for text in (done.stdout, done.stderr, *(path.read_bytes() for path in files)):
        assert not any(ONE[at : at + 8] in text for at in range(len(ONE) - 7))
    failed = run("watch", "fingerprint", "-c", str(config), data=b'{"a": "' + ONE, cwd=config.parent)
    assert failed.returncode == 2
    assert ONE[:8] not in failed.stderr + failed.stdout
    assert b"Traceback" not in failed.stderr
