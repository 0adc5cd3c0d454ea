"""The image's recipe, as hadolint and a reader judge it: docs/how-to/deploy.md says what was not built."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from monitor.cli import build

DEPLOY = Path(__file__).parents[3] / "deploy"
RECIPE = (DEPLOY / "Dockerfile").read_text()
BUILD, SHIPPED = re.split(r"^FROM ", RECIPE.replace("\\\n", ""), flags=re.MULTILINE)[1:]


def hadolint(file: Path) -> tuple[int, str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "--no-color", "--failure-threshold", "style", file],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_hadolint_finds_nothing_to_say() -> None:
    assert hadolint(DEPLOY / "Dockerfile") == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ("USER 10001:10001", "USER root", "DL3002"),
        ("ENTRYPOINT [", "ENTRYPOINT leakstream #[", "DL3025"),
        ("# hadolint ignore=DL3008\n", "", "DL3008"),
        ("--no-install-recommends ", "", "DL3015"),
    ],
)
def test_hadolint_would_find_it(right: str, wrong: str, rule: str, tmp_path: Path) -> None:
    assert right in RECIPE
    (file := tmp_path / "Dockerfile").write_text(RECIPE.replace(right, wrong))
    status, words = hadolint(file)
    assert status == 1
    assert rule in words


def test_what_it_stands_on_is_one_small_image_of_a_python_that_we_test_on() -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", RECIPE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.1[123]-slim-\w+", base)
    assert re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE) == ["${BASE}", "${BASE}"]


def instructions(name: str, stage: str = SHIPPED) -> list[str]:
    return re.findall(rf"^{name} (.+)$", stage, re.MULTILINE)


def test_it_runs_as_nobody_who_is_root_and_as_the_user_whose_secrets_they_are() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)  # numbers: Kubernetes must see that it is not root
    assert f"chown {user}" in (DEPLOY / "secrets.sh").read_text()
    uid = user.partition(":")[0]
    assert f"--uid {uid} " in SHIPPED


def test_what_is_shipped_has_no_compiler_no_installer_and_no_source() -> None:
    (installed,) = re.findall(r"apt-get install [^&]+", SHIPPED)
    assert set(installed.split()[2:]) == {"--yes", "--no-install-recommends", "git", "ca-certificates"}
    assert "pip install" not in SHIPPED
    assert re.search(r"pip uninstall .*\bsetuptools wheel pip\b", SHIPPED)
    assert "venv --without-pip /opt/leakstream" in BUILD
    assert instructions("COPY") == [
        "--from=build /opt/leakstream /opt/leakstream",
        "deploy/docker/healthy.py /opt/leakstream/healthy.py",
    ]


def test_only_what_the_wheel_needs_is_sent_to_be_built_and_all_of_it_is_there() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert ignored[0] == "*"
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert all((DEPLOY.parent / path).exists() for path in allowed)
    copied = {path for line in instructions("COPY", BUILD) for path in line.split()[:-1]}
    assert copied - {"."} <= allowed
    assert not {"docs", "tests", ".git", "deploy/secrets"} & allowed


def test_every_package_that_goes_in_is_the_one_that_was_looked_at() -> None:
    for command in re.findall(r"pip (?:--python \S+ )?install [^&]+", BUILD):
        assert "--require-hashes" in command or "--no-deps /wheel/*.whl" in command


def test_what_it_starts_is_a_command_of_ours_and_what_asks_for_its_health_is_there() -> None:
    (program,) = instructions("ENTRYPOINT")
    (arguments,) = instructions("CMD")
    assert program == '["leakstream"]'
    assert re.findall(r'"(.+?)"', arguments)[0] in get_command(build()).commands  # type: ignore[attr-defined]
    (check,) = instructions("HEALTHCHECK")
    assert re.findall(r'"(.+?)"', check) == ["python", "/opt/leakstream/healthy.py"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]


def test_it_writes_to_one_folder_that_is_its_users_alone() -> None:
    (folder,) = instructions("VOLUME")
    assert instructions("WORKDIR") == [folder]
    assert re.search(rf"install -d -o leakstream -g leakstream -m 0700 {folder} ", SHIPPED)
    assert f"XDG_CACHE_HOME={folder}/" in SHIPPED
