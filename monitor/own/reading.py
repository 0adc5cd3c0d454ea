"""Secrets out of a text that the operator hands in: lines, `NAME=value`, JSON, and what Vault and the clouds' command-line tools print.

The shapes of exports are told by their fields; several JSON texts may stand one after another, as a loop in a shell prints them. Of a value that
is itself a JSON object every text in it is a secret, of an address with a login the password.

No error and no count says anything of what was read.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote

_ENV_NAME: Final = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(?=[^=\s])")
_LOGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s/@:]*:([^\s@]+)@")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'', re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_BLANK: Final = re.compile(r"\s*")
_DEEPEST: Final = 64
SKIPPED: Final = ("not_text", "not_base64", "too_deep")


class Format(StrEnum):
    """How the text is written."""

    AUTO = "auto"
    LINES = "lines"
    ENV = "env"
    JSON = "json"


class UnreadableSecrets(Exception):
    """The text is not of the format that it should have. The message says what to do, and nothing of the text."""


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A secret and how the operator calls it. `position` is where it stood: `line-3`, `value-12`."""

    name: str
    value: bytes = field(repr=False)
    position: str = ""


class _Object(tuple[tuple[str, Any], ...]):
    """A JSON object with all its pairs: of two with one name none is lost."""

    __slots__ = ()

    def get(self, name: str) -> Any:
        return next((value for key, value in self if key == name), None)


def secrets_in(data: bytes, skipped: Counter[str], *, kind: Format = Format.AUTO) -> Iterator[NamedSecret]:
    """In the order of the text. What is no secret by its type is counted in `skipped` (SKIPPED). Raises UnreadableSecrets."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableSecrets(
            "the input is not UTF-8 text; give binary secrets in base64, in JSON"
        ) from None
    if kind is Format.AUTO:
        kind = _told(text)
    if kind is Format.LINES:
        found = _lines(text)
    elif kind is Format.ENV:
        found = _env(text)
    else:
        found = _json(text, skipped)
    for number, (name, value) in enumerate(_opened(found, skipped), 1):
        position = f"line-{name}" if kind is Format.LINES else f"value-{number}"
        yield NamedSecret(
            "" if kind is Format.LINES else name, value.encode("utf-8", "surrogatepass"), position
        )


def _told(text: str) -> Format:
    if text.lstrip()[:1] in ("{", "["):
        return Format.JSON
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    named = sum(_ENV_NAME.match(line.lstrip()) is not None for line in lines)
    if not named:
        return Format.LINES
    if named == len(lines) or re.search(r"=[ \t]*[\"']", text):  # a quoted value may go over lines
        return Format.ENV
    raise UnreadableSecrets(
        "some lines are NAME=value and some are not; say which they are with --format lines or --format env"
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("# "):
            yield str(number), line.rstrip("\r")


def _env(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        start = at + len(text[at:end]) - len(text[at:end].lstrip())
        named = _ENV_NAME.match(text, start, end)
        at = end + 1
        if named is None:
            continue
        if quoted := _QUOTED.match(text, named.end()):
            at = text.find("\n", quoted.end()) + 1 or len(text)
            double, single = quoted.groups()
            yield named[1], single if double is None else _unescaped(double)
        else:
            yield named[1], re.split(r"[ \t]#", text[named.end() : end], maxsplit=1)[0].strip()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def _json(text: str, skipped: Counter[str]) -> Iterator[tuple[str, str]]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_Object, parse_int=_number, parse_float=_number, strict=False
    )
    at = _space(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise UnreadableSecrets(f"not valid JSON at {where}: {error.msg}") from None
        except RecursionError:
            raise UnreadableSecrets("the JSON is nested too deeply") from None
        yield from _exported(value, skipped)
        at = _space(text, at)


def _space(text: str, at: int) -> int:
    """Where what begins at `at` or behind the blanks there begins."""
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _number(_: str) -> None:
    """A number is no secret: a text is."""


def _exported(value: Any, skipped: Counter[str]) -> Iterator[tuple[str, str]]:
    """What a tool printed, by its shape; any other JSON by the way to each text."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            known = _tool(item, skipped) if isinstance(item, _Object) else None
            yield from _walked(item, f"[{number}]", skipped, 1) if known is None else known
    elif isinstance(value, _Object):
        known = _tool(value, skipped)
        yield from _walked(value, "", skipped, 0) if known is None else known
    else:
        yield from _walked(value, "value", skipped, 0)


def _tool(value: _Object, skipped: Counter[str]) -> list[tuple[str, str]] | None:
    """The secrets of one tool's object; None if it is of none that is known."""
    if isinstance(value.get("SecretValues"), list):  # aws secretsmanager batch-get-secret-value
        return [pair for item in value.get("SecretValues") for pair in _exported(item, skipped)]
    if isinstance(value.get("ARN"), str):  # aws secretsmanager get-secret-value
        name = str(value.get("Name") or "")
        return [*_text(name, value.get("SecretString")), *_binary(name, value.get("SecretBinary"), skipped)]
    payload, data = value.get("payload"), value.get("data")
    if isinstance(payload, _Object):  # gcloud secrets versions access --format=json
        return _binary(_short(str(value.get("name") or "")), payload.get("data"), skipped)
    if isinstance(value.get("value"), str) and "/secrets/" in str(value.get("id")):  # az keyvault secret show
        return _text(str(value.get("name") or str(value.get("id")).split("/secrets/")[1]), value.get("value"))
    if isinstance(data, _Object) and any(
        key in ("request_id", "lease_id") for key, _ in value
    ):  # vault kv get
        inner = data.get("data") if isinstance(data.get("metadata"), _Object) else data
        return list(_walked(inner, "", skipped, 0))
    return None


def _short(name: str) -> str:
    """`projects/1/secrets/db/versions/3` without what is the same for all and what changes with each version."""
    found = re.search(r"/secrets/([^/]+)", name)
    return found[1] if found else name


def _text(name: str, value: Any) -> list[tuple[str, str]]:
    return [(name, value)] if isinstance(value, str) else []


def _binary(name: str, value: Any, skipped: Counter[str]) -> list[tuple[str, str]]:
    if not isinstance(value, str):
        return []
    try:
        raw = base64.b64decode(value.translate(str.maketrans("-_", "+/")), validate=True)
        return [(name, raw.decode())]
    except ValueError:  # of binascii, of UTF-8, or of b64decode for what is not ASCII
        skipped["not_base64"] += 1
        return []


def _walked(value: Any, way: str, skipped: Counter[str], depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        skipped["too_deep"] += 1
    elif isinstance(value, str):
        yield way, value
    elif isinstance(value, _Object):
        for key, item in value:
            yield from _walked(item, f"{way}.{key}" if way else key, skipped, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walked(item, f"{way}[{number}]", skipped, depth + 1)
    else:
        skipped["not_text"] += 1


def _opened(found: Iterator[tuple[str, str]], skipped: Counter[str]) -> Iterator[tuple[str, str]]:
    """A value that holds others gives them: a JSON object its texts, an address its password."""
    for name, value in found:
        if value.lstrip().startswith("{") and (inner := _object(value)) is not None:
            for way, text in _walked(inner, "", skipped, 0):
                yield f"{name}#{way}", text
        elif login := _LOGIN.match(value.strip()):
            yield f"{name}#password", unquote(login[1])
        else:
            yield name, value


def _object(text: str) -> _Object | None:
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, _Object) else None
