"""What stands right around a value and makes it something else: the braces of a template, dots where it was cut, the name of a resource.

Asked of what passed every filter, so it costs nothing elsewhere. Linear in the few bytes it is given; thread-safe.
"""

from __future__ import annotations

import re
from typing import Final

BEFORE: Final = 96  # bytes that are looked at
BEHIND: Final = 48

_TEMPLATES: Final = (
    (
        re.compile(rb"\{\{[^{}\n\"':=]{0,80}$"),
        re.compile(rb"[^{}\n]{0,40}\}\}"),
    ),  # Jinja, Go, Handlebars, Vue
    (re.compile(rb"[$#@%]\{\s{0,3}$"), re.compile(rb"[^{}\n]{0,40}\}")),  # shells, Ruby, Maven, Razor
    (re.compile(rb"\$\($"), re.compile(rb"\)")),  # make, Azure
    (re.compile(rb"<%[=-]?\s{0,3}$"), re.compile(rb"[^<>\n]{0,40}%>")),  # ERB, JSP
)
_CUT: Final = re.compile(rb"\.{3}|\xe2\x80\xa6|\[\.\.\.\]|<(?:snip|truncated|redacted)>|\*{3}", re.IGNORECASE)
_RESOURCE: Final = re.compile(
    rb"arn:aws[a-z-]{0,10}:[a-z0-9-]{1,30}:[a-z0-9-]{0,20}:[0-9]{0,12}:[a-z-]{1,20}[:/]$"  # what it is called, not what it holds
)
_BADGE: Final = re.compile(rb"/badges?/[0-9A-Za-z_./-]{0,60}$")
_CALLED: Final = re.compile(rb"\.[A-Za-z_]\w{0,40}[(\[]")  # `picture1.get(`: a variable
_ESCAPED_LETTER: Final = re.compile(rb"\\u0[01][0-9a-f]{2}")  # of a text in another language
_MORE_WORDS: Final = re.compile(rb" [A-Za-z][a-z]{0,20}[ .,!?'\"\\]")


def reason(before: bytes, value: bytes, behind: bytes) -> str:
    """Why the value between the two is none (detectors.stats.REASONS); "" where nothing says so."""
    if any(opens.search(before) and closes.match(behind) for opens, closes in _TEMPLATES):
        return "template"
    if _CUT.match(behind):
        return "placeholder"
    if value.isalpha() and _begins_a_text(before, behind):
        return "word"
    named = _RESOURCE.search(before) or _BADGE.search(before) or _CALLED.match(behind)
    return "identifier" if named else ""


def _begins_a_text(before: bytes, behind: bytes) -> bool:
    """The first word of a quoted text: `"password": "Jelszava a ..."`; or of one that goes on with a letter in an escape."""
    return _ESCAPED_LETTER.match(behind) is not None or (
        before.endswith((b'"', b"'")) and _MORE_WORDS.match(behind) is not None
    )
