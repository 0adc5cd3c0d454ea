import asyncio
import stat

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from alerting_samples import open_store
from ledgers import NOON, blind, poll
from monitor.aio import spawn
from monitor.alerting.keeping import Keeper
from monitor.coverage.seals import DAY, begin_of_day
from monitor.coverage.signing import create_signer, load_signer
from monitor.metrics import Metrics
from monitor.store import evidence, ledger
from monitor.store.tables import coverage

pytestmark = pytest.mark.usefixtures("each_store")

MIDNIGHT = begin_of_day(NOON) + DAY


class Kept:
    """A keeper, its clock, its metrics."""

    def __init__(self, store, folder):
        self.store, self.metrics, self.now = store, Metrics(), NOON
        self.path = folder / "ledger.key"
        self.keeper = Keeper(store, self.path, self.metrics, clock=lambda: self.now)

    async def append(self, *events):
        async with self.store.write() as connection:
            await ledger.append(connection, events, now=self.now)

    async def round(self, now=None):
        self.now = self.now if now is None else now
        with capture_logs() as logs:
            await self.keeper.round()
        return logs

    def value(self, name, **labels):
        return self.metrics.registry.get_sample_value(f"leakstream_{name}", labels)

    def sealed(self):
        (family,) = [f for f in self.metrics.registry.collect() if f.name == "leakstream_ledger_sealed_day"]
        (sample,) = family.samples
        return sample.labels["day"], sample.labels["seal"], sample.value

    async def seals(self):
        async with self.store.read() as connection:
            await evidence.check(connection)
            return await ledger.all_seals(connection)


@pytest.fixture
async def kept(tmp_path):
    opened = await open_store(tmp_path)
    yield Kept(opened, tmp_path / "keys")
    await opened.close()


async def test_the_first_round_makes_the_key_and_begins(kept):
    assert await kept.round() == []
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert kept.sealed() == ("", "", begin_of_day(NOON))
    assert kept.value("ledger_broken") == 0


async def test_a_day_that_is_over_is_sealed_said_and_shown(kept):
    await kept.round()
    await kept.append(poll(NOON))
    (said,) = await kept.round(MIDNIGHT + 30)
    (seal,) = await kept.seals()
    assert (said["day"], said["seal"], said["body"]) == ("2023-11-15", seal.hash, seal.body)
    assert said["signature"] == seal.signature.hex()
    assert kept.sealed() == ("2023-11-15", seal.hash, MIDNIGHT)
    assert seal.seal().key == load_signer(kept.path).public
    assert await kept.round(MIDNIGHT + 90) == []
    assert [each["day"] for each in await kept.round(MIDNIGHT + 2 * DAY)] == ["2023-11-16", "2023-11-17"]
    assert kept.sealed()[2] == MIDNIGHT + 2 * DAY


async def test_two_keepers_make_one_seal_a_day(kept, tmp_path):
    other = Kept(kept.store, tmp_path / "keys")
    for each in (kept, other):
        await each.round()
    await asyncio.gather(kept.round(MIDNIGHT + 1), other.round(MIDNIGHT + 1))
    assert len(await kept.seals()) == 1
    await kept.round()
    assert kept.sealed() == other.sealed()


async def test_a_key_that_is_lost_is_said_and_not_made_anew(kept):
    await kept.round()
    await kept.round(MIDNIGHT)
    kept.path.unlink()
    (said,) = await kept.round(MIDNIGHT + DAY)
    assert "restore it or, if it is lost, go on with `leakstream coverage key --new`" in said["event"]
    assert await kept.round(MIDNIGHT + DAY + 60) == [], "once"
    assert kept.sealed()[2] == MIDNIGHT
    create_signer(kept.path)
    logs = await kept.round(MIDNIGHT + DAY + 120)
    assert "sealed with another key from now on" in logs[0]["event"]
    assert kept.sealed()[2] == MIDNIGHT + DAY


async def test_a_key_that_others_read_seals_nothing(kept):
    await kept.round()
    kept.path.chmod(0o644)
    await kept.append(poll(NOON))
    (said,) = await kept.round(MIDNIGHT)
    assert "chmod 600" in said["event"]
    kept.now = MIDNIGHT + DAY
    await kept.append(poll(MIDNIGHT))
    await kept.round()
    assert kept.sealed()[2] == begin_of_day(NOON)


async def test_a_key_that_cannot_be_made_is_said(kept, tmp_path):
    (tmp_path / "keys").write_text("in the way")
    (said,) = await kept.round()
    assert "is not sealed" in said["event"]


async def test_a_broken_chain_is_said_and_not_sealed_until_it_is_restored(kept):
    await kept.round()
    await kept.append(poll(NOON), poll(NOON + 60))
    async with kept.store.read() as connection:
        (entry,) = (await ledger.pick(connection, [1])).values()

    async def put(body):
        async with kept.store.write() as connection:
            await connection.execute(update(coverage).where(coverage.c.seq == 1).values(body=body))

    await put(entry.body.replace('"fetched":9', '"fetched":8'))
    (said,) = await kept.round(MIDNIGHT)
    assert said["event"] == "the coverage ledger is broken: entry 1 was changed after it was written"
    assert kept.value("ledger_broken") == 1
    await put(entry.body)
    assert [each["day"] for each in await kept.round(MIDNIGHT + 60)] == ["2023-11-15"]
    assert kept.value("ledger_broken") == 0


async def test_the_capture_of_the_last_hour_has_its_two_ends(kept):
    begin = NOON - 3600
    await kept.append(*(poll(begin + 60 * n) for n in range(60)))
    await kept.round()
    low, high = (kept.value(f"capture_{end}", source="github_events") for end in ("low", "high"))
    assert 0.9 < low <= high <= 1.0


async def test_each_blind_second_is_counted_once_and_by_its_reason(kept):
    await kept.round()

    def seconds(reason="outage"):
        return kept.value("blind_seconds_total", source="github_events", reason=reason) or 0.0

    await kept.append(blind(NOON - 30, NOON + 20), blind(NOON + 40, NOON + 50, "limit"))
    await kept.round(NOON + 60)
    assert (seconds(), seconds("limit")) == (20, 10), "from when the process started"
    await kept.append(blind(NOON + 10, NOON + 100))
    for now in (NOON + 120, NOON + 180, NOON + 5000):
        await kept.round(now)
        assert (seconds(), seconds("limit")) == (100, 10)
    await kept.append(blind(NOON + 4900, NOON + 5000))
    await kept.round(NOON + 5060)
    assert seconds() == 200


async def test_it_runs_until_it_is_told_to_stop(kept):
    stop = asyncio.Event()
    task = spawn(kept.keeper.run(stop), name="keeper")
    async with asyncio.timeout(120):
        while not kept.path.exists():  # noqa: ASYNC110 - a file rings no bell
            await asyncio.sleep(0.01)
        stop.set()
        await task
