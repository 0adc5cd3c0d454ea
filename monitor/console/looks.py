"""The pages of coverage and rules: nothing is changed there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping

from monitor.console import rulebook
from monitor.console.coverage import SPANS, Answered, Coverage
from monitor.console.coverage_picture import HEIGHT, WIDTH, lanes, ticks
from monitor.console.frame import Frame
from monitor.console.rulebook import SHOWN, RuleBook
from monitor.console.words import written
from monitor.coverage.answer import LATE, Word

WITHIN: Final = {"1m": 60.0, "5m": 300.0, "30m": 1800.0, "2h": 7200.0}
_NAME: Final = re.compile(r"[^\s/]{1,200}(?:/[^\s]{1,300})?")
_FORGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,199}")
_MINUTE: Final = 60.0


class Looks:
    """Handlers. They raise ValueError, StoreBusy and LedgerBroken for the frame to show."""

    def __init__(self, frame: Frame, coverage: Coverage, rules: RuleBook) -> None:
        self._frame = frame
        self._coverage = coverage
        self._rules = rules

    async def coverage(self, request: web.Request) -> web.Response:
        name = request.query.get("span", "6h")
        if name not in SPANS:
            raise ValueError(f"span is one of {', '.join(SPANS)}")
        answered = await self._asked(request.query)
        seen = await self._coverage.seen(name)
        return await self._frame.show(
            request,
            "coverage.html",
            {
                "span": name,
                "spans": tuple(SPANS),
                "seen": seen,
                "since": written(seen.since),
                "until": written(seen.until),
                "lanes": lanes(seen),
                "totals": seen.lanes,
                "ticks": ticks(seen),
                "width": WIDTH,
                "height": HEIGHT,
                "sealed": await self._coverage.sealed(),
                "form": {key: request.query.get(key, "") for key in ("repo", "forge", "at", "within")},
                "choices": tuple(WITHIN),
                "answered": _told(answered, self._frame.clock()) if answered else None,
                "time": written,
            },
        )

    async def rules(self, request: web.Request) -> web.Response:
        asked = rulebook.parse(request.query)
        found = await self._rules.found(asked)
        return await self._frame.show(request, "rules.html", {"asked": asked, "found": found, "shown": SHOWN})

    async def _asked(self, query: MultiMapping[str]) -> Answered | None:
        """The question in the URL, answered; None where there is none. Raises ValueError."""
        repo = query.get("repo", "").strip().strip("/")
        if not repo:
            return None
        forge = query.get("forge", "").strip() or "github.com"
        if not _NAME.fullmatch(repo) or not _FORGE.fullmatch(forge):
            raise ValueError("write the repository as owner/name, and the site as github.com")
        within = query.get("within", "") or "5m"
        if within not in WITHIN:
            raise ValueError(f"within is one of {', '.join(WITHIN)}")
        at = _moment(query.get("at", ""), self._frame.clock())
        return await self._coverage.ask(
            forge, repo, at, span=1.0 if at % _MINUTE else _MINUTE, within=WITHIN[within]
        )


def _moment(text: str, now: float) -> float:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("say when: 2026-11-22T14:03, UTC") from None
    at = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    if at > now:
        raise ValueError("that time lies ahead; times are UTC")
    return at


def _told(answered: Answered, now: float) -> dict[str, Any]:
    """For the template."""
    question, found = answered.question, answered.answer
    return {
        "forge": question.forge,
        "name": question.name,
        "at": written(question.at),
        "within": question.within,
        "asked": answered.asked,
        "word": found.word.value if found else "not known any more",
        "seen": found.seen[:3] if found else (),
        "blind": found.blind if found else (),
        "readings": found.readings if found else (),
        "gone": found is None,
        "early": found is not None and found.word is Word.NOT_SEEN and now < question.at + LATE,
    }
