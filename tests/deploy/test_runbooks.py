"""docs/runbooks: one page for each alert, which names only alerts and metrics that there are. tests/docs looks at its links and commands,
and runs these.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertrules import ALERTS, RECORDED
from monitoring import prometheus_program
from promql import exported, faults

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "runbooks"
INDEX = FOLDER / "README.md"
NAMES = {rule["alert"]: rule for rule in ALERTS}
PAGES = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.md") if path != INDEX}
SECTIONS = ["What it means", "What is at risk", "What to look at", "What to do", "How it ends"]
WORD = re.compile(r"leakstream_[a-z_]+[a-z]|leakstream:[a-z_:0-9]+")


def blocks(text: str, language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return [line for block in found for line in block.splitlines() if line.strip()]


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert PAGES.keys() == NAMES.keys()


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_leads_to_its_page(rule: dict[str, Any]) -> None:
    url = rule["annotations"]["runbook_url"]
    base, path = url.split(" }}")
    assert base == "{{ $externalLabels.leakstream_docs"
    assert (ROOT / path).stem == rule["alert"]
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete(name: str) -> None:
    text = PAGES[name]
    assert text.startswith(f"# {name}\n")
    assert f"*{NAMES[name]['labels']['severity']}" in text or name == "Watchdog"
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    assert all(body.strip() for body in parts[2::2])
    assert re.search(r"^1\. ", parts[8], re.MULTILINE), "nothing to do is no alert"
    assert len(text.splitlines()) < 60, "whoever is woken reads no more"


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_is_there(name: str) -> None:
    text = PAGES[name]
    for query in blocks(text, "promql"):
        assert faults(query) == [], query
    for word in WORD.findall(text):
        assert word in RECORDED or word in exported() or word == "leakstream_docs", word
    assert set(re.findall(r"\bLeakstream[A-Z]\w+", text)) <= NAMES.keys()


def test_the_index_has_all_of_them_with_their_severity() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", INDEX.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(NAMES)
    assert dict(rows) == {name: rule["labels"]["severity"] for name, rule in NAMES.items()}


def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    queries = {query for text in PAGES.values() for query in blocks(text, "promql")}
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(sorted(queries))]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), "utf-8")
    command = [str(prometheus_program("promtool")), "check", "rules", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
