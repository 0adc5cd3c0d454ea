"""What crosses the bus, and its versions. Five contracts, five topics.

A record has two headers: `v`, the contract's version `major.minor`, and `m`, one orjson object. A Document's content is
the record's value as it lies (no base64, no escaping: the matcher reads the bytes in place) and its metadata is `m`; the
other four carry their object as the value and leave `m` out. Fields that a reader does not know are kept in `extra` and
written again; an unknown major version raises UpgradeNeeded; anything else that cannot be read raises InvalidRecord.

Times are epoch seconds (float, UTC). Digests are lower-case hex. Nothing but Document.content and the texts of a
Document's provenance may hold a secret in plain text: FindingEvent, Sighting, CoverageEvent and Request never do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, ClassVar, Final, Self

import orjson

from monitor.bus.base import Message, Record, TopicSpec, UpgradeNeeded
from monitor.shape import checked, split, telling

DOCUMENTS: Final = "documents.v1"
FINDINGS: Final = "findings.v1"
SIGHTINGS: Final = "sightings.v1"
COVERAGE: Final = "coverage.v1"
REQUESTS: Final = "requests.v1"
DEAD_LETTER_SUFFIX: Final = ".dlq"

# begins the forge of a place that only the sender of the document vouches for: it proves no ownership
HEARSAY: Final = "ingest/"

_HOUR: Final = 3600.0
TOPICS: Final = (
    TopicSpec(DOCUMENTS, retention_seconds=24 * _HOUR, retention_bytes=4 * 1024**3),
    # they name places of nobody we know, so no longer than it takes to bring alerting back
    TopicSpec(FINDINGS, retention_seconds=48 * _HOUR, retention_bytes=1024**3),
    TopicSpec(SIGHTINGS, retention_seconds=48 * _HOUR, retention_bytes=1024**3),
    TopicSpec(COVERAGE, partitions=1, retention_seconds=7 * 24 * _HOUR, retention_bytes=256 * 1024**2),
    # a request is a hint that comes again: when nobody reads them the oldest go, a sender never stands still for them
    TopicSpec(
        REQUESTS,
        partitions=1,
        retention_seconds=24 * _HOUR,
        retention_bytes=64 * 1024**2,
        block_when_full=False,
    ),
)


def with_dead_letters(topics: tuple[TopicSpec, ...] = TOPICS) -> tuple[TopicSpec, ...]:
    """Each topic and its dead-letter topic, which keeps as long and takes a tenth of the room."""
    dead = tuple(
        replace(
            t,
            name=t.name + DEAD_LETTER_SUFFIX,
            partitions=1,
            retention_bytes=t.retention_bytes // 10,
            block_when_full=False,
        )
        for t in topics
    )
    return topics + dead


class InvalidRecord(Exception):
    """A record breaks its contract. `reason` is a word out of a closed set (a metric label)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Mode(StrEnum):
    """Why a document is on the bus."""

    LIVE = "live"
    REPLAY = "replay"
    EXERCISE = "exercise"  # a drill's canary: followed to the pager, never counted as a leak


_MODES: Final = frozenset(Mode)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a document stands. Every text is as the source gave it: untrusted, and it may hold a secret."""

    forge: str = ""  # "github.com", "gitlab.com", "pastebin.com", "file" …
    repository: str = ""  # "owner/name"; "" where there is none
    owner: str = ""  # forge organisation or user
    url: str = ""  # of the page that people read
    commit: str = ""  # the commit's id
    ref: str = ""  # branch or tag
    path: str = ""  # within the repository, or the file's name
    title: str = ""  # of the issue, paste or question
    author: str = ""  # name or login
    author_email: str = field(default="", repr=False)  # the matcher turns it into a keyed hash and a domain


@dataclass(frozen=True, slots=True)
class Document:
    """One piece of text as a source published it."""

    TOPIC: ClassVar[str] = DOCUMENTS
    VERSION: ClassVar[str] = "1.2"  # 1.1: known; 1.2: history

    source: str  # name of the source that collected it
    id: str  # the source's own id for this text: the same text collected twice has the same id
    content: bytes = field(repr=False)
    fetched_at: float  # when it was read
    published_at: float | None = None  # when it appeared, as the source says; null = it does not
    trace_id: str = ""  # 32 hex, the same through all stages
    mode: Mode = Mode.LIVE  # why it is on the bus
    blob_sha: str = ""  # git blob id where known
    media_type: str = ""  # as the source says
    provenance: Provenance = Provenance()  # where it stands
    offset: int = 0  # where this content begins in the whole document, for documents cut into parts
    line: int = 1  # the line number of the content's first byte
    overlap: int = 0  # how many bytes at the beginning of this part stood in the former part already
    more: bool = False  # another part follows
    known: bool = False  # its blob was handed in before: no content, the matcher makes a Sighting of it
    history: bool = (
        False  # old when the source could first see it, by its nature: how late we are cannot be told from it
    )
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> bytes:
        """16 bytes: digest of source and id."""
        return hashlib.blake2b(f"{self.source}\0{self.id}".encode(), digest_size=16).digest()

    def message(self) -> Message:
        """What the reader's defaults say is left out of `m`: a third less to write, carry, and read."""
        meta = {**self.extra, **telling(self)}
        if "provenance" in meta:
            meta["provenance"] = telling(self.provenance)
        return Message(
            self.TOPIC, self.key, self.content, {"v": self.VERSION.encode(), "m": orjson.dumps(meta)}
        )

    @classmethod
    def read(cls, record: Record) -> Self:
        """Raises InvalidRecord, UpgradeNeeded."""
        cls.check_version(record)
        return cls.of(cls.metadata(record.headers.get("m", b"")), record.value)

    @classmethod
    def check_version(cls, record: Record) -> None:
        """Raises InvalidRecord, UpgradeNeeded."""
        _check_version(record, cls.VERSION)

    @staticmethod
    def metadata(header: bytes) -> dict[str, Any]:
        """The header `m`, judged. Raises InvalidRecord. Of a document without a finding nothing more is read: a quarter of the cost."""
        try:
            metadata = checked(Document, _load(header))
            checked(Provenance, metadata.get("provenance", {}))
        except TypeError as error:
            raise InvalidRecord("malformed") from error
        if "mode" in metadata and metadata["mode"] not in _MODES:
            raise InvalidRecord("malformed")
        return metadata

    @classmethod
    def of(cls, metadata: Mapping[str, Any], content: bytes) -> Self:
        """`metadata` as from `metadata()`."""
        known, extra = split(cls, metadata)
        known["mode"] = Mode(known.get("mode", Mode.LIVE))
        known["provenance"] = Provenance(**split(Provenance, known.get("provenance", {}))[0])
        return cls(content=content, extra=extra, **known)


@dataclass(frozen=True, slots=True)
class _JsonContract:
    """A contract whose whole object is the record's value."""

    TOPIC: ClassVar[str]
    VERSION: ClassVar[str] = "1.0"

    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, kw_only=True)

    @property
    def key(self) -> bytes:
        raise NotImplementedError

    def message(self) -> Message:
        body = {**self.extra, **_public_fields(self, skip=("extra",))}
        return Message(self.TOPIC, self.key, orjson.dumps(body), {"v": self.VERSION.encode()})

    @classmethod
    def read(cls, record: Record) -> Self:
        """Raises InvalidRecord, UpgradeNeeded."""
        _check_version(record, cls.VERSION)
        try:
            known, extra = split(cls, _load(record.value))
            return cls(**cls._revive(known), extra=extra)
        except (TypeError, ValueError) as error:
            raise InvalidRecord("malformed") from error

    @classmethod
    def _revive(cls, known: dict[str, Any]) -> dict[str, Any]:
        """Turn what JSON made of nested values into their types. Raises TypeError, ValueError."""
        return known


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding stands, redacted and fit to be stored and shown (through `untrusted`)."""

    forge: str = ""  # as in Provenance, and so on
    repository: str = ""
    owner: str = ""
    url: str = ""
    commit: str = ""
    ref: str = ""
    path: str = ""
    title: str = ""
    author: str = ""
    author_email_hash: str = ""  # keyed
    author_email_domain: str = ""  # the part behind the @
    line: int = 0  # counts from 1
    column: int = 0  # counts from 1, in bytes
    start: int = 0  # byte offset in the whole document
    end: int = 0  # the byte behind the last one


@dataclass(frozen=True, slots=True)
class FindingEvent(_JsonContract):
    """One credential at one place, without its plain text."""

    TOPIC: ClassVar[str] = FINDINGS
    VERSION: ClassVar[str] = "1.2"  # 1.1: own to people; 1.2: history

    leak: Mapping[str, str]  # key id -> fingerprint, under all active keys; the first is the current key's
    place_id: str  # digest of place, leak and its number there: the same whoever saw it
    rule: str  # the rule's id
    provider: str  # whose credential it is
    family: str  # what the identity hangs on: the rule's id, unless it names another
    title: str  # of the rule
    severity: str  # info | low | medium | high | critical
    confidence: str  # low | medium | high
    verdict: str  # proved | refuted | unprovable
    check: str  # the proof's name
    preview: str  # masked
    snippet: str  # the line around it, every match masked
    source: str  # who collected the document
    document_id: str  # masked
    matched_at: float  # when it was found
    fetched_at: float  # as in Document, and so on
    published_at: float | None = None
    trace_id: str = ""
    mode: str = "live"
    place: Place = Place()  # where it stands
    blob_sha: str = ""  # git blob id where known
    facts: Mapping[str, str] = field(
        default_factory=dict
    )  # what the proof read off the value: an account id, a time
    set_id: str = ""  # the credential set that it completes
    parts: tuple[str, ...] = ()  # rule ids of a set's further members
    decoded: tuple[str, ...] = ()  # the encodings around it, the outermost first
    syntax: str = ""  # what stood between a name and its value
    records: int = 0  # of a dump: how many lines
    weak: bool = False  # below 64 bits of estimated entropy: the fingerprint includes the scope
    hosts: tuple[str, ...] = ()  # host names that stand near it (at most 16)
    emails: tuple[str, ...] = ()  # e-mail domains that stand near it (at most 16)
    revoke: str = ""  # the rule's own line on what to do
    own: tuple[str, ...] = ()  # names of the operator's own secrets that this is (`leakstream watch`)
    sealed: str = ""  # base64: secret and surroundings, encrypted to the responders' age keys
    sealed_to: tuple[str, ...] = ()  # the names of those keys
    people: tuple[str, ...] = ()  # keyed hashes (32 hex) of those whose data it is (at most 64)
    history: bool = False  # of its document

    @property
    def fingerprint(self) -> str:
        """The leak's identity under the current key."""
        return next(iter(self.leak.values()))

    @property
    def key(self) -> bytes:
        return bytes.fromhex(self.fingerprint)[:16]

    @classmethod
    def _revive(cls, known: dict[str, Any]) -> dict[str, Any]:
        if not known.get("leak"):
            raise ValueError("no fingerprint")
        for fingerprint in known["leak"].values():
            bytes.fromhex(fingerprint)
        known["place"] = Place(**split(Place, known.get("place", {}))[0])
        for name in ("parts", "decoded", "hosts", "emails", "own", "sealed_to", "people"):
            known[name] = tuple(known.get(name, ()))
        return known


@dataclass(frozen=True, slots=True)
class Sighting(_JsonContract):
    """A blob that was already scanned stands at one more place, or what became of a place that was looked at again. No content."""

    TOPIC: ClassVar[str] = SIGHTINGS
    VERSION: ClassVar[str] = "1.2"  # 1.1: answers, public; 1.2: trace_id, history

    source: str  # who saw it
    blob_sha: str  # git blob id of the known text
    seen_at: float  # when it was seen there
    published_at: float | None = None  # when it appeared there
    place: Place = Place()  # where it stands as well
    answers: str = (
        ""  # not "" = the `target` of a recheck request: `public` holds for the place that it names
    )
    public: str = ""  # public | cleaned | removed
    trace_id: str = ""  # of the document that it was made of
    history: bool = False  # likewise

    @property
    def key(self) -> bytes:
        return hashlib.blake2b((self.blob_sha or self.answers).encode(), digest_size=16).digest()

    @classmethod
    def _revive(cls, known: dict[str, Any]) -> dict[str, Any]:
        known["place"] = Place(**split(Place, known.get("place", {}))[0])
        return known


@dataclass(frozen=True, slots=True)
class Gap:
    """Records of one partition that are gone unread: offsets `first` to `last`, inclusive."""

    partition: int  # of the topic
    first: int  # the first offset that is gone
    last: int  # the last one


@dataclass(frozen=True, slots=True)
class CoverageEvent(_JsonContract):
    """What one source saw and did not see in one span of time. The source `bus:<topic>` is a topic of ours, read too late."""

    TOPIC: ClassVar[str] = COVERAGE
    VERSION: ClassVar[str] = "1.2"  # 1.1: gaps; 1.2: feed to items

    source: str  # the source's name
    since: float  # the span begins
    until: float  # the span ends
    expected: int | None = None  # what the feed said existed; None = the feed does not say
    listed: int = 0  # items that the feed showed
    fetched: int = 0  # of these read and put on the bus
    skipped: Mapping[str, int] = field(default_factory=dict)  # reason -> count
    lost: int = 0  # of these gone unread
    blind: str = ""  # not "" = nothing was seen in this span, and why: outage, limit, gap, retention
    overlap: int | None = None  # items that this poll shares with the one before; 0 = a gap
    gaps: tuple[Gap, ...] = ()  # of a topic: which records `lost` counts
    feed: str = ""  # which feed, of a source that polls several
    oldest: float | None = None  # publication times of what the poll listed: its window
    newest: float | None = None  # the end of the window
    oldest_count: int | None = None  # how many share the oldest second, and the newest: both are cut off
    newest_count: int | None = None  # at its end
    full: bool = (
        False  # the listing ended at the feed's limit: what is older than `oldest` was pushed out of it
    )
    scanned: int = 0  # documents of the source that the matcher has read
    repairs: str = ""  # the source (or source and feed, blank between) whose unseen span this fills
    items: str = ""  # which items, packed by `monitor.coverage.items`

    @property
    def key(self) -> bytes:
        return self.source.encode()

    @classmethod
    def _revive(cls, known: dict[str, Any]) -> dict[str, Any]:
        known["gaps"] = tuple(Gap(**split(Gap, gap)[0]) for gap in known.get("gaps", ()))
        return known


@dataclass(frozen=True, slots=True)
class Request(_JsonContract):
    """Something for a collector to do: re-check a place, repair a gap, sweep a target."""

    TOPIC: ClassVar[str] = REQUESTS

    kind: str  # recheck | repair | sweep
    source: str  # who is to do it
    target: str  # what: a place, a span, a clone URL
    requested_at: float  # when it was asked
    reason: str = ""  # a word

    @property
    def key(self) -> bytes:
        return hashlib.blake2b(f"{self.source}\0{self.target}".encode(), digest_size=16).digest()


def _public_fields(contract: Any, *, skip: tuple[str, ...]) -> dict[str, Any]:
    # orjson writes nested dataclasses, enums and tuples itself
    return {f.name: getattr(contract, f.name) for f in fields(contract) if f.name not in skip}


def _load(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidRecord("not_json") from error


def _check_version(record: Record, ours: str) -> None:
    version = record.headers.get("v")
    if version == ours.encode():  # nearly always
        return
    if version is None:
        raise InvalidRecord("no_version")
    major = version.partition(b".")[0]
    if not major.isdigit():
        raise InvalidRecord("bad_version")
    if major != ours.partition(".")[0].encode():
        raise UpgradeNeeded(record.place, version.decode("ascii", "replace"))
