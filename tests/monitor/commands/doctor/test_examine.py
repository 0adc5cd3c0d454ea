"""All families together, each under its deadline."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from doctoring import failed
from monitor.app import load_config
from monitor.commands.doctor import Outcome, examine
from monitor.commands.doctor.check import Found, Patient, Reading, ok
from monitor.commands.doctor.examine import FAMILIES, Family
from monitor.config import Config
from whole_service import configure


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(configure(tmp_path, '[watch]\ndomains = ["example.com"]\n'), {})


async def test_a_fresh_folder_is_fine_and_nothing_is_made(config: Config) -> None:
    """Also from within an event loop."""
    found = examine(config)
    assert not [check for check in found if check.outcome is Outcome.FAIL]
    assert {check.name for check in found if check.outcome is Outcome.WARN} >= {
        "key",
        "sources",
        "notifiers",
        "time to page",
    }
    assert not config.state.exists()
    assert not config.key_file.exists()


def test_whatever_is_not_well_says_what_to_do(tmp_path: Path) -> None:
    text = '[store]\nurl = "postgresql://leak@127.0.0.1:1/leaks"\n[sources.github_events]\nbase_url = "http://127.0.0.1:9"\n'
    for check in examine(load_config(configure(tmp_path, text), {})):
        assert bool(check.advice) == (check.outcome is not Outcome.OK), check


def test_who_does_not_come_back_in_time_is_named_and_the_others_are_heard(config: Config) -> None:
    never = threading.Event()

    def hang(_: Patient) -> Found:
        yield ok("first", "found before")
        never.wait()

    def quick(_: Patient) -> Found:
        yield ok("quick", "fine")

    found = examine(config, families=[Family("slow", hang, 0.05), Family("quick", quick)])
    never.set()
    assert [check.name for check in found[:3]] == ["first", "slow", "quick"]
    failed(found[1], "no answer within 0.05 s")


def test_a_fault_of_ours_is_not_taken_for_the_patient_s(config: Config) -> None:
    def broken(_: Patient) -> Found:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        examine(config, families=[Family("broken", broken)])


def test_what_several_read_of_the_time_is_judged_once(config: Config) -> None:
    def reading(who: str):
        return lambda _: [Reading(who, 600.0)]

    found = examine(config, families=[Family(who, reading(who)) for who in ("one", "two")])
    failed(found[-1], "10 min ahead of one and two")


def test_every_module_of_checks_takes_part() -> None:
    folder = Path(__import__("monitor.commands.doctor", fromlist=["x"]).__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "\ndef look(" in path.read_text()}
    known = {family.look.__module__.rpartition(".")[2] for family in FAMILIES}
    assert modules - known == {"rules"}
