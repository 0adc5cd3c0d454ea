"""Whether the second fields of a list are passwords: by what most of them look like, since no single one tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MIXED: Final = re.compile(rb"(?=.*[A-Za-z])(?=.*[0-9!#$%&*@^?~])", re.DOTALL)
# A version, a date or time, a path, an address, code, a number with a unit, a digest, a capitalised name.
_OTHER: Final = re.compile(
    rb"v?[0-9]{1,4}(?:[.:/-][0-9]{1,4}){1,3}(?:[._+-][0-9A-Za-z.]{1,16})?|[0-9]{1,6}(?:-[a-z0-9.]{1,16}){1,4}|[./~\\].*|.*/.*|"
    rb"[a-z]{2,10}:.*|.*[(){}<>\[\]=;\"'`].*|[0-9]{1,9}(?:px|em|ms|s|%|k|m|g|kb|mb|gb)|(?:0x)?[0-9a-fA-F]{32,128}|"
    rb"[A-Za-z_]{1,40}(?:\.[A-Za-z_]{1,40}){1,6}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}.*|-?[0-9]{1,12}(?:\.[0-9]{1,12})?|"
    rb"[A-Z][0-9A-Z]{0,30}(?:_[0-9A-Z]{1,30}){1,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.DOTALL,
)
_SHARE_MIXED: Final = 0.5
_SHARE_OTHER: Final = 0.2  # digits alone are passwords as well
_SHARE_DISTINCT: Final = 0.5
_SAMPLE: Final = 1000


def passwords(fields: Iterable[bytes]) -> bool:
    """At least half have letters and digits or signs, hardly any is something else, most are distinct. Looks at the first 1,000."""
    seen = [field for field, _ in zip(fields, range(_SAMPLE), strict=False)]
    if not seen:
        return False
    mixed = sum(1 for field in seen if _MIXED.match(field))
    other = sum(1 for field in seen if _OTHER.fullmatch(field))
    size = len(seen)
    return (
        mixed >= size * _SHARE_MIXED
        and other <= size * _SHARE_OTHER
        and len(set(seen)) >= size * _SHARE_DISTINCT
    )
