"""The self-test through the whole service: planted, matched, seen, told outside; and silent when a part is away."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from browsing import ask
from collecting import serving
from detectors.synthetic_encodings import ENCODERS
from monitor.app import Service, Stage, load_config
from monitor.canary import canary
from monitor.config import ConfigError
from whole_service import Running, configure, running

PLANTING = "[sources.selftest]\nevery_seconds = 1\nround_hours = 0\n"
TRYING = "[sources.selftest]\nevery_seconds = 1\nround_hours = 0.01\n[heartbeat]\nlate_seconds = 3\n"
RULES = """
title = "Aaa"

[[rule]]
id = "0own-good"
title = "A rule that works"
severity = "critical"
pattern = 'aaag_[0-9A-Za-z]{30}'
examples = ['token={{secret}}']

[[rule]]
id = "0own-refuses"
title = "A rule that refuses its own values"
severity = "critical"
pattern = 'aaar_[0-9A-Za-z]{30}'
reject = ['aaar']
examples = ['token={{secret}}']

[[rule]]
id = "0own-misses"
title = "A rule that does not find its example"
severity = "critical"
names = ['aaakey']
value = '[0-9a-f]{32}'
examples = ['unrelated {{secret}}']
"""
SILENT = (
    ("exposures_total", {"change": "opened"}),
    ("policy_decisions_total", {"action": "page", "reason": "exercise"}),
    ("notifications_total", {"notifier": "log", "outcome": "delivered"}),
)
TOKEN = "an-ingest-token-of-the-tests"


class Switch:
    def __init__(self) -> None:
        self.beats = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.beats += request.path == "/secret"
        return web.Response(text="OK")


def heartbeat(base: str) -> str:
    return f'[heartbeat]\nurl = "{base}/secret"\n'


def rows(folder: Path) -> dict[str, int]:
    """How much the store keeps of whatever was found."""
    with closing(sqlite3.connect(f"file:{folder}/state/store.db?mode=ro", uri=True)) as store:
        return {
            table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("exposures", "sightings", "places", "outbox", "audit")
        }


def ok(run: Running) -> float:
    return run.metric("selftest_seen_total", outcome="ok")


async def test_a_canary_goes_the_whole_way_and_leaves_no_exposure(tmp_path: Path) -> None:
    switch = Switch()
    async with serving(switch.answer) as base:
        text = heartbeat(base) + PLANTING + "[notifiers.log]\ndrills = true\n"
        async with running(configure(tmp_path, text)) as run:
            await run.until(lambda: switch.beats >= 2)
            assert run.metric("selftest_planted_total") >= ok(run) >= 2
            assert run.metric("selftest_seconds_count") == ok(run)
            assert run.metric("findings_total", rule="leakstream-canary") >= 2
            assert run.metric("heartbeats_total", outcome="delivered") >= 1
            assert rows(tmp_path) == {"exposures": 0, "sightings": 0, "places": 0, "outbox": 0, "audit": 0}
            for name, labels in SILENT:
                assert run.metric(name, **labels) == 0, name
            assert (await run.health("/readyz")).status == 200
            assert "/secret" not in (await run.health("/metrics")).text


async def test_a_dead_rule_shows_and_the_others_live_and_nothing_of_it_is_kept_or_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "0own.toml").write_text(RULES)
    text = TRYING + f'[match]\nrules = ["{tmp_path}/0own.toml"]\n[notifiers.log]\ndrills = true\n'
    async with running(configure(tmp_path, text)) as run:

        def dead() -> set[str]:
            samples = run.service.metrics.registry.collect()
            return {
                next(iter(s.labels.values()))
                for family in samples
                if family.name in ("leakstream_rule_alive", "leakstream_decoder_alive")
                for s in family.samples
                if s.value == 0
            }

        await run.until(lambda: {"0own-refuses", "0own-misses"} <= dead())
        assert dead() == {"0own-refuses", "0own-misses"}
        assert run.metric("rule_alive", rule="0own-good") == 1
        for encoding in ENCODERS:
            assert run.metric("decoder_alive", encoding=encoding) == 1, encoding
        assert rows(tmp_path) == {"exposures": 0, "sightings": 0, "places": 0, "outbox": 0, "audit": 0}
        for name, labels in SILENT:
            assert run.metric(name, **labels) == 0, name
        assert (await run.get("/api/v1/exposures?state=all&limit=200")).json["exposures"] == []
        assert "aaag_" not in (await run.health("/metrics")).text


async def test_no_matcher_no_heartbeat_and_what_it_left_is_late(tmp_path: Path) -> None:
    switch = Switch()
    async with serving(switch.answer) as base:
        config = load_config(configure(tmp_path, heartbeat(base) + "late_seconds = 2\n" + PLANTING), {})
        async with (
            running(config, stages=frozenset({Stage.COLLECT})) as collect,
            running(config, stages=frozenset({Stage.ALERT})) as alert,
        ):
            await collect.until(lambda: collect.metric("selftest_planted_total") >= 4)
            assert (switch.beats, ok(alert)) == (0, 0)
            async with running(config, stages=frozenset({Stage.MATCH})):
                await alert.until(lambda: switch.beats >= 1)
            await alert.until(lambda: alert.metric("selftest_seen_total", outcome="late") >= 1)


async def test_a_switch_that_is_away_changes_nothing_else(tmp_path: Path) -> None:
    text = heartbeat("http://127.0.0.1:9") + PLANTING
    async with running(configure(tmp_path, text)) as run:
        await run.until(lambda: run.metric("heartbeats_total", outcome="unreachable") >= 2)
        assert ok(run) >= 2
        assert (await run.health("/readyz")).status == 200


async def test_a_sender_cannot_fake_one(tmp_path: Path) -> None:
    switch = Switch()
    async with serving(switch.answer) as base:
        text = f'[[sources.ingest.tokens]]\nname = "selftest"\ntoken = "{TOKEN}"\n'
        async with running(configure(tmp_path, heartbeat(base) + text)) as run:
            url = f"{run.addresses.web}/ingest/v1/documents"
            for field in ("mode=exercise", "source=selftest", "fetched_at=1"):
                page = await ask("POST", f"{url}?{field}", data=canary(), Authorization=f"Bearer {TOKEN}")
                assert (page.status, "unknown field" in page.text) == (422, True)
            page = await ask(
                "POST", f"{url}?forge=leakstream&path=canary", data=canary(), Authorization=f"Bearer {TOKEN}"
            )
            assert page.status == 202
            await run.until(lambda: rows(tmp_path)["exposures"] == 1)
            assert run.metric("selftest_seen_total", outcome="ok") == 0
            assert switch.beats == 0


async def test_a_service_without_it_plants_nothing(tmp_path: Path) -> None:
    switch = Switch()
    async with serving(switch.answer) as base, running(configure(tmp_path, heartbeat(base))) as run:
        await asyncio.sleep(1.5)
        assert (run.metric("selftest_planted_total"), run.metric("documents_total", source="selftest")) == (
            0,
            0,
        )
        assert switch.beats == 0


async def test_a_switch_without_an_address_is_said_before_the_start(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, '[heartbeat]\nurl_file = "nowhere"\n'), {})
    with pytest.raises(ConfigError, match=r"\[heartbeat\] .*nowhere: No such file"):
        await Service(config).check()
    with pytest.raises(ConfigError, match=r"\[heartbeat\] .*nowhere: No such file"):
        await Service(config).run(asyncio.Event())
