from types import SimpleNamespace

import pytest

from benchmarks.bars import serviceconfig
from benchmarks.bars.scene import Scene, clear, configure
from monitor.app import load_config, topics
from monitor.contracts import DOCUMENTS
from monitor.identity import load_keys


def test_the_configuration_is_one_that_every_stage_takes(tmp_path):
    clear(tmp_path)
    bus = serviceconfig.kafka("127.0.0.1:1,127.0.0.1:2", documents_hours=1 / 60)
    path, token = configure(
        tmp_path, tables=serviceconfig.webhook("http://127.0.0.1:9") + bus, job_seconds=60
    )
    config = load_config(path, {})
    assert config.bus.kafka.bootstrap == ("127.0.0.1:1", "127.0.0.1:2")
    assert next(t for t in topics(config) if t.name == DOCUMENTS).retention_seconds == pytest.approx(60)
    assert config.sections["match"].model_dump()["job_seconds"] == 60
    assert list(config.notifiers) == ["webhook"]
    assert token in path.read_text()
    assert load_keys(config.key_file).keys


def test_only_compiled_rules_stay(tmp_path):
    for name in ("state", "logs", "kafka", "prometheus", "cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    clear(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("file")) == ["file"]
    assert (tmp_path / "cache" / "file").exists()
    clear(tmp_path)  # a folder that is already clear


def test_bytes_of_a_topic_are_those_of_all_its_partitions_on_all_brokers(tmp_path):
    for node, partition in ((1, 0), (1, 1), (2, 0)):
        log = tmp_path / f"kafka/{node}/data/leakstream.documents.v1-{partition}/0000.log"
        log.parent.mkdir(parents=True)
        log.write_bytes(bytes(100))
    other = tmp_path / "kafka/1/data/leakstream.documents.v1.dlq-0/0000.log"
    other.parent.mkdir()
    other.write_bytes(bytes(7))
    place = Scene(tmp_path, SimpleNamespace(), tmp_path / "leakstream.toml", "", 2)
    assert place.topic_bytes(DOCUMENTS) == 300
