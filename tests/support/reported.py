"""An exposure with a whole life, and the ledger of its time, for the tests of reports. Everything is made up."""

from __future__ import annotations

from dataclasses import replace

from alerting_samples import NOON, exposure, fingerprint, put, tell, telling
from ledgers import SIGNER, blind, poll, push
from monitor.alerting.containment.duty import PrivacySettings
from monitor.report.desk import Reports, Versions
from monitor.store import exposures, ledger, outbox, records
from monitor.store.engine import Store
from monitor.store.model import Exposure, NewSighting

HOUR = 3600.0
MADE = NOON + 30 * HOUR
PRIVACY = PrivacySettings(
    authority="the CNIL (notifications.cnil.fr)", contact="Ann Example, privacy officer"
)
VERSIONS = Versions("0.0.0", "ab" * 32, SIGNER.public)


def leaked_key(**other: object) -> Exposure:
    """An AWS key that stood in a repository of ours for nearly three hours."""
    row = exposure(
        rule="aws-access-key-id",
        provider="aws",
        family="aws-access-key-id",
        title="AWS access key id",
        severity="critical",
        verdict="proved",
        check="aws-key-id",
        preview="AKIA…7Q",
        facts={"account_id": "123456789012", "key_kind": "user"},
        revoke="IAM > Users > Security credentials: make the key inactive, then delete it",
        repository="acme/x",
        path="deploy/prod.env",
        first_published=NOON - 600,
        first_seen=NOON + 20,
        last_seen=NOON + 2 * HOUR,
        opened_at=NOON + 22,
        sightings=2,
        public="removed",
        checked_at=NOON + 4 * HOUR,
        removed_at=NOON + 4 * HOUR,
        revoked_at=NOON + 2.25 * HOUR,
        acknowledged_at=NOON + 300,
        acknowledged_by="console:ann",
        state="closed",
        closed_at=NOON + 5 * HOUR,
        closed_by="cli:ann",
        close_reason="revoked",
        close_scope="leak",
        close_note="rotated, CloudTrail shows no use",
    )
    return replace(row, **other)


def places(leak: str = "a") -> list[NewSighting]:
    first = NewSighting(
        exposure_id=fingerprint(leak),
        place_id="11" * 16,
        seen_at=NOON + 20,
        published_at=NOON - 600,
        source="github_events",
        document_id="1",
        blob_sha="",
        snippet="AWS_ACCESS_KEY_ID=AKIA…7Q",
        place={
            "forge": "github.com",
            "repository": "acme/x",
            "owner": "acme",
            "path": "deploy/prod.env",
            "commit": "0123456789abcdef0123456789abcdef01234567",
            "author": "Bob | <b>Example</b> [click](https://evil.example)\u202e",
            "line": 7,
        },
    )
    second = NewSighting(
        exposure_id=fingerprint(leak),
        place_id="22" * 16,
        seen_at=NOON + 2 * HOUR,
        published_at=None,
        source="pastes",
        document_id="2",
        blob_sha="",
        snippet="",
        place={"forge": "paste.example", "url": "https://paste.example/abc", "title": "dump"},
    )
    return [first, second]


async def fill(store: Store) -> None:
    """One exposure whose life is over, and a day of the ledger, sealed."""
    row = leaked_key()
    await put(store, row)
    async with store.write() as connection:
        await exposures.add_sightings(connection, places(), {row.id: 2})
        for at, actor, verb, detail in (
            (NOON + 290, "console:ann", "viewed", {}),
            (NOON + 300, "console:ann", "acknowledged", {}),
            (NOON + 2.25 * HOUR, "cli:ann", "revoked", {}),
            (NOON + 2.25 * HOUR, "system", "window_ended", {"seconds": 8700.0, "ended_by": "revoked"}),
            (NOON + 5 * HOUR, "cli:ann", "closed", {"reason": "revoked", "note": row.close_note}),
        ):
            await records.add_audit(
                connection, at=at, actor=actor, verb=verb, exposure_id=row.id, detail=detail
            )
    await tell(
        store,
        telling("k1", notifier="pagerduty", at=NOON + 22),
        telling("k2", notifier="email", at=NOON + 22),
    )
    async with store.write() as connection:
        (due,) = await outbox.lease(connection, "pagerduty", now=NOON + 22, until=NOON + 60, limit=1)
        await outbox.settle_delivered(connection, [due], at=NOON + 23)
    await watch(store)


async def watch(store: Store) -> None:
    """Four hours of everybody's events, ten minutes of them dark, and a seal over it."""
    told = []
    for n in range(240):
        at = NOON - HOUR + 60 * n
        if NOON + HOUR <= at < NOON + HOUR + 600:
            continue
        items = [push("acme/x", NOON - 600)] if at == NOON - 600 else []
        met = {"overlap": 0, "full": True} if at == NOON + HOUR + 600 else {}
        told.append(poll(at, None, *items, **met))
    told.append(blind(NOON + HOUR, NOON + HOUR + 600, "outage"))
    async with store.write() as connection:
        await ledger.append(connection, told, now=NOON + 3 * HOUR)
        await ledger.seal_now(connection, SIGNER, NOON + 12 * HOUR)


def reports(store: Store, privacy: PrivacySettings = PRIVACY, versions: Versions = VERSIONS) -> Reports:
    return Reports(
        store, privacy, versions, clock=lambda: MADE, is_watched=lambda _, name: name.startswith("acme/")
    )
