"""Who is told, and whether Alertmanager takes it: it alone can be asked without waking anybody."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

from monitor import app
from monitor.alerting.notifiers.alertmanager import AlertmanagerSettings, authorization
from monitor.alerting.telling.heartbeat import HeartbeatSettings
from monitor.commands.doctor.asking import Answer, NoAnswer, ask
from monitor.commands.doctor.check import Check, Found, Outcome, Patient, Reading, fail, ok, warn
from monitor.config import Config
from monitor.http import Response
from monitor.untrusted import Sink, untrusted

_NAME: Final = "alertmanager"


def look(patient: Patient) -> Found:
    config = patient.config
    if not config.notifiers:
        told = "none: nobody is told"
        yield warn(
            "notifiers", told, f"add a table [notifiers.<name>]; there are {', '.join(app.notifiers())}"
        )
    for name in config.notifiers:
        yield ok("notifier", name)
    settings = config.notifiers.get("alertmanager")
    if isinstance(settings, AlertmanagerSettings) and not patient.offline:
        yield from _alertmanagers(patient, settings)
    yield _selftest(config)


def _alertmanagers(patient: Patient, settings: AlertmanagerSettings) -> Found:
    try:
        login = authorization(settings)
    except (OSError, ValueError) as error:
        found = f"[notifiers.alertmanager] {getattr(error, 'strerror', None) or error}"
        yield fail(_NAME, found, "write the secret into the file that it names")
        return
    answers = asyncio.run(_asked(patient, settings.urls, login))
    checks = [_judged(url, answer) for url, answer in zip(settings.urls, answers, strict=True)]
    reached = any(check.outcome is Outcome.OK for check in checks)
    for check in checks:  # of a pair one is enough to be told
        yield warn(_NAME, check.found, check.advice) if reached and check.advice else check
    yield from _readings(answers)


def _readings(answers: list[Answer | NoAnswer]) -> Found:
    found: list[Reading] = [
        answer.reading for answer in answers if isinstance(answer, Answer) and answer.reading is not None
    ]
    return found


async def _asked(patient: Patient, urls: tuple[str, ...], login: str) -> list[Answer | NoAnswer]:
    headers = {"Accept": "application/json", **({"Authorization": login} if login else {})}
    async with app.polite_client(patient.config) as http:
        return await asyncio.gather(
            *(
                ask(http, f"{url.rstrip('/')}/api/v2/status", _who(url), headers=headers, clock=patient.clock)
                for url in urls
            )
        )


def _who(url: str) -> str:
    return f"Alertmanager {urlsplit(url).netloc}"


def _judged(url: str, answer: Answer | NoAnswer) -> Check:
    if isinstance(answer, NoAnswer):
        return fail(_NAME, answer.found, f"{answer.advice} (notifiers.alertmanager.urls)")
    response = answer.response
    if response.status in (401, 403):
        found = f"{_who(url)}: it refuses our login ({response.status})"
        return fail(
            _NAME, found, "correct username and password_file, or token_file, of [notifiers.alertmanager]"
        )
    version = _version(response)
    if version is None:
        found = f"{_who(url)}: something answers there ({response.status}), but no Alertmanager with API v2"
        return fail(
            _NAME,
            found,
            "correct notifiers.alertmanager.urls: the Alertmanager's own address, as http://host:9093",
        )
    return ok(_NAME, f"{_who(url)} answers, version {version}")


def _version(response: Response) -> str | None:
    """None when it is no Alertmanager."""
    try:
        body = response.json() if response.status == 200 else None
    except ValueError:
        return None
    if not isinstance(body, dict) or "cluster" not in body or not isinstance(body.get("versionInfo"), dict):
        return None
    return untrusted(str(body["versionInfo"].get("version", "?")), Sink.TERMINAL, limit=40)


def _selftest(config: Config) -> Check:
    heartbeat, page = app.section(config, HeartbeatSettings), "see docs/how-to/selftest.md"
    try:
        address = heartbeat.address()
    except (ValueError, OSError) as error:
        return fail("self-test", f"[heartbeat] {error}", f"correct it; {page}")
    if "selftest" not in config.sources:
        told = "heartbeat has an address, but nothing is planted" if address else "off"
        return warn("self-test", told, f"add [sources.selftest]; {page}")
    if not address:
        told = "nobody outside notices when all of this has ended"
        return warn("self-test", told, f"set heartbeat.url to a dead-man switch; {page}")
    return ok("self-test", "canaries are planted, a dead-man switch is told")
