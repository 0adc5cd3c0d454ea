"""Bar 8: a source, a notifier, a rule is one new file, and the import contracts keep the stages apart."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from detectors import Scanner, load_rules
from detectors.loader import RULES, load_files
from detectors.synthetic import secret_for
from leaks import leak
from monitor import app
from monitor.alerting import notifiers
from monitor.collectors import sources
from whole_service import configure, running

ROOT = Path(__file__).parents[2]
LINT = [sys.executable, "-P", "-c", "from importlinter.cli import lint_imports_command as c; c()"]
SOURCE = """
from pydantic import SecretStr
from monitor.collectors.base import SourcePlugin, SourceSettings
from monitor.contracts import Document

class Settings(SourceSettings):
    text: SecretStr

class Parrot:
    def __init__(self, settings, tools):
        self._text = settings.text.get_secret_value()

    async def run(self, context):
        document = Document(context.name, "1", self._text.encode(), context.now())
        await context.emit([document])
        await context.stop.wait()

PLUGIN = SourcePlugin(Settings, Parrot, "says one thing")
"""
NOTIFIER = """
from pathlib import Path
from monitor.alerting.notifiers.base import NotifierPlugin, NotifierSettings

class Settings(NotifierSettings):
    folder: Path

class Pigeon:
    def __init__(self, settings, tools):
        self._folder = settings.folder

    async def notify(self, notification):
        (self._folder / notification.key).write_text(notification.exposure["what"]["rule"])

PLUGIN = NotifierPlugin(Settings, Pigeon, "carries a note")
"""
RULE = """
title = "Examplecorp"
[[rule]]
id = "examplecorp-token"
title = "Examplecorp token"
severity = "high"
pattern = 'exco_[0-9A-Za-z]{32}'
examples = ['token = "{{secret}}"']
"""


@contextmanager
def one_more_file(package: ModuleType, folder: Path, name: str, text: str) -> Iterator[None]:
    """A module in a folder of its own on the package's path, as a distribution with more plugins would have it."""
    folder.mkdir()
    (folder / f"{name}.py").write_text(text)
    package.__path__.append(str(folder))
    try:
        yield
    finally:
        package.__path__.remove(str(folder))
        sys.modules.pop(f"{package.__name__}.{name}", None)
        if hasattr(package, name):
            delattr(package, name)


async def test_a_source_and_a_notifier_are_one_file_each_and_run_when_configured(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    config = f"""
[watch]
sources = ["parrot"]
[sources.parrot]
text = 'token = "{leak(1).decode()}"'
[notifiers.pigeon]
folder = "{notes}"
"""
    with (
        one_more_file(sources, tmp_path / "sources", "parrot", SOURCE),
        one_more_file(notifiers, tmp_path / "notifiers", "pigeon", NOTIFIER),
    ):
        assert "parrot" in app.sources()
        async with running(configure(tmp_path, config)) as run:
            await run.exposures(1)
            await run.until(lambda: any(notes.iterdir()))
            assert [note.read_text() for note in notes.iterdir()] == ["github-pat-classic"]
            assert run.metric("documents_total", source="parrot") == 1
    assert "parrot" not in app.sources()
    assert "pigeon" not in app.notifiers()


async def test_a_rule_is_one_file_and_is_run_when_configured(tmp_path: Path) -> None:
    file = tmp_path / "examplecorp.toml"
    file.write_text(RULE)
    token = secret_for(load_rules([file])["examplecorp-token"], random.Random(1))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b'token = "' + token + b'"\n')
    config = f"""
[match]
rules = ["{file}"]
cache_dir = "{tmp_path}/cache"
[watch]
sources = ["directory"]
[sources.directory]
paths = ["{tmp_path}/in"]
"""
    async with running(configure(tmp_path, config)) as run:
        (exposure,) = await run.exposures(1)
        assert exposure["what"]["rule"] == "examplecorp-token"


def test_a_file_among_the_rules_is_all_it_takes(tmp_path: Path) -> None:
    for name in ("github", "slack"):
        shutil.copy(RULES / f"{name}.toml", tmp_path)
    before = load_files(sorted(tmp_path.glob("*.toml")))
    (tmp_path / "examplecorp.toml").write_text(RULE)
    after = load_files(sorted(tmp_path.glob("*.toml")))
    assert {rule.id for rule in after.rules} - {rule.id for rule in before.rules} == {"examplecorp-token"}
    token = secret_for(after["examplecorp-token"], random.Random(1))
    (found,) = Scanner(after, cache_dir=tmp_path).scan(b"x = " + token)
    assert found.rule.id == "examplecorp-token"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )


def test_the_import_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_a_broken_import_contract_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "stages_of_a_test"
    for name in ("", "collect", "match"):
        (package / name).mkdir()
        (package / name / "__init__.py").touch()
    (package / "match" / "scan.py").write_text("import stages_of_a_test.collect\n")
    (tmp_path / ".importlinter").write_text(
        textwrap.dedent(f"""
        [importlinter]
        root_package = {package.name}
        [importlinter:contract:1]
        name = apart
        type = independence
        modules =
            {package.name}.collect
            {package.name}.match
        """)
    )
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "1 broken" in done.stdout


@pytest.mark.parametrize("kind", ["sources", "notifiers"])
def test_what_is_found_is_not_enabled(kind: str, tmp_path: Path) -> None:
    config = app.load_config(configure(tmp_path, ""), {})
    assert not getattr(config, kind)
