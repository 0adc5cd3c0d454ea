"""GitLab's token, tried at the simulator's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from doctoring import OFF, failed, looked, one, warned
from monitor.app import load_config
from monitor.commands.doctor import Outcome, gitlab
from monitor.commands.doctor.check import Check, Reading
from monitor.commands.doctor.clocks import judge
from simulated import START, simulated
from whole_service import configure

TOKEN = "a-token-of-the-tests"


async def found(
    folder: Path, *, ahead: float = 0.0, offline: bool = False, **options: Any
) -> list[Check | Reading]:
    (folder / "token").write_text(TOKEN)
    async with simulated(sites={"gitlab": options}) as net:
        text = f'[sources.gitlab]\nbase_url = "{net.simulator.site_url("gitlab")}/api/v4"\ntoken_file = "token"\n'
        config = load_config(configure(folder, text), {})
        checks = await looked(gitlab.look, config, clock=lambda: START + ahead, offline=offline)
        assert not net.simulator.journal.violations
        return checks


async def test_a_token_that_may_read_and_no_more_is_good(tmp_path: Path) -> None:
    check = one(await found(tmp_path), "token")
    assert (check.outcome, "read_api" in check.found) == (Outcome.OK, True)
    assert await found(tmp_path, offline=True) == []


async def test_a_token_that_is_wrong_is_named_and_never_shown(tmp_path: Path) -> None:
    check = one(await found(tmp_path, tokens=["another"]), "token")
    failed(check, "sources.gitlab", "401", "wrong, revoked")
    assert TOKEN not in check.text


@pytest.mark.parametrize("scopes", [(), ("read_repository",)])
async def test_a_token_without_rights_is_named(tmp_path: Path, scopes: tuple[str, ...]) -> None:
    failed(one(await found(tmp_path, scopes=scopes), "token"), "no right to read the API", "read_api")


async def test_a_token_that_may_too_much_or_ends_soon_is_a_warning(tmp_path: Path) -> None:
    warned(one(await found(tmp_path, scopes=("api", "sudo")), "token"), "may do more than read: api, sudo")
    warned(
        one(await found(tmp_path, ends="2026-05-30"), "token"), "ends on 2026-05-30"
    )  # two days after START


async def test_a_clock_that_is_off_shows_in_its_date(tmp_path: Path) -> None:
    (reading,) = [each for each in await found(tmp_path, ahead=OFF) if isinstance(each, Reading)]
    failed(next(iter(judge([reading]))), "10 min ahead of GitLab")


async def test_another_server_or_none_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    async with simulated() as net:
        for base, word in (
            (f"{net.simulator.base_url}/gitlab/api/v4", "404"),
            ("http://127.0.0.1:9", "nobody listens"),
        ):
            text = f'[sources.gitlab]\nbase_url = "{base}"\ntoken_file = "token"\n'
            check = one(await looked(gitlab.look, load_config(configure(tmp_path, text), {})), "token")
            assert (check.outcome is not Outcome.OK, word in check.text) == (True, True)


async def test_no_token_is_a_warning(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, "[sources.gitlab]\n"), {})
    warned(one(await looked(gitlab.look, config), "token"), "no code search")
