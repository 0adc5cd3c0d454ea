"""What crosses the bus: round trips, golden records of each released version, and what happens to strangers' records."""

import contextlib
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import contracts
from monitor.bus.base import Record, UpgradeNeeded
from monitor.contracts import (
    CoverageEvent,
    Document,
    FindingEvent,
    Gap,
    InvalidRecord,
    Place,
    Provenance,
    Request,
    Sighting,
)

GOLDEN = Path(__file__).parents[1] / "golden"

DOCUMENT = Document(
    source="git",
    id="example/repo:ce01",
    content=b"hello\xff\n",
    fetched_at=1000.5,
    published_at=999.0,
    trace_id="00aa",
    mode=contracts.Mode.REPLAY,
    blob_sha="ce013625030ba8dba906f756967f9e9ca394464a",
    media_type="text/plain",
    provenance=Provenance(
        forge="github.com",
        repository="example/repo",
        owner="example",
        path="a.txt",
        author_email="a@example.com",
    ),
    offset=4096,
    line=7,
)
FINDING = FindingEvent(
    leak={"d2e66389": "ab" * 32, "00000000": "cd" * 32},
    place_id="ef" * 16,
    rule="github-pat-classic",
    provider="github",
    family="github-token",
    title="GitHub personal access token (classic)",
    severity="critical",
    confidence="high",
    verdict="proved",
    check="crc32-base62",
    preview="ghp_…x9",
    snippet="token = *****",
    source="git",
    document_id="example/repo:ce01",
    matched_at=1001.0,
    fetched_at=1000.5,
    published_at=999.0,
    place=Place(forge="github.com", repository="example/repo", line=3, column=9, start=20, end=60),
    facts={"account": "123456789012"},
    parts=("twitter-consumer-key",),
    decoded=("base64",),
    hosts=("db.example.com",),
    emails=("example.com",),
)
SIGHTING = Sighting(source="git", blob_sha="ce01", seen_at=5.0, place=Place(path="b.txt"))
COVERAGE = CoverageEvent(
    source="github_events",
    since=1.0,
    until=61.0,
    expected=300,
    listed=100,
    fetched=90,
    skipped={"budget": 10},
    overlap=4,
)
LOSS = CoverageEvent(
    source="bus:documents.v1",
    since=61.0,
    until=61.0,
    lost=15,
    blind="retention",
    gaps=(Gap(1, 3, 12), Gap(2, 0, 4)),
)
REQUEST = Request(
    kind="sweep", source="git", target="https://example.com/r.git", requested_at=3.0, reason="push"
)
ALL = [DOCUMENT, FINDING, SIGHTING, COVERAGE, LOSS, REQUEST]


def record(message, **changes):
    fields = {
        "topic": message.topic,
        "partition": 0,
        "offset": 0,
        "key": message.key,
        "value": message.value,
        "headers": dict(message.headers),
        "appended_at": 0.0,
    }
    return Record(**{**fields, **changes})


@pytest.mark.parametrize("contract", ALL, ids=lambda c: type(c).__name__)
def test_round_trip(contract):
    assert type(contract).read(record(contract.message())) == contract


@pytest.mark.parametrize("contract", [c for c in ALL if c is not LOSS], ids=lambda c: type(c).__name__)
def test_golden_record_of_version_1_0_still_reads(contract):
    golden = orjson.loads((GOLDEN / f"{type(contract).__name__}-1.0.json").read_bytes())
    stored = Record(
        golden["topic"],
        0,
        0,
        bytes.fromhex(golden["key"]),
        bytes.fromhex(golden["value"]),
        {name: bytes.fromhex(value) for name, value in golden["headers"].items()},
        0.0,
    )
    assert type(contract).read(stored) == contract
    assert contract.message().key == stored.key  # keys choose partitions: they may not move either


def test_golden_gaps_of_a_coverage_event_1_1_still_read():
    golden = orjson.loads((GOLDEN / "CoverageEvent-1.1.json").read_bytes())
    stored = record(
        LOSS.message(),
        value=bytes.fromhex(golden["value"]),
        headers={name: bytes.fromhex(value) for name, value in golden["headers"].items()},
    )
    assert CoverageEvent.read(stored) == LOSS


@pytest.mark.parametrize("gap", [1, {"partition": 0}, {"partition": 0, "first": "1", "last": 2}])
def test_a_gap_that_is_none_breaks_the_contract(gap):
    value = orjson.dumps({**orjson.loads(LOSS.message().value), "gaps": [gap]})
    with pytest.raises(InvalidRecord) as caught:
        CoverageEvent.read(record(LOSS.message(), value=value))
    assert caught.value.reason == "malformed"


def test_content_lies_untouched():
    assert DOCUMENT.message().value is DOCUMENT.content


@pytest.mark.parametrize("contract", ALL, ids=lambda c: type(c).__name__)
def test_unknown_fields_are_kept(contract):
    message = contract.message()
    if isinstance(contract, Document):
        headers = {
            **message.headers,
            "m": orjson.dumps({**orjson.loads(message.headers["m"]), "new_field": 1}),
        }
        seen = type(contract).read(record(message, headers=headers))
        written = orjson.loads(seen.message().headers["m"])
    else:
        seen = type(contract).read(
            record(message, value=orjson.dumps({**orjson.loads(message.value), "new_field": 1}))
        )
        written = orjson.loads(seen.message().value)
    assert seen.extra == {"new_field": 1}
    assert written["new_field"] == 1


@pytest.mark.parametrize("contract", ALL, ids=lambda c: type(c).__name__)
def test_newer_minor_reads_newer_major_pauses(contract):
    message = contract.message()
    assert type(contract).read(record(message, headers={**message.headers, "v": b"1.9"})) == contract
    with pytest.raises(UpgradeNeeded, match="upgrade"):
        type(contract).read(record(message, headers={**message.headers, "v": b"2.0"}))


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no_version"),
        ({"v": b"x"}, "bad_version"),
        ({"v": b"1.0", "m": b"{"}, "not_json"),
        ({"v": b"1.0", "m": b"[]"}, "malformed"),
        ({"v": b"1.0", "m": b"{}"}, "malformed"),
    ],
)
def test_broken_document_names_its_reason(headers, reason):
    with pytest.raises(InvalidRecord) as caught:
        Document.read(record(DOCUMENT.message(), headers=headers))
    assert caught.value.reason == reason


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(value):
    for contract in ALL[1:]:
        with contextlib.suppress(InvalidRecord):
            type(contract).read(record(contract.message(), value=value))


@given(
    st.recursive(
        st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(st.sampled_from(["leak", "place", "parts", "hosts", "source"]), s, max_size=4)
        ),
        max_leaves=10,
    )
)
def test_no_json_raises_anything_else(value):
    for contract in ALL[1:]:
        with contextlib.suppress(InvalidRecord):
            type(contract).read(record(contract.message(), value=orjson.dumps(value)))


@pytest.mark.parametrize(
    "field",
    [
        {"leak": ["x"]},
        {"leak": {"k": "zz"}},
        {"severity": 3},
        {"hosts": "abc"},
        {"place": {"line": "3"}},
        {"matched_at": "x"},
    ],
)
def test_a_field_of_the_wrong_type_is_malformed(field):
    message = FINDING.message()
    with pytest.raises(InvalidRecord):
        FindingEvent.read(record(message, value=orjson.dumps({**orjson.loads(message.value), **field})))


def test_repr_hides_content_and_address():
    text = repr(DOCUMENT)
    assert "hello" not in text
    assert "a@example.com" not in text


def test_places_of_nobody_stand_on_the_bus_for_two_days_at_most():
    kept = {topic.name: topic.retention_seconds for topic in contracts.with_dead_letters()}
    for name in ("findings.v1", "sightings.v1", "findings.v1.dlq", "sightings.v1.dlq"):
        assert kept[name] <= 48 * 3600  # docs/explanation/privacy.md says so


def test_every_topic_has_dead_letters():
    names = [t.name for t in contracts.with_dead_letters()]
    assert set(names) == {t.name for t in contracts.TOPICS} | {t.name + ".dlq" for t in contracts.TOPICS}


@pytest.mark.parametrize(
    "field",
    [
        {"source": 3},
        {"fetched_at": "now"},
        {"fetched_at": None},
        {"mode": "loud"},
        {"mode": []},
        {"more": 1},
        {"line": True},
        {"provenance": []},
        {"provenance": {"path": 3}},
    ],
    ids=str,
)
def test_metadata_is_judged_whole_without_making_a_document(field):
    header = orjson.dumps({**orjson.loads(DOCUMENT.message().headers["m"]), **field})
    with pytest.raises(InvalidRecord) as caught:
        Document.metadata(header)
    assert caught.value.reason == "malformed"


@given(
    st.dictionaries(
        st.sampled_from(["source", "id", "fetched_at", "mode", "provenance", "offset", "new"]),
        st.none()
        | st.booleans()
        | st.integers(0, 9)
        | st.floats(0, 9)
        | st.sampled_from(["", "live", "x"])
        | st.dictionaries(st.sampled_from(["path", "new"]), st.integers(0, 1) | st.just("p"), max_size=2),
        max_size=7,
    )
)
def test_metadata_that_is_judged_good_makes_a_document(fields):
    try:
        metadata = Document.metadata(orjson.dumps(fields))
    except InvalidRecord:
        return
    assert Document.of(metadata, b"x").content == b"x"


def test_a_record_tells_neither_content_nor_metadata():
    text = repr(record(DOCUMENT.message(), offset=17))
    assert "hello" not in text
    assert "example" not in text
    assert "documents.v1[0] offset=17" in text
