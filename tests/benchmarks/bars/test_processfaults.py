import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.bars.fleet import Fleet, Member, children
from benchmarks.bars.processfaults import ProcessFaults

PARENT = """
import subprocess, sys, time
while True:
    with subprocess.Popen([sys.executable, "-P", "-c", "input()"], stdin=subprocess.PIPE) as child:
        child.wait()
"""


@pytest.fixture
def fleet(tmp_path):
    """One member that keeps one child alive, as a matcher keeps its scanning process."""
    process = subprocess.Popen([sys.executable, "-P", "-c", PARENT])
    fleet = Fleet(tmp_path, tmp_path / "none.toml")
    (tmp_path / "match-1.log").touch()
    fleet.members["match-1"] = Member(
        "match-1", (), 1, 1, tmp_path / "match-1.log", process, time.monotonic()
    )
    with fleet:
        while not children(process.pid):
            time.sleep(0.01)
        yield fleet
    process.wait()


async def left():
    return {"match": 7}


async def test_a_scanning_process_is_killed_and_replaced(fleet):
    before = children(fleet.members["match-1"].process.pid)
    figures = await ProcessFaults(fleet, left).kill_scanning(["match-1"])
    assert figures["children_left"] == 0
    assert not set(children(fleet.members["match-1"].process.pid)) & set(before)


async def test_a_pause_stops_it_and_ends(fleet):
    pid = fleet.members["match-1"].process.pid
    task = asyncio.gather(ProcessFaults(fleet, left).pause(["match-1"], 0.3))
    await asyncio.sleep(0.1)
    assert state(pid) == "T"
    assert (await task)[0] == {"paused_s": 0.3, "left_to_do": {"match": 7}}
    assert state(pid) != "T"


async def test_it_waits_for_work_to_fall_into(fleet):
    lefts = iter([{"match": 0}, {"match": 0}, {"match": 5}])

    async def left():
        return next(lefts)

    figures = await ProcessFaults(fleet, left).pause(["match-1"], 0.0)
    assert figures["left_to_do"] == {"match": 5}


def test_what_ended_by_itself_is_noted_once_and_only_a_known_status_is_forgiven(fleet):
    fleet.look()
    assert fleet.ended_by_themselves == []
    assert fleet.revive(2)
    fleet.members["match-1"].process.send_signal(signal.SIGTERM)
    fleet.members["match-1"].process.wait()
    fleet.look(down=frozenset({"match-1"}))
    assert fleet.ended_by_themselves == []
    fleet.look()
    fleet.look()
    assert [(end.name, end.status) for end in fleet.ended_by_themselves] == [("match-1", -signal.SIGTERM)]
    assert not fleet.revive(2)


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
