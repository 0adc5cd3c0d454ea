"""A store in which Bob stands everywhere: as author, owner, operator; and others beside him. Nobody of them exists."""

from __future__ import annotations

from alerting_samples import NOON, exposure, fingerprint, put, tell, telling
from monitor.identity import KeyRing
from monitor.privacy.desk import PrivacyDesk
from monitor.store import blobs, exposures, records, sealed, silences
from monitor.store.engine import Store
from monitor.store.model import NewSighting
from monitor.store.sealed import Evidence

KEYS = KeyRing.of(b"k" * 32)
BOBS_MAIL = "bob@example.org"
LATER = NOON + 3600


def desk(store: Store) -> PrivacyDesk:
    return PrivacyDesk(store, KEYS, clock=lambda: LATER)


def sighting(leak: str, n: int, place: dict[str, object], snippet: str = "") -> NewSighting:
    return NewSighting(
        exposure_id=fingerprint(leak),
        place_id=f"{n:032x}",
        seen_at=NOON,
        published_at=None,
        source="github_events",
        document_id=f"{place.get('repository', 'x')}:{n}",
        blob_sha="b" * 40,
        snippet=snippet,
        place=place,
        next_check=NOON + 60,
    )


def hub(repository: str, **more: object) -> dict[str, object]:
    owner = repository.partition("/")[0]
    return {
        "forge": "github.com",
        "repository": repository,
        "owner": owner,
        "path": "a.env",
        "line": 3,
        **more,
    }


BOBS = sighting("a", 1, hub("bob/code", author="Bob"), "secret line")
WRITTEN = sighting(
    "a", 2, hub("acme/code", author="bob", author_email_hash=KEYS.digest("author", BOBS_MAIL.encode()))
)
OTHERS = sighting("a", 3, hub("acme/code", author="ann"))
NAMESAKE = sighting("b", 4, {**hub("bob/code"), "forge": "gitlab.com"})
MENTION = sighting("c", 5, {"forge": "paste", "url": "https://paste.example/1"}, f"to = {BOBS_MAIL.upper()}")
NOBODYS = sighting("d", 6, hub("bob/toy", author="bob"), "line of nobody")


async def fill(store: Store) -> None:
    reason = {"kind": "author", "entry": "bob", "found": "bob", "proof": "claimed", "weight": 20}
    await put(
        store,
        exposure(
            "a", repository="bob/code", path="a.env", reasons=(reason,), facts={"user": BOBS_MAIL, "id": "1"}
        ),
        exposure("b", repository="bob/code", close_note="x"),
        exposure("c", repository="", closed_by="cli:bob", state="closed", closed_at=NOON),
        exposure("d", repository="bob/toy", level="none", reasons=(), unwatched_since=NOON),
        exposure("e", repository="bob/gone"),  # no place of it is kept
    )
    async with store.write() as connection:
        for rows in ((BOBS, WRITTEN, OTHERS), (NAMESAKE,), (MENTION,), (NOBODYS,)):
            await exposures.add_sightings(connection, rows, {rows[0].exposure_id: len(rows)})
        for digest, owner in (("d1", "bob"), ("d2", "eve")):
            event = {"source": "git", "blob_sha": "b", "seen_at": NOON, "place": hub(f"{owner}/fork")}
            kept = {"blob_sha": "b", "digest": digest, "seen_at": NOON, "kept_since": NOON, "event": event}
            await blobs.add_blob_places(connection, [kept])
        files = [Evidence(each.place_id, each.exposure_id, NOON, "age1x", b"age") for each in (BOBS, WRITTEN)]
        await sealed.keep(connection, files)
        for actor, verb in (("cli:bob", "viewed"), ("cli:ann", "viewed")):
            await records.add_audit(connection, at=NOON, actor=actor, verb=verb, exposure_id=fingerprint("a"))
        await silences.add(
            connection, since=NOON, until=NOON + 60, matches={"repository": "bob/code"}, even_critical=False,
            reason="noise", at=NOON, by="cli:bob",
        )  # fmt: skip
    await tell(
        store,
        telling("k1", labels={"rule": "r", "incident": "bob/code"}),
        telling("k2", leak="b", labels={"incident": "bob/code"}),
        telling("k3", leak="c", labels={"incident": "acme/code"}),
    )
