"""Secrets of Kubernetes: each value is base64, its key stands outside. `password: aHVu…` is read as `password: hun…`."""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter
from detectors.encodings import unbase64
from detectors.ruleset import RuleSet

NAME: Final = "kubernetes"
_VALUE: Final = re.compile(rb"""(?<=: )["']?([A-Za-z0-9+/]{4,65536}={0,2})["']?(?=[\s,}]|$)""")
_BETWEEN: Final = re.compile(rb"\n---|\n\.\.\.")
_DATA: Final = re.compile(rb"""(?:^|[\s{,])["']?data["']?:""")


def _plain(found: re.Match[bytes]) -> bytes:
    plain = unbase64(found[1]) if len(found[1]) % 4 == 0 else None
    return found[0] if plain is None else b'"' + plain.strip(b"\r\n").replace(b'"', b'\\"') + b'"'


_REWRITER: Final = Rewriter(NAME, _VALUE, _plain)


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    return (Trigger(NAME, r"""kind["']?: ?["']?Secret\b"""),)


def _take(buffer: Buffer, low: int, high: int, hit: int, _trigger: Trigger) -> Run | None:
    """From `data:` to the end of the document; in JSON the kind may stand behind the data."""
    begin = max(low, hit - RUN_CAP)
    before = bytes(buffer[begin:hit])
    ends = [found.end() for found in _BETWEEN.finditer(before)]
    start = begin + (ends[-1] if ends else 0)
    text = bytes(buffer[start : min(high, hit + RUN_CAP)])
    end = _BETWEEN.search(text, hit - start)
    text = text[: end.start()] if end else text
    data = _DATA.search(text)
    if data is None:
        return None
    return _REWRITER.run(text[data.start() :], start + data.start())


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
