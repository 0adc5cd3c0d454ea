"""Evidence in the scanning process: whose it seals, what is inside, and what goes without."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_rules import ruleset, scanner
from agekeys import Responder, responder
from detectors import load_rules
from detectors.model import Kind
from detectors.synthetic import records_for, secret_for
from monitor.alerting.policy import cases
from monitor.contracts import Document, FindingEvent, Provenance
from monitor.identity import KeyRing
from monitor.matcher.events import EventMaker
from monitor.matcher.redact import Redactor
from monitor.matcher.sealing import EvidenceMaker, is_personal
from monitor.sealing import LARGEST, Recipient, Sealer
from monitor.simulator.clock import AdjustableClock

KEYS = KeyRing.of(b"k" * 32)


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Responder:
    return responder(tmp_path_factory.mktemp("keys"))


def maker(
    ann: Responder, is_ours: Callable[[FindingEvent], bool] = lambda _: True, **more: Any
) -> EvidenceMaker:
    options: dict[str, Any] = {"context_bytes": 2048, "per_second": 20.0, "clock": lambda: 0.0, **more}
    return EvidenceMaker(Sealer([Recipient.parse(ann.public)]), is_ours, **options)


def found(content: bytes, evidence: EvidenceMaker, *, name: str = "1", **more: Any) -> list[FindingEvent]:
    document = Document(source="t", id=name, content=content, fetched_at=5.0, **more)
    events = EventMaker(KEYS, Redactor(scanner()), evidence)
    return events.events(document, scanner().scan(content), now=9.0)


def opened(ann: Responder, event: FindingEvent) -> dict[str, Any]:
    plain = ann.opens(base64.b64decode(event.sealed))
    assert plain is not None
    assert plain.isascii()
    told: dict[str, Any] = json.loads(plain)
    return told


def token(seed: int = 0) -> bytes:
    return secret_for(ruleset()["acme-token"], random.Random(f"sealing {seed}"))


def test_inside_is_the_secret_with_its_place_and_its_surroundings_unmasked(ann: Responder) -> None:
    secret, other = token(), token(1)
    where = Provenance(
        forge="github.com", repository="a/b", path=f"keys/{other.decode()}", author_email="ann@corp.example"
    )
    content = b"x\n" * 2000 + b"\x1b[2J host = db.corp.example\nkey = " + secret + b"\nend\n" + b"y\n" * 2000
    (event,) = found(content, maker(ann), provenance=where)
    assert event.sealed_to == (ann.public,)
    assert other.decode() not in event.place.path
    told = opened(ann, event)
    assert (told["secret"], told["leak"], told["place"]) == (
        secret.decode(),
        event.fingerprint,
        event.place_id,
    )
    assert told["where"]["path"] == f"keys/{other.decode()}"
    assert told["where"]["author_email"] == "ann@corp.example"
    assert content[told["start"] : told["end"]] == secret
    assert told["line"] == 2002
    assert f"key = {secret.decode()}" in told["around"]
    assert "\x1b[2J host = db.corp.example" in told["around"]
    assert 2048 <= len("\n".join(told["around"])) <= 2048 + len(secret)


def test_what_is_not_ours_is_not_sealed(ann: Responder) -> None:
    ours = maker(ann, lambda event: event.place.owner == "acme")
    (event,) = found(b"k = " + token(), ours, provenance=Provenance(owner="stranger"))
    assert (event.sealed, event.sealed_to) == ("", ())
    (event,) = found(b"k = " + token(), ours, provenance=Provenance(owner="acme"))
    assert event.sealed
    assert not ours.dropped


def test_a_dump_is_never_sealed(ann: Responder) -> None:
    (event,) = found(records_for(ruleset()["acme-dump"], 7, random.Random(1)), maker(ann))
    assert event.records == 7
    assert event.sealed == ""


def test_what_alerting_takes_for_personal_data_is_not_sealed_either() -> None:
    rules = load_rules().rules
    personal = {rule.id for rule in rules if cases.is_personal(rule.id, int(rule.kind is Kind.RECORDS))}
    assert {rule.id for rule in rules if is_personal(rule)} == personal
    assert {"pii-iban", "data-dump-sql-users", "password-hash-list"} <= personal


def test_a_set_has_its_parts(ann: Responder) -> None:
    name = secret_for(ruleset()["acme-id"], random.Random(1)).decode()
    key = secret_for(ruleset()["acme-key"], random.Random(1)).decode()
    (event,) = found(f'acme_id = "{name}"\nacme_key = "{key}"\n'.encode(), maker(ann))
    told = opened(ann, event)
    assert told["secret"] == key
    assert told["parts"] == [{"rule": "acme-id", "secret": name}]


def test_without_surroundings_there_is_none(ann: Responder) -> None:
    (event,) = found(b"before\nk = " + token() + b"\nbehind", maker(ann, context_bytes=0))
    assert opened(ann, event)["around"] == []


def test_one_document_and_one_second_have_their_budgets(ann: Responder) -> None:
    clock = AdjustableClock(0.0)
    evidence = maker(ann, per_second=5.0, clock=clock)
    many = b"\n".join(b"k = " + token(n) for n in range(22))
    events = found(many, evidence)
    assert [bool(event.sealed) for event in events] == [True] * 20 + [False] * 2
    assert evidence.dropped == {"seal_budget": 2}
    assert [bool(e.sealed) for e in found(many, evidence, name="2")] == [True] * 5 + [False] * 17
    clock.advance(1.0)
    assert sum(bool(e.sealed) for e in found(many, evidence, name="3")) == 5
    clock.advance(1000.0)
    assert sum(bool(e.sealed) for e in found(many, evidence, name="4")) == 20


@settings(max_examples=40)
@given(before=st.binary(max_size=9000), behind=st.binary(max_size=9000), context=st.integers(0, 8192))
def test_whatever_stands_around_it_the_file_opens_and_is_bounded(
    before: bytes, behind: bytes, context: int
) -> None:
    made = Path("unused")
    sealed: list[bytes] = []

    class Box:
        names = ("x",)

        def seal(self, plain: bytes) -> bytes:
            sealed.append(plain)
            return plain

    evidence = EvidenceMaker(Box(), lambda _: True, context_bytes=context, per_second=1e6, clock=lambda: 0.0)  # type: ignore[arg-type]
    events = found(
        before + b"\nk = " + token() + b"\n" + behind, evidence, provenance=Provenance(path=str(made))
    )
    assert len(sealed) + evidence.dropped.total() == len(events)
    for plain in sealed:
        assert len(plain) <= LARGEST - 16 * 1024
        assert json.loads(plain)["secret"]
