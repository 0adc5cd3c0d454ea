"""The small tables: facts about the store, and who did what."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.origin import ORIGIN
from monitor.store.dialect import insert_new, insert_or_replace
from monitor.store.engine import Store
from monitor.store.errors import StoreRefused
from monitor.store.tables import audit, meta

_ID: Final = "store_id"  # in `meta`
KEYS: Final = "key_checks"  # in `meta`: ids, separated by blanks
WATCH: Final = "watch"  # in `meta`: which watch list is in force (`monitor.alerting.replaying.watched`)


async def bind_key(store: Store, check_values: Sequence[str]) -> frozenset[str]:
    """Tie the store to the fingerprint keys (their ids, current one first) at first use, and compare ever after.

    At least one of `check_values` must be known, so that a key may be rotated by way of a ring that holds both; new ones are then
    remembered. Returns all that the store knows now. Raises StoreRefused when none is: fingerprints under a strange key would open every exposure anew. StoreBusy.
    """
    async with store.write() as connection:
        known = (await get_meta(connection, KEYS) or "").split()
        compare_keys(known, check_values)
        known = list(dict.fromkeys([*check_values, *known]))
        await set_meta(connection, KEYS, " ".join(known))
    return frozenset(known)


def compare_keys(known: Sequence[str], check_values: Sequence[str]) -> None:
    """Raises StoreRefused when none of `check_values` is among the keys that a store knows (a new store knows none)."""
    if known and not set(known) & set(check_values):
        raise StoreRefused(
            f"the fingerprint key ({', '.join(check_values)}) is not the one that this store was made with"
            f" ({', '.join(known)}): restore the key file, or add the old key below the new one in it"
        )


async def store_id(store: Store) -> str:
    """8 hex that name this store, made at the first call. Raises StoreBusy."""
    async with store.write() as connection:
        known = await get_meta(connection, _ID)
        if known is None:
            known = secrets.token_hex(4)
            await set_meta(connection, _ID, known)
    return known


async def get_meta(connection: AsyncConnection, name: str) -> str | None:
    value: str | None = (
        await connection.execute(select(meta.c.value).where(meta.c.name == name))
    ).scalar_one_or_none()
    return value


async def set_meta(connection: AsyncConnection, name: str, value: str) -> None:
    await connection.execute(insert_or_replace(connection, meta, "value"), {"name": name, "value": value})


async def change_meta(connection: AsyncConnection, name: str, before: str | None, after: str) -> bool:
    """Set the fact if it is still `before` (None: not there yet). Returns whether it was."""
    if before is None:
        made = await connection.execute(insert_new(connection, meta), {"name": name, "value": after})
        return bool(made.rowcount)
    known = update(meta).where(meta.c.name == name, meta.c.value == before).values(value=after)
    return bool((await connection.execute(known)).rowcount)


async def metas(connection: AsyncConnection, prefix: str) -> list[tuple[str, str]]:
    """(name, value) of every fact whose name begins so."""
    rows = await connection.execute(
        select(meta.c.name, meta.c.value).where(meta.c.name.startswith(prefix, autoescape=True))
    )
    return [(name, value) for name, value in rows]


async def remove_metas(connection: AsyncConnection, names: Sequence[str]) -> None:
    """Those that are there."""
    if names:
        await connection.execute(delete(meta).where(meta.c.name.in_(names)))


async def add_audit(
    connection: AsyncConnection,
    *,
    at: float,
    actor: str,
    verb: str,
    exposure_id: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """`verb`: viewed, listed, closed, reopened … `actor`: who, `system` for the service itself. Where the work under way comes from is
    added to the detail as `origin`.
    """
    row = {
        "at": at,
        "actor": actor,
        "verb": verb,
        "exposure_id": exposure_id,
        "detail": {**(detail or {}), **({"origin": dict(ORIGIN.get())} if ORIGIN.get() else {})},
    }
    await connection.execute(insert(audit), row)


async def audit_of(
    connection: AsyncConnection,
    exposure_id: str,
    *,
    limit: int = 100,
    verbs: Collection[str] = (),
    but: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The newest entries about one exposure, newest first; of these verbs only, and of none of `but`."""
    query = select(audit.c.at, audit.c.actor, audit.c.verb, audit.c.detail).where(
        audit.c.exposure_id == exposure_id, audit.c.verb.not_in(but)
    )
    if verbs:
        query = query.where(audit.c.verb.in_(verbs))
    query = query.order_by(audit.c.id.desc()).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def audit_log(
    connection: AsyncConnection,
    *,
    since: float = 0.0,
    actor: str = "",
    verb: str = "",
    exposure: str = "",
    limit: int = 1000,
) -> list[dict[str, Any]]:
    """The newest entries since then, newest first; of one actor, one verb, or exposures whose id begins so."""
    table = audit.c
    query = select(table.at, table.actor, table.verb, table.exposure_id, table.detail).where(
        table.at >= since
    )
    if actor:
        query = query.where(table.actor == actor)
    if verb:
        query = query.where(table.verb == verb)
    if exposure:
        query = query.where(table.exposure_id.startswith(exposure.lower(), autoescape=True))
    rows = await connection.execute(query.order_by(table.id.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]
