"""What every bus is: nouns, errors and protocols. No implementation lives here.

Delivery is at least once. A stage polls, handles, produces, waits until what it produced is durable, and only then
commits; `monitor.bus.runner` is the one place where that order is written down.

Errors
------
BusError
├── Backpressure      the bus cannot take more now (topic_full, disk_full, busy …); carries `retry_after` seconds
├── RecordTooLarge    our own size guard, before anything was written; never retried
├── UnknownTopic      no `ensure_topics` ever made it
├── BusDamaged        what is stored cannot be read; the message says which file and what to do; never retried
├── Fenced            this consumer no longer owns what it tried to commit; drop the work, poll again
├── ConsumerStalled   a consumer lost its way in silence: the stage ends, a supervisor starts it anew
├── UpgradeNeeded     a record of a later major version; the runner pauses its partition for good
└── RetryableError    a handler's word for "try this batch again later": the runner pauses the partitions and retries
InvalidRecord is not a BusError: it is a handler's verdict on one record (see `Handled.dead`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Headers = Mapping[str, bytes]


class BusError(Exception):
    """Base of all errors that a bus raises."""


class Backpressure(BusError):
    """The bus cannot take more now: send all messages of the call again later.

    Of a call for one topic nothing was written; of a call for several, some topics may have theirs already. `reason` is a
    word out of a closed set (a metric label).
    """

    def __init__(self, reason: str, *, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RecordTooLarge(BusError):
    """A value is larger than MAX_RECORD_BYTES, or the whole call larger than its topic may ever be. Nothing was written."""


class UnknownTopic(BusError):
    """A topic that `ensure_topics` never made."""


class BusDamaged(BusError):
    """What is stored cannot be read. The message names the file and says what to do."""


class Fenced(BusError):
    """The partition belongs to another consumer of the group now."""


class ConsumerStalled(BusError):
    """There are records to read, the brokers answer, and still nothing comes."""


class RetryableError(BusError):
    """Raised by a handler whose own dependency failed (a locked store): the batch is retried, nothing is lost."""


class UpgradeNeeded(BusError):
    """A record has a major version that this program does not know. Its partition is paused, never dead-lettered."""

    def __init__(self, partition: TopicPartition, version: str) -> None:
        super().__init__(
            f"{partition.topic}[{partition.partition}] carries version {version}: upgrade leakstream"
        )
        self.partition = partition
        self.version = version


class TopicPartition(NamedTuple):
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer sends. `topic` is the name without the prefix; `key` chooses the partition."""

    topic: str
    key: bytes
    value: bytes = field(repr=False)
    headers: Headers = field(default_factory=dict, repr=False)


class Record(NamedTuple):
    """What a consumer receives. `appended_at` is the bus's clock (epoch seconds), never the producer's.

    A tuple, because a bus makes one of every record: a third of the time of a frozen dataclass.
    """

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers
    appended_at: float

    def __repr__(self) -> str:
        """Without value and headers, which hold secrets."""
        return (
            f"Record({self.topic}[{self.partition}] offset={self.offset} key={self.key!r} "
            f"appended_at={self.appended_at})"
        )

    @property
    def place(self) -> TopicPartition:
        return TopicPartition(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Lost:
    """Offsets `first` to `last` (inclusive) that retention took before this group read them."""

    place: TopicPartition
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Batch:
    """One poll: records in order within each partition, and what was found lost on the way."""

    records: Sequence[Record] = ()
    lost: Sequence[Lost] = ()


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is kept. `retention_bytes` is a limit for the whole topic; a full topic is back-pressure only when
    `block_when_full`, else the oldest records go (and are counted lost by the groups that had not read them).
    """

    name: str
    partitions: int = 4
    retention_seconds: float = 24 * 3600.0
    retention_bytes: int = 4 * 1024**3
    block_when_full: bool = True


@dataclass(frozen=True, slots=True)
class Lag:
    """Of one group on one partition: the next offset it will read, the end, how old the oldest unread record is, and which share of
    the topic's retention that is (1 = about to be lost).
    """

    position: int
    end: int
    oldest_unread_seconds: float
    retention_used: float

    @property
    def records(self) -> int:
        return self.end - self.position


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that breaks our contract, with a reason out of a closed set of words (a metric label)."""

    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class Handled:
    """What a handler made of a batch: messages to produce and records for the dead letters.

    A record that yields neither still moves the offset.
    """

    messages: Sequence[Message] = ()
    dead: Sequence[DeadLetter] = ()


Handler = Callable[[Sequence[Record]], Awaitable[Handled]]
OnRevoke = Callable[[Sequence[TopicPartition]], Awaitable[None]]


class Producer(Protocol):
    """Safe for concurrent use by tasks of one event loop. Never blocks the loop."""

    async def send(self, messages: Sequence[Message]) -> None:
        """Return when every message is durable, in order for each key. Raises Backpressure, RecordTooLarge, BusError.

        When cancelled, the messages may or may not have been written.
        """

    async def close(self) -> None:
        """Idempotent."""


class Consumer(Protocol):
    """One member of a group. For one task; never blocks the loop."""

    async def poll(self, *, max_records: int, wait: float) -> Batch:
        """Up to `max_records` of the partitions owned now; an empty batch after `wait` seconds.

        Partitions paused by `pause` are left out. Each call continues where the last one ended. A batch may end early (a
        bus bounds its bytes). Lost offsets are reported once to the group: again only when it did not commit past them.
        """

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Store the next offset to read of each partition, durably. Raises Fenced, and then stores none of them."""

    def rewind(self, places: Sequence[TopicPartition]) -> None:
        """Read these partitions again from their last committed offset. Those not owned now are left alone."""

    def pause(self, places: Sequence[TopicPartition]) -> None:
        """Leave these out of `poll` until `resume`, or until they are lost and come back."""

    def resume(self, places: Sequence[TopicPartition]) -> None: ...

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        """What this member owns now."""

    async def close(self) -> None:
        """Leave the group at once, so that others take over. Does not commit. Idempotent."""


class Bus(Protocol):
    """The composition root makes one; stages get it as an argument."""

    async def start(self) -> None: ...

    async def ensure_topics(self, topics: Sequence[TopicSpec]) -> Sequence[str]:
        """Create what is missing; return one sentence for each existing topic that differs from its spec."""

    def producer(self) -> Producer: ...

    async def consumer(
        self, group: str, topics: Sequence[str], *, on_revoke: OnRevoke | None = None
    ) -> Consumer:
        """Join `group`. A group without a stored position begins at the earliest record; positions are never reset.

        `on_revoke` is awaited, under a deadline and in another task than the poller's, before partitions go to another
        member: `poll` yields nothing of them any more, `commit` still takes them. Raises UnknownTopic.
        """

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, Lag]:
        """Of every partition. A group that never joined stands at the earliest record. Raises UnknownTopic."""

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """The offset that the next record of each partition will have. Raises UnknownTopic."""

    async def read(self, place: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        """Look at records without a group, from `offset` or the earliest kept after it. Raises UnknownTopic."""

    async def close(self) -> None:
        """Idempotent. Close consumers and producers first."""
