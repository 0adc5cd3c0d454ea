"""One GET of a server that the configuration names: the answer with its clock, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.commands.doctor.check import Reading
from monitor.commands.doctor.clocks import reading
from monitor.http import Failure, HttpClient, HttpError, Response

# why there is no answer -> in words, and what to do
_WORDS: Final[Mapping[Failure, tuple[str, str]]] = {
    Failure.UNREACHABLE: ("nobody listens there, or no such name", "start it, or correct its address"),
    Failure.TIMEOUT: ("no answer in time", "see whether it is overloaded, or a firewall in between drops"),
    Failure.TLS: ("no TLS with it", "see its certificate (`openssl s_client -connect`), and http or https"),
    Failure.REFUSED_ADDRESS: (
        "its address is a private one, which is not asked by default",
        "add its host to http.allow_private",
    ),
    Failure.BAD_URL: ("that is no URL", "correct its address"),
}
_OTHERWISE: Final = ("what answers there is no such server ({reason})", "correct its address, or see its log")


@dataclass(frozen=True, slots=True)
class NoAnswer:
    found: str
    advice: str


@dataclass(frozen=True, slots=True)
class Answer:
    response: Response = field(repr=False)
    reading: Reading | None


async def ask(
    http: HttpClient, url: str, who: str, *, headers: Mapping[str, str], clock: Callable[[], float]
) -> Answer | NoAnswer:
    """`who` is how people call the server; no secret of `url` or `headers` gets into the result."""
    asked = clock()
    try:
        response = await http.request("GET", url, headers=headers)
    except HttpError as error:
        found, advice = _WORDS.get(error.reason, _OTHERWISE)
        return NoAnswer(f"{who}: {found.format(reason=error.reason.value)}", advice)
    return Answer(response, reading(who, response.headers.get("Date", ""), asked=asked, answered=clock()))
