"""The page of metrics says what the code has."""

from pathlib import Path

from monitor import metrics


def test_page_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
    assert page.read_text() == metrics.page(), "run `python -m monitor.metrics > docs/reference/metrics.md`"


def test_names_are_the_fields_units():
    for family in metrics.Metrics().registry.collect():
        assert family.name.startswith("leakstream_")
        assert family.documentation.endswith(".")
