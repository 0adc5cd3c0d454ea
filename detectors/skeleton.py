"""A new rule file that loads, compiles and passes its own check, to be made narrower by who knows the provider."""

from __future__ import annotations

import re
from typing import Final

from detectors.errors import RuleError

ALPHABETS: Final = {
    "alnum": "[0-9A-Za-z]",
    "base64url": "[0-9A-Za-z_-]",
    "digits-upper": "[0-9A-Z]",
    "digits-lower": "[0-9a-z]",
    "hex": "[0-9a-f]",
}
_KEBAB: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PREFIX: Final = re.compile(r"[0-9A-Za-z_.\-]{3,40}")
_COMMON_NAME: Final = 4  # a name this short is bound to a word of credentials


def rule_file(
    provider: str, credential: str, *, prefix: str = "", length: int = 32, alphabet: str = "alnum"
) -> str:
    """The TOML text of `<provider>.toml`: a token rule where the value has a `prefix` of its own, else a context rule. `length` counts
    what varies. Raises RuleError when a part is none.
    """
    for name in (provider, credential):
        if not _KEBAB.fullmatch(name):
            raise RuleError(f"{name!r} is not kebab-case: lower-case letters, digits, single hyphens")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise RuleError(
            f"prefix {prefix!r}: 3 to 40 letters, digits, `_`, `-` or `.`; leave it out where there is none"
        )
    if alphabet not in ALPHABETS:
        raise RuleError(f"alphabet {alphabet!r}; one of {', '.join(ALPHABETS)}")
    if not 8 <= length <= 400:
        raise RuleError(f"length {length}: 8 to 400")
    title = provider.replace("-", " ").title()
    value = f"{ALPHABETS[alphabet]}{{{length}}}"
    shape = _token(prefix, value) if prefix else _context(provider, value)
    return f"""# {title}: what its credentials look like. docs/how-to/rules.md explains every key.
title = "{title}"
references = []  # links to the provider's documentation of the format
# access = "What its holder can do, in one sentence."
# revoke = "The steps that end its use"
# revoke_url = "https://…"
# verified = true  # once you have seen steps and link in the documentation

[[rule]]
id = "{provider}-{credential}"  # stable for ever
title = "{title} {credential.replace("-", " ")}"
severity = "high"  # info | low | medium | high | critical
{shape}"""


def _token(prefix: str, value: str) -> str:
    # without a sign behind it a `-` or `.` of the prefix is plain
    fixed = prefix.replace(".", "[.]")
    return f"""pattern = '{fixed}{value}'  # the fixed text first, then what varies, as narrow as the documentation allows
examples = ['TOKEN={{{{secret}}}}', '"token": "{{{{secret}}}}"']
negatives = ['{prefix}{{{{any:[0-9A-Za-z]{{4}}}}}}']  # near it, and none: too short
"""


def _context(provider: str, value: str) -> str:
    name = provider.replace("-", "_")
    if len(name) <= _COMMON_NAME:
        name += "&"
    shown = name.rstrip("&")
    return f"""names = ["{name}"]  # what must stand before the value; `_` is any separator or none, `&` at the end a word such as key or token
value = '{value}'  # as narrow as the documentation allows
examples = ['{shown.upper()}_API_KEY={{{{secret}}}}', '{shown}_token: "{{{{secret}}}}"']
negatives = ['{shown}_commit = {{{{any:{value}}}}}']  # a commit's name is none
"""
