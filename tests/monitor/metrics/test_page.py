"""The pages of metrics and objectives say what the code has."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitor.metrics import ROOMS, Metrics, page

_REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


@pytest.mark.parametrize("name", ["metrics", "objectives"])
def test_page_is_up_to_date(name: str) -> None:
    command = f"python -m monitor.metrics {name} > docs/reference/{name}.md"
    assert (_REFERENCE / f"{name}.md").read_text() == getattr(page, name)(), f"run `{command}`"


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


def test_nothing_tells_when_a_series_began() -> None:
    metrics = Metrics()
    metrics.findings.labels("r").inc()
    names = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    assert not [name for name in names if name.endswith("_created")]
