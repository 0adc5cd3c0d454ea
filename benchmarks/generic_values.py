"""Values for `benchmarks.generic`, of people and of generators, made at run time: nothing here is anybody's."""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Callable
from typing import Final

Maker = Callable[[random.Random], str]

_WORDS: Final = tuple(re.findall(r"\w+", """
    summer winter dragon monkey silver castle hunter falcon purple coffee garden rocket tiger banana sunshine flo
    wer london berlin madrid shadow master michael jordan thunder orange cookie river stone cloud peter maria anna
"""))  # fmt: skip
_SIGNS: Final = "!#$%&*@?._-+^~"


def human(rng: random.Random) -> str:
    """A password that a person thought of: 6 to 14 characters."""
    word, other = rng.choice(_WORDS), rng.choice(_WORDS)
    number = str(rng.choice((rng.randint(0, 99), rng.randint(100, 9999), rng.randint(1960, 2025))))
    sign = rng.choice("!@#$%&*?._-")
    forms = (
        word.capitalize() + number + sign, word + number, word.capitalize() + sign + number, word.replace("o", "0").replace("a", "@") + number,
        number + word, word + other + number, word.upper() + number, other.capitalize() + sign + word + number, "P@ssw0rd" + number, "Admin@" + number,
        word.capitalize() + word.capitalize() + "!" + number[:1], word.replace("e", "3").replace("i", "1").capitalize() + sign, "Passw0rd!", "Qwerty" + number + sign,
        "".join(rng.choices(string.ascii_lowercase, k=rng.randint(7, 10))),
    )  # fmt: skip
    return rng.choice(forms)


def typed(rng: random.Random) -> str:
    """A generated password of 8 to 20 characters with all classes."""
    pool = string.ascii_letters + string.digits
    body = "".join(rng.choices(pool + _SIGNS, k=rng.randint(6, 18)))
    return rng.choice(string.ascii_letters) + body + rng.choice(string.digits)


def alnum(rng: random.Random) -> str:
    return "".join(
        rng.choices(string.ascii_letters + string.digits, k=rng.choice((16, 20, 24, 32, 40, 48, 64)))
    )


def lower(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase + string.digits, k=rng.choice((16, 20, 24, 32, 40))))


def hexadecimal(rng: random.Random) -> str:
    return rng.randbytes(rng.choice((16, 20, 24, 32, 64))).hex()


def base(rng: random.Random) -> str:
    return base64.b64encode(rng.randbytes(rng.choice((16, 24, 32, 48)))).decode()


def url_base(rng: random.Random) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(rng.choice((15, 24, 30, 48)))).decode()


def percent(rng: random.Random) -> str:
    return "".join(
        rng.choice(("%23", "%40", "%21", *string.ascii_letters, *string.digits)) for _ in range(14)
    )


def symbols(rng: random.Random) -> str:
    """A password as people leave it unescaped in a URL."""
    return rng.choice(string.ascii_letters) + "".join(
        rng.choices(string.ascii_letters + string.digits + "!$%^&*()_+=#~.,;-|", k=12)
    )


PASSWORDS: Final[tuple[Maker, ...]] = (human, human, typed, alnum)
SECRETS: Final[tuple[Maker, ...]] = (alnum, lower, hexadecimal, base, url_base)
URL_PASSWORDS: Final[tuple[Maker, ...]] = (human, alnum, percent, symbols)
