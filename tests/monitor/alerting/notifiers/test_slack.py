import asyncio

import orjson
import pytest

from monitor.alerting.notifiers.base import Change, Permanent, Retryable
from monitor.alerting.notifiers.slack import PLUGIN, message, summary
from notifier_samples import announcement, notification, receiver, tools


@pytest.mark.parametrize(
    ("status", "text", "kind", "reason"),
    [
        (200, "ok", None, None),
        (200, "ok\n", None, None),
        (200, "<html>proxy</html>", Retryable, "server_error"),
        (200, "no_text", Permanent, "client_error"),
        (400, "invalid_payload", Permanent, "client_error"),
        (400, "user_not_found", Permanent, "client_error"),
        (403, "action_prohibited", Permanent, "unauthorized"),
        (403, "invalid_token", Permanent, "unauthorized"),
        (404, "channel_not_found", Permanent, "gone"),
        (404, "no_service", Permanent, "gone"),
        (404, "<html>not found</html>", Retryable, "client_error"),
        (410, "channel_is_archived", Permanent, "gone"),
        (500, "rollup_error", Retryable, "server_error"),
    ],
)
async def test_the_words_of_slack(tmp_path, status, text, kind, reason):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        answer.status, answer.text = status, text
        notifier = PLUGIN.build(PLUGIN.settings(url=url), tool)
        outcome = await asyncio.gather(notifier.notify(notification()), return_exceptions=True)
    error = outcome[0]
    assert (type(error), error.reason.value) == (kind, reason) if kind else error is None


def text_of(body):
    return orjson.dumps(body).decode()


def test_what_a_person_reads():
    text = text_of(message(notification()))
    for part in (
        "Leak found: Example token (high)",
        "ex_…yz",
        "unprovable",
        "github.com/acme/code a.env line 3",
        "the owner acme is your organisation (proved)",
        "1. Revoke the Example token",
        "1 place(s), first 2023-11-15T12:00:00Z",
        "k" * 32,
    ):
        assert part in text


def test_the_headline_of_each_change():
    for change, words in (
        (Change.REOPENED, "Leak is back"),
        (Change.ESCALATED, "Leak is worse than thought"),
        (Change.CLOSED, "Leak closed"),
    ):
        assert message(notification(change))["text"].startswith(words)
    closed = message(
        notification(
            Change.CLOSED, state="closed", closed_at=1.0, closed_by="<!channel>", close_reason="test"
        )
    )
    assert "test by &lt;!channel&gt;" in text_of(closed)
    assert "What to do" not in text_of(closed)


def test_a_drill_says_so():
    assert message(notification(mode="exercise"))["text"].startswith("EXERCISE - ")


def test_foreign_text_makes_no_mention_no_link_and_no_format():
    hostile = "<!channel> <https://evil.test|click> @here `x` https://evil.test/ \u202e"
    text = text_of(message(notification(path=hostile, preview=hostile, title=hostile)))
    for bad in ("<!channel>", "<https", "@here", "https://evil.test", "\u202e", "`"):
        assert bad not in text


def test_the_only_link_is_to_the_console():
    text = text_of(message(notification(console="https://leaks.acme.example")))
    assert text.count("<http") == 1
    assert "<https://leaks.acme.example/exposures/" in text
    assert "<http" not in text_of(message(notification()))


def test_a_section_never_outgrows_slacks_limit():
    body = message(notification(path="&" * 5000, title="&" * 5000, revoke="&" * 5000))
    assert all(len(block["text"]["text"]) <= 3000 for block in body["blocks"] if block["type"] == "section")


def test_a_summary_in_as_many_sections_as_it_takes():
    body = summary(announcement(lines=[f"leak {n} " + "x" * 200 for n in range(50)]))
    texts = [block["text"]["text"] for block in body["blocks"] if block["type"] == "section"]
    assert texts[0] == "*2 more in acme/code*"
    assert all(len(text) <= 3000 for text in texts)
    assert all(any(f"leak {n} " in text for text in texts) for n in range(50))
    assert "|Open in leakstream>" in texts[-1]
    assert "s" * 32 in text_of(body)


def test_a_summary_makes_nothing_of_foreign_text():
    hostile = "<!channel> @here https://evil.test"
    text = text_of(summary(announcement(headline=hostile, lines=[hostile])))
    assert not any(bad in text for bad in ("<!channel>", "@here", "https://evil.test"))


async def test_a_summary_is_posted(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        await PLUGIN.build(PLUGIN.settings(url=url), tool).announce(announcement())
    assert orjson.loads(answer.requests[0][1])["text"] == "2 more in acme/code"
