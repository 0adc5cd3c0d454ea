"""Own secrets for their bar: a file of a million, some of them planted among ordinary documents, and strangers' beside them."""

from __future__ import annotations

import random
import string
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from benchmarks.pipeline.documents import code
from detectors import RuleSet
from detectors.synthetic import secret_for
from monitor.identity import KeyRing
from monitor.own import ownfile
from monitor.own.fingerprinting import fingerprint
from monitor.own.ownfile import Entry
from monitor.own.reading import NamedSecret
from monitor.own.values import digest

FINGERPRINTS: Final = 1_000_000
SELECTORS: Final = 10_000
PLANTS: Final = 500
KNOWN: Final = 100  # of the plants: of a format that rules know, without a selector
DOCUMENTS: Final = 100_000
_SIZES: Final = (2_000, 8_000)  # bytes of a document, nine in ten and one in ten
_RULES: Final = (
    "github-pat-classic",
    "gitlab-pat",
    "slack-bot-token",
    "sendgrid-api-key",
)
_TOKENS: Final = (b"ghp_", b"glpat-", b"xoxb-", b"SG.")  # how those begin
_ALPHABETS: Final = (
    string.ascii_letters + string.digits,
    string.ascii_letters + string.digits + "+/",
    string.ascii_letters + string.digits + "-_",
    string.ascii_letters + string.digits + "!#$%&*+-.:=?@^_~",
    "0123456789abcdef",
)


@dataclass(frozen=True, slots=True)
class Plant:
    """`name` is that of the file; "" for a stranger's secret."""

    name: str
    encoding: str
    value: bytes = field(repr=False)

    @property
    def text(self) -> bytes:
        """The line that it stands in: a token's beside a word, as tokens stand, an unknown format's bare, so that its selector alone finds it."""
        if self.value.startswith(_TOKENS):
            match self.encoding:
                case "base64":
                    return b"blob: " + b64encode(b"token = '" + self.value + b"'\n")
                case "percent":
                    return b"GET /x?token=" + quote(self.value, safe="").encode() + b"&page=2"
            return b'token: "' + self.value + b'"'
        match self.encoding:
            case "base64":  # at each of the three places in a group
                return b"blob: " + b64encode(bytes(self.value[0] % 3) + self.value + b"\0")
            case "percent":
                return b"GET /x?q=" + quote(self.value, safe="").encode() + b"&page=2"
        return b"x " + self.value


def fingerprinted(
    rng: random.Random, keys: KeyRing, rules: RuleSet, path: Path
) -> tuple[list[Plant], dict[str, Any]]:
    """The file, and those of its secrets that are planted."""
    print(f"fingerprinting {FINGERPRINTS} secrets")
    began = time.perf_counter()
    hidden = [NamedSecret(f"hidden-{number}", _secret(rng)) for number in range(2 * SELECTORS)]
    outcome = fingerprint(hidden, keys, selectors=True)
    chosen = [entry for entry in outcome.entries if entry.selector is not None][:SELECTORS]
    values = {secret.name: secret.value for secret in hidden}
    plants = [Plant(entry.name, "", values[entry.name]) for entry in rng.sample(chosen, PLANTS - KNOWN)]
    tokens = [
        NamedSecret(f"known-{number}", secret_for(rules[_RULES[number % len(_RULES)]], rng))
        for number in range(KNOWN)
    ]
    known = fingerprint(tokens, keys)
    plants += [Plant(secret.name, "", secret.value) for secret in tokens]
    rng.shuffle(plants)
    encodings = ("plain", "base64", "percent")
    plants = [Plant(one.name, encodings[n % 3], one.value) for n, one in enumerate(plants)]
    entries = [*chosen, *known.entries, *_bulk(rng, keys, FINGERPRINTS - SELECTORS - KNOWN)]
    ownfile.write(path, entries)
    return plants, {
        "fingerprints": len(entries),
        "selectors": len(chosen),
        "characters_shown": dict(
            Counter(str(len(entry.selector.head)) for entry in chosen if entry.selector)
        ),
        "seconds": round(time.perf_counter() - began, 1),
        "plants": dict(Counter(one.encoding for one in plants)),
    }


def _bulk(rng: random.Random, keys: KeyRing, count: int) -> Iterator[Entry]:
    """As `fingerprint` makes them, without its look at what each is worth: that takes a fifth of a millisecond."""
    key = keys.own_keys()[keys.current_id]
    for number in range(count):
        name = f"team-{number % 997}/service-{number}"
        yield Entry(keys.current_id, digest(key, _secret(rng)), name)


def _secret(rng: random.Random) -> bytes:
    """Of a format that no rule knows, 24 to 64 characters."""
    return "".join(rng.choices(rng.choice(_ALPHABETS), k=rng.randint(24, 64))).encode()


def strangers(rng: random.Random, plants: Sequence[Plant], rules: RuleSet) -> list[Plant]:
    """As many, in the same forms: half begin as one of ours does and are as long, the others are tokens of rules."""
    found = []
    for number, plant in enumerate(plants):
        if number % 2:
            head, tail = plant.value[:12], list(plant.value[12:].decode())
            rng.shuffle(tail)
            value = head + "".join(tail).encode()
        else:
            value = secret_for(rules[rng.choice(_RULES)], rng)
        found.append(Plant("", plant.encoding, value))
    return found


def documents(rng: random.Random, plants: Sequence[Plant]) -> list[tuple[str, bytes]]:
    """(id, content): code, in some of them one plant each, whose number is the id."""
    text = code()
    places = dict(zip(rng.sample(range(DOCUMENTS), len(plants)), enumerate(plants), strict=True))
    made = []
    for number in range(DOCUMENTS):
        size = _SIZES[number % 10 == 9]
        start = rng.randrange(len(text) - size)
        content = text[start : start + size]
        name = f"ordinary-{number}"
        if number in places:
            index, plant = places[number]
            name = f"plant-{index}"
            at = content.find(b"\n", rng.randrange(size // 2)) + 1
            content = content[:at] + plant.text + b"\n" + content[at:]
        made.append((name, content))
    return made
