"""/api/v1/exposures: list, one, its sightings, and what a responder does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal

from pydantic import Field

from monitor.api.models import (
    Exposure,
    Exposures,
    Level,
    Question,
    Severity,
    Sightings,
    WholeExposure,
)
from monitor.api.operation import BASE, Answered, Asked, Operation
from monitor.console.filters import WITHIN
from monitor.console.queries import ExposureQueries
from monitor.store.queries import Filter
from monitor.web import Role

_TAG: Final = "exposures"
_ONE: Final = f"{BASE}/exposures/{{id}}"
_CONFLICT: Final = {409: "Its state does not allow that: closed already, open already."}
_GONE: Final = {404: "There is none of this id, or more than one begins so."}
_WORD: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$"
_LONGEST_NOTE: Final = 1000
_Within = Literal["", "1h", "24h", "7d", "30d"]


class Wanted(Question):
    """The list's filter."""

    state: Literal["open", "closed", "all"] = "open"
    severity: tuple[Severity, ...] = Field((), max_length=5, description="of these; may be repeated")
    owned: tuple[Level, ...] = Field(
        ("proved", "claimed"), max_length=3, description="how sure it is that it is ours; may be repeated"
    )
    rule: str = Field("", max_length=100, pattern=f"{_WORD}|^$")
    source: str = Field("", max_length=100, pattern=f"{_WORD}|^$")
    within: _Within = Field("", description="seen last in the last …")
    q: str = Field(
        "", max_length=200, description="in rule, title, repository and path; the beginning of an id"
    )
    limit: int = Field(50, ge=1, le=500)
    after: str = Field(
        "",
        max_length=100,
        pattern=r"^[0-9]{1,15}(\.[0-9]{1,10})?:[0-9a-f]{64}$|^$",
        description="the cursor of a page: `next` of the one before",
    )


class Close(Question):
    """Why it is over."""

    reason: Annotated[
        Literal["revoked", "removed", "false_alarm", "test", "not_ours"],
        Field(description="what is muted hangs on it: the leak everywhere, or the places seen so far"),
    ]
    note: str = Field("", max_length=_LONGEST_NOTE)


class Reopen(Question):
    """Why it is not over."""

    note: str = Field("", max_length=_LONGEST_NOTE)


class ExposureOperations:
    def __init__(self, desk: ExposureQueries, *, clock: Callable[[], float]) -> None:
        self._desk = desk
        self._clock = clock

    def operations(self) -> list[Operation]:
        desk = self._desk

        async def acknowledge(asked: Asked) -> Answered:
            return await self._changed(
                asked, await desk.acknowledge(asked.path["id"], actor=asked.who, mark=asked.match)
            )

        async def revoke(asked: Asked) -> Answered:
            return await self._changed(
                asked, await desk.revoke(asked.path["id"], actor=asked.who, mark=asked.match)
            )

        async def reopen(asked: Asked) -> Answered:
            body: Reopen = asked.body
            done = await desk.reopen(asked.path["id"], actor=asked.who, note=body.note, mark=asked.match)
            return await self._changed(asked, done)

        async def close(asked: Asked) -> Answered:
            body: Close = asked.body
            done = await desk.close(
                asked.path["id"], body.reason, actor=asked.who, note=body.note, mark=asked.match
            )
            return await self._changed(asked, done)

        looks = [
            Operation(
                "listExposures", "GET", f"{BASE}/exposures", _TAG,
                "List exposures, the last seen first. Without `owned`: what is ours by proof or claim. Drills are left out.",
                Role.VIEWER, Exposures, self._list, query=Wanted,
            ),
            Operation(
                "getExposure", "GET", _ONE, _TAG,
                "One exposure: evidence, why it is ours, what to do. Looking at it is written into the access log.",
                Role.VIEWER, WholeExposure, self._show, tagged=True, errors=_GONE,
            ),
            Operation(
                "listSightings", "GET", f"{_ONE}/sightings", _TAG, "Where one exposure was seen.",
                Role.VIEWER, Sightings, self._sightings, errors=_GONE,
            ),
        ]  # fmt: skip
        said = (
            ("acknowledgeExposure", "acknowledge", "Say that you have it in hand.", acknowledge, None),
            ("closeExposure", "close", "Close it, with the reason. Whoever was told of it hears that.", close, Close),
            ("reopenExposure", "reopen", "Open it again, perhaps with a note that says why.", reopen, Reopen),
            ("revokeExposure", "revoke", "Say that its secret is dead. It stays open: the text may still stand there.", revoke, None),
        )  # fmt: skip
        acts = [
            Operation(
                name, "POST", f"{_ONE}/{verb}", _TAG, summary, Role.RESPONDER, Exposure, handler, body=body,
                matches=True, tagged=True, errors={**_GONE, **_CONFLICT},
            )
            for name, verb, summary, handler, body in said
        ]  # fmt: skip
        return looks + acts

    async def _list(self, asked: Asked) -> Answered:
        wanted: Wanted = asked.query
        chosen = Filter(
            state="" if wanted.state == "all" else wanted.state,
            severities=wanted.severity,
            levels=wanted.owned,
            rule=wanted.rule,
            source=wanted.source,
            since=self._clock() - WITHIN[wanted.within] if wanted.within else 0.0,
            text=wanted.q.strip(),
        )
        found = await self._desk.list(chosen, actor=asked.who, limit=wanted.limit, after=wanted.after)
        total = {"total": found.total.number, "total_is_exact": found.total.exact}
        return Answered(Exposures.model_validate({"exposures": found.exposures, **total, "next": found.next}))

    async def _show(self, asked: Asked) -> Answered:
        mark = await self._desk.mark(asked.path["id"])
        return Answered(
            WholeExposure.model_validate(await self._desk.show(asked.path["id"], actor=asked.who)), mark
        )

    async def _sightings(self, asked: Asked) -> Answered:
        found = await self._desk.show(asked.path["id"], actor=asked.who)
        told = {"id": found["id"], "total": found["sightings"], "sightings": found["places"]}
        return Answered(Sightings.model_validate(told))

    async def _changed(self, asked: Asked, found: object) -> Answered:
        return Answered(Exposure.model_validate(found), await self._desk.mark(asked.path["id"]))
