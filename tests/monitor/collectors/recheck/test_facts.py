"""A fact is asked conditionally, and nothing but the fact is kept."""

import pytest

from collecting import Bench, reply, serving
from monitor.collectors.recheck.facts import GONE, Facts
from monitor.collectors.recheck.target import NoVerdict
from monitor.collectors.upstream import Upstream
from rechecking import context_of


class Server:
    """Says `status` and `body` with an ETag of the body."""

    def __init__(self):
        self.status, self.body, self.headers = 200, {"sha": "a" * 80}, {}
        self.conditional = []

    async def handle(self, request):
        tag = f'"{self.body}"'
        self.conditional.append(request.headers.get("If-None-Match"))
        if self.status == 200 and request.headers.get("If-None-Match") == tag:
            return reply(None, 304, ETag=tag)
        return reply(self.body, self.status, ETag=tag, **self.headers)


@pytest.fixture
async def bench():
    async with Bench() as made:
        yield made


def asking(bench, url, **other):
    facts, context = Facts(), context_of(bench)
    budget = bench.http.budget(url, "x")
    upstream = Upstream(bench.http, bench.metrics, budget, attempts=1)

    async def ask(**more):
        return await facts.ask(
            context, upstream, url, lambda answer: answer.json()["sha"], max_bytes=4096, **other, **more
        )

    return ask


async def test_the_second_time_it_costs_a_304_and_says_the_same(bench):
    server = Server()
    async with serving(server.handle) as url:
        ask = asking(bench, url)
        first, second = await ask(), await ask()
        assert first == second == "a" * 64
        assert server.conditional[0] is None
        assert server.conditional[1]
        server.body = {"sha": "b"}
        assert await ask() == "b"
        assert await ask(part="other") == "b"
        assert server.conditional[-1] is None  # another fact of the same address is another memory
    kept = " ".join(bench.state.cursors.values())
    assert url not in kept
    assert "sha" in kept or len(kept) < 400


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (404, GONE), (410, GONE), (451, GONE), (422, GONE), (401, "refused"), (403, "refused"), (400, "refused"),
        (500, "unavailable"), (503, "unavailable"), (429, "limited"), (302, "redirected"),
    ],
)  # fmt: skip
async def test_only_what_says_so_is_gone(bench, status, outcome):
    server = Server()
    server.status = status
    async with serving(server.handle) as url:
        ask = asking(bench, url, gone=(422,))
        if outcome == GONE:
            assert await ask() == GONE
        else:
            with pytest.raises(NoVerdict, match=outcome):
                await ask()


async def test_rubbish_and_silence_say_nothing(bench):
    server = Server()
    async with serving(server.handle) as url:
        ask = asking(bench, url)
        server.body = {"sha": "x" * 5000}
        with pytest.raises(NoVerdict, match="refused"):
            await ask()
        assert await ask(too_large="there") == "there"
    with pytest.raises(NoVerdict, match="unavailable"):
        await ask()


async def test_the_memory_is_bounded(bench):
    server = Server()
    async with serving(server.handle) as url:
        facts, context = Facts(), context_of(bench)
        upstream = Upstream(bench.http, bench.metrics, bench.http.budget(url, "x"))
        for number in range(205):
            await facts._remember(context, "facts/00", str(number), "e", "f")
        assert await facts.ask(context, upstream, url, lambda _: "x", max_bytes=4096) == "x"
    kept = bench.state.cursors["recheck", "facts/00"]
    assert '"204"' in kept
    assert '"4"' not in kept
    assert kept.count(":") == 200
