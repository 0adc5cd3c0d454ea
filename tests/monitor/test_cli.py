import subprocess
import sys

SCRIPT = """
import atexit, gc, sys
from monitor.cli import main
atexit.register(lambda: print("gc", gc.isenabled(), gc.get_freeze_count() > 0))
sys.argv = ["leakstream", *sys.argv[1:]]
main()
"""


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], check=False, capture_output=True, text=True, timeout=60
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
