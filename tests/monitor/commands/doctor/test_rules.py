"""What is looked for, and whose it is."""

from __future__ import annotations

from pathlib import Path

from doctoring import failed, look, named, one, warned
from monitor.app import load_config
from monitor.commands.doctor import Outcome, rules
from monitor.commands.doctor.check import Check, Reading
from whole_service import configure


def found(folder: Path, text: str) -> list[Check | Reading]:
    return look(rules.look, load_config(configure(folder, text), {}))


def test_shipped_rules_and_a_watch_list(tmp_path: Path) -> None:
    told = found(tmp_path, '[watch]\ndomains = ["example.com"]\n')
    assert one(told, "rules").outcome is Outcome.OK
    assert one(told, "watch").found == "1 entries"
    assert named(told, "own secrets") == []


def test_a_rule_file_that_is_wrong_fails(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("rule = 1\n")
    told = found(tmp_path, f'[match]\nrules = ["{tmp_path}/mine.toml"]\n')
    failed(one(told, "rules"), "mine", "leakstream rules check")
    warned(one(told, "watch"), "nothing pages")


def test_own_secrets_that_cannot_be_read_fail(tmp_path: Path) -> None:
    failed(one(found(tmp_path, '[watch]\nown_secrets = ["none.hashes"]\n'), "own secrets"), "own-secrets.md")
