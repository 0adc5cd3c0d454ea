import asyncio
import base64
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

import orjson
import pytest
from pydantic import ValidationError

from alerting_samples import NOON, exposure, fingerprint
from monitor.alerting.exposures.view import exposure_object
from monitor.alerting.notifiers.alertmanager import PLUGIN
from monitor.alerting.notifiers.base import Change, Permanent, Restating, Retryable
from monitor.alerting.telling.standing import labels_of, stands
from monitor.store.model import Told
from notifier_samples import CONSOLE, notification, receiver, standing, tools

CLOSED = {"state": "closed", "closed_at": NOON + 5, "closed_by": "ann", "close_reason": "revoked"}


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


class Pair:
    """Receivers on loopback and a notifier that tells all of them."""

    def __init__(self, urls, answers, tool, clock):
        self.urls = urls
        self.answers = answers
        self.clock = clock
        self.metrics = tool.metrics
        self.notifier = PLUGIN.build(PLUGIN.settings(urls=urls, deadline_seconds=5), tool)

    def sent(self, peer=0):
        """Labels' exposure (or the name) and whether it has ended, of all alerts that the peer got."""
        alerts = [a for _, body in self.answers[peer].requests for a in orjson.loads(body)]
        return [
            (a["labels"].get("exposure", a["labels"]["alertname"]), seconds(a["endsAt"]) <= self.clock.now)
            for a in alerts
        ]

    def outcomes(self, peer, outcome):
        labels = {
            "notifier": "alertmanager",
            "peer": self.urls[peer].split("/")[2],
            "outcome": outcome,
        }
        return self.metrics.registry.get_sample_value("leakstream_notifier_peer_requests_total", labels) or 0

    async def restate(self, *chunks, beyond=0):
        async def each():
            for chunk in chunks:
                yield chunk

        await self.notifier.restate(each(), beyond=beyond)

    def forget(self):
        for answer in self.answers:
            answer.requests.clear()


@pytest.fixture
async def pair(tmp_path):
    clock = Clock()
    async with AsyncExitStack() as stack:
        pairs = [await stack.enter_async_context(receiver()) for _ in range(2)]
        tool = replace(await stack.enter_async_context(tools(tmp_path)), clock=clock)
        yield Pair([url for url, _ in pairs], [answer for _, answer in pairs], tool, clock)


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


async def test_a_page_goes_to_every_peer_at_once(pair):
    assert isinstance(pair.notifier, Restating)
    await pair.notifier.notify(notification(console=CONSOLE))
    for answer in pair.answers:
        assert len(answer.requests) == 1
        assert answer.paths == ["/hook/api/v2/alerts"]
        (sent,) = orjson.loads(answer.requests[0][1])
        assert seconds(sent["endsAt"]) == NOON + 3600
        assert answer.requests[0][0]["Content-Type"] == "application/json"
    assert pair.outcomes(0, "delivered") == pair.outcomes(1, "delivered") == 1


async def test_a_close_ends_it_explicitly(pair):
    pair.clock.now = NOON + 6
    await pair.notifier.notify(notification(Change.CLOSED, **CLOSED))
    assert pair.sent() == [(fingerprint("a")[:32], True)]


async def test_from_ticket_to_page_the_ticket_ends_and_the_page_fires(pair):
    row = exposure()
    told = [
        Told(row.id, "k1", 1, "opened", "ticket", NOON, labels_of(row)),
        Told(row.id, "k2", 1, "escalated", "page", NOON + 2, labels_of(row)),
    ]
    shown = exposure_object(row, ())
    pair.clock.now = NOON + 3
    await pair.notifier.notify(
        replace(notification(Change.ESCALATED), standing=stands(told, row, shown), exposure=shown)
    )
    sent = orjson.loads(pair.answers[0].requests[0][1])
    assert [(a["labels"]["severity"], a["annotations"]["key"]) for a in sent] == [
        ("ticket", "k1"),
        ("page", "k2"),
    ]
    assert [seconds(a["endsAt"]) for a in sent] == [NOON + 2, NOON + 3603]


async def test_one_peer_is_enough_and_the_other_is_counted(pair):
    pair.answers[0].status = 503
    await pair.notifier.notify(notification())
    assert len(pair.answers[1].requests) == 1
    assert pair.outcomes(0, "server_error") == 1
    await pair.notifier.notify(notification())  # the one that is away is left to the reconciler
    assert len(pair.answers[0].requests) == 1
    pair.answers[0].status = 200
    pair.clock.now += 30
    await pair.notifier.notify(notification())
    assert len(pair.answers[0].requests) == 2


async def test_a_peer_that_hangs_does_not_hold_up_the_page(pair):
    pair.answers[0].hold = asyncio.Event()  # never set, until the end
    await pair.notifier.notify(notification())
    assert pair.outcomes(0, "late") == 1  # and not "timeout": nobody waited for its deadline
    for _ in range(20):
        await pair.notifier.notify(notification())
    assert len(pair.answers[0].requests) == 1
    pair.answers[0].hold.set()


async def test_all_peers_away_is_tried_again(pair):
    pair.answers[0].status, pair.answers[1].status = 401, 503
    with pytest.raises(Retryable, match="server_error"):
        await pair.notifier.notify(notification())
    pair.answers[1].status = 200
    await pair.notifier.notify(notification())  # all are away: all are asked
    assert pair.outcomes(1, "delivered") == 1


async def test_what_no_peer_will_ever_take_is_permanent(pair):
    pair.answers[0].status = pair.answers[1].status = 400
    with pytest.raises(Permanent, match="client_error"):
        await pair.notifier.notify(notification())


async def test_everything_is_said_again_to_every_peer(pair):
    await pair.restate([standing("a"), standing("b")], [standing("c")])
    for peer in (0, 1):
        assert len(pair.answers[peer].requests) == 3  # two chunks, and the summary that may stand from before
        assert pair.sent(peer) == [
            (fingerprint("a")[:32], False),
            (fingerprint("b")[:32], False),
            (fingerprint("c")[:32], False),
            ("LeakExposuresBeyondLimit", True),
        ]
    pair.forget()
    await pair.restate([standing("a")])
    assert pair.sent() == [(fingerprint("a")[:32], False)]


async def test_beyond_the_limit_one_alert_stands_for_the_rest_until_it_ends(pair):
    await pair.restate([standing("a")], beyond=7)
    assert pair.sent()[-1] == ("LeakExposuresBeyondLimit", False)
    summary = orjson.loads(pair.answers[0].requests[-1][1])[0]
    assert summary["annotations"]["summary"].startswith("7 more exposures")
    assert (summary["labels"]["severity"], summary["labels"]["incident"]) == ("page", "leakstream")
    pair.forget()
    await pair.restate([standing("a")], beyond=0)
    assert pair.sent()[-1] == ("LeakExposuresBeyondLimit", True)
    pair.forget()
    await pair.restate([standing("a")], beyond=0)
    assert len(pair.sent()) == 1


async def test_what_ended_is_said_until_no_clock_can_doubt_it(pair):
    ended = standing("a", ended=NOON - 1)
    await pair.restate([ended])
    assert pair.sent()[0] == (fingerprint("a")[:32], True)
    for later, count in ((60, 1), (121, 1), (181, 0)):
        pair.forget()
        pair.clock.now = NOON + later
        await pair.restate([ended])
        assert len(pair.sent()) == count, later


async def test_a_peer_that_was_away_is_caught_up(pair):
    ended = standing("a", ended=NOON + 1)
    pair.answers[1].status = 503
    for later in (2, 300, 600):
        pair.clock.now = NOON + later
        await pair.restate([ended], [standing("b")])
    assert len(pair.answers[1].requests) == 3  # one try a round
    pair.answers[1].status = 200
    pair.forget()
    pair.clock.now = NOON + 660
    await pair.restate([ended], [standing("b")])
    assert pair.sent(0) == [(fingerprint("b")[:32], False)]
    assert pair.sent(1)[:2] == [(fingerprint("a")[:32], True), (fingerprint("b")[:32], False)]


async def test_an_alert_that_is_refused_does_not_keep_back_the_others(pair):
    pair.answers[0].status = pair.answers[1].status = 400
    with pytest.raises(Permanent, match="client_error"):
        await pair.restate([standing("a")], [standing("b")])
    assert [name for name, _ in pair.sent(1)][:2] == [fingerprint("a")[:32], fingerprint("b")[:32]]


async def test_when_all_peers_fail_the_round_fails(pair):
    pair.answers[0].status = pair.answers[1].status = 503
    with pytest.raises(Retryable, match="server_error"):
        await pair.restate([standing("a")], [standing("b")])
    assert len(pair.answers[0].requests) == 1


@pytest.mark.parametrize(
    ("given", "header"),
    [
        (
            {"username": "ann", "password": "synthetic"},
            "Basic " + base64.b64encode(b"ann:synthetic").decode(),
        ),
        ({"token": "synthetic"}, "Bearer synthetic"),
    ],
)
async def test_logins(tmp_path, given, header):
    for in_file in (False, True):
        name, value = list(given.items())[-1]
        used = dict(given)
        if in_file:
            (tmp_path / name).write_text(f"{value}\n")
            used = {key: text for key, text in given.items() if key != name}
            used[f"{name}_file"] = tmp_path / name
        async with receiver() as (url, answer), tools(tmp_path) as tool:
            await PLUGIN.build(PLUGIN.settings(urls=[url], **used), tool).notify(notification())
            assert answer.requests[0][0]["Authorization"] == header


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"urls": []}, "at least 1"),
        ({"urls": ["ftp://a"]}, "is expected"),
        ({"urls": ["not a url"]}, "is expected"),
        ({"urls": ["http://ann:synthetic@a:9093"]}, "without a login"),
        ({"urls": ["http://a:9093?x=1"]}, "is expected"),
        ({"urls": ["http://a:9093", "http://a:9093"]}, "twice"),
        ({"hold_seconds": 100.0}, "4 times"),
        ({"username": "ann"}, "give password"),
        ({"password": "synthetic"}, "username is missing"),
        ({"username": "ann", "password": "synthetic", "token": "synthetic"}, "not both"),
        ({"token": "synthetic", "token_file": "t"}, "give token"),
    ],
)
def test_wrong_settings_stop_the_start(wrong, reason):
    with pytest.raises(ValidationError, match=reason) as caught:
        PLUGIN.settings(**{"urls": ["http://a:9093"], **wrong})
    first = caught.value.errors(include_input=False)[0]
    assert "synthetic" not in first["msg"]
