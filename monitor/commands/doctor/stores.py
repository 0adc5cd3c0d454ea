"""The store, a file or a PostgreSQL database; its clock with it."""

from __future__ import annotations

from typing import Final

from monitor import app
from monitor.commands.doctor.check import Check, Found, Patient, Reading, fail, ok, warn
from monitor.config import Config, ConfigError
from monitor.identity import KeyFileError, load_keys
from monitor.store.errors import StoreBusy, StoreRefused
from monitor.store.glance import Glance
from monitor.store.migrate import HEAD
from monitor.store.records import compare_keys
from monitor.store.settings import StoreSettings

_ADVICE: Final = "correct that first; [store] is explained in docs/how-to/postgresql.md"


def look(patient: Patient) -> Found:
    config = patient.config
    if patient.offline and not app.section(config, StoreSettings).is_file:
        yield ok("store", "a database; not asked")
        return
    try:
        name, found = app.store_name(config), app.look_at_store(config, clock=patient.clock)
    except StoreBusy as error:
        advice = "start the database, or correct host and port in store.url"
        yield fail("store", str(error), advice)
        return
    except (StoreRefused, ConfigError) as error:
        yield fail("store", str(error), _ADVICE)
        return
    if found is None:
        yield ok("store", "will be made")
        return
    if found.ahead is not None:
        yield Reading("the database", found.ahead, found.within)
    yield _judged(config, name, found)


def _judged(config: Config, name: str, found: Glance) -> Check:
    try:
        if found.keys:
            compare_keys(found.keys, list(load_keys(config.key_file).keys))
    except KeyFileError:
        pass  # told by the look at the key file
    except StoreRefused as error:
        return fail("store", str(error), _ADVICE)
    if found.revision == HEAD:
        return ok("store", name)
    text = f"{name}: has the tables of version {found.revision or '0'}, this program those of {HEAD}"
    if found.revision < HEAD:
        return warn("store", text, "make a backup; the next start brings it up to date")
    return fail("store", text, "upgrade leakstream: an older program must not write there")
