"""One leak through the whole service: the same trace id in each stage's line and in the exemplars; and a flood of them, which the log survives."""

from __future__ import annotations

import asyncio
import io
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from browsing import ask
from leaks import leak, line
from monitor import log
from monitoring import prometheus_program
from whole_service import Running, configure, running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CONFIG = """
[log]
level = "debug"
[watch]
repositories = ["acme/code"]
[policy]
[notifiers.log]
[[sources.ingest.tokens]]
name = "partner"
token = "{token}"
forges = ["github.com"]
rate_per_minute = 100000
"""
FLOOD = 400


class Said:
    """The lines of the log so far."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def all(self) -> list[dict[str, Any]]:
        return [orjson.loads(text) for text in self.stream.getvalue().splitlines()]

    def of(self, trace_id: str) -> list[dict[str, Any]]:
        return [said for said in self.all() if said.get("trace_id") == trace_id]


async def hand_in(run: Running, token: str, body: bytes, query: str = "", **headers: str) -> None:
    url = f"{run.addresses.web}/ingest/v1/documents{query}"
    page = await ask("POST", url, data=body, Authorization=f"Bearer {token}", **headers)
    assert page.status == 202, page.text


async def test_one_leak_can_be_followed_and_a_flood_fills_no_disk(tmp_path: Path) -> None:
    token, said = "x" * 32, Said()
    config = configure(tmp_path, CONFIG.format(token=token))
    async with running(config) as run:
        log.configure(level="debug", stream=said.stream, metrics=run.service.metrics)
        await hand_in(
            run,
            token,
            line(1),
            f"?forge=github.com&repository=acme/code&path=a.env&published_at={time.time() - 20:.0f}",
            traceparent=f"00-{TRACE}-00f067aa0ba902b7-01",
        )
        await run.until(lambda: run.metric("publish_to_notify_seconds_count") == 1)
        await stages_say_the_same(said)
        await exemplars_lead_there(run)
        await nothing_to_be_said_about(run, await metrics_text(run))
        await flood(run, token, said)
        await the_engine_is_measured(run, token)
    assert leak(1).decode() not in said.stream.getvalue()


async def stages_say_the_same(said: Said) -> None:
    lines = {(one["event"], one.get("stage", "")): one for one in said.of(TRACE)}
    assert set(lines) == {
        ("collected", ""),
        ("record", "match"),
        ("found", ""),
        ("record", "alert"),
        ("decided", ""),
        ("told", ""),
    }
    assert lines["record", "match"]["topic"] == "documents.v1"
    assert lines["record", "alert"]["topic"] == "findings.v1"
    assert lines["found", ""]["rules"] == {"github-pat-classic": 1}
    assert lines["decided", ""]["action"] == "page"
    assert lines["told", ""]["exposure"] == lines["decided", ""]["exposure"]
    assert 19 <= lines["told", ""]["since_publication"] < 60
    assert "acme/code" not in str(said.of(TRACE))  # places are shown where looking at them is logged


async def metrics_text(run: Running, **headers: str) -> str:
    return (await ask("GET", f"{run.addresses.health}/metrics", **headers)).text


async def exemplars_lead_there(run: Running) -> None:
    text = await metrics_text(run, Accept="application/openmetrics-text; version=1.0.0")
    leading = {
        family.name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.exemplar is not None and sample.exemplar.labels == {"trace_id": TRACE}
    }
    assert leading == {
        "leakstream_source_delay_seconds",
        "leakstream_fetch_to_match_seconds",
        "leakstream_fetch_to_notify_seconds",
        "leakstream_publish_to_notify_seconds",
    }


async def nothing_to_be_said_about(run: Running, text: str) -> None:
    """Prometheus' own judge of names and types."""
    program = await asyncio.to_thread(prometheus_program, "promtool")
    judged = await asyncio.to_thread(
        subprocess.run, [program, "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, b"")


async def flood(run: Running, token: str, said: Said) -> None:
    """Each document has a leak of its own, and names that would like to be lines of the log."""
    before = len(said.all())
    rows = [
        {"content": line(number).decode(), "path": 'x\n{"event": "told"}', "id": str(number)}
        for number in range(2, 2 + FLOOD)
    ]
    body = b"\n".join(orjson.dumps(row) for row in rows)
    await hand_in(run, token, body, **{"Content-Type": "application/x-ndjson"})
    await run.until(lambda: run.metric("findings_total", rule="github-pat-classic") == 1 + FLOOD)
    await run.until(lambda: run.metric("bus_records_total", group="alert", topic="findings.v1") == 1 + FLOOD)
    written = Counter(one["event"] for one in said.all())
    assert (written["found"], written["record"]) == (100, 500)  # of what is said at info and at debug
    left_out = (1 + FLOOD - 100) + (2 + 2 * FLOOD - 500)
    assert run.metric("log_suppressed_total") >= left_out
    assert [one for one in said.all()[before:] if one["event"] == "told"] == []


async def the_engine_is_measured(run: Running, token: str) -> None:
    """The scanning process tells once a second, while it has work."""

    async def told() -> bool:
        await hand_in(run, token, line(1))
        return run.metric("rule_hits_total", rule="github-pat-classic") >= 1 + FLOOD

    await run.until(told)
    assert 0 < run.metric("rule_confirm_seconds_total", rule="github-pat-classic") < 60
    assert run.metric("scan_worker_resident_bytes") > 20 * 1024**2
    assert run.metric("disk_free_bytes", volume="state") > 0
