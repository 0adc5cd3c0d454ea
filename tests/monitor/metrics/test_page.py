"""The page of metrics says what the code has."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from monitor.metrics import ROOMS, Metrics
from monitor.metrics.page import page


def test_page_is_up_to_date() -> None:
    file = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
    assert file.read_text() == page(), "run `python -m monitor.metrics > docs/reference/metrics.md`"


def test_names_are_the_fields_units() -> None:
    for family in Metrics().registry.collect():
        assert family.name.startswith("leakstream_")
        assert family.documentation.endswith(".")


def test_rooms_are_all_there_is_and_none_hides_anothers_attribute() -> None:
    attributes: list[str] = []
    for room in ROOMS:
        registry = CollectorRegistry(auto_describe=True)
        attributes += vars(room(registry))
    assert len(attributes) == len(set(attributes))
    assert {*attributes, "registry"} == set(vars(Metrics()))
