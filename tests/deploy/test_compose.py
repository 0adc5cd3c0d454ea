"""deploy/compose.yaml and what it starts, as far as that can be judged without a container engine: docs/how-to/deploy.md says what was not run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from monitor.app import load_config, topics
from monitor.bus.kafka.connection import connection
from monitor.cli import build
from monitor.config import ConfigError
from monitor.coverage.signing import load_signer
from monitor.identity import load_keys

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "leakstream"}
CONFIG = DEPLOY / "docker" / "leakstream.toml"
SECRET = re.compile(r"/run/secrets/(\w+)")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What secrets.sh makes."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([DEPLOY / "secrets.sh", folder], env={**os.environ, "PATH": path}, check=True)
    return folder


def mounted(service: dict[str, Any]) -> dict[str, str]:
    """Secret's path in the container -> its name in compose.yaml."""
    names = {}
    for entry in service.get("secrets", ()):
        source, target = (entry, entry) if isinstance(entry, str) else (entry["source"], entry["target"])
        names[f"/run/secrets/{target}"] = source
    return names


def volumes(service: dict[str, Any]) -> list[tuple[str, str]]:
    return [tuple(entry.split(":")[:2]) for entry in service.get("volumes", ())]  # type: ignore[misc]


def test_the_brokers_remember_a_group_for_longer_than_any_topic_keeps_a_record(tmp_path: Path) -> None:
    lines = (DEPLOY / "kafka" / "server.properties").read_text().splitlines()
    broker = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
    (file := tmp_path / "leakstream.toml").write_text(
        "[bus]\ndocuments_hours = 720\n"
    )  # the most that it takes
    kept = max(topic.retention_seconds for topic in topics(load_config(file, {})))
    assert int(broker["offsets.retention.minutes"]) * 60 >= 2 * kept
    file.write_text("[bus]\ndocuments_hours = 721\n")
    with pytest.raises(ConfigError):
        load_config(file, {})


@pytest.mark.parametrize("name", SERVICES)
def test_everything_mounted_is_there_and_everything_published_is_on_loopback(
    name: str, secrets: Path
) -> None:
    service = SERVICES[name]
    for source, _ in volumes(service):
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]
    for source in mounted(service).values():
        file = COMPOSE["secrets"][source]["file"]
        assert (secrets / Path(file).relative_to("secrets")).exists(), file
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert set(service.get("depends_on", ())) <= SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_bounded_and_may_change_nothing_of_itself(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", OURS)
def test_the_configuration_loads_with_the_environment_of_the_service(name: str) -> None:
    service = OURS[name]
    assert service["command"][1:] == ["-c", "/etc/leakstream/leakstream.toml"]
    assert ("./docker/leakstream.toml", "/etc/leakstream/leakstream.toml") in volumes(service)
    config = load_config(CONFIG, service["environment"])
    assert config.bus.kafka.instance == name
    assert config.bus.kafka.create_topics is (name == "collect")
    brokers = {f"kafka-{number}" for number in (1, 2, 3)}
    assert (
        {address.rpartition(":")[0] for address in config.bus.kafka.bootstrap} == brokers <= SERVICES.keys()
    )
    paths = {volume[1] for volume in volumes(service)} | {place.split(":")[0] for place in service["tmpfs"]}
    assert str(config.state.parent) in paths


def test_a_misspelt_variable_would_be_noticed() -> None:
    with pytest.raises(ConfigError, match="instanze"):
        load_config(CONFIG, {"LEAKSTREAM_BUS__KAFKA__INSTANZE": "x"})


@pytest.mark.parametrize("name", OURS)
def test_a_stage_has_the_secrets_that_it_needs_and_no_others(name: str) -> None:
    stage = OURS[name]["command"][0]
    had = mounted(OURS[name])
    needed = {"kafka_ca", "kafka_cert", "kafka_key", "fingerprint_key"}
    needed |= {"collect": {"web_token", "ingest_token"}, "match": set(), "alert": {"web_token"}}[stage]
    own = {"ledger.key"} if stage == "alert" else set()  # beside the fingerprint key, by its name
    assert {Path(path).name for path in had} == needed | own
    assert had["/run/secrets/kafka_cert"] == f"{stage}_cert"
    assert had["/run/secrets/kafka_key"] == f"{stage}_key"
    stated = "\n".join(line for line in CONFIG.read_text().split("\n") if not line.startswith("#"))
    assert needed <= set(SECRET.findall(stated))


def test_every_secret_named_in_a_mounted_file_is_given_to_its_service() -> None:
    for service in SERVICES.values():
        if service in OURS.values():
            continue
        for source, _ in volumes(service):
            for file in [DEPLOY / source, *(DEPLOY / source).glob("*.yml")] if source.startswith(".") else ():
                if file.is_file():
                    assert set(SECRET.findall(file.read_text())) <= {Path(p).name for p in mounted(service)}


def test_every_command_line_is_one_of_ours() -> None:
    commands = set(get_command(build()).commands)  # type: ignore[attr-defined]
    assert {service["command"][0] for service in OURS.values()} <= commands
    assert re.search(r'CMD \["(\w+)"', DOCKERFILE.split("ENTRYPOINT")[1])[1] in commands  # type: ignore[index]
    assert sorted(service["command"][0] for service in OURS.values()) == [
        "alert",
        "collect",
        "match",
        "match",
    ]


def test_prometheus_scrapes_every_stage_at_the_port_that_it_has() -> None:
    ports = {"collect": 8688, "match": 8689, "alert": 8690}
    wanted = {f"{name}:{ports[service['command'][0]]}" for name, service in OURS.items()}
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert set(config["scrape_configs"][0]["static_configs"][0]["targets"]) == wanted
    for name in (*OURS, "alertmanager"):
        assert set(SERVICES["prometheus"]["networks"]) & set(SERVICES[name]["networks"])


def test_matchers_reach_nothing_but_the_bus_and_are_scraped() -> None:
    for name in ("match-1", "match-2"):
        assert all(COMPOSE["networks"][network]["internal"] for network in OURS[name]["networks"])


def test_grafana_finds_the_dashboards_where_its_provisioning_looks() -> None:
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/leakstream.yml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    assert ("./grafana/dashboards", folder) in volumes(SERVICES["grafana"])
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == folder
    assert (DEPLOY / "grafana" / "dashboards" / home.name).is_file()


def test_the_secrets_are_made_once_and_are_good_for_the_service(secrets: Path) -> None:
    before = {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()}
    subprocess.run([DEPLOY / "secrets.sh", secrets], check=True)
    assert {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()} == before
    assert load_keys(secrets / "fingerprint.key").keys
    assert load_signer(secrets / "ledger.key").public
    assert (secrets.stat().st_mode & 0o077, (secrets / "web_token").stat().st_mode & 0o077) == (0, 0)
    assert re.fullmatch(r"CLUSTER_ID=[\w-]{22}\n", (secrets / "kafka.env").read_text())
    settings = load_config(CONFIG, {}).bus.kafka.model_copy(
        update={
            "ca_file": secrets / "kafka" / "ca.pem",
            "cert_file": secrets / "kafka" / "match.crt",
            "cert_key_file": secrets / "kafka" / "match.key",
        }
    )
    assert connection(settings, "a test")["security_protocol"] == "SSL"


def test_the_image_runs_as_the_user_whose_secrets_they_are_and_copies_what_is_there() -> None:
    user = re.search(r"^USER (\d+:\d+)$", DOCKERFILE, re.MULTILINE)
    assert user
    assert f"chown {user[1]}" in (DEPLOY / "secrets.sh").read_text()
    allowed = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().split() if line.startswith("!")
    }
    assert all((DEPLOY.parent / path).exists() for path in allowed)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {path for line in copied for path in line.split()} - {"."} <= allowed
