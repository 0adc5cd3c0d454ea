"""What stands in the pages, without running it: links, fences, names of commands and files, snippets of configuration."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import orjson
import pytest
import typer.main
import yaml

from doc_pages import (
    REASONS,
    ROOT,
    SHELLS,
    Fence,
    anchors,
    fences,
    indented_fences,
    links,
    pages,
    spans,
    text_of,
)
from monitor import app, cli
from monitor.reference import commands
from promql import exported, faults

COMMANDS = dict(commands.walk(typer.main.get_command(cli.build())))
GROUPS = {name.rpartition(" ")[0] for name in COMMANDS}
FENCES = [fence for page in pages() for fence in fences(page)]
# the words that may stand behind a fence's language
WORDS = re.compile(
    r"stays|exits=[12]|parsed=(" + "|".join(REASONS) + r")|file=[\w./-]+|rule|cases|bundle|answer|sketch"
)


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        if not target.exists():
            broken.append(link)
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.relative_to(ROOT).as_posix()):
            broken.append(f"{link}: no such heading")
    assert broken == []


def test_the_index_has_every_page() -> None:
    listed = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links("docs/README.md")}
    for folder in ("decisions", "runbooks"):  # listed whole
        listed |= set((ROOT / "docs" / folder).glob("*.md")) if (ROOT / "docs" / folder) in listed else set()
    missing = [
        page
        for page in pages()
        if page.startswith("docs/") and page != "docs/README.md" and (ROOT / page).resolve() not in listed
    ]
    assert missing == []


@pytest.mark.parametrize("page", pages())
def test_every_fence_says_what_it_is(page: str) -> None:
    assert not indented_fences(page), (
        "a fence within a list is found by nobody; put it at the beginning of the line"
    )
    wrong = [
        f"{fence}: {' '.join((fence.language, *fence.words))}"
        for fence in fences(page)
        if not fence.language or not all(WORDS.fullmatch(word) for word in fence.words)
    ]
    assert wrong == []


def unknown(text: str) -> list[str]:
    """Commands and options of ours in a line of shell or of prose that the program has not."""
    wrong = []
    for call in re.findall(
        r"(?:^|[\s('`/])(?:leakstream +)+((?:[^`'\"\n|;&#>)\\]|\\\||\\\n|'[^'\n]*'|\"[^\"\n]*\")*)", text
    ):
        words = re.sub(r"\\\n|[\[\]]", " ", call.replace("\\|", "|")).split()
        name = "leakstream"
        alternatives: list[str] = []
        for word in words:
            options = word.split("|")
            if name in COMMANDS and name not in GROUPS:
                break
            if not all(re.fullmatch(r"[a-z]+", option) for option in options):
                break
            whole = [f"{name} {option}" for option in options]
            if not all(each in COMMANDS or each in GROUPS for each in whole):
                if name not in COMMANDS:
                    wrong.append(f"leakstream {call.strip()}")
                break
            name, alternatives = whole[0], whole
        known = set().union(
            *(commands.options(each, COMMANDS[each]) for each in alternatives or [name] if each in COMMANDS)
        )
        if known:
            wrong += [
                f"{name} {flag}"
                for flag in re.findall(r"(?:^|\s|\|)(--[a-z][a-z-]*)", " ".join(words))
                if flag not in known
            ]
    return wrong


@pytest.mark.parametrize("page", pages())
def test_every_command_in_a_sentence_exists(page: str) -> None:
    assert [each for span in spans(page) for each in unknown(span)] == []


@pytest.mark.parametrize("fence", [f for f in FENCES if f.language in SHELLS], ids=str)
def test_a_command_is_shell_and_what_it_names_exists(fence: Fence) -> None:
    checked = subprocess.run(["bash", "-n"], input=fence.script, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert unknown(fence.script) == []
    assert missing_files(fence.script) == []


def missing_files(script: str) -> list[str]:
    """Paths of this repository and targets of its Makefile that are not there."""
    named = re.findall(r"(?<![\w/.=])(?:\./)?((?:deploy|docs|benchmarks)/[\w./@*-]*[\w*])", script)
    made = {"deploy/secrets"}  # by secrets.sh
    wrong = [name for name in named if not any(ROOT.glob(name)) and not any(name.startswith(m) for m in made)]
    makefile = (ROOT / "Makefile").read_text()
    return wrong + [
        f"make {target}"
        for target in re.findall(r"(?:^|&& |; )make ([a-z-]+)", script, re.MULTILINE)
        if not re.search(rf"^{target}:|^{target.partition('-')[0]}-%:", makefile, re.MULTILINE)
    ]


@pytest.mark.parametrize("page", pages())
def test_every_service_of_compose_that_is_named_exists(page: str) -> None:
    for file, service in re.findall(
        r"docker compose -f (\S+) (?:exec|logs|restart|stop|run)(?: -\S+)* ([\w-]+)", text_of(page)
    ):
        assert service in yaml.safe_load((ROOT / file).read_text())["services"]


def test_a_name_that_is_not_there_is_found() -> None:
    assert unknown("leakstream exposure list") == ["leakstream exposure list"]
    assert unknown("leakstream scan --nothing .") == ["leakstream scan --nothing"]
    assert unknown("x | leakstream silence add|list|end --for 3h; ls --all") == []
    assert missing_files("cat docs/nothing.md; make nothing") == ["docs/nothing.md", "make nothing"]


CONFIGURATIONS = [f for f in FENCES if f.language == "toml" and not {"rule", "cases", "sketch"} & {*f.words}]


@pytest.mark.parametrize("fence", CONFIGURATIONS, ids=str)
def test_a_snippet_is_a_configuration_that_loads(fence: Fence, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "examples" / "watch", tmp_path / "watch")
    for name in re.findall(r'(?:_file = |own_secrets = \[)"([^"]+)"', fence.text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    path = tmp_path / "leakstream.toml"
    path.touch(mode=0o600)
    path.write_text(fence.text)
    more = {"LEAKSTREAM_EXTERNAL_URL": "https://leaks.example.com"}
    app.load_config(path, {} if "external_url" in tomllib.loads(fence.text) else more)


def test_every_table_of_a_source_or_notifier_is_shown_somewhere() -> None:
    shown = {
        (table, name)
        for f in CONFIGURATIONS
        for table in ("sources", "notifiers")
        for name in tomllib.loads(f.text).get(table, {})
    }
    assert {name for table, name in shown if table == "sources"} == app.sources().keys()
    assert {name for table, name in shown if table == "notifiers"} == app.notifiers().keys()


def test_every_promise_names_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text_of("docs/explanation/promises.md"))
    assert len(named) > 15
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text()
    ]
    assert missing == []


@pytest.mark.parametrize(
    "page", [page for page in pages() if "/decisions/" not in page]
)  # those are of their day
def test_every_file_that_is_named_exists(page: str) -> None:
    named = re.findall(
        r"(?<![\w/.:~$-])((?:docs|deploy|tests|monitor|detectors|benchmarks)/[\w./*{}-]+\.(?:md|py|toml|yml|yaml|sh|json|service))\b",
        text_of(page),
    )
    assert [name for name in named if "{" not in name and not any(ROOT.glob(name))] == []


@pytest.mark.parametrize("fence", [f for f in FENCES if f.language == "python"], ids=str)
def test_python_runs(fence: Fence) -> None:
    exec(compile(fence.text, str(fence), "exec"), {})


@pytest.mark.parametrize("fence", [f for f in FENCES if f.language in ("json", "yaml")], ids=str)
def test_data_can_be_read(fence: Fence) -> None:
    if fence.language == "yaml":
        assert yaml.safe_load(fence.text)
        return
    try:
        orjson.loads(fence.text)
    except orjson.JSONDecodeError:  # an object a line
        assert all(orjson.loads(line) for line in fence.text.splitlines())


@pytest.mark.parametrize("fence", [f for f in FENCES if f.language == "promql"], ids=str)
def test_a_query_asks_for_what_there_is(fence: Fence) -> None:
    assert faults(fence.text) == []


@pytest.mark.parametrize("page", [page for page in pages() if "/decisions/" not in page])
def test_every_metric_that_is_named_exists(page: str) -> None:
    series = exported()
    known = series.keys() | {re.sub(r"_(bucket|count|sum)$", "", name) for name in series}
    named = {
        match
        for span in spans(page)
        for match in re.findall(r"(?<![\w./-])leakstream_[a-z_]*[a-z](?![\w*…_])", span)
    }
    made_by_rules = {name for name in named if name in ("leakstream_canary", "leakstream_docs")}
    assert sorted(named - known - made_by_rules) == []


def test_every_reason_for_not_running_is_in_use() -> None:
    assert {fence.parsed for fence in FENCES if fence.parsed} == REASONS.keys()


@pytest.mark.parametrize("page", [page for page in pages() if "/decisions/" not in page])
def test_every_alert_that_is_named_exists(page: str) -> None:
    named = set(re.findall(r"\bLeakstream[A-Z][A-Za-z]+", text_of(page)))
    assert sorted(named - set(alert_names())) == []


@cache
def alert_names() -> frozenset[str]:
    files = (ROOT / "deploy" / "prometheus" / "rules").glob("*.yml")
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return frozenset(rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule)
