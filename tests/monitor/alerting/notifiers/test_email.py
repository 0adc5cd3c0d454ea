"""E-mail against a real mail server on loopback."""

import asyncio

import pytest
from pydantic import ValidationError

from mailserver import certificate, mailserver
from monitor.alerting.notifiers.base import Change, DeliveryError, Permanent, Retryable
from monitor.alerting.notifiers.email import PLUGIN, EmailSettings
from notifier_samples import announcement, harmless, notification, tools

TO = ("oncall@acme.example", "second@acme.example")


def build(tool, box, **other):
    values = {"host": "127.0.0.1", "port": box.port, "security": "none", "sender": "leaks@acme.example"}
    return PLUGIN.build(EmailSettings(**({**values, "to": TO} | other)), tool)


async def verdict(notifier):
    try:
        await notifier.notify(notification())
    except DeliveryError as error:
        return type(error), error.reason.value
    return None, None


def text_of(message, kind="plain"):
    return message.get_body((kind,)).get_content()


async def test_what_a_person_reads_as_text_and_as_html(tmp_path):
    async with mailserver() as box, tools(tmp_path) as tool:
        await build(tool, box).notify(notification(console="https://leaks.acme.example"))
    ((envelope, message),) = box.mails
    assert (envelope.mail_from, tuple(envelope.rcpt_tos)) == ("leaks@acme.example", TO)
    assert message["To"] == ", ".join(TO)
    for kind in ("plain", "html"):
        for part in (
            "Leak found: Example token (high)",
            "Value: ex_…yz",
            "github.com/acme/code a.env line 3",
            "the owner acme is your organisation (proved)",
            "1. Revoke the Example token",
            "https://leaks.acme.example/exposures/",
            "message " + "k" * 32,
        ):
            assert part in text_of(message, kind)
    assert message["Date"] == "Wed, 15 Nov 2023 12:00:00 +0000"


async def test_one_exposure_is_one_thread_and_nobodys_machine_answers(tmp_path):
    async with mailserver() as box, tools(tmp_path) as tool:
        notifier = build(tool, box)
        await notifier.notify(notification())
        await notifier.notify(notification(Change.CLOSED, state="closed"))
        await notifier.announce(announcement())
    opened, closed, summed = box.messages
    assert opened["References"] == closed["References"] == opened["In-Reply-To"]
    assert opened["Subject"] == closed["Subject"]
    assert summed["References"] != opened["References"]
    assert opened["Message-ID"] == f"<{'k' * 32}@acme.example>"
    assert summed["Message-ID"] == f"<{'s' * 32}@acme.example>"
    for message in box.messages:
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["X-Auto-Response-Suppress"] == "All"
    assert "What to do" not in text_of(closed)
    assert "Leak closed" in text_of(closed)


async def test_a_summary_and_a_drill_say_so(tmp_path):
    async with mailserver() as box, tools(tmp_path) as tool:
        notifier = build(tool, box)
        await notifier.announce(announcement())
        await notifier.notify(notification(mode="exercise"))
    summed, drill = box.messages
    assert summed["Subject"] == "2 more in acme/code"
    assert "by severity: 2 high" in text_of(summed)
    assert "q=acme%2Fcode" in text_of(summed, "html")
    assert drill["Subject"].startswith("EXERCISE - ")


@pytest.mark.parametrize(
    "bad", ["a\r\nBcc: x@evil.test", "a\nX-Evil: 1", "a\x00b", "a\u202eb", "=?utf-8?q?=E2=80=AE?="]
)
async def test_foreign_text_makes_no_header_no_tag_and_no_link(tmp_path, bad):
    hostile = f"{bad}\r\n\r\n<script>alert(1)</script><a href='https://evil.test'>" + "é" * 300
    async with mailserver() as box, tools(tmp_path) as tool:
        await build(tool, box).notify(notification(title=hostile, path=hostile, preview=hostile))
        await build(tool, box).announce(announcement(headline=hostile, lines=[hostile]))
    for envelope, message in box.mails:
        assert tuple(envelope.rcpt_tos) == TO
        assert "bcc" not in {name.lower() for name in message}
        assert "x-evil" not in {name.lower() for name in message}
        assert harmless(message["Subject"])
        assert harmless(text_of(message).replace("\r\n", ""))
        page = text_of(message, "html")
        assert "<script" not in page
        assert "<a href='https://evil.test'" not in page
        assert page.count("<a ") <= 1


async def test_the_answers_of_the_server(tmp_path):
    for command, said, kind, reason in (
        ("MAIL", "451 later", Retryable, "server_error"),
        ("MAIL", "421 too many", Retryable, "rate_limited"),
        ("MAIL", "530 log in", Permanent, "unauthorized"),
        ("MAIL", "553 no such sender", Permanent, "client_error"),
        ("RCPT", "450 greylisted", Retryable, "server_error"),
        ("RCPT", "550 nobody", Permanent, "client_error"),
        ("DATA", "452 full", Retryable, "rate_limited"),
        ("DATA", "554 refused", Permanent, "client_error"),
    ):
        async with mailserver() as box, tools(tmp_path) as tool:
            box.answers[command] = said
            assert await verdict(build(tool, box)) == (kind, reason), (command, said)
            assert box.mails == []


async def test_one_refused_recipient_does_not_keep_it_from_the_other(tmp_path):
    async with mailserver() as box, tools(tmp_path) as tool:
        box.refused.add(TO[0])
        assert await verdict(build(tool, box)) == (None, None)
        ((envelope, _),) = box.mails
        value = tool.metrics.registry.get_sample_value
        labels = {"notifier": "email", "peer": "recipient", "outcome": "client_error"}
        assert value("leakstream_notifier_peer_requests_total", labels) == 1
    assert envelope.rcpt_tos == [TO[1]]


async def test_starttls_and_tls_with_a_login(tmp_path):
    pem, context = certificate(tmp_path)
    for security, starttls in (("starttls", True), ("tls", False)):
        async with (
            mailserver(context=context, starttls=starttls, password="synthetic-word") as box,
            tools(tmp_path) as tool,
        ):
            login = {"security": security, "ca_file": pem, "username": "leaks"}
            assert await verdict(build(tool, box, **login, password="synthetic-word")) == (None, None)
            wrong = build(tool, box, **login, password="other-word")
            assert await verdict(wrong) == (Permanent, "unauthorized")
        assert box.encrypted == [True]


async def test_without_tls_or_under_a_strange_certificate_nothing_is_sent(tmp_path):
    _, context = certificate(tmp_path)
    async with mailserver() as box, tools(tmp_path) as tool:
        assert await verdict(build(tool, box, security="starttls")) == (Retryable, "unreachable")
        assert box.mails == []
    async with mailserver(context=context) as box, tools(tmp_path) as tool:
        assert await verdict(build(tool, box, security="starttls")) == (Retryable, "unreachable")
        assert box.mails == []


async def test_nobody_there_and_no_answer_in_time(tmp_path):
    async with mailserver() as box, tools(tmp_path) as tool:
        box.hold = asyncio.Event()
        assert await verdict(build(tool, box, deadline_seconds=0.3)) == (Retryable, "timeout")
        box.hold.set()
    async with tools(tmp_path) as tool:
        assert await verdict(build(tool, box)) == (Retryable, "unreachable")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"security": "none", "host": "mail.acme.example"}, "loopback"),
        ({"sender": "a@b\r\nBcc: c@d"}, "an address"),
        ({"to": ["Some One <a@b.example>"]}, "an address"),
        ({"to": []}, "at least 1"),
        ({"username": "x"}, "password"),
        ({"password": "synthetic-word"}, "username is missing"),
    ],
)
def test_settings_that_stop_the_start(other, said):
    values = {"host": "mail.acme.example", "sender": "a@acme.example", "to": ["b@acme.example"]}
    EmailSettings(**values)
    with pytest.raises(ValidationError, match=said):
        EmailSettings(**(values | other))


async def test_the_password_comes_from_a_file(tmp_path):
    pem, context = certificate(tmp_path)
    (tmp_path / "word").write_text("synthetic-word\n")
    async with mailserver(context=context, password="synthetic-word") as box, tools(tmp_path) as tool:
        login = {"username": "leaks", "password_file": tmp_path / "word", "ca_file": pem}
        assert await verdict(build(tool, box, security="starttls", **login)) == (None, None)
