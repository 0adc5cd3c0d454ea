import asyncio

from monitor import aio
from simulated import simulated


async def test_it_publishes_at_a_rate_until_told_to_stop():
    async with simulated() as net:
        stop = asyncio.Event()
        task = aio.spawn(net.simulator.run(500.0, stop=stop), name="publish")
        while net.simulator.world.published < 20:  # noqa: ASYNC110 - there is no signal for it
            await asyncio.sleep(0.01)
        stop.set()
        await task


async def test_it_publishes_so_many_and_no_more():
    async with simulated(seed=4) as one, simulated(seed=4) as two:
        await one.simulator.run(5000.0, stop=asyncio.Event(), count=40)
        two.simulator.publish(40)
        assert one.simulator.world.published == two.simulator.world.published > 0


async def test_a_slow_rate_stops_at_once():
    async with simulated() as net:
        stop = asyncio.Event()
        task = aio.spawn(net.simulator.run(0.001, stop=stop), name="publish")
        await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(task, 5.0)
        assert net.simulator.world.published <= 2


async def test_stop_is_idempotent():
    async with simulated() as net:
        await net.simulator.stop()
        await net.simulator.stop()
