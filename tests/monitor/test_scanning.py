"""The scanning process as the service starts it: what [watch] could name is sealed, nothing else is."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from agekeys import responder
from detectors import load_rules
from detectors.synthetic import secret_for
from monitor.alerting.ownership import WatchSettings
from monitor.bus.base import Record
from monitor.contracts import FINDINGS, Document, FindingEvent, Provenance
from monitor.identity import KeyRing
from monitor.matcher.frames import JobItem
from monitor.matcher.pool import PoolSettings, ScanPool
from monitor.metrics import Metrics
from monitor.scanning import make_evidence

RULE = "github-pat-classic"
WATCH = WatchSettings(
    organisations=("acme",), hosts=("db.acme.example",), sources=("directory",), brands=("acmeworks",)
)


def setup(public: str) -> dict[str, Any]:
    watch = WATCH.model_dump(mode="json")
    return {"recipients": [public], "context_bytes": 200, "per_second": 20.0, "watch": watch}


def item(number: int, content: bytes, source: str = "t", **where: str) -> JobItem:
    document = Document(source, str(number), content, 1.0, provenance=Provenance(**where))
    return JobItem(document.message().headers["m"], content)


async def test_the_process_seals_what_watch_names_proved_or_claimed_and_no_strangers(tmp_path: Path) -> None:
    ann = responder(tmp_path)
    rng = random.Random("scanning")
    secrets = [secret_for(load_rules()[RULE], rng) for _ in range(5)]
    items = [
        item(0, b"k = " + secrets[0], forge="github.com", owner="stranger"),
        item(1, b"k = " + secrets[1], forge="github.com", owner="acme"),
        item(2, b"db = db.acme.example\nk = " + secrets[2], forge="github.com", owner="stranger"),
        item(3, b"k = " + secrets[3], source="directory"),
        item(4, b"we like acmeworks\nk = " + secrets[4], forge="github.com", owner="stranger"),
    ]
    async with ScanPool(PoolSettings(evidence=setup(ann.public)), KeyRing.of(bytes(32)), Metrics()) as pool:
        answer = await pool.scan(items)
    told = {}
    for number, key, body in answer.events:
        event = FindingEvent.read(Record(FINDINGS, 0, 0, key, body, {"v": b"1.1"}, 0.0))
        told[number] = base64.b64decode(event.sealed)
        assert not any(secret in body for secret in secrets)
    assert {number for number, sealed in told.items() if sealed} == {1, 2, 3}
    for number in (1, 2, 3):
        plain = ann.opens(told[number])
        assert plain is not None
        assert json.loads(plain)["secret"] == secrets[number].decode()


def test_without_recipients_nothing_is_made() -> None:
    assert make_evidence({}) is None
    assert make_evidence({"evidence": None}) is None


def test_a_process_that_is_given_a_private_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="private key"):
        make_evidence({"evidence": setup(responder(tmp_path).identity.read_text())})
