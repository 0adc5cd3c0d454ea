"""Who wrote something, as sites write it: the name apart from the mail address, which is kept in its own place only. Pure."""

from __future__ import annotations

import re
from typing import Final

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")
_AROUND: Final = " \t\r\n<>()[]\"',;:"


def name_and_address(written: str) -> tuple[str, str]:
    """`Ann <ann@example.org>`, `ann@example.org (Ann)`, or one of the two alone. Several addresses: the first is kept, none stays in the
    name.
    """
    if "@" not in written:
        return written.strip(), ""
    found = _ADDRESS.search(written)
    if found is None:  # `@ann`, as some sites write names
        return written.strip(), ""
    rest = " ".join(
        part.strip(_AROUND) for part in _ADDRESS.sub(" ", written).replace("mailto:", " ").split()
    )
    return rest.strip(), found[0].removeprefix("mailto:")
