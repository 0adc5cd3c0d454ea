"""The dashboards of deploy/grafana as their files have them: panels, and every query that a browser would send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
FILES = tuple(sorted((FOLDER / "dashboards").glob("*.json")))
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")
_VALUES_OF = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True, slots=True)
class Query:
    """`where` names it for people. `none` is what the panel says where it has nothing; `each` is set in a row that is repeated."""

    where: str
    expression: str
    none: str = ""
    each: str = ""
    exemplars: bool = False

    def filled(self, values: Mapping[str, str]) -> str:
        """With the variables' values. Raises KeyError: there is no such variable."""
        return filled(self.expression, values)


@dataclass(frozen=True)
class BoardFile:
    """One dashboard."""

    uid: str
    data: dict[str, Any]

    @property
    def panels(self) -> list[dict[str, Any]]:
        """Without the rows."""
        return [panel for panel in self.data["panels"] if panel["type"] != "row"]

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.data["templating"]["list"]}

    @property
    def annotations(self) -> list[dict[str, Any]]:
        return list(self.data["annotations"]["list"])

    def queries(self) -> Iterator[Query]:
        """Of its panels."""
        each = ""
        for panel in self.data["panels"]:
            if panel["type"] == "row":
                each = panel.get("repeat") or ""
                continue
            none = panel["fieldConfig"]["defaults"].get("noValue") or ""
            for target in panel["targets"]:
                yield Query(
                    f"{self.uid}: {panel['title']}, {target['refId']}",
                    target["expr"],
                    none=none,
                    each=each,
                    exemplars=target.get("exemplar", False),
                )

    def others(self) -> Iterator[Query]:
        """Of its annotations and variables."""
        for annotation in self.annotations:
            yield Query(f"{self.uid}: annotation {annotation['name']}", annotation["expr"])
        for name, variable in self.variables.items():
            if variable["type"] == "query":
                metric, label = values_of(variable)
                yield Query(f"{self.uid}: variable {name}", f"count by ({label}) ({metric})")

    def links(self) -> Iterator[tuple[str, str]]:
        """Where, and the URL: of the dashboard and of its panels."""
        for link in self.data["links"]:
            if link["type"] == "link":
                yield f"{self.uid}: {link['title']}", link["url"]
        for panel in self.panels:
            for link in panel["fieldConfig"]["defaults"].get("links", ()):
                yield f"{self.uid}: {panel['title']}: {link['title']}", link["url"]


def boards() -> list[BoardFile]:
    """All of them."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]
    return [BoardFile(data["uid"], data) for data in found]


def filled(text: str, values: Mapping[str, str]) -> str:
    """Raises KeyError: there is no such variable."""
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], text)


def variables_in(text: str) -> set[str]:
    return {match[1] or match[2] for match in _VARIABLE.finditer(text)}


def values_of(variable: Mapping[str, Any]) -> tuple[str, str]:
    """Metric and label that a variable takes its values from."""
    found = _VALUES_OF.fullmatch(variable["query"])
    assert found is not None, variable["query"]
    return found[1], found[2]
