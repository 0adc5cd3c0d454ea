from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from aiohttp import web

from browsing import ask
from monitor.api import serving
from monitor.api.exposures import Wanted
from monitor.api.models import Answer, Question
from monitor.api.operation import Answered, Operation
from monitor.coverage.chain import LedgerBroken
from monitor.metrics import Metrics
from monitor.store.errors import Overtaken, StoreBusy
from monitor.web import Role, Web
from monitor.websettings import WebSettings


class Thing(Answer):
    name: str


class Named(Question):
    name: str
    count: int = 1


@asynccontextmanager
async def serving_one(handler, **more):
    listener = Web(WebSettings(port=0), Metrics())
    given = {"method": "GET", "path": "/thing", "role": Role.VIEWER, "answer": Thing, **more}
    operation = Operation("getThing", tag="things", summary="", handler=handler, **given)
    serving.add_to(listener, [operation])
    await listener.start()
    try:
        yield listener.address + "/thing"
    finally:
        await listener.close()


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (LookupError("no such thing"), 404, "no such thing"),
        (ValueError("it is closed"), 409, "it is closed"),
        (Overtaken("look again"), 412, "look again"),
        (StoreBusy("/state/leakstream.db is locked"), 503, "the store is busy"),
        (LedgerBroken("entry 7"), 503, "entry 7"),
        (
            web.HTTPRequestEntityTooLarge(1, 2),
            413,
            HTTPStatus(413).phrase.lower(),
        ),  # another one since Python 3.13
        (RuntimeError("the inside"), 500, "internal error"),
    ],
)
async def test_every_error_is_a_problem(error, status, detail):
    async def fail(asked):
        raise error

    async with serving_one(fail) as url:
        page = await ask("GET", url)
        assert (page.status, page.headers["Content-Type"]) == (status, "application/problem+json")
        assert (page.json["status"], page.json["detail"]) == (status, detail)
        assert page.json["request_id"] == page.headers["X-Request-Id"]
        assert ("Retry-After" in page.headers) is (status == 503)


async def test_what_is_asked_is_checked_and_what_is_answered_too():
    async def echo(asked):
        return Answered(Thing(name=f"{asked.query.name} {asked.query.count} {asked.who}"), "0" * 16)

    async with serving_one(echo, query=Named, tagged=True) as url:
        page = await ask("GET", f"{url}?name=a%22b&count=3")
        assert page.json == {"name": 'a"b 3 local'}
        assert page.headers["ETag"] == f'"{"0" * 16}"'
        for wrong in ("", "count=3", "name=a&name=b", "name=a&count=3.0", "name=a&count=1_0", "name=a&x=1"):
            assert (await ask("GET", f"{url}?{wrong}")).status == 422


async def test_a_look_has_no_body_and_what_takes_no_query_gets_none():
    async def thing(asked):
        return Answered(Thing(name="a"))

    async with serving_one(thing) as url:
        assert (await ask("GET", url)).json == {"name": "a"}
        assert (await ask("GET", f"{url}?x=1")).status == 422
        assert (await ask("GET", url, data=b"x", Content_Type="text/plain")).status == 422
        assert (await ask("HEAD", url)).body == b""


def test_a_list_in_a_query_is_a_list():
    fields = Wanted.model_fields
    assert [name for name in fields if str(fields[name].annotation).startswith("tuple")] == [
        "severity",
        "owned",
    ]
