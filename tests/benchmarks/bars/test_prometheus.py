import re
from types import SimpleNamespace

import yaml

from benchmarks import evidence
from benchmarks.bars.prometheus import watching

SHIPPED = evidence.ROOT / "deploy" / "prometheus" / "rules.yml"


def test_minutes_are_seconds_and_nothing_else_is_changed(tmp_path):
    fleet = SimpleNamespace(members={"match": SimpleNamespace(metrics_port=1234)})
    config = watching(tmp_path / "p", fleet)
    assert config["scrape_configs"][0]["static_configs"] == [{"targets": ["127.0.0.1:1234"]}]
    shipped, ours = SHIPPED.read_text(), (tmp_path / "p" / "rules.yml").read_text()
    waits = re.compile(r"for: (\w+)$", re.MULTILINE)
    assert {wait[-1] for wait in waits.findall(ours)} == {"s"}
    assert waits.sub("", shipped) == waits.sub("", ours)
    assert shipped.count("for: ") == len(waits.findall(ours)) > 5
    assert yaml.safe_load(ours)
