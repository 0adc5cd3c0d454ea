from __future__ import annotations

from collections.abc import Sequence

import orjson

from alerting_samples import NOON, finding, sighting
from monitor.bus.base import DeadLetter, Handled, Record
from monitor.contracts import FINDINGS, SIGHTINGS, CoverageEvent, Document, Mode
from monitor.replay.rescan import Rescan


def document(mode: Mode = Mode.LIVE, **about: object) -> Record:
    made = Document("git", "id", b"text", NOON, mode=mode, **about).message()
    return Record(made.topic, 0, 7, made.key, made.value, made.headers, NOON)


class Matcher:
    """Finds one leak and one sighting in whatever comes, and says what it scanned."""

    def __init__(self, dead: int = 0) -> None:
        self.seen: list[Record] = []
        self.dead = dead

    async def handle(self, records: Sequence[Record]) -> Handled:
        self.seen += records
        said = CoverageEvent("git", NOON, NOON, scanned=1)
        messages = [finding().message(), sighting("ab", repository="x/y").message(), said.message()]
        return Handled(messages, [DeadLetter(record, "worker_crash") for record in records[: self.dead]])


async def test_documents_are_scanned_as_replayed_and_what_they_say_of_coverage_is_left_out() -> None:
    matcher = Matcher()
    found, counts = await Rescan(matcher.handle).found([document(), document(published_at=NOON - 5)])
    assert [record.topic for record in found] == [FINDINGS, SIGHTINGS]
    assert counts == {"scanned": 2}
    read = [Document.read(record) for record in matcher.seen]
    assert [(each.mode, each.published_at, each.content) for each in read] == [
        (Mode.REPLAY, None, b"text"),
        (Mode.REPLAY, NOON - 5, b"text"),
    ]


async def test_drills_references_and_broken_records_are_left_out_and_counted() -> None:
    matcher = Matcher()
    broken = document()._replace(headers={"v": b"1.1", "m": b"{"})
    found, counts = await Rescan(matcher.handle).found(
        [document(Mode.EXERCISE), document(known=True, blob_sha="ab"), broken]
    )
    assert (found, matcher.seen) == ([], [])
    assert counts == {"exercise": 1, "known": 1, "unreadable": 1}


async def test_what_kills_the_scanner_is_counted() -> None:
    _, counts = await Rescan(Matcher(dead=1).handle).found([document(), document()])
    assert counts == {"scanned": 1, "unscannable": 1}


async def test_what_a_later_version_added_is_kept() -> None:
    matcher = Matcher()
    record = document()
    later = orjson.dumps({**orjson.loads(record.headers["m"]), "colour": "red"})
    await Rescan(matcher.handle).found([record._replace(headers={**record.headers, "m": later})])
    assert Document.read(matcher.seen[0]).extra == {"colour": "red"}
