"""GH Archive and its mirror: the public events of GitHub by the hour, some minutes after it, to fill what the live feeds missed.

Three things are done with an hour: it is followed or back-filled (every event of it), repaired from (only the spans that another
source asked for and did not see), or merely counted: the mirror's manifest says how many events the world had. What was read, here
or by `github_events`, is remembered in one set and never read again. Text events go straight to the bus; pushes name only commits:
those of what is watched are handed to the source `git`, the others are counted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from monitor.budget import Limited
from monitor.collectors.archive.agenda import Agenda, Job, Repair
from monitor.collectors.archive.fetch import ArchivePlace, FetchLimits
from monitor.collectors.archive.hour import HOUR, BadHour, HourLimits, hour_of
from monitor.collectors.archive.reader import HourReader
from monitor.collectors.archive.sieve import WHOLE, Policy, Take, parse_span
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.context import WORLD
from monitor.collectors.upstream import Refused, Unavailable
from monitor.contracts import CoverageEvent
from monitor.tools import Tools

_MIB: Final = 1024 * 1024
_LOOK: Final = 60.0  # seconds between two looks at what is asked
_TRIES: Final = 3  # at one place, before the other one is asked
_OLDEST: Final = 1_420_070_400  # 2015-01-01: hours before it have another format


class Settings(SourceSettings):
    """[sources.gharchive]"""

    archive_url: str = Field("https://data.gharchive.org", description='GH Archive; "" = do not ask there')
    mirror_url: str = Field(
        "https://gharchive.open-digger.cn",
        description='the mirror, far more complete, run by a third party; "" = do not ask there',
    )
    mirror_since: AwareDatetime = Field(
        "2026-09-06T00:00:00Z", validate_default=True, description="before it the mirror has nothing"
    )
    forge: str = Field("github.com", description="name of the forge in findings")
    follow: bool = Field(default=False, description="read every finished hour (350 MB each at the mirror)")
    world: bool = Field(default=True, description="ask for each hour's manifest: how many events there were")
    take: Take = Field(
        "all", description="whose text is read of followed and back-filled hours: all, watched"
    )
    repair: Literal["all", "watched", "off"] = Field(
        "all", description="whose text is read where another source asks for a span it did not see"
    )
    backfill_from: AwareDatetime | None = Field(None, description="first hour of the past to be read")
    backfill_to: AwareDatetime | None = Field(None, description="the hour behind the last one")
    public_repositories: bool = Field(
        default=False, description="have every repository that was made public read whole by the source git"
    )
    delay_minutes: float = Field(10.0, ge=0, description="after its end an hour is asked for")
    late_minutes: float = Field(
        30.0,
        ge=0,
        le=360,
        description="how late events are observed: a span is looked for in the next hour's file, too",
    )
    retry_minutes: float = Field(10.0, gt=0, description="between two tries at an hour")
    give_up_hours: float = Field(24.0, ge=0, description="after its end an hour that is nowhere is given up")
    events_per_second: float = Field(5000.0, gt=0, description="how fast a file is read at most")
    max_file_mib: int = Field(1024, gt=0, description="largest file read, in MiB as it comes")
    max_text_gib: float = Field(16.0, gt=0, description="largest file read, in GiB of text")
    max_file_minutes: float = Field(120.0, gt=0, description="longest time one file may take")

    @field_validator("archive_url", "mirror_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("an http or https URL is expected")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.archive_url and not self.mirror_url:
            raise ValueError("give archive_url or mirror_url")
        begin, end = self.backfill_from, self.backfill_to
        if (begin is None) != (end is None):
            raise ValueError("give both backfill_from and backfill_to, or none")
        if begin is not None and end is not None and not _OLDEST <= begin.timestamp() < end.timestamp():
            raise ValueError("backfill_from must lie before backfill_to, and not before 2015")
        return self

    def backfill(self) -> tuple[int, int] | None:
        """(first hour, the one behind the last)."""
        if self.backfill_from is None or self.backfill_to is None:
            return None
        return hour_of(self.backfill_from.timestamp()), hour_of(self.backfill_to.timestamp() + HOUR - 1)

    @property
    def rhythm(self) -> float | None:
        return 10 * _LOOK  # a file takes its time


class GhArchive:
    """The source. For one task."""

    def __init__(
        self, settings: Settings, tools: Tools, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._draw = draw
        limits = FetchLimits(settings.max_file_mib * _MIB, settings.max_file_minutes * 60.0)
        place = ArchivePlace
        self._mirror = [place("mirror", settings.mirror_url, tools, limits, has_manifest=True)]
        self._archive = [place("archive", settings.archive_url, tools, limits, has_manifest=False)]
        self._mirror *= bool(settings.mirror_url)
        self._archive *= bool(settings.archive_url)
        self._reader = HourReader(
            Policy(
                settings.forge,
                settings.take,
                "watched" if settings.repair == "watched" else "all",
                settings.public_repositories,
            ),
            tools.watch,
            limits=HourLimits(text=int(settings.max_text_gib * 1024 * _MIB)),
            pace=settings.events_per_second,
            save=self._save,
        )
        self._agenda = Agenda(
            follow=settings.follow,
            world=settings.world and bool(settings.mirror_url),
            backfill=settings.backfill(),
            delay=settings.delay_minutes * 60.0,
            late=settings.late_minutes * 60.0,
        )

    async def run(self, context: SourceContext) -> None:
        self._agenda.restore(await context.state.cursor(context.name))
        while not context.stop.is_set():
            await self._asked(context)
            now = context.now()
            self._agenda.plan(now)
            job = self._agenda.next(now)
            if job is not None:
                await self._work(context, job)
                continue
            self._well(context)  # there is nothing to be asked for: silence is no sign of trouble
            if await context.sleep(max(1.0, min(_LOOK, self._agenda.wake(now) - now))):
                return

    def _well(self, context: SourceContext) -> None:
        if not any(job.trouble for job in self._agenda.jobs):
            context.healthy()

    async def _asked(self, context: SourceContext) -> None:
        """Take on the repairs that are asked of us, and tell of those that have come to their end."""
        for request in await context.requested():
            known = self._agenda.repairs.get(request.target)
            span = parse_span(request.target, context.now()) if request.kind == "repair" else None
            if known is not None and known.told:
                await context.finished(request)
            elif span is None or self._settings.repair == "off":
                context.dropped("bad_request" if span is None else "repair_off")
                await context.finished(request)
            else:
                self._agenda.repair(request.target, span)
        told = [target for target, repair in self._agenda.ended() if repair.told]
        for target in told:
            del self._agenda.repairs[target]
        if told:
            await self._save(context)

    async def _save(self, context: SourceContext, coverage: Sequence[CoverageEvent] = ()) -> None:
        await context.emit(coverage=coverage, cursor=self._agenda.save())

    # -- one hour

    async def _work(self, context: SourceContext, job: Job) -> None:
        """One try at it."""
        places, before = self._places(job), job.line
        try:
            if places:
                await self._read(context, job, places[job.feed % len(places)])
                self._well(context)
            else:
                await self._give_up(context, job)
        except Limited as error:
            context.failing("limited")
            job.trouble = True
            job.due = context.now() + error.retry_after
        except BadHour as error:
            context.dropped(error.reason)
            await self._failed(context, job, error.reason, len(places), afresh=True)
        except (Unavailable, Refused) as error:
            missing = isinstance(error, Refused) and error.status == 404
            reason = "missing_hour" if missing else error.reason
            if job.line > before:
                job.tries = 0  # slow is not broken
            await self._failed(context, job, reason, len(places), afresh=False)
        await self._save(context)

    def _places(self, job: Job) -> list[ArchivePlace]:
        mirrored = job.since >= self._settings.mirror_since.timestamp()
        counted = not job.whole and not self._agenda.wants(job.hour)  # the archive has nothing to count by
        return [*(self._mirror if mirrored else []), *([] if counted else self._archive)]

    async def _failed(
        self, context: SourceContext, job: Job, reason: str, places: int, *, afresh: bool
    ) -> None:
        """Try again later, elsewhere, or not at all."""
        job.tries += 1
        last = job.tries >= _TRIES
        job.due = context.now() + self._settings.retry_minutes * 60.0 * (0.75 + self._draw() / 2)
        # an hour that is not there yet is no trouble before it is late
        if last or reason != "missing_hour":
            context.failing(reason)
            job.trouble = True
        if afresh or last:
            await self._begin_afresh(context, job)
        if not last:
            return
        job.tries, job.feed = 0, (job.feed + 1) % places
        if job.feed > 0:
            job.due = context.now()
        elif context.now() >= job.until + self._settings.give_up_hours * HOUR:
            await self._give_up(context, job)

    async def _begin_afresh(self, context: SourceContext, job: Job) -> None:
        """What was read of it stays read, and is told as such; the next pass counts it as known."""
        places = self._places(job)
        told = []
        if (tally := job.tallies.get(WHOLE)) is not None and tally.fetched:
            tally.listed, tally.known = tally.fetched, 0
            tally.skipped.clear()
            told.append(_counted(context.name, job, places[job.feed % len(places)].name))
        job.afresh()
        await self._save(context, told)

    async def _give_up(self, context: SourceContext, job: Job) -> None:
        self._agenda.give_up(job)
        if job.world and not job.whole:
            context.dropped("no_manifest")
        missed = CoverageEvent(context.name, job.since, job.until, blind="missing_hour")
        await self._settle(context, [missed] if job.whole else [])

    async def _read(self, context: SourceContext, job: Job, place: ArchivePlace) -> None:
        """Raises Limited, Unavailable, Refused, BadHour; what was dealt with until then is saved."""
        manifest = await place.manifest(context, job.hour) if place.has_manifest else None
        sha256 = manifest.sha256 if manifest else ""
        if job.begun and job.sha256 != sha256:
            await self._begin_afresh(context, job)  # its lines were those of another file
        self._agenda.begin(job)
        job.sha256 = sha256
        lines = None
        if job.whole or job.targets:
            spans = {t: r.span for t in job.targets if (r := self._agenda.repairs.get(t)) is not None}
            lines = await self._reader.read(context, job, spans, place, manifest)
        coverage = []
        if job.whole:
            coverage.append(_counted(context.name, job, place.name))
        if job.world and manifest is None:
            context.dropped("no_manifest")
        elif job.world and manifest is not None:
            if lines is not None and lines != manifest.events:
                context.dropped("manifest_count", abs(lines - manifest.events))
            count = manifest.events if lines is None else lines
            coverage.append(CoverageEvent(context.name, job.since, job.until, expected=count, feed=WORLD))
        self._agenda.finish(job, place.name)
        await self._settle(context, coverage)

    async def _settle(self, context: SourceContext, coverage: Sequence[CoverageEvent]) -> None:
        """A job is done: save that together with what is to be told of it and of the repairs that it was the last of."""
        ended = [repair for _, repair in self._agenda.ended() if not repair.told]
        for repair in ended:
            repair.told = True
            if repair.missing:
                context.dropped("repair_missing_hour")
        await self._save(context, [*coverage, *(_repaired(context.name, repair) for repair in ended)])
        if ended:
            await self._asked(context)


def _counted(source: str, job: Job, feed: str) -> CoverageEvent:
    """What became of an hour's events. `expected` is left to the manifest: what the world had, not what we had not read before."""
    return replace(job.tallies[WHOLE].event(source, job.until), feed=feed, expected=None)


def _repaired(source: str, repair: Repair) -> CoverageEvent:
    """What a repair found. It claims to have filled the gap only when every file was there."""
    event = repair.tally.event(source, repair.span.until, blind="missing_hour" if repair.missing else "")
    repairs = "" if repair.missing else repair.span.repairs
    return replace(event, feed="+".join(sorted(repair.feeds)), repairs=repairs, expected=None)


def _build(settings: Settings, tools: Tools) -> GhArchive:
    return GhArchive(settings, tools)


PLUGIN = SourcePlugin(
    Settings, _build, "GH Archive and its mirror: hours of GitHub's public events, gaps filled"
)
