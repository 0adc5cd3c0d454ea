"""`leakstream rules new|check|import`: the way from nothing, or from another tool's file, to rules that work."""

from __future__ import annotations

from pathlib import Path

from detectors.errors import DetectorError
from monitor.commands.errors import Failure
from shell import call

FOREIGN = """
[[rules]]
id = "examplecorp-token"
regex = '''exco_[0-9A-Za-z]{32}'''
[[rules]]
id = "examplecorp-hex"
regex = '''[0-9a-f]{32}'''
"""


def sample(folder: Path) -> str:
    """A tree to measure on."""
    (folder / "tree").mkdir(exist_ok=True)
    (folder / "tree" / "a.txt").write_text("exco = 1\n" * 2000)
    return str(folder / "tree")


def test_a_new_rule_passes_the_check_and_a_broken_one_does_not(tmp_path: Path) -> None:
    rules, tree = tmp_path / "rules", sample(tmp_path)
    new = ["rules", "new", "examplecorp", "api-key", "--prefix", "exco_", "-o", str(rules)]
    assert call(*new).exit_code == 0
    assert isinstance(call(*new).exception, Failure)  # it is there

    done = call("rules", "check", "--rules", str(rules), "--sample", tree)
    assert done.exit_code == 0, done.output
    assert "1 rules, 0 problems" in done.output
    assert "advice: examplecorp-api-key: no `revoke`" in done.output
    assert "MB/s" in done.output

    file = rules / "examplecorp.toml"
    file.write_text(file.read_text().replace("TOKEN={{secret}}", "TOKEN=x{{secret}}"))
    done = call("rules", "check", "--rules", str(rules), "--sample", tree)
    assert done.exit_code == 1
    assert "examplecorp-api-key: " in done.stderr


def test_a_new_rule_needs_names_in_kebab_case(tmp_path: Path) -> None:
    done = call("rules", "new", "Example Corp", "key", "-o", str(tmp_path))
    assert isinstance(done.exception, DetectorError)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_measure_on(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    call("rules", "new", "examplecorp", "api-key", "-o", str(tmp_path / "rules"))
    done = call("rules", "check", "--rules", str(tmp_path / "rules"), "--sample", str(tmp_path / "empty"))
    assert isinstance(done.exception, Failure)


def test_an_import_accounts_for_every_rule(tmp_path: Path) -> None:
    foreign, rules = tmp_path / "foreign.toml", tmp_path / "rules"
    foreign.write_text(FOREIGN)
    done = call("rules", "import", str(foreign), "-o", str(rules))
    assert done.exit_code == 1
    assert "refused examplecorp-hex: no fixed text" in done.output
    assert "1 kept, 0 changed, 1 refused" in done.output
    assert "examplecorp-token" in call("rules", "list", "--rules", str(rules)).output
    assert isinstance(call("rules", "import", str(foreign), "-o", str(rules)).exception, Failure)
