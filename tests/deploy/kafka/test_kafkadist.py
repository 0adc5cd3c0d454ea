"""Where the jars come from, and what is said when they cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "deploy" / "kafka"), str(ROOT / "tests" / "support")])
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def programs(folder: Path, **scripts: str) -> str:
    """A PATH with nothing but these programs."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


FETCH = "import kafkadist; print(kafkadist.classpath())"
# makes what it is told to make (its last argument), slowly, and counts its calls beside it
MAVEN = 'for last; do :; done; out=${last#*=}; echo >> "$out/../calls"; /bin/sleep 0.3; echo jar > "$out/kafka.jar"'


def test_two_processes_at_once_fetch_once(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", java="", mvn=MAVEN)
    cache = tmp_path / "cache"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "deploy" / "kafka"),
        "PATH": path,
        "JAVA_HOME": "",
        "LEAKSTREAM_TEST_TOOLS": str(cache),
    }
    both = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", FETCH], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = {process.communicate(timeout=180)[0].strip() for process in both}
    [classpath] = told
    assert Path(classpath).with_name("kafka.jar").exists()
    assert (cache / "calls").read_text() == "\n"
    assert [entry.name for entry in cache.iterdir() if entry.name.startswith(".")] == []


def test_the_cache_lies_where_caches_lie(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", java="", mvn=MAVEN)
    done = run(FETCH, PATH=path, JAVA_HOME="", LEAKSTREAM_TEST_TOOLS="", XDG_CACHE_HOME=str(tmp_path / "xdg"))
    assert done.stdout.startswith(f"{tmp_path}/xdg/leakstream/kafka-"), done.stderr


@pytest.mark.parametrize(
    ("scripts", "said"),
    [
        ({}, "no java found"),
        ({"java": ""}, "no mvn found"),
        ({"java": "", "mvn": "echo 'cannot reach the repository'; exit 1"}, "cannot reach the repository"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_left(
    tmp_path: Path, scripts: dict[str, str], said: str
) -> None:
    cache = tmp_path / "cache"
    path = programs(tmp_path / "bin", **scripts)
    done = run(FETCH, PATH=path, JAVA_HOME="", LEAKSTREAM_TEST_TOOLS=str(cache))
    assert done.returncode == 1
    assert f"Unavailable: {said}" in done.stderr or said in done.stderr
    assert not cache.exists() or {entry.suffix for entry in cache.iterdir()} <= {".lock"}
