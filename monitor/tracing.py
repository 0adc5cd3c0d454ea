"""The trace id: one word that a document is given where it is collected, and that every stage writes into its log line about it.

32 hexadecimal digits, as W3C's trace context has them; a sender may bring his own (`traceparent`), the self-test puts names there.
"""

from __future__ import annotations

import os
import re
from typing import Final

_FIT: Final = re.compile(r"[\w.:/,-]{1,64}", re.ASCII)


def new_trace_id() -> str:
    return os.urandom(16).hex()


def fit(trace_id: str) -> str:
    """`trace_id`, "" when it is none that a log, a column or an exemplar may carry."""
    return trace_id if _FIT.fullmatch(trace_id) else ""


def exemplar(trace_id: str) -> dict[str, str] | None:
    """Labels for `Histogram.observe`: which document an observation was."""
    return {"trace_id": trace_id} if _FIT.fullmatch(trace_id) else None
