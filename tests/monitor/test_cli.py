import subprocess
import sys

from detectors import Scanner, load_rules

SCRIPT = """
import atexit, gc, sys
from monitor.cli import main
atexit.register(lambda: print("gc", gc.isenabled(), gc.get_freeze_count() > 0))
sys.argv = ["leakstream", *sys.argv[1:]]
main()
"""


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_command_runs_with_the_garbage_collector_and_without_the_imports_in_its_way():
    done = call("version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "gc True True"


def test_a_wrong_configuration_is_one_message_and_exit_2(tmp_path):
    file = tmp_path / "leakstream.toml"
    file.write_text("[bus]\nkind = 'carrier pigeon'\n")
    done = call("match", "-c", str(file))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"{file}:2: bus.kind" in done.stderr


def test_a_scan_that_finds_nothing_loads_nothing_that_tells_of_findings(tmp_path):
    (tmp_path / "a").write_text("nothing here\n")
    Scanner(load_rules())  # so that the cache is warm
    script = SCRIPT.replace('print("gc", ', "print(*sys.modules, ")
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, "scan", "--format", "jsonl", str(tmp_path)],
        check=True, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    modules = set(done.stdout.split())
    assert "monitor.scan.run" in modules
    heavy = {
        "detectors.containers", "detectors.documents", "detectors.profiles", "monitor.contracts", "monitor.gitread",
        "monitor.scan.telling", "pydantic", "rich", "typer",
    }  # fmt: skip
    assert sorted(modules & heavy) == []
