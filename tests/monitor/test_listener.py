import pytest
from aiohttp import web

from browsing import ask
from monitor.listener import Listener


async def test_it_listens_and_closes_twice():
    listener = await Listener.open(web.Application(), "127.0.0.1", 0)
    assert (await ask("GET", listener.url)).status == 404
    await listener.close()
    await listener.close()


async def test_a_taken_port_is_an_error():
    listener = await Listener.open(web.Application(), "127.0.0.1", 0)
    with pytest.raises(OSError, match="address already in use"):
        await Listener.open(web.Application(), "127.0.0.1", int(listener.url.rpartition(":")[2]))
    await listener.close()
