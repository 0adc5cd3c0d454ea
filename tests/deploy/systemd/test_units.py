"""The units for one box, as systemd's own programs judge them: nothing is started, there is no systemd to start it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import debian
from monitor.app import load_config

FOLDER = Path(__file__).parents[3] / "deploy" / "systemd"
UNIT = "leakstream@.service"
STAGES = ("run", "collect", "match", "alert")
PROGRAM = "/opt/leakstream/bin/leakstream"
_BOUND = 1.5  # of 10, where 10 is a service that may do everything


def systemd(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = debian.program("systemd", name)
    if program.is_relative_to(tree := debian.home() / "debian" / "systemd"):
        libraries = os.pathsep.join(map(str, tree.glob("usr/lib/*/systemd")))
        environment = {**os.environ, "LD_LIBRARY_PATH": libraries}
    else:
        environment = dict(os.environ)
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=180, check=False
    )


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as they are installed, with a program that is there."""
    folder = tmp_path_factory.mktemp("units")
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    (folder / UNIT).write_text((folder / UNIT).read_text().replace(PROGRAM, sys.executable))
    return folder


def settings(stage: str) -> dict[str, list[str]]:
    """Key -> values of the unit and its drop-ins, in order."""
    found: dict[str, list[str]] = {}
    for file in [FOLDER / UNIT, *sorted((FOLDER / f"leakstream@{stage}.service.d").glob("*.conf"))]:
        for line in file.read_text().splitlines():
            if "=" in line and not line.startswith("#"):
                key, _, value = line.partition("=")
                found.setdefault(key, []).append(value)
    return found


def variables(stage: str, credentials: str) -> dict[str, str]:
    values = (value.partition("=") for value in settings(stage)["Environment"])
    return {name: value.replace("%d", credentials) for name, _, value in values}


@pytest.mark.parametrize("stage", STAGES)
def test_systemd_understands_every_line(stage: str, units: Path) -> None:
    done = systemd("systemd-analyze", "verify", "--man=no", str(units / f"leakstream@{stage}.service"))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_wrong_line_would_be_said(units: Path, tmp_path: Path) -> None:
    (tmp_path / UNIT).write_text((units / UNIT).read_text().replace("PrivateTmp=yes", "PrivateTemp=yes"))
    done = systemd("systemd-analyze", "verify", "--man=no", str(tmp_path / "leakstream@run.service"))
    assert "PrivateTemp" in done.stderr


def exposure(unit: Path) -> float:
    done = systemd("systemd-analyze", "security", "--offline=true", "--no-pager", str(unit))
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


def test_little_is_left_to_a_service_that_was_taken_over(units: Path, tmp_path: Path) -> None:
    assert exposure(units / UNIT) <= _BOUND
    (tmp_path / UNIT).write_text((units / UNIT).read_text().replace("CapabilityBoundingSet=\n", ""))
    assert exposure(tmp_path / UNIT) > _BOUND


@pytest.mark.parametrize("stage", STAGES)
def test_it_starts_a_command_of_ours_with_settings_that_load(stage: str, tmp_path: Path) -> None:
    (command,) = settings(stage)["ExecStart"]
    assert command.replace("%i", stage) == f"{PROGRAM} {stage} -c /etc/leakstream/leakstream.toml"
    (file := tmp_path / "leakstream.toml").write_text("[sources.selftest]\n")
    given = "/run/credentials/leakstream@x.service"
    config = load_config(file, variables(stage, given))
    assert str(config.key_file) == f"{given}/fingerprint.key"
    assert str(config.state).startswith("/var/lib/leakstream/")
    assert settings(stage)["StateDirectory"] == ["leakstream"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_handed_the_secrets_that_it_reads_and_no_others(stage: str) -> None:
    handed = dict(value.split(":", 1) for value in settings(stage)["LoadCredential"])
    assert (
        handed.keys()
        == {
            "run": {"fingerprint.key", "ledger.key", "web_token"},
            "collect": {"fingerprint.key", "web_token"},
            "match": {"fingerprint.key"},
            "alert": {"fingerprint.key", "ledger.key", "web_token"},
        }[stage]
    )
    assert handed == {name: f"/etc/leakstream/secrets/{name}" for name in handed}
    used = {Path(value).name for value in variables(stage, "/c").values() if value.startswith("/c/")}
    assert used == handed.keys() - {"ledger.key"}  # found beside the fingerprint key


def test_the_matcher_alone_reaches_nothing_but_this_box() -> None:
    assert settings("match")["IPAddressDeny"][-1] == "any"
    assert settings("match")["IPAddressAllow"] == ["localhost"]
    assert all("IPAddressAllow" not in settings(stage) for stage in STAGES if stage != "match")


def test_two_stages_of_one_box_do_not_listen_at_one_port(tmp_path: Path) -> None:
    (file := tmp_path / "leakstream.toml").write_text("")
    ports = [load_config(file, variables(stage, "/c")).web.port for stage in ("collect", "alert")]
    assert ports == [8685, 8686]


def test_user_and_folders_are_what_the_unit_and_the_secrets_need() -> None:
    (user,) = [line.split() for line in (FOLDER / "sysusers.conf").read_text().splitlines() if line[0] != "#"]
    assert user[:2] == ["u", *settings("run")["User"]]
    made = {}
    for line in (FOLDER / "tmpfiles.conf").read_text().splitlines():
        if line and line[0] != "#":
            kind, path, *rest = line.split()
            made[path] = (kind, *rest[:3])
    assert made["/etc/leakstream/secrets"] == ("d", "0700", "root", "root")
    assert made["/etc/leakstream/secrets/*"] == ("z", "0600", "root", "root")
    assert made["/etc/leakstream/leakstream.toml"] == ("z", "0640", "root", *settings("run")["Group"])


def test_a_command_by_hand_runs_as_the_service_does(tmp_path: Path) -> None:
    (fake := tmp_path / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [FOLDER / "leakstreamctl", "doctor", "--json"],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    arguments = done.stdout.splitlines()
    assert arguments[-3:] == [PROGRAM, "doctor", "--json"]
    unit = next(each for each in arguments if each.startswith("--unit=")).removeprefix("--unit=")
    own = settings("run")
    assert f"--setenv=LEAKSTREAM_KEY_FILE=/run/credentials/{unit}.service/fingerprint.key" in arguments
    assert f"--setenv=LEAKSTREAM_STATE={variables('run', '')['LEAKSTREAM_STATE']}" in arguments
    for key in ("User", "Group", "StateDirectory", "UMask", "LimitCORE"):
        assert f"--property={key}={own[key][0]}" in arguments
    assert f"--property=LoadCredential={own['LoadCredential'][1]}" in arguments


def test_what_it_may_not_do_does_not_stop_it_from_scanning(tmp_path: Path) -> None:
    """Memory that is written and run is refused to it (MemoryDenyWriteExecute); neither Hyperscan nor a library of ours asks for it."""
    assert settings("run")["MemoryDenyWriteExecute"] == ["yes"]
    (tmp_path / "text").write_text("nothing at all\n")
    program = (
        "import ctypes, mmap, sys\n"
        "assert ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0) == 0, 'an older kernel'\n"  # PR_SET_MDWE
        "try:\n    mmap.mmap(-1, 4096, prot=7)\nexcept OSError:\n    print('refused')\n"
        "from monitor.cli import main\nsys.argv[0] = 'leakstream'\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "scan", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "an older kernel" in done.stderr:
        pytest.skip("needs Linux 6.3")
    assert (done.returncode, done.stdout.split()[:1]) == (0, ["refused"]), done.stderr
