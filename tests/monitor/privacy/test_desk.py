"""A person's data, exported and erased, on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from alerting_samples import NOON, fingerprint, open_store
from monitor.privacy.subject import SubjectError
from monitor.store.engine import Store
from monitor.store.tables import audit, blob_places, exposure_words, exposures, outbox, sealed, sightings
from subjected import BOBS, BOBS_MAIL, KEYS, MENTION, NAMESAKE, NOBODYS, OTHERS, WRITTEN, desk, fill

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    await fill(opened)
    yield opened
    await opened.close()


async def rows(store: Store, table: Any) -> list[dict[str, Any]]:
    async with store.read() as connection:
        found = await connection.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


async def place_of(store: Store, sighting: Any) -> dict[str, Any]:
    (row,) = [r for r in await rows(store, sightings) if r["place_id"].hex() == sighting.place_id]
    return row


def held(found: dict[str, Any], table: str, name: str = "exposure_id") -> list[Any]:
    return [row.get(name) for row in found["held"][table]]


async def test_everything_about_an_owner_on_one_forge(store) -> None:
    found = await desk(store).export("github.com/bob", actor="cli:dpo")
    assert found["kind"] == "owner on a forge"
    assert held(found, "sightings", "place_id") == [BOBS.place_id, WRITTEN.place_id, None]
    assert set(held(found, "exposures", "id")) == {fingerprint("a"), fingerprint("e"), None}  # None: nobody's
    assert held(found, "sealed", "place_id") == [BOBS.place_id]
    assert held(found, "outbox", "key") == ["k1"]
    assert held(found, "blob_places", "source") == ["git"]
    assert orjson.loads(orjson.dumps(found)) == found
    assert NAMESAKE.place_id not in str(found)
    assert found["held"]["sightings"][0]["seen_at"] == "2023-11-15T12:00:00Z"
    assert {each["where"] for each in found["not_in_here"]} >= {"coverage ledger", "bus"}


async def test_of_what_is_nobodys_only_that_there_is_a_place(store) -> None:
    found = await desk(store).export("github.com/bob", actor="cli:dpo")
    (nobodys,) = [row for row in found["held"]["sightings"] if row["place"]["repository"] == "bob/toy"]
    assert set(nobodys) == {"seen_at", "source", "place"}
    assert set(nobodys["place"]) == {"forge", "repository", "owner", "author"}
    assert "line of nobody" not in str(found)
    assert fingerprint("d") not in str(found)


async def test_an_address_is_found_by_its_hash_and_where_it_is_written(store) -> None:
    found = await desk(store).export(BOBS_MAIL.upper(), actor="cli:dpo")
    assert held(found, "sightings", "place_id") == [WRITTEN.place_id, MENTION.place_id]
    assert held(found, "exposures", "id") == [fingerprint("a")]
    assert held(found, "sealed") == []


async def test_a_name_is_found_on_every_forge_and_in_the_access_log(store) -> None:
    found = await desk(store).export("bob", actor="cli:dpo")
    assert {BOBS.place_id, WRITTEN.place_id, NAMESAKE.place_id} < set(held(found, "sightings", "place_id"))
    assert held(found, "audit", "actor") == ["cli:bob"]
    assert held(found, "silences", "created_by") == ["cli:bob"]
    assert fingerprint("c") in held(found, "exposures", "id")  # closed by bob


async def test_erasing_takes_him_out_and_leaves_the_others(store) -> None:
    done = await desk(store).erase("github.com/bob", actor="cli:dpo")
    assert done["changed"] == {"sightings": 3, "exposures": 3, "outbox": 1}
    assert done["removed"] == {"sealed": 1, "blob_places": 1}
    own = await place_of(store, BOBS)
    assert own["place"] == {"forge": "github.com", "line": 3}
    assert (own["snippet"], own["document_id"], own["next_check"]) == ("", "", None)
    written = await place_of(store, WRITTEN)
    assert "author" not in written["place"]
    assert "author_email_hash" not in written["place"]
    assert (written["place"]["repository"], written["next_check"]) == ("acme/code", NOON + 60)
    for other in (OTHERS, NAMESAKE, MENTION):
        assert (await place_of(store, other))["place"] == other.place
    by_id = {row["id"]: row for row in await rows(store, exposures)}
    a = by_id[fingerprint("a")]
    assert (a["repository"], a["path"], a["state"], a["sightings"]) == ("", "", "open", 1)
    assert a["reasons"][0]["found"] == ""
    assert by_id[fingerprint("b")]["repository"] == "bob/code"  # of gitlab.com
    assert by_id[fingerprint("d")]["repository"] == ""
    words = {row["exposure_id"]: row["words"] for row in await rows(store, exposure_words)}
    assert [i for i, text in words.items() if "bob" in text] == [
        fingerprint("b")
    ]  # nor can he be searched for
    assert [row["labels"].get("incident") for row in await rows(store, outbox)] == [
        "erased",
        "bob/code",
        "acme/code",
    ]
    assert [row["digest"] for row in await rows(store, blob_places)] == ["d2"]
    assert [row["place_id"].hex() for row in await rows(store, sealed)] == [WRITTEN.place_id]


async def test_erasing_again_finds_nothing_more(store) -> None:
    for subject in ("github.com/bob", BOBS_MAIL, "bob"):
        await desk(store).erase(subject, actor="cli:dpo")
    for subject in ("github.com/bob", BOBS_MAIL):
        again = await desk(store).export(subject, actor="cli:dpo")
        assert {
            table: r for table, r in again["held"].items() if r and table not in ("audit", "silences")
        } == {}
    left = await desk(store).erase("bob", actor="cli:dpo")
    assert (left["changed"], left["removed"]) == ({}, {})
    assert left["kept"] == {"exposures": 1, "audit": 1, "silences": 1}


async def test_an_address_goes_out_of_lines_and_facts(store) -> None:
    await desk(store).erase(BOBS_MAIL, actor="cli:dpo")
    assert (await place_of(store, MENTION))["snippet"] == ""
    assert (await place_of(store, BOBS))["place"] == BOBS.place
    (a,) = [row for row in await rows(store, exposures) if row["id"] == fingerprint("a")]
    assert a["facts"] == {"id": "1"}
    every = [await rows(store, table) for table in (sightings, exposures, blob_places, outbox)]
    assert BOBS_MAIL not in str(every).lower()


async def test_a_dry_run_changes_nothing(store) -> None:
    tables = (sightings, exposures, blob_places, outbox, sealed)
    before = [await rows(store, table) for table in tables]
    done = await desk(store).erase("github.com/bob", actor="cli:dpo", dry_run=True)
    assert (done["dry_run"], done["changed"]["sightings"], done["removed"]["sealed"]) == (True, 3, 1)
    assert [await rows(store, table) for table in tables] == before


async def test_each_run_is_logged_without_the_name(store) -> None:
    await desk(store).export(BOBS_MAIL, actor="cli:dpo")
    await desk(store).erase("github.com/bob", actor="cli:dpo", dry_run=True)
    entries = [row for row in await rows(store, audit) if row["actor"] == "cli:dpo"]
    assert [row["verb"] for row in entries] == ["privacy_export", "privacy_erase"]
    assert [row["detail"]["kind"] for row in entries] == ["e-mail address", "owner on a forge"]
    assert entries[0]["detail"]["subject"] == KEYS.digest("subject", f"/{BOBS_MAIL}".encode())
    assert entries[1]["detail"]["dry_run"] is True
    assert "bob" not in str([row["detail"] for row in entries])


async def test_the_log_of_who_looked_is_itself_logged(store) -> None:
    who = desk(store)
    assert [row["actor"] for row in await who.log(actor="cli:dpo", verb="viewed")] == ["cli:ann", "cli:bob"]
    assert [row["verb"] for row in await who.log(actor="cli:dpo", of="cli:dpo")] == ["read_log"]
    (first,) = await who.log(actor="cli:dpo", of="cli:bob", exposure=fingerprint("a")[:6].upper(), limit=1)
    assert (first["at"], first["exposure_id"]) == ("2023-11-15T12:00:00Z", fingerprint("a"))
    assert await who.log(actor="cli:dpo", since=NOON + 1, of="cli:ann") == []


async def test_who_is_nobody_is_refused(store) -> None:
    with pytest.raises(SubjectError):
        await desk(store).export("bob/code", actor="cli:dpo")
    assert NOBODYS.exposure_id == fingerprint("d")
