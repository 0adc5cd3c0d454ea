"""Reports are made for people, and the access log has every one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from alerting_samples import fingerprint, open_store
from monitor.alerting.exposures.desk import UnknownExposure
from monitor.report.markdown import Language
from monitor.store.engine import Store
from monitor.store.tables import audit
from reported import MADE, fill, reports


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def logged(store: Store) -> list[tuple[object, ...]]:
    async with store.read() as connection:
        query = select(audit.c.at, audit.c.actor, audit.c.exposure_id, audit.c.detail)
        return [tuple(row) for row in await connection.execute(query.where(audit.c.verb == "reported"))]


async def test_each_report_is_logged_with_its_digest(store) -> None:
    await fill(store)
    desk = reports(store)
    made = await desk.make(fingerprint("a")[:12], actor="cli:ann")
    plain = await desk.make(fingerprint("a"), actor="cli:bob", language=Language.PLAIN)
    assert made.digest == hashlib.sha256(made.text.encode()).hexdigest()
    assert await logged(store) == [
        (MADE, "cli:ann", fingerprint("a"), {"sha256": made.digest, "language": "technical"}),
        (MADE, "cli:bob", fingerprint("a"), {"sha256": plain.digest, "language": "plain"}),
    ]


async def test_what_is_not_there_is_not_reported(store) -> None:
    with pytest.raises(UnknownExposure):
        await reports(store).make("0" * 12, actor="cli:ann")
    assert await logged(store) == []
