"""The two engines that confirm: `re` where backtracking is proved bounded, RE2 elsewhere. Both over bytes as Latin-1."""

from __future__ import annotations

import re
from typing import Any


def compiled(expression: str, *, engine: str, caseless: bool = False) -> Any:
    """A compiled expression with `search(text, pos)` and `fullmatch(text)`; groups are asked for by number (expressions.groups)."""
    text = expression.encode("latin-1")
    if engine == "re":
        return re.compile(text, re.IGNORECASE if caseless else re.NOFLAG)
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = not caseless
    options.log_errors = False
    return re2.compile(text, options)
