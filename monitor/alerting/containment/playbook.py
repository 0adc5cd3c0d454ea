"""What to do about a credential type, as data: `playbooks/*.toml`, read and judged like rules.

A file is named after its provider, or after a family of providers that it lists in `providers` (`["*"]`: any; tried last). Within a file
the first playbook that fits counts:

    providers   whose rules; default: the file's name
    sources     pages that the steps were written from
    audit, tell defaults for the file's playbooks

    [[playbook]]
    rules       rule ids, `*` for anything; default: all of the provider's
    revokes     beginnings of the rule's own line on revoking; default: any that tells of something to revoke
    stop        what ends the abuse now: one imperative sentence, as are the others
    rotate      what takes the old one's place
    check       what an attacker may have left behind
    audit       where use since the first exposure shows
    tell        whom to tell
    personal    kinds of personal data in it, for a person to read; "" = none

`{name}` stands for a fact of the exposure. Those of ALWAYS are always known; any other stands in `[…]`, which is left out when one of
its facts is not known. Anything else is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "playbooks"
ANY: Final = "*"
LONGEST: Final = 260  # characters of a sentence before it is filled
ALWAYS: Final = frozenset({"title", "revoke", "since", "where"})
# what only some exposures have: the first two are the exposure's own, the others were read off the value by a proof
SOMETIMES: Final = frozenset({"preview", "people"}) | frozenset(
    [
        "account",
        "account_id",
        "app_id",
        "aud",
        "bot_id",
        "expires_at",
        "fingerprint",
        "host",
        "iss",
        "organization",
        "project_id",
        "scope",
        "sub",
        "tunnel_id",
        "user_id",
    ]
)
# so a rule's line begins where the value alone opens nothing, or its service is gone
_HARMLESS: Final = ("Nothing to ", "Goes with ", "The service ")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_FRAGMENT: Final = re.compile(r"\[([^\[\]]*)\]")
_SENTENCES: Final = ("stop", "rotate", "check", "audit", "tell")


class PlaybookError(Exception):
    """A file breaks the format. The message names file, key and reason."""


@dataclass(frozen=True, slots=True)
class Playbook:
    """Templates, for one kind of credential; "" = there is no such step."""

    file: str
    providers: tuple[str, ...]
    stop: str
    rotate: str = ""
    check: str = ""
    audit: str = ""
    tell: str = ""
    personal: str = ""
    rules: tuple[str, ...] = (ANY,)
    revokes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def fits(self, rule: str, revoke: str) -> bool:
        """Whether it is meant for this rule, whose own line on revoking is `revoke`."""
        if not any(fnmatchcase(rule, each) for each in self.rules):
            return False
        return revoke.startswith(self.revokes) if self.revokes else not revoke.startswith(_HARMLESS)


@lru_cache(maxsize=4096)
def choose(provider: str, rule: str, revoke: str) -> Playbook:
    """The provider's first that fits, else the first of those for any provider (the last of them fits all)."""
    for playbook in (*_by_provider().get(provider, ()), *_by_provider()[ANY]):
        if playbook.fits(rule, revoke):
            return playbook
    raise AssertionError("the last playbook for any provider takes every rule")


def fill(template: str, facts: Mapping[str, str]) -> str:
    """`template` with the facts in it; a fragment in brackets goes when one of its facts is "" or missing."""

    def fragment(found: re.Match[str]) -> str:
        known = all(facts.get(name) for name in _PLACEHOLDER.findall(found[1]))
        return found[1] if known else ""

    return _PLACEHOLDER.sub(lambda found: facts[found[1]], _FRAGMENT.sub(fragment, template))


def read(name: str, text: str) -> list[Playbook]:
    """The playbooks of one file. Raises PlaybookError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlaybookError(f"{name}: not valid TOML: {error}") from error
    if strange := raw.keys() - {"providers", "sources", "audit", "tell", "playbook"}:
        raise PlaybookError(f"{name}: unknown key {min(strange)}")
    shared: dict[str, Any] = {key: raw[key] for key in ("audit", "tell") if key in raw}
    providers = _texts(name, "providers", raw.get("providers", [name]))
    sources = _texts(name, "sources", raw.get("sources", []))
    found = [_one(name, providers, sources, {**shared, **each}) for each in raw.get("playbook", [])]
    if not found:
        raise PlaybookError(f"{name}: no [[playbook]]")
    return found


@cache
def all_playbooks() -> Mapping[str, Sequence[Playbook]]:
    """Every shipped file by its name, judged."""
    return {name: read(name, text) for name, text in _TEXTS.items()}


@cache
def _by_provider() -> Mapping[str, Sequence[Playbook]]:
    found: dict[str, Sequence[Playbook]] = {}
    for name, playbooks in all_playbooks().items():
        for provider in playbooks[0].providers:
            if provider in found:
                raise PlaybookError(f"{name}: {provider} has a file already, {found[provider][0].file}")
            found[provider] = playbooks
    return found


def _one(name: str, providers: tuple[str, ...], sources: tuple[str, ...], raw: Mapping[str, Any]) -> Playbook:
    known = {f.name for f in fields(Playbook)} - {"file", "providers", "sources"}
    if strange := raw.keys() - known:
        raise PlaybookError(f"{name}: unknown key playbook.{min(strange)}")
    texts: dict[str, Any] = {key: raw[key] for key in (*_SENTENCES, "personal") if key in raw}
    for key, text in texts.items():
        if not isinstance(text, str) or "\n" in text or len(text) > LONGEST:
            raise PlaybookError(f"{name}: {key}: one line of at most {LONGEST} characters is expected")
        _judge(name, key, text)
    if not texts.get("stop"):
        raise PlaybookError(f"{name}: a playbook without `stop`: it says first what ends the abuse")
    texts |= {key: _texts(name, key, raw[key]) for key in ("rules", "revokes") if key in raw}
    return Playbook(file=name, providers=providers, sources=sources, **texts)


def _judge(name: str, key: str, text: str) -> None:
    bare = _FRAGMENT.sub("", text)
    if set("[]") & set(bare) or set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise PlaybookError(f"{name}: {key}: a bracket is not closed, or stands in another")
    for placeholder in _PLACEHOLDER.findall(text):
        if placeholder not in ALWAYS | SOMETIMES:
            raise PlaybookError(f"{name}: {key}: unknown placeholder {{{placeholder}}}")
    for placeholder in _PLACEHOLDER.findall(bare):
        if placeholder not in ALWAYS:
            raise PlaybookError(f"{name}: {key}: {{{placeholder}}} is not always known: put it in brackets")


def _texts(name: str, key: str, value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not all(isinstance(each, str) for each in value)
        or not (value or key == "sources")
    ):
        raise PlaybookError(f"{name}: {key}: a list of texts is expected")
    return tuple(value)


# read with the module, so that nobody waits for a disk when somebody is to be paged
_TEXTS: Final = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.toml"))}
