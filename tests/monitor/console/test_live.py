from browsing import ask
from console_fakes import LEAK, NOON, FakeQueries, console
from monitor.store.errors import StoreBusy


async def test_nothing_new_is_no_answer_at_all():
    queries = FakeQueries()
    async with console(queries) as listener:
        url = f"{listener.address}/live?since={NOON:.0f}&state=open&severity=high"
        first = await ask("GET", url)
        assert first.json["new"] == 0
        assert 'class="sign trouble"' in first.json["strip"]
        assert "<b>is away" not in first.json["strip"]
        same = await ask("GET", url, If_None_Match=first.headers["ETag"])
        assert (same.status, same.body) == (304, b"")
        queries.new = 3
        more = await ask("GET", url, If_None_Match=first.headers["ETag"])
        assert (more.status, more.json["new"]) == (200, 3)
        call = queries.asked[-1]
        assert (call[0], call[1].severities, call[2]) == ("opened_since", ("high",), NOON)


async def test_a_list_asks_for_what_was_opened_after_the_newest_that_it_shows():
    """To the last digit, by the store's own times, and read before the list: nothing falls between the page and its first question."""
    queries = FakeQueries()
    async with console(queries) as listener:
        page = await ask("GET", f"{listener.address}/exposures?severity=high")
        asked = [call[0] for call in queries.asked]
        assert asked.index("newest") < asked.index("list")
        assert f'data-live="/live?since={NOON + 0.25!r}&amp;' in page.text


async def test_the_mark_of_one_exposure():
    queries = FakeQueries()
    async with console(queries) as listener:
        url = f"{listener.address}/live?exposure={LEAK}"
        assert (await ask("GET", url)).json["mark"] == "m1"
        assert 'data-mark="m1"' in (await ask("GET", f"{listener.address}/exposures/{LEAK}")).text
        assert "mark" not in (await ask("GET", f"{listener.address}/live")).json


async def test_what_cannot_be_answered():
    queries = FakeQueries()
    async with console(queries) as listener:
        assert (await ask("GET", f"{listener.address}/live?since=x")).status == 400
        assert (await ask("GET", f"{listener.address}/live?since=1&state=gone")).status == 400
        queries.error = StoreBusy("locked")
        busy = await ask("GET", f"{listener.address}/live?since=1")
        assert (busy.status, busy.headers["Retry-After"]) == (503, "10")
