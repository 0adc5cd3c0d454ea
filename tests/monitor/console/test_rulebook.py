import pytest
from multidict import MultiDict
from yarl import URL

from alerting_samples import NOON, exposure, open_store, put
from detectors import RuleSet, load_rules
from monitor.console.rulebook import PAGE, RuleBook, parse

RULES = load_rules()
SOME = [rule for rule in RULES.rules if rule.provider in ("stripe", "npm")]


def closed(name, rule, reason):
    return exposure(
        name, rule=rule, state="closed", closed_at=NOON - 60, closed_by="ann", close_reason=reason
    )


@pytest.fixture
async def book(tmp_path):
    store = await open_store(tmp_path)
    await put(
        store,
        exposure("a", rule="stripe-live-secret-key"),
        closed("b", "npm-access-token", "revoked"),
        closed("c", "npm-access-token", "false_alarm"),
        closed("d", "npm-access-token", "not_ours"),
    )
    rules = RuleSet(tuple(SOME), (), RULES.digest)
    alive = {"stripe-live-secret-key": False, "npm-access-token": True}
    yield RuleBook(store, lambda: rules, clock=lambda: NOON, alive=lambda: alive)
    await store.close()


async def ids(book, **query):
    return [row.id for row in (await book.found(parse(MultiDict(query)))).rows]


async def test_what_is_open_comes_first_with_its_figures(book):
    found = await book.found(parse(MultiDict()))
    first, second, *rest = found.rows
    assert (first.id, first.open, first.all, first.precision, first.alive) == (
        "stripe-live-secret-key",
        1,
        1,
        None,
        False,
    )
    assert (second.id, second.open, second.all, second.precision, second.alive) == (
        "npm-access-token",
        0,
        3,
        0.5,
        True,
    )
    assert all(row.alive is None for row in rest)
    assert found.total == len(SOME)
    assert found.providers == ["npm", "stripe"]
    assert found.counts == {"all": len(SOME), "found": 2, "doubtful": 1, "silent": 1}


async def test_filters(book):
    assert await ids(book, shown="found") == ["stripe-live-secret-key", "npm-access-token"]
    assert await ids(book, shown="doubtful") == ["npm-access-token"]
    assert await ids(book, shown="silent") == ["stripe-live-secret-key"]
    assert await ids(book, q="STRIPE live", severity="critical") == ["stripe-live-secret-key"]
    assert set(await ids(book, provider="npm")) == {rule.id for rule in SOME if rule.provider == "npm"}
    assert await ids(book, q="nothing of it") == []
    assert await ids(book, page="2") == []


async def test_pages(tmp_path):
    store = await open_store(tmp_path)
    book = RuleBook(store, lambda: RULES, clock=lambda: NOON, alive=dict)
    found = await book.found(parse(MultiDict()))
    assert len(found.rows) == PAGE
    assert found.pages == -(-len(RULES) // PAGE)
    last = await book.found(parse(MultiDict({"page": str(found.pages)})))
    assert 0 < len(last.rows) <= PAGE
    await store.close()


def test_the_next_page_keeps_the_filter():
    asked = parse(
        MultiDict(
            [("q", "a&b"), ("severity", "low"), ("severity", "high"), ("shown", "found"), ("provider", "npm")]
        )
    )
    again = parse(URL(asked.url(3)).query)
    assert again.page == 3
    assert (again.text, again.severities, again.shown, again.provider) == (
        "a&b",
        ("low", "high"),
        "found",
        "npm",
    )


@pytest.mark.parametrize("pair", [("severity", "awful"), ("shown", "some"), ("page", "0"), ("page", "x")])
def test_a_wrong_word_is_named(pair):
    with pytest.raises(ValueError, match=pair[0]):
        parse(MultiDict([pair]))
