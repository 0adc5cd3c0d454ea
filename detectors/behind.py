"""A value whose name stands behind it: `-H "Authorization: Bearer …" https://api.acme.com`, `value="…" name="acme_key"`,
`key = "…"  # acme`, `… is my acme token`. Rarer than the other order, and so with less licence: nothing unknown may stand between.
"""

from __future__ import annotations

import re
from typing import Final

from detectors import nearby
from detectors.looks import Weight

REACH: Final = 60  # bytes between value and name, line ends included
BEFORE: Final = 48  # bytes before the value that are looked at
_LINES: Final = 2
_HOST: Final = re.compile(rb"(?:://|//)[\w.\-]*$")
_COMMENT: Final = re.compile(rb"""^["'`]?[;,)]{0,3}\s{1,8}(?://|#|--|/\*)[\w ]{0,40}$""")
_PAIR: Final = re.compile(
    rb"""^\\?["'`],?\s{0,24}(?:[\w:]{1,12}[:.])?\\?["']?(?:where |and )?(?:name|key|id|label|description|setting|variable)\\?["']?"""
    rb"""\s{0,3}[:=]{1,2}\s{0,3}\\?["'`]?[\w.\-]*$""",
    re.IGNORECASE,
)
_ELEMENT: Final = re.compile(
    rb"^\s{0,24}</[\w.:\-]{1,24}>\s{0,24}<(?:name|key|id|label|description|comment)>[\w.\- ]*$", re.IGNORECASE
)
_JOINT: Final = re.compile(rb"""["'`]?(?:[\s"'`,;:)\]}<|\-]|$)""")
_LOGIN: Final = re.compile(rb"""(?:\s-u|--user|auth ?= ?\()[\s=]?["']?$""")
_URL: Final = re.compile(rb"://[^\s/@\"']*$")
_AT_HOST: Final = re.compile(rb"(?::[\w\-]{0,24})?@(?:[\w\-]{1,24}\.){0,3}$")
_SENTENCE: Final = re.compile(rb"""["'`]?[ \t]{1,3}(?:is|was|=|<?-|\(|for|as)?[ \w(\-]*$""")


def named(before: bytes, gap: bytes, name: bytes, after: bytes, value: Weight) -> bool:
    """Whether the name behind a value says whose it is.

    `before` are up to BEFORE bytes in front of the value on its line, `gap` what stands between (at most REACH bytes), `after` a few
    bytes behind the name, `value` how telling it is. Linear in their length. Thread-safe.
    """
    if value is Weight.LOOSE or not gap or gap.count(b"\n") > _LINES:
        return False
    if _AT_HOST.match(gap):
        return _URL.search(before) is not None
    if not _JOINT.match(gap) or nearby.other(b"", value, gap):
        return False
    if nearby.hashed(gap) or nearby.hashed(after.partition(b"\n")[0]):
        return False
    if _PAIR.match(gap) or (_ELEMENT.match(gap) and nearby.known(gap)):
        return True
    return not nearby.hashed(before) and nearby.known(gap) and _speaks(before, gap, name, after)


def _speaks(before: bytes, gap: bytes, name: bytes, after: bytes) -> bool:
    """A word of credentials stands before the value or in the name's own line."""
    labelled = nearby.labelled(before)
    if _HOST.search(gap):
        return labelled or _LOGIN.search(before) is not None
    sentence = b"\n" not in gap and (_COMMENT.match(gap) or _SENTENCE.match(gap))
    return bool(sentence) and (labelled or nearby.named_credential(name, after))
