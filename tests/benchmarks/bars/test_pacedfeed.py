import asyncio
import time

import orjson
from aiohttp import web

from benchmarks.bars.pacedfeed import PacedFeed
from monitor.listener import Listener


class Numbers:
    """What a feed needs of a stream."""

    def is_leak(self, number):
        return number % 10 == 5

    def size(self, number):
        return 3

    def line(self, number):
        return b'{"id":%d}' % number


class Taker:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.bodies = []
        self.headers = {}

    async def take(self, request):
        status = self.answers.pop(0) if self.answers else 202
        body = await request.read()
        self.headers = dict(request.headers)
        if status == 202:
            self.bodies.append([orjson.loads(line)["id"] for line in body.splitlines()])
        return web.Response(status=status)

    async def fed(self, documents, *, rate=1000, stop=None):
        app = web.Application()
        app.add_routes([web.post("/ingest/v1/documents", self.take)])
        listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
        port = int(listener.url.rpartition(":")[2])
        feed = PacedFeed(Numbers(), port=port, token="t", rate=rate, burst=20)
        try:
            await feed.run(documents, stop=stop)
        finally:
            await listener.close()
        return feed


async def test_every_document_once_in_bursts_at_the_rate():
    taker, began = Taker(), time.monotonic()
    feed = await taker.fed(90, rate=200)
    assert sorted(number for body in taker.bodies for number in body) == list(range(90))
    assert sorted(len(body) for body in taker.bodies) == [10, 20, 20, 20, 20]
    assert time.monotonic() - began >= 0.4  # the last burst is due then
    assert (feed.posted, feed.posted_bytes, feed.sent_again) == (90, 270, 0)
    assert sorted(feed.arrivals) == [5, 15, 25, 35, 45, 55, 65, 75, 85]
    assert taker.headers["Authorization"] == "Bearer t"


async def test_what_is_not_taken_is_sent_again():
    taker = Taker(503)
    feed = await taker.fed(20)
    assert taker.bodies == [list(range(20))]
    assert (feed.posted, feed.sent_again) == (20, 1)


async def test_it_ends_when_told():
    stop = asyncio.Event()
    stop.set()
    assert (await Taker().fed(20, stop=stop)).posted == 0
