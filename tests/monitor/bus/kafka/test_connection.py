import asyncio

import pytest
from aiokafka import errors

from monitor.bus.kafka.connection import leave


async def fails(error):
    raise error


async def test_a_client_that_ends_in_order():
    assert await leave(asyncio.sleep(0))


@pytest.mark.parametrize("error", [errors.NodeNotReadyError(), asyncio.CancelledError()])
async def test_a_client_that_fails_on_its_way_out_takes_nobody_along(error):
    assert not await leave(fails(error))
    assert asyncio.current_task().cancelling() == 0


async def test_our_own_cancellation_goes_on():
    hanging = asyncio.Event()
    task = asyncio.gather(leave(hanging.wait()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_fault_of_our_own_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        await leave(fails(ZeroDivisionError()))
