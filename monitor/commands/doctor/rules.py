"""What is looked for and whose it is: rules, watch list, own secrets."""

from __future__ import annotations

import time
from collections.abc import Iterator

from detectors import Scanner, load_rules
from detectors.errors import DetectorError
from monitor import app
from monitor.alerting.ownership import WatchSettings
from monitor.commands.doctor.check import Check, Found, Patient, fail, ok, warn
from monitor.config import Config, ConfigError
from monitor.identity import KeyFileError
from monitor.matcher.settings import MatchSettings
from monitor.store.settings import StoreSettings


def look(patient: Patient) -> Found:
    yield _rules(patient.config)
    yield _watch(patient)
    yield from _own_secrets(patient.config)


def _rules(config: Config) -> Check:
    """Seconds, the first time."""
    settings = app.section(config, MatchSettings)
    started = time.perf_counter()
    try:
        rules = load_rules(settings.rules)
        Scanner(rules, cache_dir=settings.cache_dir)
    except (DetectorError, OSError) as error:
        return fail(
            "rules",
            str(error),
            "correct the file, then `leakstream rules check --rules FILE`; see docs/how-to/rules.md",
        )
    return ok("rules", f"{len(rules.rules)} rules, ready in {time.perf_counter() - started:.1f} s")


def _watch(patient: Patient) -> Check:
    config = patient.config
    watch = app.section(config, WatchSettings)
    if watch.empty:
        told = "[watch] is empty: everything is counted, nothing pages"
        return warn(
            "watch", told, "name your domains and organisations in [watch]; see docs/how-to/ownership.md"
        )
    beyond = patient.offline and not app.section(config, StoreSettings).is_file
    if not beyond and (told := app.replay_offer(config, now=patient.clock())):
        return warn("watch", told, "`leakstream replay` looks at them again")
    return ok("watch", f"{watch.count} entries")


def _own_secrets(config: Config) -> Iterator[Check]:
    try:
        table = app.own_secrets(config)
        lost = app.lost_own_secrets(config, table) if table else 0
    except (ConfigError, KeyFileError) as error:
        yield fail("own secrets", str(error), "see docs/how-to/own-secrets.md")
        return
    if lost:
        text = f"{lost} are under keys that are not in the key file and are not found"
        yield warn("own secrets", text, "fingerprint them again: `leakstream watch fingerprint`")
    elif table:
        yield ok("own secrets", f"{len(table)} are looked up")
