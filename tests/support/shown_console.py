"""A console full of exposures that look like those of a week at a company, for tests in the browser and for screenshots.

    async with shown_console(tmp_path) as shown:
        await tab.goto(shown.url("/exposures"))

Everything is made up: nobody of them exists, previews are masked as the matcher masks them, and no secret is anywhere. The store, the
ledger, the rules and the console are the real ones; the time is TODAY at 14:00 UTC and goes on from there.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from detectors import RuleSet, load_rules
from ledgers import SIGNER, blind, push
from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.exposures.desk import Exposures
from monitor.app.console import Console, Coverage, Desks, Pulse, RuleBook
from monitor.coverage.items import pack
from monitor.metrics import Metrics
from monitor.report.desk import Reports, Versions
from monitor.store import exposures as rows
from monitor.store import ledger, outbox, records
from monitor.store.engine import Store
from monitor.store.model import Exposure, NewSighting, Telling
from monitor.web import Web
from monitor.websettings import WebSettings

TODAY: Final = 1_795_305_600.0  # 2026-11-22 00:00 UTC
NOW: Final = TODAY + 14 * 3600.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
FEATURED: Final = "twitter"  # the exposure that a visitor is shown first


@dataclass(frozen=True, slots=True)
class Shown:
    """`people` does what the console does; `leaks` maps the short names of `LEAKS` to ids; `clock` is the console's."""

    address: str
    store: Store
    people: Exposures
    leaks: Mapping[str, str]
    clock: Callable[[], float]

    def url(self, path: str) -> str:
        return self.address + path

    @property
    def featured(self) -> str:
        """The address of the X (Twitter) exposure."""
        return self.url(f"/exposures/{self.leaks[FEATURED]}")

    async def leak(self, name: str, **other: Any) -> str:
        """One more exposure, opened just now; its id."""
        now = self.clock()
        times = {"first_published": now - 8, "first_seen": now, "last_seen": now, "opened_at": now}
        row = replace(made(name, "github-pat-classic", "acme/new-service", ".env", **times), **other)
        await put(self.store, row, places(row, 1))
        return row.id


def identity(name: str) -> str:
    return hashlib.sha256(f"shown {name}".encode()).hexdigest()


@cache
def ruleset() -> RuleSet:
    return load_rules()


def made(name: str, rule: str, repository: str, path: str, **other: Any) -> Exposure:
    """An exposure as alerting would have opened it; `age` in seconds says how long ago it was published."""
    known, age = ruleset()[rule], other.pop("age", HOUR)
    published = NOW - age
    organisation = {
        "kind": "organisation",
        "entry": "acme",
        "found": "acme",
        "proof": "proved",
        "weight": 90,
        "file": "",
    }
    values: dict[str, Any] = {
        "id": identity(name),
        "state": "open",
        "mode": "live",
        "opening": 1,
        "rank": 1231,
        "told": 1231,
        "action": "page",
        "decision": "yours",
        "severity": known.severity.value,
        "verdict": "proved" if known.proof else "unprovable",
        "confidence": "high",
        "rule": rule,
        "provider": known.provider,
        "family": known.family,
        "title": known.title,
        "check": known.proof,
        "set_id": "",
        "parts": (),
        "facts": {},
        "preview": "…",
        "revoke": known.how_to_revoke,
        "source": "github_events",
        "repository": repository,
        "path": path,
        "level": "proved",
        "score": 90,
        "reasons": (organisation,),
        "first_published": published,
        "first_seen": published + 6,
        "last_seen": published + 6,
        "sightings": 1,
        "opened_at": published + 8,
        "public": "public",
        "checked_at": NOW - 4 * MINUTE,
    }
    return Exposure(**(values | other))


def claimed(kind: str, entry: str, found: str, weight: int) -> dict[str, Any]:
    reason = {"kind": kind, "entry": entry, "found": found, "proof": "claimed", "weight": weight, "file": ""}
    return {
        "level": "claimed",
        "score": weight,
        "reasons": (reason,),
        "action": "ticket",
        "decision": "claimed",
    }


def closed(by: str, reason: str, after: float, *, age: float, note: str = "", **other: Any) -> dict[str, Any]:
    at = NOW - age + after
    return {
        "state": "closed", "closed_at": at, "closed_by": by, "close_reason": reason, "close_scope": "leak", "close_note": note,
        "acknowledged_at": at - after / 2, "acknowledged_by": by, "age": age,
        **({"revoked_at": at} if reason == "revoked" else {}), **other,
    }  # fmt: skip


def taken(by: str, after: float, *, age: float, **other: Any) -> dict[str, Any]:
    return {"acknowledged_at": NOW - age + after, "acknowledged_by": by, "age": age, **other}


# name, rule, repository, path, and what differs from a page that nobody has read
LEAKS: Final[tuple[tuple[str, str, str, str, Mapping[str, Any]], ...]] = (
    (FEATURED, "twitter-consumer-secret", "acme/social-publisher", "config/production.env", {
        "age": 47 * MINUTE, "severity": "critical", "title": "X (Twitter) API key, secret and access token of one app",
        "verdict": "unprovable", "set_id": "twitter-app", "parts": ("twitter-consumer-key", "twitter-access-token", "twitter-access-token-secret"),
        "preview": "Zx…9Q (50 characters)", "facts": {"user_id": "783214", "app_id": "17250841"}, "sightings": 4,
        "reasons": (
            {"kind": "account_id", "entry": "783214", "found": "783214", "proof": "proved", "weight": 100, "file": "watch/social.toml"},
            {"kind": "organisation", "entry": "acme", "found": "acme", "proof": "proved", "weight": 90, "file": ""},
            {"kind": "author_email", "entry": "acme.example", "found": "acme.example", "proof": "claimed", "weight": 30, "file": ""},
        ), "score": 100,
    }),
    ("bearer", "twitter-bearer-token", "acme-labs/trend-notebooks", "notebooks/trends.ipynb", {"age": 12 * MINUTE, "preview": "AAAAAAAAAAAAAAAAAAAAA…3D"}),
    ("session", "twitter-session-auth-token", "", "", {
        "age": 5 * HOUR, "source": "pastebin", "preview": "40 hex digits", **claimed("named_host", "x.acme.example", "x.acme.example", 50),
    }),
    ("aws", "aws-key-line", "acme/terraform-live", "modules/ci/backend.tf", {
        **taken("ines", 9 * MINUTE, age=3 * HOUR), "preview": "AKIA…7Q", "facts": {"account_id": "123456789012", "key_kind": "user"}, "sightings": 2,
    }),
    ("stripe", "stripe-live-secret-key", "acme/checkout", "src/billing/client.ts", {"age": 26 * MINUTE, "preview": "sk_live_…Wd"}),
    ("github", "github-pat-classic", "jdoe-acme/dotfiles", ".zsh_history", {
        "age": 2 * HOUR, "preview": "ghp_…0f", **claimed("author_email", "acme.example", "acme.example", 30),
    }),
    ("slack", "slack-bot-token", "acme/oncall-bot", "deploy/values.yaml", {
        **taken("tomas", 4 * MINUTE, age=90 * MINUTE), "preview": "xoxb-…p4", "public": "cleaned",
    }),
    ("postgres", "postgres-uri", "contractor-42/acme-migration", "docker-compose.yml", {
        "age": 7 * HOUR, "preview": "24 characters", "facts": {"host": "db-3.acme.example"}, **claimed("host", "acme.example", "db-3.acme.example", 40),
    }),
    ("openai", "openai-project-key", "acme/support-assistant", "backend/settings.py", {"age": 70 * MINUTE, "preview": "sk-proj-…hA", "mode": "replay"}),
    ("google", "google-service-account-key", "acme/data-platform", "infra/keys/loader.json", {
        **closed("ines", "revoked", 40 * MINUTE, age=26 * HOUR, note="key deleted, audit log shows no use"),
        "facts": {"project_id": "acme-data-prod"}, "preview": "private key", "public": "removed", "removed_at": NOW - 22 * HOUR,
    }),
    ("npm", "npm-access-token", "acme/design-system", ".npmrc", {
        **closed("tomas", "revoked", 11 * MINUTE, age=2 * DAY), "preview": "npm_…Kz",
    }),
    ("ssh", "private-key-openssh", "acme-labs/edge-router", "ansible/files/id_ed25519", {
        **taken("ines", 30 * MINUTE, age=9 * HOUR, revoked_at=NOW - 6 * HOUR), "preview": "ed25519 key", "facts": {"fingerprint": "SHA256:q3…Zc"},
    }),
    ("sendgrid", "sendgrid-api-key", "acme/newsletter", "app.json", {
        **closed("ines", "false_alarm", HOUR, age=3 * DAY, note="the sample of the documentation"), "preview": "SG.…xA",
    }),
    ("mongodb", "mongodb-uri", "acme/analytics-etl", "jobs/.env.example", {"age": 4 * DAY, "preview": "18 characters", "action": "ticket", "decision": "old"}),
    ("pii", "twitter-scraped-user-dump", "", "", {
        "age": 8 * HOUR, "source": "pastes", "people": 1240, "preview": "", **claimed("email", "acme.example", "acme.example", 20), "facts": {},
    }),
    ("webhook", "slack-incoming-webhook", "acme/release-notes", "scripts/announce.sh", {"age": 20 * HOUR, "preview": "https://hooks…/T0…/B0…", "action": "ticket", "decision": "medium"}),
    ("nobody", "google-api-key", "", "", {
        "age": 3 * HOUR, "level": "none", "score": 0, "reasons": (), "action": "record", "decision": "nobodys", "told": 0, "preview": "", "public": "unknown", "checked_at": None,
    }),
    ("drill", "leakstream-canary", "acme/drill-target", "canary.txt", {
        **closed("system", "removed", 60, age=6 * HOUR), "mode": "exercise", "preview": "leakstream_canary_…", "severity": "info",
    }),
)  # fmt: skip
_SNIPPETS: Final = {
    FEATURED: (
        "# publishes the posts that marketing has approved\nX_API_KEY=q…\nX_API_SECRET={preview}\nX_ACCESS_TOKEN=783214-…\n"
        "X_ACCESS_SECRET=…\nPOST_LIMIT_PER_HOUR=40"
    ),
    "aws": 'backend "s3" {\n  bucket     = "acme-tf-state"\n  access_key = "{preview}"\n  secret_key = "…"\n}',
}


def places(row: Exposure, count: int = 0) -> list[NewSighting]:
    """Its places, the first one where it was found."""
    name = next((name for name, *_ in LEAKS if identity(name) == row.id), "")
    snippet = _SNIPPETS.get(name, "timeout: 30\nvalue: {preview}\nretries: 3").replace(
        "{preview}", row.preview
    )
    found = []
    for number in range(count or min(row.sightings, 20)):
        fork = row.repository if number == 0 else f"user-{731 * number}/{row.repository.rpartition('/')[2]}"
        at = row.first_seen + number * 13 * MINUTE
        place: dict[str, Any] = {
            "forge": "github.com", "repository": fork, "owner": fork.partition("/")[0], "path": row.path, "line": 14,
            "commit": hashlib.sha1(fork.encode(), usedforsecurity=False).hexdigest(), "author": "J. Doe",
            "url": f"https://github.example/{fork}/blob/main/{row.path}",
        }  # fmt: skip
        if not row.repository:
            place = {
                "forge": "paste.example",
                "url": f"https://paste.example/{row.id[:8]}",
                "title": "untitled",
            }
        found.append(
            NewSighting(
                exposure_id=row.id,
                place_id=hashlib.sha256(f"{row.id}{number}".encode()).hexdigest()[:32],
                seen_at=at,
                published_at=row.first_published if number == 0 else at - 9,
                source=row.source if number == 0 else "github_events",
                document_id=f"{fork}:{row.path}",
                blob_sha="",
                snippet=snippet if row.preview else "",
                place=place,
            )
        )
    return found


async def put(store: Store, row: Exposure, sightings: list[NewSighting]) -> None:
    async with store.write() as connection:
        await rows.save(connection, new=[row], changed=())
        await rows.add_aliases(connection, [(row.id, "k1", row.id)])
        if row.level != "none":
            await rows.add_sightings(connection, sightings, {row.id: len(sightings)})


async def tell(store: Store, row: Exposure) -> None:
    """PagerDuty and Slack were told; the mail of the featured one waits."""
    at = row.opened_at
    names = ["pagerduty", "slack"] if row.action == "page" else ["slack"]
    names += ["email"] if row.id == identity(FEATURED) else []
    told = [
        Telling(key=f"{row.id[:8]}{name}", notifier=name, exposure_id=row.id, opening=1, change="opened", action=row.action, created_at=at, fetched_at=at)
        for name in names
    ]  # fmt: skip
    async with store.write() as connection:
        await outbox.enqueue(connection, told)
        for number, name in enumerate(n for n in names if n != "email"):
            due = await outbox.lease(connection, name, now=at + 1, until=at + 60, limit=1)
            await outbox.settle_delivered(connection, due, at=at + 2 + number)


async def remember(store: Store, row: Exposure) -> None:
    """Its access log, with two steps of the featured one ticked."""
    if not row.opening:
        return
    entries: list[tuple[float, str, str, dict[str, Any]]] = []
    if row.acknowledged_at is not None:
        entries += [(row.acknowledged_at - 40, row.acknowledged_by, "viewed", {})]
        entries += [(row.acknowledged_at, row.acknowledged_by, "acknowledged", {})]
    if row.revoked_at is not None:
        entries += [(row.revoked_at, row.acknowledged_by, "revoked", {"since": row.revoked_at})]
    if row.closed_at is not None:
        entries += [
            (row.closed_at, row.closed_by, "closed", {"reason": row.close_reason, "note": row.close_note})
        ]
    if row.id == identity("aws"):
        entries += [
            (NOW - 2.5 * HOUR, "ines", "ticked", {"step": "stop", "opening": 1}),
            (NOW - 2 * HOUR, "ines", "ticked", {"step": "rotate", "opening": 1}),
        ]
    async with store.write() as connection:
        for at, actor, verb, detail in sorted(entries, key=lambda entry: entry[0]):
            await records.add_audit(
                connection, at=at, actor=actor, verb=verb, exposure_id=row.id, detail=detail
            )


def watched(hours: int = 24) -> list[dict[str, Any]]:
    """What four sources told of the last hours, as the ledger takes it: two of them with blind intervals, one of these filled."""
    rng = random.Random(7)
    told: list[dict[str, Any]] = []
    begin = NOW - hours * HOUR
    dark = (NOW - 5 * HOUR, NOW - 5 * HOUR + 25 * MINUTE)
    for n in range(hours * 12):
        at = begin + 300.0 * n
        hour = (at % DAY) / HOUR
        lively = 0.6 + 0.4 * max(0.0, 1.0 - abs(hour - 15.0) / 9.0)
        if not dark[0] - 60 <= at < dark[1]:
            count = int(300 * lively + rng.randrange(30))
            items = (
                [push("acme/social-publisher", NOW - 47 * MINUTE)]
                if at <= NOW - 47 * MINUTE < at + 300
                else []
            )
            told.append(_poll("github_events", "/orgs/acme/events", at, count, pack(items)))
        if not NOW - 2 * HOUR <= at < NOW - 2 * HOUR + 40 * MINUTE:
            count = int(40 * lively + rng.randrange(12))
            back = (
                0.0 <= at - (NOW - 2 * HOUR + 40 * MINUTE) < 300.0
            )  # it did not meet the poll before the limit
            more = {"overlap": 0, "full": True} if back else {}
            told.append(_poll("pastebin", "archive", at, count, "", lost=rng.randrange(9), **more))
        told.append(_poll("gitlab", "/projects", at, int(120 * lively + rng.randrange(20)), ""))
        told.append(_poll("stackexchange", "/questions", at, int(30 * lively + rng.randrange(6)), ""))
    told.append(blind(*dark, "outage", feed="/orgs/acme/events"))
    told.append(blind(*dark, "", repairs="github_events", listed=640, source="gharchive"))
    told.append(
        blind(NOW - 2 * HOUR, NOW - 2 * HOUR + 40 * MINUTE, "limit", source="pastebin", feed="archive")
    )
    return told


def _poll(source: str, feed: str, at: float, count: int, items: str, **more: Any) -> dict[str, Any]:
    return {
        "source": source, "feed": feed, "since": at, "until": at + 300.0, "listed": count, "fetched": count - count // 9, "scanned": count - count // 8,
        "skipped": {"size": count // 9}, "overlap": 3, "oldest": at, "newest": at + 300.0, "items": items, **more,
    }  # fmt: skip


async def fill(store: Store) -> None:
    """All of it; takes a second."""
    for name, rule, repository, path, other in LEAKS:
        row = made(name, rule, repository, path, **other)
        row = replace(row, last_seen=row.first_seen + (row.sightings - 1) * 13 * MINUTE)
        await put(store, row, places(row))
        if row.action in ("page", "ticket") and row.mode != "exercise":
            await tell(store, row)
        await remember(store, row)
    async with store.write() as connection:
        await ledger.append(connection, watched(), now=NOW)
        await ledger.seal_now(connection, SIGNER, TODAY)


async def many(store: Store, count: int) -> None:
    """`count` more exposures of some hundred repositories, for tests of long lists."""
    rng = random.Random(11)
    rules = [name for _, name, *_ in LEAKS if name != "leakstream-canary"]
    batch = []
    for n in range(count):
        repository = f"acme/service-{rng.randrange(400)}"
        row = made(
            f"many {n}",
            rng.choice(rules),
            repository,
            f"src/part-{n}/config.env",
            age=rng.uniform(HOUR, 20 * DAY),
            preview="…",
        )
        if n % 3 == 0:
            row = replace(
                row,
                state="closed",
                closed_at=NOW - HOUR,
                closed_by="ines",
                close_reason="revoked",
                close_scope="leak",
            )
        batch.append(row)
    async with store.write() as connection:
        await rows.save(connection, new=batch, changed=())
        await rows.add_aliases(connection, [(row.id, "k1", row.id) for row in batch])


@asynccontextmanager
async def shown_console(
    folder: Path, *, live_seconds: float = 10.0, more: int = 0, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[Shown]:
    """`more`: that many exposures beyond the believable ones; `settings`: of [web]. Without tokens in them nobody has to sign in."""
    begun = time.monotonic()

    def clock() -> float:
        return NOW + time.monotonic() - begun

    store = await Store.open(folder / "shown.db")
    try:
        await fill(store)
        await many(store, more)
        privacy = PrivacySettings(authority="the CNIL", contact="Ann Example, privacy officer")
        people = Exposures(store, Metrics(), clock=clock, privacy=privacy)
        desks = Desks(
            people,
            Reports(
                store, privacy, Versions("0.1.0", "ab" * 32, SIGNER.public), clock=clock, is_watched=_is_acme
            ),
            Coverage(store, clock=clock, is_watched=_is_acme),
            RuleBook(store, ruleset, clock=clock, alive=_alive),
            Pulse(store, clock=clock, checks={"match": list}, notes={"telling": _away}),
        )
        listener = Web(WebSettings.model_validate({"port": 0, **(settings or {})}), Metrics())
        Console(desks, clock=clock, live_seconds=live_seconds).add_to(listener)
        await listener.start()
        try:
            leaks = {name: identity(name) for name, *_ in LEAKS}
            yield Shown(listener.address, store, people, leaks, clock)
        finally:
            await listener.close()
    finally:
        await store.close()


def _is_acme(_: str, name: str) -> bool:
    return name.startswith("acme")


def _alive() -> Mapping[str, bool]:
    """Canaries of every tenth rule came through; of one not."""
    found = {rule.id: True for rule in list(ruleset().rules)[::10]}
    return found | {"twitter-consumer-secret": True, "aws-key-line": True, "stripe-live-secret-key": False}


def _away() -> list[str]:
    return ["email has taken nothing since 2026-11-22T13:21:40Z"]


async def _serve() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        async with shown_console(Path(folder)) as shown:
            sys.stdout.write(f"{shown.address}\n{shown.featured}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
