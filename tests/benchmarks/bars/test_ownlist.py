import asyncio

from benchmarks.bars.ownlist import OwnList
from kafka_buses import KafkaBuses
from monitor.aio import spawn
from monitor.bus.base import TopicSpec
from monitor.contracts import DOCUMENTS, Document


def document(number):
    return Document(source="s", id=str(number), content=b"x", fetched_at=1.0)


async def test_every_record_at_its_offset(kafka):
    async with KafkaBuses(kafka) as buses:
        bus = await buses.bus()
        await bus.ensure_topics([TopicSpec(DOCUMENTS, partitions=2)])
        producer, stop = bus.producer(), asyncio.Event()
        await producer.send([document(number).message() for number in range(30)])
        own = OwnList(bus)
        reading = spawn(own.run(stop), name="list")
        await producer.send([document(number).message() for number in range(30, 40)])
        stop.set()
        await reading
        ends = await bus.end_offsets([DOCUMENTS])
        assert {place.partition: end for place, end in ends.items()} == {
            number: len(ids) for number, ids in own.ids.items()
        }
        assert sorted(int(one) for ids in own.ids.values() for one in ids.values()) == list(range(40))
        assert (own.total, own.missed) == (40, 0)
