"""What marks a value as something else than what its place promises: one judge a kind of place, for every rule that names it.

A rule says `profile = "login"` and nothing more; what is its own alone stays in its `reject`. The less the place itself says, the
more is asked of the value: beside `user:` in a URL anything but a template is a password, beside the bare word `password` it also has to be
like one (detectors.likeness). Placeholders, sequences and runs are dropped for all rules before (detectors.dummies) and not repeated here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from detectors import likeness
from detectors.dummies import visible
from detectors.remembering import remembered

Marks = tuple[tuple[str, re.Pattern[bytes]], ...]  # (reason out of detectors.stats.REASONS, what shows it)


@dataclass(frozen=True, slots=True)
class Profile:
    """What shows that a value is something else, and what it has to be like."""

    marks: Marks
    judge: Callable[[bytes], str] | None = None  # the reason to drop it, "" for none


def _marks(reason: str, *expressions: bytes) -> Marks:
    return tuple((reason, re.compile(expression)) for expression in expressions)


# Passwords that everybody sets, and the accounts that come with a product.
_DEFAULT: Final = _marks(
    "common",
    rb"^(?i:(?:my|your|the|some|db|user|test|new|super)?[_-]?(?:pass(?:word|wd|phrase|w)?|pwd|pw|secret|token|credentials?|key)[0-9!]{0,4}|"
    rb"guest|tester|demo|removed|hidden|masked|tiger|scott|vagrant|ansible|postgres(?:ql)?|mysql|mongo(?:db)?|redis|rabbitmq|local)$",
    rb"^(?i:admin|root|user|guest|test|demo|abc|qwerty|asdf|welcome|postgres|oracle|mysql)[@#_.-]?(?:1|12|123|1234|12345|123456|1!|01)!?$",
)
_TEMPLATE: Final = _marks(
    "template",
    rb"^(?:\$[A-Za-z_{(]|%[a-z(]|%%|\{\{|<|@[A-Z][A-Z_]{4,40}@?$|!vault\b|[A-Z]{2,8}\[|ENC\(|\{cipher\})",
)  # the last four are encrypted

# Letters only, with signs between words: prose, a module, a host, a setting's name; the names in a Go binary.
_WORDS: Final = (
    _marks("word", rb"^[A-Za-z]{1,40}(?:[._-][A-Za-z]{1,40}){0,8}[.,:]?$")
    + _marks("identifier", rb"^[*&.]{1,4}[A-Za-z]{1,40}(?:[._-][A-Za-z]{1,40}){0,8}$")
    + _marks("path", rb"^[a-z]{2,20}\.(?:com|org|io|net)/")
)

# Where a secret's file lies. Only by its beginning: a generated value may hold slashes, too.
_FILE: Final = _marks(
    "path",
    rb"^(?:~|\.{1,2}|/(?:app|data|etc|home|mnt|opt|path|private|root|run|secrets?|srv|tmp|usr|var|workspace|Users))/",
)

# What people type where a password is wanted and mean none, with the usual digits for letters.
_COMMON: Final = _marks(
    "common", rb"(?i:p[a@4][s5$]{2}w?[o0]?r?d|a1b2c3|s[e3]cr[e3]t|geheim|foobar|qwerty|letmein|12345|hunter2)"
)

# Shapes of code and of configuration that mixed classes of bytes do not tell from a secret.
_PATH: Final = _marks(
    "path",
    rb"^(?:\.{0,2}/|~/|[A-Za-z]:[\\/]|file:|@/)|^[a-z][a-z+.-]{1,20}://|^/?[0-9A-Za-z_-]{1,40}(?:/[a-z_-]{1,40}){1,8}/?$",
    rb"\.(?:py|js|jsx|ts|tsx|php|html?|txt|json|ya?ml|xml|png|svg|css|scss|properties|conf|cfg|go|rb|rs|java|c|h|cpp|cs|sh|"
    rb"pem|key|crt|cer|p12|pfx|jks|md|rst|com|org|net|io|env|csv|log|gz|zip|so|dll|exe)$",
    rb"^[0-9a-z-]{1,40}(?:\.[0-9a-z-]{1,40}){1,5}/",
    rb"^(?:[0-9a-z-]{1,40}\.){1,5}(?:com|org|net|io|local|svc)(?::[0-9]{2,5})?(?:/|$)",
)
_NUMBER: Final = _marks(
    "number",
    rb"^[0-9]{0,20}[._:,-][0-9._:,-]{0,40}$",
    rb"^(?:[0-9]{1,5}:){1,2}[0-9]{1,5}(?:/|$)",  # ports, a time
    rb"^v?[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}(?:[-+.]?[0-9a-z]{0,8})$",
    rb"^[0-9]{4}-[0-9]{2}-[0-9]{2}T",
    rb"^(?:0x)?[0-9a-fA-F]{1,8}[uUlL]{0,2}$",
    rb"^[0-9.]{1,10}(?:px|em|rem|pt|ms|s|m|h|d|kb|mb|gb|%|KiB|MiB|bits?|bytes)$",
)
_CODE: Final = _marks(
    "identifier",
    rb"^[A-Z][0-9A-Z]{0,30}(?:_[0-9A-Z]{1,30}){1,8}$",
    rb"^_{0,2}[a-z][0-9a-z]{0,24}(?:_[a-z][0-9a-z]{0,23}){1,9}_{0,2}-?$",
    rb"^[#.&*?@:][A-Za-z_-][0-9A-Za-z_-]{1,60}$",
    rb"^[A-Za-z_][\w.]{0,60}[(\[{]|[\w\])]\.[A-Za-z_]{2,40}\(|^[\[({<].{0,200}[\])}>]$|^[\[\](){}<>.,;:|/\\^$*+?_-]{1,40}$",
    rb"===?(?!$)|!==?(?!$)|[A-Za-z]\?[.?]|&(?:quot|amp|lt|gt|nbsp|apos);?$|^\*[A-Z]{3,16}\*$|^[A-Za-z_]{2,30}[\])}]{1,6}$|^\(\?|\[\^|\[[a-z0-9]-[a-z0-9]|\\[dwsbn]|\$\{|^--?[a-z][a-z0-9-]{1,24}$|^--|&[a-z]{2,6};|</?[a-z]|/>",
    rb"^[A-Za-z]{1,40}(?:[.,;:!?](?:[A-Za-z]{1,40}|$)){1,8}$",
    rb"^%[A-Za-z0-9.]{1,4}$|(?:^|[=:/,])%[a-z](?:[^0-9A-Za-z]|$)|^\$[0-9]$|^:[a-z_]",
    rb"^[a-z][0-9a-z]{0,20}(?:\.[a-z_][0-9A-Za-z_]{1,40}){1,6}$",
)
_FORMATS: Final = _marks(
    "other_format",
    rb"^\$(?:[0-9a-z]{1,8}|argon2(?:id?|d)|pbkdf2[^$]{0,16})\$|^pbkdf2_|^\{[A-Z0-9]{3,8}\}|^(?:sha(?:1|224|256|384|512)|md5|bcrypt|scrypt)[$:-]",
    rb"[\x00-\x1f\x7f]",  # bytes of a binary
    rb"^SCRAM-SHA-|^md5[0-9a-f]{32}$|^\*[0-9A-F]{40}$",  # as PostgreSQL and MySQL store them
    rb"^(?i:utf-?(?:8|16|32)(?:-?[bl]e)?|latin-?1|us-ascii|iso-?8859-[0-9]{1,2}|cp12[0-9]{2}|windows-12[0-9]{2}|sha-?[0-9]{1,3}|md5|base64|urllib2|gss-spnego)$",
    rb"^Ag[A-D][0-9A-Za-z+/]{60,400}",  # a sealed secret of Kubernetes
    rb"^U2FsdGVkX1",  # `Salted__`: encrypted by a passphrase that stands elsewhere
    rb"-----|^ssh-|^AAAA(?:[BC]3N|E2V|G3N|GnN|InN|Hnn)|^MII[A-Z]|^ey[IJK][0-9A-Za-z_-]{10}|^data:|^urn:",
)
_UUID: Final = _marks(
    "other_format",
    rb"^\{?[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\}?$",
    rb"^[0-9a-z]{4,8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}$",
    rb"^[0-9a-f]{4}(?:-[0-9a-f]{4}){3}$",
)
_PASSWORD_SHAPES: Final = _DEFAULT + _TEMPLATE + _PATH + _NUMBER + _CODE + _FORMATS + _UUID
_SECRET_SHAPES: Final = (
    _marks("identifier", rb"^(?i:list|dict|set|tuple|optional|union|sequence|array|map|promise)\[")
    + _marks("template", rb"%(?:[0-9]?\.[0-9]{0,2}[dfegsx0-9]|h{0,2}[sdv](?![0-9A-Za-z]))")
    + _marks("number", rb"^[0-9]{1,250}$")
    + _DEFAULT
    + _TEMPLATE
    + _FORMATS
    + _marks("path", rb"^[a-z][a-z+.-]{1,20}://|\.(?:py|js|json|ya?ml|pem|key|crt|txt|com|org|net|html?)$")
    + _marks(
        "common", rb"(?i:example|dummy|your|token_here|mock|fake|a1b2c3|123456789|abcdefgh|deadbeef|0{8})"
    )
)
# The frame of a key with hardly anything in it: documentation.
_EMPTY_FRAME: Final = _marks("placeholder", rb"^-----BEGIN [A-Z ]{3,40}-----[\x00-\xff]{0,60}-----END")

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "login": Profile(_DEFAULT + _TEMPLATE),
        "credential": Profile(_DEFAULT + _TEMPLATE + _WORDS + _FILE),
        "quoted": Profile(_PASSWORD_SHAPES, likeness.thought_of),
        "password": Profile(_PASSWORD_SHAPES, partial(likeness.thought_of, quoted=False)),
        "prose": Profile(_PASSWORD_SHAPES, likeness.told),
        "key-block": Profile(_EMPTY_FRAME),
        "secret": Profile(_SECRET_SHAPES + _UUID, partial(likeness.generated, bits=4.0)),
        "key": Profile(_SECRET_SHAPES + _UUID, partial(likeness.generated, bits=12.0)),
    }
)


@remembered
def unlike(profile: str, value: bytes) -> str:
    """Why the value is not what the profile's place promises; "" when it may be. Linear, thread-safe. Raises KeyError."""
    known = PROFILES[profile]
    marked = next((reason for reason, shown in known.marks if shown.search(value)), "")
    return marked or (known.judge(value) if known.judge else "")


def common(value: bytes) -> bool:
    """A default, or built around a word that everybody takes for a password."""
    return visible(value.lower()) or any(shown.search(value) for _, shown in _DEFAULT + _COMMON)
