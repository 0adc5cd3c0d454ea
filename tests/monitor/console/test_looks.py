import pytest
from sqlalchemy import update

from browsing import ask
from monitor.store.tables import coverage, seals
from shown_console import shown_console


@pytest.fixture
async def shown(tmp_path):
    async with shown_console(tmp_path) as console:
        yield console


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("span=2y", "span is one of 1h, 6h, 24h, 7d"),
        ("repo=a%20b&at=2026-11-22T13:00", "write the repository as owner/name"),
        ("repo=acme/x&forge=%3Cb%3E&at=2026-11-22T13:00", "write the repository as owner/name"),
        ("repo=acme/x&at=yesterday", "say when"),
        ("repo=acme/x&at=2031-01-01T00:00", "that time lies ahead"),
        ("repo=acme/x&at=2026-11-22T13:00&within=9y", "within is one of"),
    ],
)
async def test_a_question_that_cannot_be_asked_is_named(shown, query, says):
    page = await ask("GET", shown.url(f"/coverage?{query}"))
    assert (page.status, says in page.text) == (400, True)


async def test_answers_say_who_looked_and_when(shown):
    async def answer(query):
        page = await ask("GET", shown.url(f"/coverage?{query}"))
        assert page.status == 200
        return page.text.partition('id="answer"')[2].partition("</section>")[0]

    seen = await answer("repo=acme/social-publisher&at=2026-11-22T13:13")
    assert "fetched by github_events /orgs/acme/events: published 2026-11-22 13:13:00" in seen
    early = await answer("repo=acme/other&at=2026-11-22T13:00")
    assert "not seen" in early
    assert "A feed may list it yet" in early
    assert "and saw 100.0 % of that minute" in early
    stranger = await answer("repo=someone/else&at=2026-11-22T10:00&within=30m")
    assert "no entry" in stranger


async def test_a_broken_ledger_is_said(shown):
    async with shown.store.write() as connection:
        await connection.execute(update(seals).values(signature=b"x" * 64))
    page = await ask("GET", shown.url("/coverage"))
    assert page.status == 200
    assert "It is broken: seal 1" in page.text
    async with shown.store.write() as connection:
        await connection.execute(update(coverage).where(coverage.c.seq == 1100).values(body="{}"))
    page = await ask("GET", shown.url("/coverage?span=1h"))
    assert (page.status, "leakstream coverage check" in page.text) == (500, True)


async def test_rules(shown):
    page = await ask("GET", shown.url("/rules?q=stripe&shown=found"))
    assert page.text.count("data-row>") == 1
    assert "rule=stripe-live-secret-key" in page.text
    assert "No rule matches." in (await ask("GET", shown.url("/rules?q=nothing+of+it"))).text
    assert (await ask("GET", shown.url("/rules?shown=none"))).status == 400
