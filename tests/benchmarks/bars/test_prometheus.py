import re
from types import SimpleNamespace

import yaml

from benchmarks import evidence
from benchmarks.bars.prometheus import watching

SHIPPED = evidence.ROOT / "deploy" / "prometheus" / "rules"


def test_minutes_are_seconds_and_nothing_else_is_changed(tmp_path):
    fleet = SimpleNamespace(members={"match": SimpleNamespace(metrics_port=1234)})
    config = watching(tmp_path / "p", fleet)
    assert config["scrape_configs"][0]["static_configs"] == [{"targets": ["127.0.0.1:1234"]}]
    names = sorted(path.name for path in SHIPPED.glob("*.yml"))
    assert config["rule_files"] == names
    shipped, ours = (
        "".join((folder / name).read_text() for name in names) for folder in (SHIPPED, tmp_path / "p")
    )
    waits = re.compile(r"for: (\w+)$", re.MULTILINE)
    assert {wait[-1] for wait in waits.findall(ours)} == {"s"}
    assert waits.sub("", shipped) == waits.sub("", ours)
    assert shipped.count("for: ") == len(waits.findall(ours)) > 5
    assert all(yaml.safe_load((tmp_path / "p" / name).read_text()) for name in names)
