"""Against a service that takes what it is told to take."""

import asyncio
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from benchmarks.bars.chaos import Chaos, Fault
from benchmarks.bars.feed import BURST, Feed, Waves
from monitor.contracts import Document
from monitor.listener import Listener


@pytest.fixture
async def service():
    taken = []
    statuses = []  # of the next requests; then 202

    async def take(request):
        status = statuses.pop(0) if statuses else 202
        if status == 202:
            taken.append((await request.read()).count(b"\n") + 1)
        return web.Response(status=status)

    app = web.Application()
    app.add_routes([web.post("/ingest/v1/documents", take)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
    yield urlsplit(listener.url).port, taken, statuses
    await listener.close()


def documents(count):
    return (Document(source="s", id=str(n), content=b"x", fetched_at=1.0) for n in range(count))


async def test_what_is_refused_for_now_is_sent_again(service):
    port, taken, statuses = service
    statuses.append(503)
    feed = Feed(port, "t")
    await feed.run(documents(BURST + 1))
    assert (sum(taken), feed.posted, feed.sent_again) == (BURST + 1, BURST + 1, 1)


async def test_what_is_refused_for_good_ends_it(service):
    port, _, statuses = service
    statuses.append(422)
    with pytest.raises(AssertionError, match="422"):
        await Feed(port, "t").run(documents(1))


async def test_it_never_runs_far_ahead_of_the_faults(service):
    """Every fault finds the documents up to the next but one still to come."""
    port, _, _ = service
    feed = Feed(port, "t", Waves(100 * BURST, 0.0))
    points = [BURST * n for n in (1, 3, 5, 7)]
    seen = []

    async def act(victims):
        await asyncio.sleep(0.2)
        seen.append(feed.posted)
        return {"figure": 1}

    chaos = Chaos(feed, {"kill": act})
    faults = [Fault("kill", ("a",), at, 0.0) for at in points]
    await asyncio.gather(feed.run(documents(10 * BURST)), chaos.run(faults))
    assert [posted <= limit for posted, limit in zip(seen, points[2:], strict=False)] == [True, True]
    assert feed.posted == 10 * BURST
    assert [(entry["what"], entry["who"], entry["figure"]) for entry in chaos.done] == [
        ("kill", ["a"], 1)
    ] * 4
