"""The compose files and what they start, as far as that can be judged without a container engine: docs/how-to/deploy.md says what was not run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError
from typer.main import get_command

from composed import DEPLOY, FILES, configuration, every, mounted, ours, services, volumes
from gotools import module
from monitor.app import load_config, topics
from monitor.bus.kafka.connection import connection
from monitor.cli import build
from monitor.config import ConfigError
from monitor.coverage.signing import load_signer
from monitor.identity import load_keys

SECRET = re.compile(r"/run/secrets/([\w.]+)")
KAFKA = "compose.kafka.yaml"
PORTS = {"run": 8687, "collect": 8688, "match": 8689, "alert": 8690}
OURS = [(file, name) for file in FILES for name in ours(file)]
_SPECIFICATION = (
    "github.com/compose-spec/compose-go/v2",
    "v2.4.9",
    "h1:2K4TDw+1ba2idiR6empXHKRXvWYpnvAKoNQy93/sSOs=",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """File -> the folder that secrets.sh makes for it, and its last line."""
    found = {}
    for file in FILES:
        folder = tmp_path_factory.mktemp("made") / "secrets"
        arguments = ["--kafka", folder] if file == KAFKA else [folder]
        done = subprocess.run(
            [DEPLOY / "secrets.sh", *arguments],
            env=with_the_command(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found[file] = folder, done.stdout.splitlines()[-1]
    return found


@pytest.fixture(scope="module")
def secrets(made: dict[str, tuple[Path, str]]) -> Path:
    """All of them."""
    return made[KAFKA][0]


def with_the_command() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def specification() -> Draft7Validator:
    """The JSON schema that compose itself checks a file against."""
    return Draft7Validator(json.loads((module(*_SPECIFICATION) / "schema" / "compose-spec.json").read_text()))


@pytest.mark.parametrize("file", FILES)
def test_it_keeps_to_the_compose_specification(file: str, specification: Draft7Validator) -> None:
    specification.validate(FILES[file])
    wrong = {**FILES[file], "services": {"x": {"image": "x", "mem_limits": "1g"}}}
    with pytest.raises(ValidationError, match="mem_limits"):
        specification.validate(wrong)


@pytest.mark.parametrize(("file", "name"), every())
def test_everything_mounted_is_there_and_everything_published_is_on_loopback(
    file: str, name: str, secrets: Path
) -> None:
    service, whole = services(file)[name], FILES[file]
    for source in volumes(service).values():
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
        else:
            assert source in whole["volumes"]
    for source in mounted(service).values():
        made = whole["secrets"][source]["file"]
        assert (secrets / Path(made).relative_to("secrets")).exists(), made
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")
    assert set(service["networks"]) <= whole["networks"].keys()
    assert set(service.get("depends_on", ())) <= services(file).keys()


@pytest.mark.parametrize(("file", "name"), every())
def test_a_container_is_bounded_is_not_root_and_may_change_nothing_of_itself(file: str, name: str) -> None:
    service = services(file)[name]
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert service["logging"]["options"] == {"max-size": "20m", "max-file": "5"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service["user"].startswith(("0", "root"))
    assert "privileged" not in service
    assert not service["image"].endswith(":latest")


@pytest.mark.parametrize("file", FILES)
def test_what_grows_has_a_bound(file: str) -> None:
    arguments = " ".join(services(file)["prometheus"]["command"])
    assert "--storage.tsdb.retention.time=" in arguments
    assert "--storage.tsdb.retention.size=" in arguments
    assert "--data.retention=" in " ".join(services(file)["alertmanager"]["command"])
    for service in ours(file).values():
        text = configuration(service).read_text()
        assert "documents_hours" in text
        assert service["memswap_limit"] == service["mem_limit"]  # plain text stays out of swap


@pytest.mark.parametrize(("file", "name"), OURS)
def test_the_configuration_loads_with_the_environment_of_the_service(file: str, name: str) -> None:
    service = ours(file)[name]
    assert service["command"][1:] == ["-c", "/etc/leakstream/leakstream.toml"]
    config = load_config(configuration(service), service.get("environment", {}))
    paths = {*volumes(service), *(place.split(":")[0] for place in service["tmpfs"])}
    assert str(config.state.parent) in paths
    if file == KAFKA:
        assert config.bus.kafka.instance == name
        assert config.bus.kafka.create_topics is (name == "collect")
        brokers = {address.rpartition(":")[0] for address in config.bus.kafka.bootstrap}
        assert brokers == {"kafka-1", "kafka-2", "kafka-3"} <= services(file).keys()
    else:
        assert config.bus.kind == "embedded"


def test_a_misspelt_variable_would_be_noticed() -> None:
    with pytest.raises(ConfigError, match="instanze"):
        load_config(configuration(ours(KAFKA)["alert"]), {"LEAKSTREAM_BUS__KAFKA__INSTANZE": "x"})


@pytest.mark.parametrize(("file", "name"), OURS)
def test_a_stage_has_the_secrets_that_it_needs_and_no_others(file: str, name: str) -> None:
    service = ours(file)[name]
    stage, had = service["command"][0], mounted(service)
    needed = {
        "run": {"web_token", "ingest_token"},
        "collect": {"web_token", "ingest_token"},
        "match": set(),
        "alert": {"web_token"},
    }[stage]
    needed |= {"fingerprint_key"}
    if file == KAFKA:
        needed |= {"kafka_ca", "kafka_cert", "kafka_key"}
        assert had["/run/secrets/kafka_cert"] == f"{stage}_cert"
        assert had["/run/secrets/kafka_key"] == f"{stage}_key"
    own = {"ledger.key"} if stage in ("run", "alert") else set()  # beside the fingerprint key, by its name
    assert {Path(path).name for path in had} == needed | own
    lines = configuration(service).read_text().split("\n")
    assert needed <= set(SECRET.findall("\n".join(line for line in lines if not line.startswith("#"))))


@pytest.mark.parametrize(("file", "name"), [each for each in every() if each not in OURS])
def test_every_secret_named_in_a_mounted_file_is_given_to_its_service(file: str, name: str) -> None:
    service = services(file)[name]
    for source in volumes(service).values():
        if source.startswith("."):
            path = DEPLOY / source
            for each in [path, *path.glob("*.yml")]:
                if each.is_file():
                    named = set(SECRET.findall(each.read_text()))
                    assert named <= {Path(mount).name for mount in mounted(service)}


def test_every_command_line_is_one_of_ours() -> None:
    commands = set(get_command(build()).commands)  # type: ignore[attr-defined]
    stages = {file: sorted(service["command"][0] for service in ours(file).values()) for file in FILES}
    assert stages == {"compose.yaml": ["run"], KAFKA: ["alert", "collect", "match", "match"]}
    assert {stage for each in stages.values() for stage in each} <= commands


@pytest.mark.parametrize("file", FILES)
def test_prometheus_scrapes_every_process_at_the_port_that_it_has(file: str) -> None:
    wanted = {f"{name}:{PORTS[service['command'][0]]}" for name, service in ours(file).items()}
    inside = volumes(services(file)["prometheus"])
    folder = DEPLOY / inside.get("/etc/prometheus", "prometheus")
    config = yaml.safe_load((folder / "prometheus.yml").read_text())
    (targets,) = config["scrape_configs"][0]["file_sd_configs"][0]["files"]
    listed = DEPLOY / inside.get(f"/etc/prometheus/{targets}", folder / targets)
    assert {target for each in yaml.safe_load(listed.read_text()) for target in each["targets"]} == wanted
    for name in (*ours(file), "alertmanager"):
        assert set(services(file)["prometheus"]["networks"]) & set(services(file)[name]["networks"])


def test_matchers_reach_nothing_but_the_bus_and_are_scraped() -> None:
    for name in ("match-1", "match-2"):
        networks = ours(KAFKA)[name]["networks"]
        assert all(FILES[KAFKA]["networks"][network]["internal"] for network in networks)


@pytest.mark.parametrize("file", FILES)
def test_grafana_finds_the_dashboards_where_its_provisioning_looks(file: str) -> None:
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/leakstream.yml").read_text())
    folder = provider["providers"][0]["options"]["path"]
    grafana = services(file)["grafana"]
    shown = DEPLOY / volumes(grafana)[folder]
    assert list(shown.glob("*.json"))
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == folder
    assert (shown / home.name).exists()


def test_the_secrets_are_made_once_and_are_good_for_the_service(secrets: Path) -> None:
    before = {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()}
    subprocess.run([DEPLOY / "secrets.sh", "--kafka", secrets], check=True)
    assert {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()} == before
    assert load_keys(secrets / "fingerprint.key").keys
    assert load_signer(secrets / "ledger.key").public
    assert secrets.stat().st_mode & 0o077 == 0
    assert re.fullmatch(r"CLUSTER_ID=[\w-]{22}\n", (secrets / "kafka.env").read_text())
    settings = load_config(configuration(ours(KAFKA)["match-1"]), {}).bus.kafka.model_copy(
        update={
            "ca_file": secrets / "kafka" / "ca.pem",
            "cert_file": secrets / "kafka" / "match.crt",
            "cert_key_file": secrets / "kafka" / "match.key",
        }
    )
    assert connection(settings, "a test")["security_protocol"] == "SSL"


@pytest.mark.parametrize("file", FILES)
def test_a_secret_of_the_service_is_its_own_and_one_of_another_can_be_read_there(
    file: str, made: dict[str, tuple[Path, str]]
) -> None:
    folder, told = made[file]
    assert f"sudo chown {next(iter(ours(file).values()))['user']} " in told
    for name, service in services(file).items():
        for source in mounted(service).values():
            path = folder / Path(FILES[file]["secrets"][source]["file"]).relative_to("secrets")
            closed = path.stat().st_mode & 0o077 == 0
            assert closed is (str(path) in told.split())
            assert not closed or name in ours(file)


def test_one_host_needs_no_certificates(made: dict[str, tuple[Path, str]]) -> None:
    names = {path.name for path in made["compose.yaml"][0].iterdir()}
    assert names == {Path(each["file"]).name for each in FILES["compose.yaml"]["secrets"].values()}


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
