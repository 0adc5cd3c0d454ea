from __future__ import annotations

from pathlib import Path

import orjson

from monitor.reference import api

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_page_and_description_are_current() -> None:
    assert (REFERENCE / "api.md").read_text() == api.page(), "run `python -m monitor.reference docs`"
    assert (REFERENCE / "openapi.json").read_text() == api.openapi(), "run `python -m monitor.reference docs`"


def test_every_operation_and_object_is_on_the_page() -> None:
    text, found = api.page(), orjson.loads(api.openapi())
    for path, methods in found["paths"].items():
        for method in methods:
            assert f"### {method.upper()} {path}\n" in text
    for name in found["components"]["schemas"]:
        assert f"### {name}\n" in text
