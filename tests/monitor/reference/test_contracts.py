from __future__ import annotations

import re
from pathlib import Path

import orjson

from monitor.contracts import TOPICS
from monitor.reference import contracts

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "contracts.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == contracts.page(), "run `python -m monitor.reference docs`"


def test_every_topic_has_an_example_that_is_a_record() -> None:
    examples = {example.TOPIC for example in contracts._EXAMPLES}
    assert examples == {spec.name for spec in TOPICS}
    for text in re.findall(r"```json\n(.*?)```", contracts.page(), re.DOTALL):
        assert orjson.loads(text)


def test_a_field_is_explained_by_its_comment() -> None:
    said = contracts._comments()
    assert said["Request", "kind"] == "recheck | repair | sweep"
    assert said["Sighting", "answers"].startswith('not "" = the `target`')  # over several lines


def test_nearly_every_field_says_what_it_is() -> None:
    silent = [
        line.split("`")[1]
        for line in contracts.page().splitlines()
        if line.startswith("| `") and line.endswith("|  |")
    ]
    # what another contract has said before
    assert set(silent) <= {
        *("published_at", "trace_id", "mode"),
        *("repository", "owner", "url", "commit", "ref", "path", "title", "author"),
    }
