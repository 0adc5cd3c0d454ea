from __future__ import annotations

from collecting import START, Bench
from monitor.collectors.share import Share
from monitor.collectors.upstream import Upstream


def spend(share: Share, upstream: Upstream, most: int = 1000) -> int:
    spent = 0
    while not share.spent and spent < most:
        upstream.asked += 1
        spent += 1
    return spent


async def test_fractions_add_up_over_short_cycles() -> None:
    async with Bench() as bench:
        upstream = Upstream(bench.http, bench.metrics, bench.http.budget("http://a.example", "c"))
        share = Share(upstream, 30)
        spent = []
        for _ in range(8):
            share.begin(1.0, reserve=1)
            spent.append(spend(share, upstream))
            share.end()
        assert spent == [0, 1, 0, 1, 0, 1, 0, 1]


async def test_what_is_overdrawn_is_paid_back_and_what_is_kept_is_bounded() -> None:
    async with Bench() as bench:
        upstream = Upstream(bench.http, bench.metrics, bench.http.budget("http://a.example", "c"))
        share = Share(upstream, 60)
        share.begin(10.0, reserve=0)
        upstream.asked += 25
        share.end()
        share.begin(10.0, reserve=0)
        assert share.spent
        share.end()
        for _ in range(10):
            share.begin(60.0, reserve=0)
            share.end()
        share.begin(60.0, reserve=0)
        assert spend(share, upstream) == 120


async def test_the_hosts_window_is_spent_evenly_with_the_polls_put_aside() -> None:
    async with Bench() as bench:
        budget = bench.http.budget("http://a.example", "c")
        upstream = Upstream(bench.http, bench.metrics, budget)
        budget.observe(200, {"x-ratelimit-remaining": "600", "x-ratelimit-reset": str(int(START + 3600))})
        share = Share(upstream, 60)
        share.begin(60.0, reserve=3)
        assert spend(share, upstream) == 7
