"""What the self-test tries in a round: each rule and each decoder by a document of its own, named in the document's trace id.

The collector that plants and the alerting that sees share these names and nothing else; the matcher hands a trace id on as it is.
A canary's trace id lists what was planted beside it: where the canary comes through and a finding of what it lists does not, the
rule or the decoder is dead and not the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_RULE: Final = "rule/"
_DECODER: Final = "decoder/"
_NAME: Final = re.compile(rf"(?:{_RULE}|{_DECODER})[a-z0-9][a-z0-9_-]{{0,53}}")  # 64 characters at the most
_LIST: Final = "beside:"


def of_rule(rule_id: str) -> str:
    return _RULE + rule_id


def of_decoder(encoding: str) -> str:
    return _DECODER + encoding


def rule(name: str) -> str:
    """The id of the rule that is tried; "" for a decoder."""
    return name[len(_RULE) :] if name.startswith(_RULE) else ""


def decoder(name: str) -> str:
    """The encoding that is tried; "" for a rule."""
    return name[len(_DECODER) :] if name.startswith(_DECODER) else ""


def listing(names: Iterable[str]) -> str:
    """The trace id of a canary."""
    return _LIST + ",".join(names)


def listed(trace_id: str) -> tuple[str, ...]:
    """What stood beside a canary; nothing for any other trace id."""
    names = trace_id.removeprefix(_LIST).split(",") if trace_id.startswith(_LIST) else ()
    return tuple(name for name in names if _NAME.fullmatch(name))


def tried(trace_id: str) -> str:
    """What a document tries, "" if nothing."""
    return trace_id if _NAME.fullmatch(trace_id) else ""
