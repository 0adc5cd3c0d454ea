"""Name and value that stand near each other without a sign of the language between them: in a section or object of the name, on the
next line, in a sentence. What stands between is read as words and signs; how much of it may be unknown hangs on the value.

`- name: ACME_KEY` / `value: "…"`, `[acme]` / `api_key = …`, `curl api.acme.com -H "Authorization: Bearer …"`, `my acme key is …`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from detectors.looks import Weight
from detectors.starts import starts

REACH: Final = 80  # bytes between name and value, line ends included
_LINES: Final = 5  # line ends between them
_FEW_STRANGERS: Final = 3  # unknown words between name and value on lines of their own
_WORDS_OF_STRANGERS: Final = 8  # words between them where not all are known


class Bond(Enum):
    """How a name and a value stand near each other."""

    SETTING = "setting"  # the value of a neutral setting (`value`, `api_key`) in something of the name
    WORDS = "words"  # a sentence, a list, a table, a title
    NONE = "none"


# Words of credentials, and words that may stand around them. Everything else between name and value is a stranger.
_CREDENTIAL: Final = frozenset(
    b"key keys apikey apikeys token tokens secret secrets password passwords passwd passphrase pass pwd pw pat auth "
    b"authorization authentication bearer basic credential credentials creds cred sid jwt license licence signing webhook "
    b"dsn oauth schl\xc3\xbcssel kennwort passwort clave authtoken accesskey accesstoken secretkey appkey apitoken clientsecret".split()
)
_WITH_CREDENTIAL: Final = frozenset(
    b"api app application access client consumer private account service personal master admin root user bot rest http https "
    b"web server public project org team workspace default value val text string str data id x secure plain raw login v1 v2 "
    b"v3 shared encryption session refresh read write readonly live test prod production dev development sandbox staging my "
    b"our your old new primary secondary main current global appid clientid".split()
)
_VALUES: Final = frozenset(
    b"value val default string text data secret content v defaultvalue android stringvalue body".split()
)
_SMALL: Final = frozenset(
    b"is was are be it its the a an of for to as in on at with and or we i me this that here there used use using uses set "
    b"sets get put has have following below now just type typed name named env environment var variable variables true false "
    b"sensitive required description config configuration setting settings const let static final from trim into init freeze "
    b"some none option s b u r f ns u0022 u003d u003a br td th tr p li code strong em pre span div quot cdata entry property "
    b"add item label kind map list export print echo e connect configure configured do c end self return k t register setup "
    b"create build instance headers header params param h url uri com io net www co us eu v4 latest testing local still only "
    b"valid works".split()
)
_KNOWN: Final = _CREDENTIAL | _WITH_CREDENTIAL | _VALUES | _SMALL

# What says of a value that could be a hash or an id that it is one.
_HASH_WORDS: Final = (
    r"(?<![a-z])(?:sha|rev|revs?ion|ref|refs|head|oid|gitsha|git_?head|sum|sums|guid|asset|chunk|bundle|nonce|trace|span|correlation|image|tag|tags|"
    r"cache|merged?|merges|merging|cherry|picked|revert(?:s|ed)?|fix(?:es|ed)?|commits|committed|bump(?:s|ed)?|updated?|upgraded?|pinned|"
    r"pin|releases?|tarball|archive|patch|diff|submodule|parent|snapshot|signature|checksums|hash(?:es|ed)?|uuid|version|versions|"
    r"build[ _-]?id|module|salt|iv|test_?vector|expected|digests|md5|adler|xxh(?:64|128)|color|colour|checked[ _]out|"
    r"h1|base64|csproj|vcxproj|src|href|img|png|svg|gif|jpe?g|woff2?)(?![a-z])"
)
_HASHES: Final = re.compile(_HASH_WORDS.encode())
_HASHES_STARTS: Final = starts(_HASH_WORDS) or _HASHES
# `acme_order_id`, behind a name: what the id is of.
_ID_OF: Final = re.compile(
    rb"(?:request|req|trace|span|transaction|order|event|message|msg|correlation|device|customer|item|record|object|document|doc|file|"
    rb"image|video|asset|build|job|run|task|instance|node|cluster|region|page|post|channel|room|thread|comment|product|price|plan|"
    rb"invoice|payment|charge|subscription|unique|entity|batch|upload|session|cache)[-_. ]?(?:uu|gu)?(?:id|key|hash)s?(?![a-z])|"
    rb"\.(?:cs|vcx|fs|vb)proj"
)
# A list of names and sums, as in Podfile.lock: the next line holds another, or the list ends. `client_secret: ` is no entry of it.
_PLAIN_ENTRY: Final = re.compile(rb"[\w/+.\-]*\"?: ")
_SUMS: Final = re.compile(
    rb"\r?\n(?:[ \t]++(?!\"?[0-9a-z_-]{0,32}(?:key|token|secret|password|id)\"?: )\"?[\w/+. ()\-]{1,40}: \"?(?=[0-9a-f]*[0-9])[0-9a-f]{16}|\s*PODFILE CHECKSUM)"
)
_FILE: Final = re.compile(
    rb"[-.](?:js|mjs|cjs|css|map|png|jpe?g|gif|svg|webp|ico|woff2?|ttf|html?|json|gz|zip|tgz|tar|whl|jar|chunk|min|bundle|so|dll|pdf|mp4)\b"
)

_SPLIT: Final = re.compile(rb"[A-Z]?[a-z\x80-\xff]+|[A-Z]+(?![a-z])|[0-9]+")
_ESCAPED_SIGN: Final = re.compile(
    rb"\\[nrt\"'/\\]|\\u00[0-9a-fA-F]{2}|%[0-9A-F]{2}|&(?:quot|gt|lt|apos|amp|nbsp|#\d{1,3});"
)
# What names the value on its own line: a word or several, closed, and the sign or blank that assigns.
_LABEL: Final = re.compile(
    rb"""([A-Za-z][\w.\- ]{0,40})["'`\])}]{0,3}\s{0,4}(?:=>|:=|->|<-|[:=>,]|\s|\()[\s=]{0,4}(?:(?i:bearer|token|basic|key|apikey)[ =:]{1,2})?"""
    rb"""["'`]{0,1}(?:[@bru(\[{<|]{0,2}["'`]{0,3}|<!\[CDATA\[)\s?$"""
)
# What opens the second half of a login: `auth=("api", "`, `-u id:`, `--user 'id:`.
_LOGIN: Final = re.compile(
    rb"""(?:(?:^|[\s"'])(?:-u|--user|-a|--auth)[ =]\s?["']?[^\s"':]{1,96}:|\bauth["']?\s?[=:]\s?[(\[]\s?["'][^\s"']{0,64}["'],\s?["'])$"""
)
# What opens a login whose user is the key: `-u key:`.
_USER: Final = re.compile(rb"""(?:^|[\s"'])(?:-u|--user)[ =]["']?$""")
# The second argument of a call on something of the name, behind an id: `Client("AC12…", "`, `algoliasearch('LATENCY0', '`.
_SECOND: Final = re.compile(
    rb"""^[\w.:>\\\-]{0,40}\(\s{0,24}(?:\w{1,20}\s?[=:]\s?)?@?(["'])(?=[^"'\s]{0,64}[0-9])[\w.@/+=\-]{4,64}\1\s{0,2},\s{0,24}(?:\w{1,20}\s?[=:]\s?)?@?["']$"""
)
_OPENERS: Final = re.compile(rb"""[\s>|\-*"'`(\[{<+#/\\$=:,&;]*$""")
# A value behind one of these is a part of a path, a file's name, an address, an image, a sum.
_BAD_JOINT: Final = re.compile(rb"[/.@#+_%&~^!?\\]$|(?<!\s)-$")
_OPEN_ENDS: Final = tuple(bytes((sign,)) for sign in b":=([{|>,")
_INSIDE: Final = re.compile(rb"""["'(\[{<]|--""")  # the setting stands inside something
_CODE: Final = re.compile(rb"[;{}]|\)\s?[.{]|&&|\|\||==|!=|\+=")


def other(gap: bytes, value: Weight, after: bytes) -> bool:
    """The text says that a generated value is no credential: the id of something, a part of a file's name, one of a list of sums."""
    if value is Weight.LOOSE:
        return False
    if _FILE.match(after):
        return True
    return value is Weight.PLAIN and bool(
        _ID_OF.search(gap.lower()) or (_PLAIN_ENTRY.fullmatch(gap) and _SUMS.match(after))
    )


def bond(before: bytes, name: bytes, gap: bytes, value: Weight, after: bytes) -> Bond:
    """How a name and a value that no sign of a language joins stand together.

    `before` is the name's line up to it, `gap` what stands between (at most REACH bytes), `after` a few bytes behind the value,
    `value` how telling it is. Linear in their length. Thread-safe.
    """
    if value is Weight.LOOSE or gap.count(b"\n") > _LINES or b"-----" in gap:  # the frame of a key
        return Bond.NONE
    gap = _ESCAPED_SIGN.sub(b" ", gap)
    first, line_end, _ = gap.partition(b"\n")
    last = gap.rpartition(b"\n")[2]
    if _BAD_JOINT.search(last):
        return Bond.NONE
    label = _label(last)
    second = bool(_SECOND.match(gap) or _LOGIN.search(last) or (after[:1] == b":" and _USER.search(last)))
    credential = second or _names_credential(label)
    if value is Weight.PLAIN and any(map(hashed, (last,) if credential else (before, first, last))):
        return Bond.NONE
    if credential:
        inside = second or line_end or len(_words(gap)) > len(label) or _INSIDE.search(gap)
        return Bond.SETTING if inside else Bond.WORDS
    if line_end:
        return _over_lines(gap, label, after, speaks=_speaks(before, name, first, value))
    return _on_line(gap, label, speaks=_speaks(before, name, gap, value))


def _speaks(before: bytes, name: bytes, gap: bytes, value: Weight) -> bool:
    """The value, or a word of credentials at its name, says what it is without all words around it being known."""
    return value is Weight.TELLING or not _CREDENTIAL.isdisjoint(_words(before[-24:] + name + gap))


def _over_lines(gap: bytes, label: list[bytes], after: bytes, *, speaks: bool) -> Bond:
    """The value of a neutral setting, or alone on its line; little unknown between."""
    strangers = _strangers(gap)
    if strangers > (_FEW_STRANGERS if speaks else 0):
        return Bond.NONE
    if label:
        return Bond.SETTING if label[-1] in _VALUES else Bond.NONE
    head, _, last = gap.rpartition(b"\n")
    if strangers and _CODE.search(head):
        return Bond.NONE
    if not _OPENERS.match(last) or not _alone(after):
        return Bond.NONE
    return Bond.SETTING if head.rstrip().endswith(_OPEN_ENDS) else Bond.WORDS


def _on_line(gap: bytes, label: list[bytes], *, speaks: bool) -> Bond:
    """Nothing unknown between; or a few words, where something speaks for itself."""
    if not _strangers(gap):
        return Bond.SETTING if label and label[-1] in _VALUES and _INSIDE.search(gap) else Bond.WORDS
    few = len(_words(gap)) <= _WORDS_OF_STRANGERS and not _CODE.search(gap)
    return Bond.WORDS if few and speaks else Bond.NONE


def hashed(text: bytes) -> bool:
    """A word in it says that what could be a hash is one."""
    lower = text.lower()  # few texts hold the beginning of such a word
    return _HASHES_STARTS.search(lower) is not None and _HASHES.search(lower) is not None


def labelled(line: bytes) -> bool:
    """The line ends in a word of credentials that names what follows it: `Authorization: Bearer `, `api_key = '`."""
    return _names_credential(_label(line))


def named_credential(name: bytes, after: bytes) -> bool:
    """A word of credentials is a part of the name, or follows it soon."""
    return not _CREDENTIAL.isdisjoint(_words(name) + _words(after)[:3])


def everyday(word: bytes) -> bool:
    """A word that may stand beside any credential: it names nobody. In lower case."""
    return word in _KNOWN


def known(text: bytes) -> bool:
    """No word in it is a stranger between a value and its name."""
    return not _strangers(text)


def _strangers(text: bytes) -> int:
    return sum(not (word in _KNOWN or word.isdigit()) for word in _words(text))


def _words(text: bytes) -> list[bytes]:
    """Words of a text or an identifier, in lower case: `apiKey` and `api_key` are two."""
    return [part.lower() for part in _SPLIT.findall(text)]


def _label(line: bytes) -> list[bytes]:
    """The words that name the value on its line; none where nothing does."""
    found = _LABEL.search(line)
    return _words(found[1]) if found else []


def _names_credential(label: list[bytes]) -> bool:
    """It ends in words of credentials only, at least one of them telling."""
    tail = label[-3:]
    return not _CREDENTIAL.isdisjoint(tail) and _KNOWN.issuperset(tail)


def _alone(after: bytes) -> bool:
    """The value ends its line or its quotes, and is not the name of something itself."""
    line = after.partition(b"\n")[0]
    quoted = line[:1] in (b'"', b"'", b"`", b"<") and line[1:].lstrip()[:1] not in (b":", b"=")
    return quoted or not line.strip(b" \t\r,;)]}>\"'`")
