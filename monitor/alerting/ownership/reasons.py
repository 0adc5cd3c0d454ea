"""Reasons: one match each, what it is worth, and the sentence that says it. Many of them make an attribution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from monitor.alerting.ownership.levels import Level


@dataclass(frozen=True, slots=True)
class Kind:
    """How sure a match of this kind is at most, what it adds to the score, and how it is said (`entry`: ours, `found`: foreign text)."""

    proof: Level
    weight: int
    text: str


KINDS: Final[Mapping[str, Kind]] = {
    "own_secret": Kind(Level.PROVED, 100, "it is your own secret {entry}"),
    "own_delivery": Kind(Level.PROVED, 100, "it came to your own webhook {entry}, signed"),
    "account_id": Kind(Level.PROVED, 100, "the credential belongs to your account {entry}"),
    "project_id": Kind(Level.PROVED, 100, "the credential belongs to your project {entry}"),
    "tenant_id": Kind(Level.PROVED, 100, "the credential belongs to your tenant {entry}"),
    "key_id": Kind(Level.PROVED, 100, "it is your key {entry}"),
    "source": Kind(Level.PROVED, 90, "the source {entry} reads only your own things"),
    "repository": Kind(Level.PROVED, 90, "the repository {found} is yours"),
    "organisation": Kind(Level.PROVED, 90, "the owner {entry} is your organisation"),
    "user": Kind(Level.PROVED, 80, "the owner {entry} is one of your users"),
    "own_site": Kind(Level.PROVED, 80, "it stands on {found}, a host of your domain {entry}"),
    "named_host": Kind(Level.CLAIMED, 50, "the credential names {found}, a host of yours"),
    "host": Kind(Level.CLAIMED, 40, "it stands next to {found}, a host of yours"),
    "domain": Kind(Level.CLAIMED, 40, "it stands next to {found}, a host of your domain {entry}"),
    "author_email": Kind(Level.CLAIMED, 30, "the author's address is said to be @{found}"),
    "author": Kind(Level.CLAIMED, 20, "the author is said to be {found}"),
    "email": Kind(Level.CLAIMED, 20, "an address @{found} stands next to it"),
    "brand": Kind(Level.CLAIMED, 10, "your word {entry} stands in its {found}"),
    "claimed_storm": Kind(
        Level.CLAIMED,
        0,
        "{found} exposures that are only claimed were recorded without a ticket of their own",
    ),
}
MAX_REASONS: Final = 20
_LONGEST: Final = 200  # characters of foreign text in a reason


@dataclass(frozen=True, slots=True)
class Attribution:
    """`score` is the sum of the weights, at most 100; one entry counts once for each kind of match. A reason is an object with kind,
    entry, found, proof and weight, and `file`: the watch file that the entry came from, "" for the configuration itself.
    """

    level: Level
    score: int
    reasons: tuple[Mapping[str, Any], ...]


NOBODY: Final = Attribution(Level.NONE, 0, ())


def reason(
    kind: str, entry: str, found: str, *, file: str = "", most: Level = Level.PROVED
) -> Mapping[str, Any]:
    """One match, as it is stored. `found` is foreign text; `most`: how sure it can be at this place."""
    known = KINDS[kind]
    return {
        "kind": kind,
        "entry": entry,
        "found": found[:_LONGEST],
        "proof": min(known.proof, most, key=lambda level: level.rank).value,
        "weight": known.weight,
        "file": file,
    }


def reason_text(given: Mapping[str, Any]) -> str:
    """A reason as a sentence; it quotes foreign text."""
    text = KINDS[given["kind"]].text.format(entry=given["entry"], found=given["found"])
    file = given.get("file", "")
    return f"{text} ({given['proof']}; {file})" if file else f"{text} ({given['proof']})"


def combine(*groups: Iterable[Mapping[str, Any]]) -> Attribution:
    """One attribution out of the reasons of several sightings. The order of sightings makes no difference."""
    best: dict[tuple[str, str], Mapping[str, Any]] = {}
    for group in groups:
        for given in group:
            key = (given["kind"], given["entry"])
            if key not in best or _better(given) < _better(best[key]):
                best[key] = given
    if not best:
        return NOBODY
    ordered = sorted(best.values(), key=_order)
    level = max((Level(r["proof"]) for r in ordered), key=lambda known: known.rank)
    score = min(100, sum(r["weight"] for r in ordered))
    return Attribution(level, score, tuple(ordered[:MAX_REASONS]))


def _better(given: Mapping[str, Any]) -> tuple[int, str]:
    """Of one match found twice the surer one is kept."""
    return (-Level(given["proof"]).rank, given["found"])


def _order(given: Mapping[str, Any]) -> tuple[int, int, str, str]:
    return (-Level(given["proof"]).rank, -given["weight"], given["kind"], given["entry"])
