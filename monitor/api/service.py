"""/api/v1/rules, /health and /me: what is looked for, how the service does, who is asking."""

from __future__ import annotations

from typing import Final, Literal, Protocol

from pydantic import Field

from monitor.api.models import Answer, Question, Severity
from monitor.api.operation import BASE, Answered, Asked, Operation
from monitor.console.pulse import Beat
from monitor.console.rulebook import Asked as Chosen
from monitor.console.rulebook import Found
from monitor.version import version
from monitor.web import Role

_TAG: Final = "service"


class RuleQueries(Protocol):
    async def found(self, asked: Chosen) -> Found:
        """Raises StoreBusy."""


class Beating(Protocol):
    async def beat(self) -> Beat:
        """Raises StoreBusy."""


class Rules(Question):
    q: str = Field("", max_length=100, description="in id, title and provider")
    provider: str = Field("", max_length=100, pattern=r"^[A-Za-z0-9._-]*$")
    severity: tuple[Severity, ...] = Field((), max_length=5, description="of these; may be repeated")
    shown: Literal["all", "found", "doubtful", "silent"] = Field(
        "all",
        description="that found something; that people closed as false; whose canary did not come through",
    )
    page: int = Field(1, ge=1, le=10_000)


class Rule(Answer):
    """`precision`: confirmed of confirmed and wrong in 90 days, null before anybody said."""

    id: str
    title: str
    provider: str
    severity: Severity
    kind: str
    proof: str
    open: int = Field(description="exposures")
    all: int
    confirmed: int
    wrong: int
    precision: float | None
    alive: bool | None = Field(description="whether its canary came through; null = none is planted for it")


class RulesPage(Answer):
    rules: tuple[Rule, ...]
    total: int
    pages: int


class Sign(Answer):
    name: str
    state: Literal["ok", "trouble", "unknown"]
    text: str
    why: tuple[str, ...]


class Health(Answer):
    """As the strip on top of the console's pages."""

    ready: bool
    version: str
    signs: tuple[Sign, ...]


class Me(Answer):
    name: str
    role: Literal["viewer", "responder", "admin"]


class ServiceOperations:
    def __init__(self, rules: RuleQueries, pulse: Beating) -> None:
        self._rules = rules
        self._pulse = pulse

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "listRules", "GET", f"{BASE}/rules", _TAG,
                "What is looked for, with what was found by it. Those with open exposures first.",
                Role.VIEWER, RulesPage, self._list, query=Rules,
            ),
            Operation(
                "getHealth", "GET", f"{BASE}/health", _TAG,
                "How the service does. 200 whatever it says; supervisors ask /readyz on the other listener.",
                Role.VIEWER, Health, self._health,
            ),
            Operation("getMe", "GET", f"{BASE}/me", _TAG, "Who is asking, as the service sees it.", Role.VIEWER, Me, self._me),
        ]  # fmt: skip

    async def _list(self, asked: Asked) -> Answered:
        wanted: Rules = asked.query
        found = await self._rules.found(
            Chosen(wanted.q.strip().lower(), wanted.provider, wanted.severity, wanted.shown, wanted.page)
        )
        names = set(Rule.model_fields)
        rows = [{name: getattr(row, name) for name in names} for row in found.rows]
        return Answered(RulesPage.model_validate({"rules": rows, "total": found.total, "pages": found.pages}))

    async def _health(self, _: Asked) -> Answered:
        beat = await self._pulse.beat()
        signs = [
            {"name": sign.name, "state": sign.state, "text": sign.text, "why": sign.why}
            for sign in beat.signs
        ]
        return Answered(Health.model_validate({"ready": beat.ready, "version": version(), "signs": signs}))

    async def _me(self, asked: Asked) -> Answered:
        return Answered(Me.model_validate({"name": asked.who, "role": asked.role.word}))
