"""A member of a group: it keeps its leases alive, gives partitions up when asked to, and reads."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from monitor.aio import cancel, spawn
from monitor.bus.base import Backpressure, Batch, BusError, Fenced, OnRevoke, TopicPartition
from monitor.bus.embedded.groups import Beat, Groups, Member
from monitor.bus.embedded.log import TopicLog
from monitor.bus.embedded.producer import Bells
from monitor.bus.embedded.reader import Reader
from monitor.bus.embedded.worker import Worker

_log = structlog.get_logger(__name__)

_CHECK_SECONDS: Final = 0.5  # how often a member looks whether its group changed


@dataclass(slots=True)
class _Owned:
    epoch: int
    committed: int
    position: int
    paused: bool = False
    leaving: bool = False  # on its way to another member: no longer polled, still committed


class EmbeddedConsumer:
    """See `monitor.bus.base.Consumer`."""

    def __init__(
        self,
        member: Member,
        groups: Worker[Groups],
        open_logs: Callable[[], Mapping[str, TopicLog]],
        bells: Bells,
        *,
        on_revoke: OnRevoke | None,
        revoke_seconds: float,
    ) -> None:
        self._member = member
        self._groups = groups
        self._bell = threading.Event()
        self._reader = Worker(f"bus-read-{member.group}", lambda: Reader(open_logs(), bells, self._bell))
        self._on_revoke = on_revoke
        self._revoke_seconds = revoke_seconds
        self._owned: dict[TopicPartition, _Owned] = {}
        self._plan = 0  # changes with every change of what is to be fetched
        self._failure: BaseException | None = None
        self._membership: asyncio.Task[None] | None = None
        self._revocation: asyncio.Task[None] | None = None
        self._closed = False

    async def join(self) -> None:
        """The first heartbeat. Raises what Database raises."""
        beat = await self._groups.call(Groups.beat, self._member)
        self._apply(beat)
        self._membership = self._watch(
            spawn(self._keep_membership(beat.generation), name=f"bus-{self._member.group}")
        )

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        return frozenset(self._owned)

    async def poll(self, *, max_records: int, wait: float) -> Batch:
        deadline = time.monotonic() + wait
        while True:
            self._check()
            plan = self._plan
            positions = {
                place: owned.position
                for place, owned in self._owned.items()
                if not owned.paused and not owned.leaving
            }
            left = max(0.0, deadline - time.monotonic())
            try:
                records, lost = await self._reader.call(
                    Reader.fetch, positions, max_records, left, lambda plan=plan: self._plan != plan
                )
            except asyncio.CancelledError:
                self._replan()  # so that the thread does not wait on for nobody
                raise
            if plan != self._plan:
                # what was asked for is no longer what is wanted; positions have not moved, so nothing is skipped
                continue
            if records or lost or time.monotonic() >= deadline:
                for gap in lost:
                    self._owned[gap.place].position = gap.last + 1
                for record in records:
                    self._owned[record.place].position = record.offset + 1
                return Batch(records, lost)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._check()
        fenced = {}
        for place, offset in offsets.items():
            owned = self._owned.get(place)
            if owned is None:
                raise Fenced(f"{place.topic}[{place.partition}] is not this member's")
            fenced[place] = (offset, owned.epoch)
        await self._groups.call(Groups.commit, self._member, fenced)
        for place, (offset, epoch) in fenced.items():
            owned = self._owned.get(place)
            if owned is not None and owned.epoch == epoch:
                owned.committed = offset

    def rewind(self, places: Sequence[TopicPartition]) -> None:
        for place in places:
            if place in self._owned:
                self._owned[place].position = self._owned[place].committed
        self._replan()

    def pause(self, places: Sequence[TopicPartition]) -> None:
        self._set_paused(places, paused=True)

    def resume(self, places: Sequence[TopicPartition]) -> None:
        self._set_paused(places, paused=False)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._replan()
        await cancel(*(task for task in (self._membership, self._revocation) if task and not task.done()))
        await self._reader.close()
        self._owned.clear()
        try:
            await self._groups.call(Groups.leave, self._member)
        except Backpressure as error:  # the lease runs out by itself
            _log.warning("bus.leave_failed", group=self._member.group, reason=error.reason)

    def _set_paused(self, places: Sequence[TopicPartition], *, paused: bool) -> None:
        for place in places:
            if place in self._owned:
                self._owned[place].paused = paused
        self._replan()

    def _check(self) -> None:
        if self._closed:
            raise BusError("this consumer is closed")
        if self._failure is not None:
            raise self._failure

    def _replan(self) -> None:
        self._plan += 1
        self._bell.set()

    async def _keep_membership(self, generation: int) -> None:
        """Heartbeats, three in a session, and one at once when the group changes."""
        next_beat = time.monotonic() + self._member.session / 3
        while True:
            await asyncio.sleep(min(_CHECK_SECONDS, self._member.session / 6))
            try:
                seen = await self._groups.call(Groups.generation, self._member.group)
                if seen == generation and time.monotonic() < next_beat:
                    continue
                next_beat = time.monotonic() + self._member.session / 3
                beat = await self._groups.call(Groups.beat, self._member)
            except Backpressure as error:
                # a full disk keeps everybody from taking over, too; commits stay fenced
                _log.warning("bus.heartbeat_failed", group=self._member.group, reason=error.reason)
                continue
            generation = beat.generation
            self._apply(beat)

    def _apply(self, beat: Beat) -> None:
        changed = False
        for place, lease in beat.owned.items():
            owned = self._owned.get(place)
            if owned is None or owned.epoch != lease.epoch:
                self._owned[place] = _Owned(lease.epoch, lease.position, lease.position)
                changed = True
        for place in self._owned.keys() - beat.owned.keys():
            del self._owned[place]
            changed = True
        if beat.excess and (self._revocation is None or self._revocation.done()):
            for place in beat.excess:
                self._owned[place].leaving = True
            changed = True
            self._revocation = self._watch(
                spawn(self._give_up(beat.excess), name=f"bus-revoke-{self._member.group}")
            )
        if changed:
            self._replan()

    async def _give_up(self, places: Sequence[TopicPartition]) -> None:
        if self._on_revoke is not None:
            try:
                async with asyncio.timeout(self._revoke_seconds):
                    await self._on_revoke(places)
            except TimeoutError:
                _log.warning("bus.revoke_deadline", group=self._member.group, partitions=len(places))
        try:
            await self._groups.call(Groups.release, self._member, places)
        except Backpressure:  # the next heartbeat tries again
            return
        for place in places:
            self._owned.pop(place, None)
        self._replan()

    def _watch(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """What goes wrong in the background is raised by the next `poll` or `commit`."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._failure = error
                self._replan()

        task.add_done_callback(ended)
        return task
