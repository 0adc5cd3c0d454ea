"""Tokens, tried at the simulator's GitHub."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from doctoring import OFF, failed, looked, named, one, warned
from monitor.app import load_config
from monitor.commands.doctor import Outcome, sources
from monitor.commands.doctor.check import Check, Reading
from monitor.commands.doctor.clocks import judge
from simulated import START, Simulated, simulated
from whole_service import configure

TOKEN = "a-token-of-the-tests"


@pytest.fixture
async def github() -> AsyncIterator[Simulated]:
    async with simulated(seed=3) as made:
        made.simulator.publish(30)
        yield made


async def checks(folder: Path, base: str, more: str = "", **seams: object) -> list[Check | Reading]:
    text = f'[sources.github_events]\nbase_url = "{base}"\n{more}'
    config = load_config(configure(folder, text), {})
    seams.setdefault("clock", lambda: START)
    return await looked(sources.look, config, **seams)


def with_token(folder: Path) -> str:
    (folder / "token").write_text(TOKEN + "\n")
    return 'token_file = "token"\n'


async def test_a_good_token_is_told_with_what_it_has_left(github: Simulated, tmp_path: Path) -> None:
    check = one(await checks(tmp_path, github.simulator.github_url, with_token(tmp_path)), "token")
    assert (check.outcome, "5000 of 5000" in check.found) == (Outcome.OK, True)
    assert not github.simulator.journal.violations


async def test_one_token_of_several_sources_is_tried_once(github: Simulated, tmp_path: Path) -> None:
    more = f'{with_token(tmp_path)}[sources.github_gists]\nbase_url = "{github.simulator.github_url}"\ntoken_file = "token"\n'
    check = one(await checks(tmp_path, github.simulator.github_url, more), "token")
    assert "sources.github_events, sources.github_gists" in check.found


async def test_a_token_that_is_wrong_or_revoked_is_named(github: Simulated, tmp_path: Path) -> None:
    github.simulator.tokens.revoked.add(TOKEN)
    check = one(await checks(tmp_path, github.simulator.github_url, with_token(tmp_path)), "token")
    failed(check, "sources.github_events", "401", "Bad credentials", "wrong, revoked", "make a new one")
    assert TOKEN not in check.text


async def test_a_token_without_rights_is_named_with_what_it_may_not_read(
    github: Simulated, tmp_path: Path
) -> None:
    github.simulator.tokens.powerless.add(TOKEN)
    name = next(iter(github.simulator.world.feed.newest(START, None))).repository
    feeds = f'feeds = ["/repos/{name}/events"]\n'
    check = one(await checks(tmp_path, github.simulator.github_url, with_token(tmp_path) + feeds), "token")
    failed(check, f"/repos/{name}", "403", "not accessible", "no right to read", "read access")
    github.simulator.tokens.powerless.clear()
    check = one(await checks(tmp_path, github.simulator.github_url, with_token(tmp_path) + feeds), "token")
    assert check.outcome is Outcome.OK


async def test_a_place_that_there_is_not_is_no_right_to_it(github: Simulated, tmp_path: Path) -> None:
    feeds = 'feeds = ["/repos/nobody/nothing/events"]\n'
    check = one(await checks(tmp_path, github.simulator.github_url, with_token(tmp_path) + feeds), "token")
    failed(check, "/repos/nobody/nothing", "404")


async def test_a_token_that_may_too_much_or_ends_soon_is_a_warning(github: Simulated, tmp_path: Path) -> None:
    github.simulator.tokens.scopes[TOKEN] = "repo, admin:org"
    warned(
        one(await checks(tmp_path, github.simulator.github_url, with_token(tmp_path)), "token"),
        "repo, admin:org",
        "without any scope",
    )
    github.simulator.tokens.scopes[TOKEN] = ""
    github.simulator.tokens.ends[TOKEN] = "2026-05-30 10:00:00 UTC"  # two days after START
    warned(
        one(await checks(tmp_path, github.simulator.github_url, with_token(tmp_path)), "token"),
        "ends on 2026-05-30",
    )


async def test_no_token_is_a_warning(github: Simulated, tmp_path: Path) -> None:
    warned(
        one(await checks(tmp_path, github.simulator.github_url), "token"),
        "60 requests",
        "without any permission",
    )


async def test_an_empty_token_file_fails(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    failed(
        one(await checks(tmp_path, "http://127.0.0.1:9", 'token_file = "token"\n'), "token"), "no token in it"
    )


async def test_a_limit_that_is_used_up_is_no_wrong_token(github: Simulated, tmp_path: Path) -> None:
    github.simulator.faults.add("secondary", "github.gists", retry_after=30)
    more = f'[sources.github_gists]\nbase_url = "{github.simulator.github_url}"\n{with_token(tmp_path)}'
    check = named(await checks(tmp_path, github.simulator.github_url, more), "token")[-1]
    warned(check, "sources.github_gists, /gists/public", "limit is used up")


async def test_who_does_not_answer_is_told_apart(tmp_path: Path) -> None:
    failed(one(await checks(tmp_path, "http://127.0.0.1:9"), "token"), "nobody listens", "127.0.0.1:9")
    failed(one(await checks(tmp_path, "http://10.0.0.1:9"), "token"), "private", "http.allow_private")


async def test_offline_nobody_is_asked(github: Simulated, tmp_path: Path) -> None:
    found = await checks(tmp_path, github.simulator.github_url, with_token(tmp_path), offline=True)
    assert named(found, "token") == []
    assert not github.simulator.journal


@pytest.mark.parametrize(("ahead", "way"), [(OFF, "10 min ahead of"), (-OFF, "10 min behind")])
async def test_a_clock_that_is_off_by_ten_minutes_shows_in_the_server_s_date(
    github: Simulated, tmp_path: Path, ahead: float, way: str
) -> None:
    github.clock.advance(-ahead)  # the server's; this host's is at START
    found = await checks(tmp_path, github.simulator.github_url, with_token(tmp_path))
    (check,) = judge([each for each in found if isinstance(each, Reading)])
    failed(check, f"this host's clock is {way} GitHub", "timedatectl")


async def test_what_is_configured_is_listed(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, "[sources.selftest]\n"), {})
    found = await looked(sources.look, config)
    assert one(found, "source").found.startswith("selftest: ")
    config = load_config(configure(tmp_path, ""), {})
    warned(one(await looked(sources.look, config), "sources"), "nothing is read", "github_events")
