import asyncio

import pytest
from aiohttp import web
from yarl import URL

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


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]
)
async def test_a_connection_with_no_request_under_way_is_closed(said):
    """Nothing, half a head that never ends, or nothing more behind an answer that is kept alive."""
    listener = await Listener.open(web.Application(), "127.0.0.1", 0, keep_alive=1000, patience=0.3)
    where = URL(listener.url)
    reader, writer = await asyncio.open_connection(where.host, where.port)
    writer.write(said)
    async with asyncio.timeout(120):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 404") == said.endswith(b"\r\n\r\n")
    writer.close()
    await listener.close()


async def test_a_request_that_takes_long_is_not_cut():
    async def slowly(_):
        await asyncio.sleep(1.0)
        return web.Response(text="done")

    app = web.Application()
    app.router.add_get("/", slowly)
    listener = await Listener.open(app, "127.0.0.1", 0, patience=0.2)
    assert (await ask("GET", listener.url)).text == "done"
    await listener.close()
