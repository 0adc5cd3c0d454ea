"""The exposures of `shown_console`: those of a week at a company. Everything is made up: nobody of them exists, previews are masked as the
matcher masks them, and no secret is anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from detectors import RuleSet, load_rules
from monitor.store.model import Exposure, NewSighting

TODAY: Final = 1_795_305_600.0  # 2026-11-22 00:00 UTC
NOW: Final = TODAY + 14 * 3600.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
FEATURED: Final = "twitter"  # the exposure that a visitor is shown first


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
