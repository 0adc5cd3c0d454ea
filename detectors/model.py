"""The nouns of the library: Rule, CredentialSet, Proof, Part, Finding.

Everything here is frozen. A secret is a `bytes` field hidden from `repr`, so that no log line, traceback or assertion
message shows one by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_FACTS: Final[Mapping[str, str]] = MappingProxyType({})


class Severity(StrEnum):
    """How bad a live credential of this type is in a stranger's hands."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 (info) to 4 (critical)."""
        return _RANK[self]


_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}


class Confidence(StrEnum):
    """How sure the library is that the value is a credential, before any proof."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Kind(StrEnum):
    """How a rule finds its value."""

    TOKEN = "token"  # the value carries its own literal; the boundaries are the model's
    CONTEXT = "context"  # a name makes the value meaningful; the syntax between them is the model's
    STRUCTURE = "structure"  # a shape with parts of its own (a URL, a header, a key block)
    RECORDS = "records"  # many lines of one shape: a dump


class Verdict(StrEnum):
    """What an offline proof says of a value."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNPROVABLE = "unprovable"


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome of an offline proof.

    `check` is the name of the proof; `facts` are public attributes that the value itself carries (an AWS account id,
    an issue time): never a part of the secret.
    """

    verdict: Verdict
    check: str = ""
    facts: Mapping[str, str] = field(
        default_factory=lambda: NO_FACTS
    )  # a mappingproxy has no hash before 3.12


UNPROVABLE: Final = Proof(Verdict.UNPROVABLE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One credential type, as its TOML file states it. See docs/how-to/rules.md for the format."""

    id: str  # stable, unique, kebab-case; begins with the provider where it has one
    provider: str  # the file's name; "generic" where no provider is named
    title: str
    kind: Kind
    severity: Severity
    family: str  # identity of the leak hangs on this, not on the id: default is the id
    pattern: (
        str  # expression of the value (token, context), of the whole (structure) or of one line (records)
    )
    names: tuple[str, ...] = ()  # context: words that make the value meaningful, matched caseless
    syntaxes: tuple[
        str, ...
    ] = ()  # context: accepted syntaxes (detectors.context.Syntax); empty = the default set
    proof: str = ""  # name of a proof in detectors.proofs; "" = none
    extent: str = (
        ""  # name of a reader in detectors.extents that takes the value beyond the window; "" = none
    )
    entropy: float = 0.0  # smallest Shannon entropy of the secret, bits a byte
    minimum: int = 0  # records: how many lines make a dump
    anchor: str = (
        ""  # records: a part of each line that Hyperscan looks for instead of the whole; "" = the whole
    )
    wakes: bool = False  # records: the anchor stands in one line or above all; every line is tried
    caseless: bool = False
    bounded: bool = True  # token: no byte of the value's own alphabet may stand before or behind it
    placeholders: bool = True  # apply the placeholder and dummy filter
    engine: str = "re"  # "re" where the rule check proves it safe, else "re2"
    alone: bool = True  # False: reported only as a part of a set
    reject: tuple[str, ...] = ()  # expressions over the value that mark it as something else
    profile: str = (
        ""  # name in detectors.profiles: what the value's place promises; "" = whatever the expression says
    )
    canonical: str = "v1"  # name and version of the canonicalisation in detectors.canonical
    credential: str = ""  # what kind of credential: `api-key`; default: the id without its provider
    access: str = ""  # what its holder can do, one sentence
    revoke: str = ""  # the steps that end its use
    revoke_url: str = ""  # where they are taken
    verified: bool = False  # steps and links were seen in the provider's documentation
    references: tuple[str, ...] = ()  # documentation of the credential
    examples: tuple[
        str, ...
    ] = ()  # templates (detectors.synthetic): each must yield exactly this rule's finding
    negatives: tuple[str, ...] = ()  # templates: none may yield this rule's finding

    @property
    def how_to_revoke(self) -> str:
        """One line for a page: the steps and the link, with the doubt where nobody saw them in the documentation."""
        if not self.revoke:
            return "Rotate it at the provider's console"
        steps = f"{self.revoke}: {self.revoke_url}" if self.revoke_url else self.revoke
        return steps if self.verified else f"{steps} (unverified; else rotate at the provider's console)"


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """Several rules whose values make one credential when they stand near each other."""

    id: str
    provider: str
    title: str
    severity: Severity  # of the complete set
    primary: str  # rule id whose secret identifies the set
    parts: tuple[str, ...]  # rule ids that must be there beside the primary
    optional: tuple[str, ...] = ()
    within: int = 1000  # bytes between the outermost parts
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One further member of a set: its rule, its value and where it stands; `decoded` as a finding has it."""

    rule_id: str
    start: int
    end: int
    secret: bytes = field(repr=False)
    decoded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One credential in one document. Offsets are bytes of the document as given, end exclusive.

    For a value found in a decoded run (base64, UTF-16 …) the span is the encoded run's and `decoded` names the way,
    outermost first.
    """

    rule: Rule
    start: int
    end: int
    secret: bytes = field(repr=False)
    severity: Severity
    confidence: Confidence
    proof: Proof = UNPROVABLE
    syntax: str = ""  # how name and value stood together, "" for a bare token
    name: str = ""  # the name that made the value meaningful, as found, "" for a bare token
    scope: bytes = field(default=b"", repr=False)  # host and user of a weak secret, as found; b"" = unknown
    parts: tuple[Part, ...] = ()
    set_id: str = ""  # the complete set this finding stands for
    decoded: tuple[str, ...] = ()
    records: int = 0  # how many lines a dump has
    missing: tuple[str, ...] = ()  # rule ids of what it lacks to be a whole credential
    known: str = ""  # why everybody has this value (detectors.known); "" = nobody knows it
