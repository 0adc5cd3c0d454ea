"""One table for every notifier over HTTP: which answer is a delivery, which is tried again, which never will succeed."""

import asyncio

import pytest
from pydantic import ValidationError

from monitor.alerting import notifiers
from monitor.alerting.notifiers.base import DeliveryError, NotifierPlugin, Permanent, Retryable
from monitor.alerting.notifiers.posting import plain
from monitor.plugins import discover
from notifier_samples import SECRET, notification, receiver, tools

PLUGINS = discover(notifiers, NotifierPlugin)
SETTINGS = {
    "webhook": lambda url: {"url": url, "secret": SECRET},
    "slack": lambda url: {"url": url},
    "alertmanager": lambda url: {"urls": [url]},
    "pagerduty": lambda url: {"url": url, "routing_key": "synthetic"},
}
WITH_SECRET_URL = ("webhook", "slack")
ANSWERS = {"pagerduty": '{"status": "success"}'}

STATUSES = [
    (200, None, None),
    (201, None, None),
    (204, None, None),
    (301, Permanent, "client_error"),
    (307, Permanent, "client_error"),
    (400, Permanent, "client_error"),
    (401, Permanent, "unauthorized"),
    (403, Permanent, "unauthorized"),
    (404, Retryable, "client_error"),
    (408, Retryable, "timeout"),
    (410, Permanent, "gone"),
    (413, Permanent, "client_error"),
    (422, Permanent, "client_error"),
    (425, Retryable, "timeout"),
    (429, Retryable, "rate_limited"),
    (500, Retryable, "server_error"),
    (502, Retryable, "server_error"),
    (503, Retryable, "server_error"),
    (504, Retryable, "server_error"),
]


def build(name, url, tool, **other):
    plugin = PLUGINS[name]
    return plugin.build(plugin.settings(**SETTINGS[name](url), **other), tool)


async def verdict(notifier):
    try:
        await notifier.notify(notification())
    except DeliveryError as error:
        return type(error), error.reason.value, error.retry_after
    return None, None, None


OWN = {"log", "email", "apprise"}  # they speak in other ways: their own tests have their tables


def test_every_notifier_over_http_is_in_the_table():
    assert set(PLUGINS) == {*OWN, *SETTINGS}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(("status", "kind", "reason"), STATUSES)
async def test_statuses(tmp_path, name, status, kind, reason):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.status = status
        answer.text = ANSWERS.get(name, "ok")
        answer.headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        if (
            name in ("slack", "pagerduty") and status == 204
        ):  # no body comes with it, and they always send one
            kind, reason = Retryable, "server_error"
        assert (await verdict(build(name, url, tool)))[:2] == (kind, reason)
        assert len(answer.requests) == 1


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Wed, 15 Nov 2023 12:00:30 GMT", 30.0), ("soon", None), (None, None)],
)
async def test_retry_after(tmp_path, name, status, header, seconds):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.status = status
        answer.headers = {"Date": "Wed, 15 Nov 2023 12:00:00 GMT"}
        if header is not None:
            answer.headers["Retry-After"] = header
        kind, _, wait = await verdict(build(name, url, tool))
        assert (kind, wait) == (Retryable, seconds)


@pytest.mark.parametrize("name", SETTINGS)
async def test_nobody_there(tmp_path, name):
    async with receiver() as (url, _):
        pass
    async with tools(tmp_path) as tool:
        assert (await verdict(build(name, url, tool)))[:2] == (Retryable, "unreachable")


@pytest.mark.parametrize("name", SETTINGS)
async def test_no_answer_in_time(tmp_path, name):
    hanging = asyncio.Event()

    async def hang(reader, writer):
        await hanging.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with tools(tmp_path) as tool:
        notifier = build(name, f"http://127.0.0.1:{port}/", tool, deadline_seconds=0.2)
        assert (await verdict(notifier))[:2] == (Retryable, "timeout")
    hanging.set()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_connection_that_ends_without_an_answer(tmp_path, name):
    async def hang_up(reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with tools(tmp_path) as tool:
        assert (await verdict(build(name, f"http://127.0.0.1:{port}/", tool)))[:2] == (
            Retryable,
            "unreachable",
        )
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("name", WITH_SECRET_URL)
@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "not a url", "http://10.0.0.1/"])
async def test_a_url_that_can_never_work(tmp_path, name, url):
    async with tools(tmp_path) as tool:
        assert (await verdict(build(name, url, tool)))[:2] == (Permanent, "client_error")


async def test_a_long_answer_does_not_undo_a_delivery(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.text = "x" * 100_000
        assert (await verdict(build("webhook", url, tool)))[0] is None
        answer.status = 500
        assert (await verdict(build("webhook", url, tool)))[0] is Retryable


@pytest.mark.parametrize("name", WITH_SECRET_URL)
async def test_errors_and_texts_of_notifiers_hold_no_url(tmp_path, name):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        secret = f"{url}?token=synthetic-value"
        answer.status = 500
        notifier = build(name, secret, tool)
        with pytest.raises(Retryable) as caught:
            await notifier.notify(notification())
        assert "synthetic-value" not in f"{caught.value!r}{caught.value}{notifier!r}"
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        settings = PLUGINS[name].settings(**SETTINGS[name](secret))
        assert "synthetic-value" not in f"{settings!r}{settings.model_dump_json()}"


@pytest.mark.parametrize("name", WITH_SECRET_URL)
def test_settings_without_a_url_or_with_two_stop_the_start(name, tmp_path):
    given = SETTINGS[name]("http://hooks.example/synthetic")
    for wrong in ({**given, "url": None}, {**given, "url_file": tmp_path / "u"}):
        with pytest.raises(ValidationError, match="give url or url_file") as caught:
            PLUGINS[name].settings(**wrong)
        assert "synthetic" not in str(caught.value)


def test_plain_escapes_every_text_and_keeps_the_shape():
    value = {"a": ["x\u202ey", 1, None, {"b\x1b": "line\nline\x00"}], "c": True}
    assert plain(value) == {"a": ["x\\u202ey", 1, None, {"b\\x1b": "line\nline\\x00"}], "c": True}
