"""Any other address: there, gone, or nobody can say."""

import pytest
from aiohttp import web

from collecting import Bench, serving
from monitor.collectors.recheck.facts import Facts
from monitor.collectors.recheck.pages import PageLook
from monitor.collectors.recheck.target import NoVerdict, Target
from rechecking import context_of


async def answer(request):
    match request.path:
        case "/there":
            return web.Response(text="x")
        case "/long":
            return web.Response(body=b"x" * 4096)
        case "/moved":
            raise web.HTTPFound("/there")
        case "/home":
            raise web.HTTPFound("/")
        case "/gate":
            raise web.HTTPFound("/users/login")
        case "/users/login" | "/":
            return web.Response(text="who are you?")
        case path:
            return web.Response(status=int(path[1:]))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("there", "public"),
        ("long", "public"),
        ("moved", "public"),
        ("404", "removed"),
        ("410", "removed"),
        ("451", "removed"),
    ],
)
async def test_what_an_address_says(path, said):
    async with Bench() as bench, serving(answer) as url:
        look = PageLook(bench.tools, Facts(), interval=5.0, max_bytes=1024)
        assert await look.look(context_of(bench), Target("x.example", url=f"{url}/{path}")) == said


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("home", "redirected"),
        ("gate", "redirected"),
        ("401", "refused"),
        ("403", "refused"),
        ("500", "unavailable"),
        ("429", "limited"),
    ],
)
async def test_what_nobody_can_say(path, why):
    async with Bench() as bench, serving(answer) as url:
        look = PageLook(bench.tools, Facts(), interval=5.0, max_bytes=1024)
        with pytest.raises(NoVerdict, match=why):
            await look.look(context_of(bench), Target("x.example", url=f"{url}/{path}"))


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "http://127.0.0.2/", "http://user:pw@x.example/"])
async def test_what_must_not_be_asked(url):
    async with Bench() as bench:
        look = PageLook(bench.tools, Facts(), interval=0.0, max_bytes=1024)
        with pytest.raises(NoVerdict):
            await look.look(context_of(bench), Target("x.example", url=url))


async def test_one_host_is_asked_slowly():
    async with Bench() as bench, serving(answer) as url:
        look = PageLook(bench.tools, Facts(), interval=5.0, max_bytes=1024)
        for _ in range(3):
            await look.look(context_of(bench), Target("x.example", url=f"{url}/there"))
        assert bench.time.slept == [5.0, 5.0]
