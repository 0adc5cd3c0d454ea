"""docs/reference/logs.md names the events that the code writes, with their fields, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from monitor.alerting.notifiers.base import Topic

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "logs.md").read_text(encoding="utf-8")
LEVELS = {"debug", "info", "warning", "error", "exception"}
SENTENCE = 16  # words: an event that explains itself, told of in prose


def said() -> Iterator[tuple[str, set[str]]]:
    """(event, fields) of each call of a logger with a name in place."""
    for path in (ROOT / "monitor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _is_logger(node.func):
                names = [n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)]
                fields = {keyword.arg for keyword in node.keywords if keyword.arg}
                if isinstance(node.args[0], ast.Constant) and len(str(names[0]).split()) <= SENTENCE:
                    yield str(names[0]), fields


def _is_logger(func: ast.expr) -> bool:
    if isinstance(func, ast.IfExp):  # one of two levels
        return _is_logger(func.body)
    if isinstance(func, ast.Name):
        return func.id == "tell"
    of = func.value if isinstance(func, ast.Attribute) else None
    name = of.id if isinstance(of, ast.Name) else of.attr if isinstance(of, ast.Attribute) else ""
    return (
        name.lower() in {"_log", "log"}
        and isinstance(func, ast.Attribute)
        and func.attr.removeprefix("a") in LEVELS
    )


def told() -> dict[str, set[str]]:
    rows = re.findall(r"^\| (`[^|]+`) \| (?:debug|info|warning|error) \| ([^|]*) \|", PAGE, re.MULTILINE)
    return {
        event: set(filter(None, fields.strip().split(", ")))
        for events, fields in rows
        for event in re.findall(r"`([^`]+)`", events)
    }


def test_every_event_stands_there_with_its_fields() -> None:
    known = told()
    missing = {event: fields for event, fields in said() if not fields <= known.get(event, set())}
    assert missing == {}


def test_no_event_stands_there_that_nobody_writes() -> None:
    assert told().keys() - dict(said()).keys() == {"exposure", "exercise"}  # chosen between


def test_the_summaries_are_those_that_there_are() -> None:
    (listed,) = re.findall(r"has its kind as event \(([^)]*)\)", PAGE)
    assert set(re.findall(r"`(\w+)`", listed)) == {topic.value for topic in Topic}
