"""Every command of the documentation is run, page by page and from above to below, in a folder that has what the page takes for granted.

What a `console` shows behind a command has to come out of it, whatever the numbers are. What is not run says why
(`parsed=REASON`, see doc_pages) and is looked at by test_pages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from doc_grounds import GROUNDS
from doc_house import House
from doc_pages import Fence, fences, pages
from doc_sandbox import Sandbox, shows, until

RUN = [page for page in pages() if any(fence.runs for fence in fences(page))]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with House() as opened:
        yield opened


def play(fence: Fence, sandbox: Sandbox, *, patience: float = 10.0) -> None:
    """Run what a fence says; `sandbox` is its page's, `patience` in seconds."""
    if fence.file:
        sandbox.write(fence.file, sandbox.script(fence.text))
    if not fence.runs:
        return
    if fence.stays:
        sandbox.start(fence.script)
        return
    for number, (command, shown) in enumerate(fence.commands, 1):
        status = fence.exits if number == len(fence.commands) else 0
        try_until_shown(fence, sandbox, command, shown, status=status, patience=patience if shown else 0)


def try_until_shown(
    fence: Fence, sandbox: Sandbox, command: str, shown: list[str], *, status: int, patience: float
) -> None:
    """What is shown may need a moment to become true: then the command is asked again. Nothing else is."""
    end = time.monotonic() + patience
    while True:
        done = sandbox.run(command)
        missing = [line for line in shown if not shows(line, done.stdout)]
        if done.returncode == status and not missing:
            return
        if time.monotonic() > end:
            raise AssertionError(
                f"{fence}: {command}\nexit status {done.returncode}, {status} is right\nnot shown: {missing}\n{done.stdout}\n{sandbox.log[-2000:]}"
            )
        time.sleep(0.2)


@pytest.mark.parametrize("page", RUN)
def test_its_commands_do_what_it_says(page: str, house: House) -> None:
    ground: Callable[[House, str], Sandbox] = GROUNDS.get(page, GROUNDS[""])
    sandbox = ground(house, page)
    try:
        for fence in fences(page):
            play(fence, sandbox)
        until(sandbox.proof, sandbox.alive)
    finally:
        sandbox.close()


def test_every_ground_is_for_a_page_that_runs_something() -> None:
    assert {page for page in GROUNDS if page} <= {*RUN}


def test_a_wrong_command_and_a_wrong_output_are_noticed(house: House) -> None:
    sandbox = house.sandbox("wrong")
    for text in ("$ false", "$ echo 3 pages\n4 books"):
        with pytest.raises(AssertionError):
            play(Fence("x.md", 1, "console", (), text), sandbox, patience=0)
    play(Fence("x.md", 1, "console", ("exits=1",), "$ echo 3 pages\n4 pages\n$ false"), sandbox)
