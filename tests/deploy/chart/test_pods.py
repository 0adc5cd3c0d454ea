"""What a pod of the chart may do, has, and is told: of each stage, in each of the shipped sets of values."""

from __future__ import annotations

import re
from itertools import combinations, product
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from chart import CASES, STAGES, all_of, container, mounts, pod, stage, variables
from monitor.app import load_config
from monitor.config import ConfigError

EACH = list(product(CASES, STAGES))
DOCKERFILE = Path(__file__).parents[3] / "deploy" / "Dockerfile"
# which stage reads the files that a section names; what is not here all of them read
READS = {"sources": "collect", "notifiers": "alert", "store": "alert", "heartbeat": "alert"}


@pytest.mark.parametrize(("case", "name"), EACH)
def test_it_fits_the_restricted_security_standard(case: str, name: str) -> None:
    spec, inner = pod(case, name), container(case, name)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
    kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
    assert kinds <= {"configMap", "emptyDir", "projected", "secret"}
    assert all("hostPort" not in port for port in inner["ports"])


@pytest.mark.parametrize(("case", "name"), EACH)
def test_it_is_nobody_to_kubernetes_and_bounded(case: str, name: str) -> None:
    spec, inner = pod(case, name), container(case, name)
    assert spec["automountServiceAccountToken"] is False
    (account,) = all_of(case, "ServiceAccount").values()
    assert account["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == account["metadata"]["name"]
    assert inner["resources"]["limits"]["memory"]
    assert inner["resources"]["requests"].keys() == {"cpu", "memory"}
    assert all(volume["emptyDir"]["sizeLimit"] for volume in spec["volumes"] if "emptyDir" in volume)


def test_it_runs_as_the_user_of_the_image() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert user
    context = pod("default", "match")["securityContext"]
    assert [str(context["runAsUser"]), str(context["runAsGroup"])] == list(user.groups())


@pytest.mark.parametrize(("case", "name"), EACH)
def test_no_mount_lies_in_another_and_every_volume_is_there(case: str, name: str) -> None:
    for one, other in combinations(map(PurePosixPath, mounts(case, name)), 2):
        assert one not in other.parents
        assert other not in one.parents
    claims = stage(case, name)["spec"].get("volumeClaimTemplates", [])
    there = {volume["name"] for volume in pod(case, name)["volumes"]}
    there |= {claim["metadata"]["name"] for claim in claims}
    assert set(mounts(case, name).values()) == there
    assert bool(claims) is (name != "match")  # it keeps nothing


def secret_files(case: str, name: str) -> dict[str, str]:
    """File or folder under /run/secrets -> the Secret that it is of."""
    volumes = {volume["name"]: volume for volume in pod(case, name)["volumes"]}
    found = {}
    for path, volume in mounts(case, name).items():
        source: dict[str, Any] = volumes.get(volume, {})
        if "secret" in source:
            assert source["secret"]["defaultMode"] == 0o440
            found[path] = source["secret"]["secretName"]
        for part in source.get("projected", {}).get("sources", ()):
            assert source["projected"]["defaultMode"] == 0o440
            for item in part["secret"]["items"]:
                found[f"{path}/{item['path']}"] = part["secret"]["name"]
    return found


@pytest.mark.parametrize(("case", "name"), EACH)
def test_it_has_the_secrets_that_it_reads_and_no_others(case: str, name: str, tmp_path: Path) -> None:
    (file := tmp_path / "leakstream.toml").write_text(toml(case))
    config = load_config(file, variables(case, name))
    wanted = {str(config.key_file)}
    if "LEAKSTREAM_WEB__HOST" in variables(case, name):
        wanted.add(str(config.web.token_file))
    if name == "alert":
        wanted.add("/run/secrets/leakstream/ledger.key")
    section = ""
    for line in toml(case).splitlines():
        if header := re.match(r"\[+(\w+)", line):
            section = header[1]
        if READS.get(section, name) == name:
            wanted |= {str(PurePosixPath(path).parent) for path in re.findall(r"/run/secrets/[\w./-]+", line)}
    had = secret_files(case, name)
    assert had.keys() == wanted
    assert had["/run/secrets/kafka"] == f"leakstream-{name}-kafka"  # what it may do hangs on it


def toml(case: str) -> str:
    return all_of(case, "ConfigMap")["leakstream"]["data"]["leakstream.toml"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(("case", "name"), EACH)
def test_the_configuration_loads_with_what_the_pod_is_told(case: str, name: str, tmp_path: Path) -> None:
    inner = container(case, name)
    assert inner["args"] == [name, "-c", "/etc/leakstream/leakstream.toml"]
    assert mounts(case, name)["/etc/leakstream"] == "config"
    (file := tmp_path / "leakstream.toml").write_text(toml(case))
    config = load_config(file, variables(case, name))
    assert config.bus.kafka.instance == f"leakstream-{name}-0"  # static membership by the pod's name
    assert config.bus.kafka.create_topics is (name == "collect")
    assert str(config.state.parent) in mounts(case, name)
    assert config.metrics.host == "0.0.0.0"
    ports = {port["name"]: port["containerPort"] for port in inner["ports"]}
    assert ports["metrics"] == {"collect": 8688, "match": 8689, "alert": 8690}[name]
    serves = name == "alert" or (name == "collect" and "ingest" in config.sources)
    assert ("web" in ports) is serves is (config.web.host == "0.0.0.0")


def test_variables_that_kubernetes_makes_of_services_are_no_settings(tmp_path: Path) -> None:
    for case, name in EACH:
        assert pod(case, name)["enableServiceLinks"] is False
    (file := tmp_path / "leakstream.toml").write_text(toml("default"))
    with pytest.raises(ConfigError, match="console_service_port"):  # of the service leakstream-console
        load_config(file, {**variables("default", "match"), "LEAKSTREAM_CONSOLE_SERVICE_PORT": "8686"})


@pytest.mark.parametrize(("case", "name"), EACH)
def test_it_is_asked_how_it_is_and_has_time_to_end(case: str, name: str) -> None:
    inner = container(case, name)
    paths = {probe: inner[probe]["httpGet"]["path"] for probe in inner if probe.endswith("Probe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert pod(case, name)["terminationGracePeriodSeconds"] == 60


@pytest.mark.parametrize(("case", "name"), EACH)
def test_copies_spread_and_are_found_by_their_service_and_budget(case: str, name: str) -> None:
    labels = stage(case, name)["spec"]["template"]["metadata"]["labels"]
    chosen = stage(case, name)["spec"]["selector"]["matchLabels"]
    assert chosen.items() <= labels.items()
    assert stage(case, name)["spec"]["serviceName"] in all_of(case, "Service")
    assert all_of(case, "Service")[f"leakstream-{name}"]["spec"]["selector"] == chosen
    spread = pod(case, name)["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert all(each["labelSelector"]["matchLabels"] == chosen for each in spread)
    budgets = all_of(case, "PodDisruptionBudget")
    if case != "small":
        assert budgets[f"leakstream-{name}"]["spec"] == {
            "maxUnavailable": 1,
            "selector": {"matchLabels": chosen},
        }
    else:
        assert not budgets


@pytest.mark.parametrize("case", sorted({case for case, _ in EACH}))
def test_who_signed_in_to_one_copy_of_the_console_stays_with_it(case: str) -> None:
    for name, service in all_of(case, "Service").items():
        assert ("sessionAffinity" in service["spec"]) == name.endswith("-console")


def test_a_number_that_is_left_to_an_autoscaler_is_not_set() -> None:
    assert "replicas" not in stage("ha", "match")["spec"]
    assert stage("default", "match")["spec"]["replicas"] == 2


def test_a_changed_configuration_starts_the_pods_again() -> None:
    def told(case: str) -> str:
        return stage(case, "match")["spec"]["template"]["metadata"]["annotations"]["leakstream/config"]  # type: ignore[no-any-return]

    assert told("default") != told("ha")


def test_each_stage_has_a_user_of_its_own_where_brokers_ask_for_passwords(tmp_path: Path) -> None:
    (file := tmp_path / "leakstream.toml").write_text(toml("small"))
    users = [load_config(file, variables("small", name)).bus.kafka.username for name in STAGES]
    assert users == [f"leakstream-{name}" for name in STAGES]
