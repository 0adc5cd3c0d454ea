"""The text of a report: the same to the byte, harmless, and fit to be read."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerting_samples import NOON, fingerprint, open_store
from monitor.alerting.containment.steps import containment
from monitor.coverage.deliveries import Deliveries
from monitor.misdelivery import FAMILY
from monitor.report.gather import Maker, Report, gather
from monitor.report.markdown import Language, render
from monitor.report.statement import Statement
from monitor.store import exposures
from reported import HOUR, MADE, PRIVACY, VERSIONS, fill, leaked_key

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "report.md"
EVIL = "a\n# b | <script>x</script> [l](https://evil.example) `c` *d* @here \u202e"


@pytest.fixture
async def report(tmp_path) -> AsyncIterator[Report]:
    store = await open_store(tmp_path)
    await fill(store)
    async with store.read() as connection:
        row = (await exposures.load(connection, [fingerprint("a")]))[fingerprint("a")]
        maker = Maker(MADE, "cli:ann", VERSIONS.program, VERSIONS.rules, VERSIONS.key)
        yield await gather(connection, row, maker, PRIVACY, lambda *_: True)
    await store.close()


async def test_the_example_in_the_documentation_is_this_text(report: Report) -> None:
    """After a change: print(render(report)) goes between the fences of docs/how-to/report.md."""
    found = re.search(r"^````markdown\n(.*?)^````$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    assert render(report) == found[1]


async def test_it_is_the_same_every_time(report: Report) -> None:
    assert render(report) == render(report)
    assert render(report, Language.PLAIN) != render(report)


async def test_for_a_board_there_are_no_digests(report: Report) -> None:
    plain = render(report, Language.PLAIN)
    assert not re.search(r"[0-9a-f]{13}", plain)
    assert "aws" in plain
    for title in ("In short", "When", "Where", "What was seen, and what was not"):
        assert f"## {title}\n" in plain


async def test_prose_is_wrapped(report: Report) -> None:
    for language in Language:
        for line in render(report, language).splitlines():
            assert len(line) <= 100 or line.startswith("|"), line


async def test_foreign_text_stays_text(report: Report) -> None:
    row = leaked_key(
        title=EVIL, repository=EVIL, path=EVIL, preview=EVIL, facts={EVIL: EVIL}, closed_by=EVIL, close_note=EVIL,
        acknowledged_by=EVIL, check=EVIL,
    )  # fmt: skip
    places = [{**place, "place": {**place["place"], "path": EVIL, "author": EVIL}} for place in report.places]
    history = [{**entry, "actor": EVIL} for entry in report.history]
    maker = replace(report.maker, actor=EVIL)
    text = render(
        replace(
            report,
            row=row,
            places=places,
            history=history,
            maker=maker,
            todo=containment(row),
            reasons=[EVIL],
        )
    )
    assert "\u202e" not in text
    assert "<script" not in text.replace("\\<script", "")
    assert "[l](" not in text
    lines = text.splitlines()
    assert len([line for line in lines if line.startswith("# ")]) == 1
    for line in lines:
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            assert len(cells) in (2, 3, 5, 6, 7, 9)


async def test_open_and_still_public(report: Report) -> None:
    row = leaked_key(
        state="open", public="public", removed_at=None, revoked_at=None, acknowledged_at=None, closed_at=None,
        first_published=None, sightings=300,
    )  # fmt: skip
    window = replace(report.window, since=NOON, until=None, ended_by="")
    text = render(replace(report, row=row, window=window, history=(), todo=containment(row)))
    assert "The window is still open: 1 day 6 hours at the time of this report." in text
    assert "may have begun earlier" in text.replace("\n", " ")
    assert "- Nothing is recorded yet." in text
    assert "300 places in all, 298 of them not listed here." in text
    assert "Last looked at 2023-11-15 16:00:00 UTC: still public." in text.replace("\n", " ")


async def test_leaked_personal_data_has_its_clock(report: Report) -> None:
    row = leaked_key(rule="data-dump-email-password", provider="data-dump", people=4200)
    text = render(replace(report, row=row, todo=containment(row, PRIVACY)))
    assert "It holds data of at least 4200 people." in text.replace("\n", " ")
    assert "| People concerned | at least 4200 |" in text
    assert "by 2023-11-18 12:00:20 UTC |" in text
    assert "| Who decides | Ann Example, privacy officer |" in text
    assert "GDPR Art. 33" in text
    assert "## Personal data" not in render(report)


async def test_an_exercise_says_so_first(report: Report) -> None:
    text = render(replace(report, row=leaked_key(mode="exercise")))
    assert text.splitlines()[2].startswith("**This is an exercise")


async def test_what_is_nobodys_shows_no_place_and_no_value(report: Report) -> None:
    row = leaked_key(level="none", reasons=())
    text = render(
        replace(report, row=row, reasons=(), places=(), asked=(), todo=containment(row), history=(), told=())
    )
    for part in ("acme", "AKIA", "1234567"):
        assert part not in text
    assert "Nothing shows that it is ours." in text.replace("\n", " ")


async def test_no_ledger_is_said_as_plainly(report: Report) -> None:
    empty = Statement(NOON, NOON + HOUR, 0.0, False, 0, [], [], [], 0, "")
    text = render(replace(report, statement=empty, asked=())).replace("\n", " ")
    assert "Nothing is in the coverage ledger" in text
    assert "no source watched at that time" in text
    assert "No seal covers this time yet" in text


async def test_wrong_deliveries_are_counted_with_their_entries(report: Report) -> None:
    row = leaked_key(
        rule=FAMILY, provider=FAMILY, family=FAMILY, facts={"webhook": "dm"}, people=31, title="Delivered to the wrong place"
    )  # fmt: skip
    found = Deliveries("dm", 100, 7, NOON, NOON + HOUR, tuple(range(1, 26)))
    text = render(replace(report, row=row, todo=containment(row, PRIVACY), deliveries=found)).replace(
        "\n", " "
    )
    assert "The webhook dm took 100 events in the window" in text
    assert (
        "7 of them should not have been delivered, the first at 2023-11-15 12:00:00 UTC, the last at 2023-11-15 13:00:00 UTC"
        in text
    )
    assert "20 and 5 more" in text
    assert "| People concerned | at least 31 |" in text
    assert "Tell the sender" in text
    none = render(replace(report, row=row, deliveries=Deliveries("dm", 3))).replace("\n", " ")
    assert "of wrong ones it tells nothing in that time." in none
