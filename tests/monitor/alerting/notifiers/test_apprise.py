"""Apprise against a server on loopback, by its schemes json:// and form://."""

import asyncio
import logging

import orjson
import pytest
from pydantic import ValidationError

from monitor.alerting.notifiers.apprise import PLUGIN, _markdown, _plain
from monitor.alerting.notifiers.base import Change, DeliveryError, Permanent, Retryable
from notifier_samples import announcement, harmless, notification, receiver, tools


def build(tool, *urls, **other):
    return PLUGIN.build(PLUGIN.settings(urls=urls, **other), tool)


async def verdict(notifier):
    try:
        await notifier.notify(notification())
    except DeliveryError as error:
        return type(error), error.reason.value
    return None, None


def json_url(url):
    return url.replace("http://", "json://")


async def test_what_a_person_reads(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        notifier = build(tool, json_url(url))
        await notifier.notify(notification(console="https://leaks.acme.example"))
        await notifier.notify(notification(Change.CLOSED, state="closed"))
    first, closed = (orjson.loads(body) for _, body in answer.requests)
    assert first["title"] == "Leak found: Example token (high)"
    for part in (
        "acme/code a.env",
        "ex_…yz",
        "the owner acme is your organisation (proved)",
        "1. Revoke the Example token",
        "https://leaks.acme.example/exposures/",
        "message " + "k" * 32,
    ):
        assert part in first["message"]
    assert closed["title"].startswith("Leak closed")
    assert "What to do" not in closed["message"]


async def test_a_summary_is_cut_and_says_so(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        lines = [f"leak {n}" for n in range(40)]
        await build(tool, json_url(url)).announce(announcement(lines=lines))
    body = orjson.loads(answer.requests[0][1])
    assert "leak 14" in body["message"]
    assert "leak 15" not in body["message"]
    assert "25 lines more" in body["message"]


async def test_a_form_is_spoken_too(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        await build(tool, url.replace("http://", "form://")).notify(notification())
    assert b"Leak+found" in answer.requests[0][1]


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (200, None, None),
        (400, Permanent, "client_error"),
        (401, Permanent, "unauthorized"),
        (404, Retryable, "client_error"),
        (410, Permanent, "gone"),
        (429, Retryable, "rate_limited"),
        (301, Permanent, "client_error"),
        (503, Retryable, "server_error"),
    ],
)
async def test_statuses(tmp_path, status, kind, reason):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.status = status
        answer.headers = {"Location": "/hook/elsewhere"} if status == 301 else {}
        assert await verdict(build(tool, json_url(url))) == (kind, reason)
        assert len(answer.requests) == 1


async def test_nobody_there(tmp_path):
    async with receiver() as (url, _):
        pass
    async with tools(tmp_path) as tool:
        assert await verdict(build(tool, json_url(url))) == (Retryable, "unreachable")


async def test_no_answer_in_time_and_threads_do_not_pile_up(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.hold = asyncio.Event()
        notifier = build(tool, json_url(url), deadline_seconds=0.4, at_once=1)
        for service in notifier._services:
            for each in service:
                each.socket_read_timeout = 30.0  # a library that does not come back by itself
        assert await verdict(notifier) == (Retryable, "timeout")
        assert await verdict(notifier) == (Retryable, "timeout")
        assert len(answer.requests) == 1
        answer.hold.set()
        async with asyncio.timeout(120):
            while notifier._free.locked():  # noqa: ASYNC110 - a thread rings no bell
                await asyncio.sleep(0.01)
        assert await verdict(notifier) == (None, None)


async def test_who_took_it_is_not_told_again(tmp_path):
    async with receiver() as (good, heard), receiver() as (bad, refused), tools(tmp_path) as tool:
        notifier = build(tool, json_url(good), json_url(bad))
        refused.status = 500
        assert await verdict(notifier) == (Retryable, "server_error")
        refused.status = 200
        assert await verdict(notifier) == (None, None)
        assert (len(heard.requests), len(refused.requests)) == (1, 2)
        assert await verdict(notifier) == (None, None)  # remembered until all had it, no longer
        assert len(heard.requests) == 2


class Kept(logging.Handler):
    """What reaches the service's own log; the receiver of the test has one, too."""

    def __init__(self):
        super().__init__(logging.INFO)  # as monitor.log has it
        self.text = ""

    def emit(self, record):
        if not record.name.startswith("aiohttp"):
            self.text += f"{record.name} {record.getMessage()}\n"


async def test_urls_are_in_no_log_and_no_error(tmp_path):
    kept, root = Kept(), logging.getLogger()
    root.addHandler(kept)
    try:
        async with receiver() as (url, answer), tools(tmp_path) as tool:
            answer.status = 500
            notifier = build(tool, json_url(url) + "/synthetic-secret?x=synthetic-secret")
            with pytest.raises(Retryable) as caught:
                await notifier.notify(notification())
        root.warning("this is heard")
    finally:
        root.removeHandler(kept)
    assert "this is heard" in kept.text
    assert "apprise" not in kept.text
    assert "synthetic-secret" not in f"{caught.value!r}{notifier!r}{kept.text}"
    settings = PLUGIN.settings(urls=["json://host/synthetic-secret"])
    assert "synthetic-secret" not in f"{settings!r}{settings.model_dump_json()}"


async def test_urls_in_a_file(tmp_path):
    file = tmp_path / "urls"
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        file.write_text(f"# the team\n{json_url(url)}/a\n\n{json_url(url)}/b\n")
        await PLUGIN.build(PLUGIN.settings(urls_file=file), tool).notify(notification())
        assert sorted(answer.paths) == ["/hook/a", "/hook/b"]
        file.write_text("# nothing\n")
        with pytest.raises(ValueError, match="no URL"):
            PLUGIN.build(PLUGIN.settings(urls_file=file), tool)


async def test_what_apprise_does_not_know_stops_the_start_and_is_not_quoted(tmp_path):
    async with tools(tmp_path) as tool:
        with pytest.raises(ValueError, match="number 2") as caught:
            build(tool, "json://127.0.0.1/", "nonsense://synthetic-secret")
    assert "synthetic-secret" not in str(caught.value)
    for wrong in ({}, {"urls": ["json://a"], "urls_file": tmp_path}):
        with pytest.raises(ValidationError, match="urls or urls_file"):
            PLUGIN.settings(**wrong)


def test_foreign_text_makes_no_mention_no_link_and_no_format():
    hostile = "<!channel> [click](https://evil.test) @everyone *b* \u202e"
    for shown in (_plain(hostile), _markdown(hostile)):
        assert harmless(shown.replace("\u200b", ""))
        for bad in ("https://", "@everyone", "<!"):
            assert bad not in shown.replace("\\<", "")
    for bad in ("[click](", "*b*"):
        assert bad not in _markdown(hostile)
