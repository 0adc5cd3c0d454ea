import asyncio

from collecting import START, MemoryProducer, MemoryState, Time
from monitor.collectors.context import Context
from monitor.collectors.paste.sitevoice import Choir
from monitor.metrics import Metrics


def choir(*sites):
    time, producer = Time(), MemoryProducer()
    context = Context(
        "pastes", stop=asyncio.Event(), state=MemoryState(), producer=producer, metrics=Metrics(), clock=time
    )
    made = Choir(context, sites)
    return time, producer, context, [made.voice(site) for site in sites]


async def test_one_sites_trouble_is_its_own_blind_span():
    time, producer, context, (one, two) = choir("one", "two")
    one.failing("timeout")
    two.healthy()
    assert context.trouble == ""
    time.now += 60
    await one.emit()
    time.now += 30
    one.healthy()
    await one.emit()
    time.now += 30
    await one.emit()
    spans = [(e.feed, e.blind, e.since - START, e.until - START) for e in producer.coverage]
    assert spans == [("one", "timeout", 0, 60), ("one", "timeout", 60, 90)]


async def test_the_source_is_blind_when_no_site_answers():
    time, producer, context, (one, two) = choir("one", "two")
    one.failing("timeout")
    two.failing("limited")
    assert context.trouble == "one: timeout, two: limited"
    time.now += 10
    two.healthy()
    assert context.trouble == ""
    await two.emit()
    assert {(e.feed, e.until - e.since) for e in producer.coverage} == {("", 10), ("two", 10)}


async def test_everything_else_is_the_sources():
    _, _, context, (one,) = choir("one")
    assert (one.name, one.now(), one.stop) == ("pastes", START, context.stop)
    one.dropped("bad_paste", 2)
    assert await one.requested() == []
