import dataclasses

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerting_samples import fingerprint
from monitor.alerting.notifiers.base import Change, Retryable, Topic
from monitor.alerting.notifiers.pagerduty import PLUGIN, body, event, summary
from notifier_samples import announcement, harmless, notification, receiver, tools

CONSOLE = "https://leaks.acme.example"
KEY = "synthetic-routing-key"


def test_a_trigger():
    built = event(notification(console=CONSOLE))
    details = built["payload"].pop("custom_details")
    link = f"{CONSOLE}/exposures/{fingerprint('a')}"
    assert built == {
        "event_action": "trigger",
        "dedup_key": fingerprint("a")[:32],
        "client": "leakstream",
        "client_url": link,
        "links": [{"href": link, "text": "Open in leakstream"}],
        "payload": {
            "summary": "Leak found: Example token (high) in acme/code a.env",
            "source": "acme/code a.env",
            "severity": "error",
            "timestamp": "2023-11-15T12:00:00+00:00",
            "component": "example",
            "group": "acme/code",
            "class": "example-token",
        },
    }
    assert (details["key"], details["change"]) == ("k" * 32, "opened")
    assert details["exposure"]["places"][0]["line"] == 3


@pytest.mark.parametrize(
    ("change", "action"),
    [
        (Change.OPENED, "trigger"),
        (Change.REOPENED, "trigger"),
        (Change.ESCALATED, "trigger"),
        (Change.ACKNOWLEDGED, "acknowledge"),
        (Change.CLOSED, "resolve"),
    ],
)
def test_changes_are_about_one_incident(change, action):
    built = event(notification(change))
    assert (built["event_action"], built["dedup_key"]) == (action, fingerprint("a")[:32])
    assert ("payload" in built) is (action == "trigger")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info"), ("info", "info")],
)
def test_severities(ours, theirs):
    assert event(notification(severity=ours))["payload"]["severity"] == theirs


def test_a_drill_wakes_nobody_by_its_severity():
    payload = event(notification(mode="exercise", severity="critical"))["payload"]
    assert payload["severity"] == "info"
    assert payload["summary"].startswith("EXERCISE - ")


def test_without_a_console_there_is_no_link():
    assert not {"links", "client_url"} & set(event(notification()))


@settings(max_examples=40)
@given(text=st.text(max_size=3000), other=st.text(alphabet="\x00\n\u202e\ud800a", max_size=1500))
def test_hostile_texts_are_escaped_and_the_summary_is_short(text, other):
    built = orjson.loads(body(notification(title=text, path=other, repository=text), KEY))
    payload = built["payload"]
    assert len(payload["summary"]) <= 1024
    for name in ("summary", "source", "group"):
        assert harmless(payload[name])


def test_an_event_stays_below_its_limit():
    told = notification()
    place = {**told.exposure["places"][0], "snippet": "\u00e9" * 40_000}
    huge = {**told.exposure, "places": [place] * 120}
    text = body(type(told)(told.key, told.dedup_key, told.change, huge), KEY)
    assert len(text) <= 512_000
    assert orjson.loads(text)["payload"]["custom_details"]["exposure"]["places"]


async def test_it_is_posted_with_its_key_from_a_file(tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.status, answer.text = 202, '{"status": "success", "dedup_key": "x"}'
        await PLUGIN.build(PLUGIN.settings(url=url, routing_key_file=tmp_path / "key"), tool).notify(
            notification()
        )
        ((headers, sent),) = answer.requests
        assert headers["Content-Type"] == "application/json"
        assert orjson.loads(sent)["routing_key"] == KEY


@pytest.mark.parametrize("text", ["<html>", "", "[]", '{"status": "invalid event"}', '"success"'])
async def test_a_good_status_from_something_else_is_no_delivery(tmp_path, text):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.text = text
        with pytest.raises(Retryable, match="server_error"):
            await PLUGIN.build(PLUGIN.settings(url=url, routing_key=KEY), tool).notify(notification())


@pytest.mark.parametrize("wrong", [{}, {"routing_key": KEY, "routing_key_file": "f"}, {"url": "ftp://x"}])
def test_wrong_settings_stop_the_start(wrong):
    with pytest.raises(ValidationError):
        PLUGIN.settings(**wrong)


def test_the_key_is_in_no_text():
    given = PLUGIN.settings(routing_key=KEY)
    assert KEY not in f"{given!r}{given.model_dump_json()}"
    assert given.url == "https://events.pagerduty.com/v2/enqueue"


def test_a_summary_is_an_incident_of_its_own_and_ends_when_the_other_notifier_is_back():
    built = summary(announcement(headline="2 more\u202e in acme/code"))
    assert (built["event_action"], built["dedup_key"]) == ("trigger", "d" * 32)
    assert built["payload"]["summary"] == "2 more\\u202e in acme/code"
    assert built["payload"]["severity"] == "error"
    assert built["payload"]["custom_details"]["key"] == "s" * 32
    assert built["links"][0]["href"] == built["client_url"]
    assert summary(announcement(Topic.UNREACHED, url=""))["event_action"] == "trigger"
    assert summary(announcement(Topic.REACHED)) == {"event_action": "resolve", "dedup_key": "d" * 32}


async def test_the_last_close_ends_the_summary_too(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.text = '{"status": "success"}'
        notifier = PLUGIN.build(PLUGIN.settings(url=url, routing_key=KEY), tool)
        closed = notification(Change.CLOSED, state="closed")
        await notifier.notify(dataclasses.replace(closed, over=("d" * 32,)))
        await notifier.notify(dataclasses.replace(notification(), over=("d" * 32,)))
        await notifier.announce(announcement())
    said = [orjson.loads(text) for _, text in answer.requests]
    assert [(each["event_action"], each["dedup_key"][:4]) for each in said] == [
        ("resolve", fingerprint("a")[:4]),
        ("resolve", "dddd"),
        ("trigger", fingerprint("a")[:4]),
        ("trigger", "dddd"),
    ]
    assert all(each["routing_key"] == KEY for each in said)
