"""How an entry of each list of `[watch]` is written; a wrong one is refused with what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import AfterValidator

_BRAND: Final = re.compile(r"[^\W_]{4,64}")


class BadEntry(ValueError):
    """`entry` is as it stands in the file, so that its line can be found."""

    def __init__(self, entry: str, right: str) -> None:
        super().__init__(f"{entry!r}: {right}")
        self.entry = entry


def _each(judge: Callable[[str], str]) -> AfterValidator:
    """Every entry in lower case, each once, or BadEntry."""

    def judged(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(judge(_word(value)) for value in values))

    return AfterValidator(judged)


def _word(value: str) -> str:
    if not value.strip("./") or any(c.isspace() for c in value):
        raise BadEntry(value, "an entry is empty or has blanks in it")
    return value


def _name(value: str) -> str:
    return value.lower().strip("./")


def _domain(value: str) -> str:
    if "." not in value.strip(".") or any(c in value for c in "/@*"):
        raise BadEntry(value, "a domain is written like example.com; its subdomains are included")
    return _name(value)


def _host(value: str) -> str:
    if any(c in value for c in "/@*:"):
        raise BadEntry(
            value, "a host is written like db7.example.com, all below a suffix like .corp.internal"
        )
    return value.lower().rstrip(".")


def _repository(value: str) -> str:
    """A group's project may have more parts; `*` only at the end."""
    stem = value.removesuffix("*")
    owner, slash, name = stem.partition("/")
    if "*" in stem or not owner or not slash or not (name or stem != value):
        raise BadEntry(
            value,
            "a repository is written like owner/name or forge.example/owner/name, perhaps with * at its end",
        )
    return value.lower()


def _brand(value: str) -> str:
    if not _BRAND.fullmatch(value):
        raise BadEntry(value, "a brand is one word of 4 to 64 letters or digits; shorter ones are everywhere")
    return value.lower()


Names = Annotated[tuple[str, ...], _each(_name)]
Domains = Annotated[tuple[str, ...], _each(_domain)]
Hosts = Annotated[tuple[str, ...], _each(_host)]
Repositories = Annotated[tuple[str, ...], _each(_repository)]
Brands = Annotated[tuple[str, ...], _each(_brand)]
