"""docs/reference/contracts.md, from monitor.contracts: what crosses the bus, field by field, with a record of each kind.

What a field means is the comment behind it: read out of the source, so that it is said once.
"""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final

import orjson

from monitor import contracts
from monitor.bus.base import Message
from monitor.contracts import CoverageEvent, Document, FindingEvent, Gap, Place, Provenance, Request, Sighting
from monitor.reference.tables import code, table

_HEAD: Final = """\
# Contracts: what crosses the bus

For whoever reads or writes the topics: each contract with its topic, version, fields, and a record as an example.

Made from the code by `python -m monitor.reference docs`; a test compares the two.

- Every record has the header `v`, the contract's version, `major.minor`. A new field is a new minor version: a reader that does not know it
  keeps it and writes it again. A new major version pauses the reader until it is upgraded; it never drops the record.
- Of a Document the value is the text itself, and the header `m` is one JSON object with the fields. Of the others the value is the JSON object.
- A field at its default may be left out of a Document's `m`. Times are seconds since 1970, UTC. Digests are lower-case hexadecimal.
- Topic names get the prefix `bus.prefix` (`leakstream.`). Each topic has one for dead letters, `….dlq`, which keeps as long and takes a tenth of
  the room. `bus.documents_hours` and `bus.documents_gib` set the term of documents.
- Plain secrets stand in a Document's content and the texts of its provenance, and nowhere else on the bus
  ([threat model](../explanation/threat-model.md)).

## Topics

"""
_TIME: Final = 1_790_000_000.0
_PLACE: Final = Place(
    forge="github.com",
    repository="acme/infra",
    owner="acme",
    url="https://github.com/acme/infra/blob/main/.env",
    path=".env",
    author="octo",
    author_email_domain="example.com",
    line=3,
    column=9,
    start=41,
    end=81,
)
_EXAMPLES: Final[tuple[Any, ...]] = (
    Document(
        source="github_events",
        id="push/acme/infra/9d0c/.env",
        content=b"# the text as it was published",
        fetched_at=_TIME + 4,
        published_at=_TIME,
        trace_id="5f0c6e2b9a1d4c38",
        provenance=Provenance(
            forge="github.com", repository="acme/infra", owner="acme", path=".env", author="octo"
        ),
    ),
    FindingEvent(
        leak={"k1": "9c1d" * 16},
        place_id="7be1" * 8,
        rule="github-pat-classic",
        provider="github",
        family="github-pat-classic",
        title="GitHub personal access token (classic)",
        severity="critical",
        confidence="high",
        verdict="proved",
        check="crc32-base62",
        preview="ghp_…x7",
        snippet="GITHUB_TOKEN=ghp_…x7",
        source="github_events",
        document_id="push/acme/infra/9d0c/.env",
        matched_at=_TIME + 4.1,
        fetched_at=_TIME + 4,
        published_at=_TIME,
        trace_id="5f0c6e2b9a1d4c38",
        place=_PLACE,
    ),
    Sighting(source="git", blob_sha="ab" * 20, seen_at=_TIME + 60, published_at=_TIME, place=_PLACE),
    CoverageEvent(
        source="github_events",
        since=_TIME - 60,
        until=_TIME,
        listed=300,
        fetched=12,
        skipped={"budget": 4},
        overlap=0,
        feed="/events",
        oldest=_TIME - 2,
        newest=_TIME,
        full=True,
    ),
    Request(
        kind="sweep",
        source="git",
        target="https://github.com/acme/infra.git",
        requested_at=_TIME,
        reason="published",
    ),
)
_INNER: Final = {Document: (Provenance,), FindingEvent: (Place,), CoverageEvent: (Gap,)}


def page() -> str:
    """The whole page."""
    rows = [
        (
            code(spec.name),
            next(type(each).__name__ for each in _EXAMPLES if spec.name == each.TOPIC),
            next(each.VERSION for each in _EXAMPLES if spec.name == each.TOPIC),
            f"{spec.retention_seconds / 3600:g} hours or {spec.retention_bytes / 2**20:,.0f} MiB",
            "the oldest go" if not spec.block_when_full else "writers wait",
        )
        for spec in contracts.TOPICS
    ]
    parts = [_HEAD + table(("topic", "contract", "version", "keeps", "when full"), rows)]
    comments = _comments()
    for example in _EXAMPLES:
        kind = type(example)
        parts.append(f"## {kind.__name__} {kind.VERSION}\n\n{_doc(kind)}\n\n" + _fields(kind, comments))
        parts.append(_example(example.message()))
        parts += [
            f"### {inner.__name__}\n\n{_doc(inner)}\n\n" + _fields(inner, comments)
            for inner in _INNER.get(kind, ())
        ]
    return "\n".join(parts)


def _fields(kind: type[Any], comments: dict[tuple[str, str], str]) -> str:
    rows = [
        (code(f.name), _type(f.type), _default(f), comments.get((kind.__name__, f.name), ""))
        for f in fields(kind)
        if f.name not in ("extra", "content")
    ]
    return table(("field", "type", "default", "says"), rows)


def _type(annotation: Any) -> str:
    """In JSON's words."""
    words = {
        "str": "text",
        "int": "whole number",
        "float": "number",
        "bool": "true or false",
        "Mode": "`live`, `replay`, `exercise`",
        "Mapping[str, str]": "object of texts",
        "Mapping[str, int]": "object of whole numbers",
        "tuple[str, ...]": "list of texts",
        "tuple[Gap, ...]": "list of Gap",
    }
    plain = str(annotation)
    bare = plain.removesuffix(" | None")
    return words.get(bare, bare) + (" or null" if plain != bare else "")


def _default(field: Any) -> str:
    if field.default is not MISSING:
        empty = is_dataclass(field.default) or field.default == ()
        return "empty" if empty else code(orjson.dumps(field.default).decode())
    return "required" if field.default_factory is MISSING else "empty"


def _doc(kind: type[Any]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _example(message: Message) -> str:
    """A record: its headers, and the value, JSON as people read it."""

    def pretty(raw: bytes) -> str:
        return orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2).decode()

    version = message.headers["v"].decode()
    if meta := message.headers.get("m"):
        return f"Header `v` is `{version}`, the value is the text, and the header `m`:\n\n```json\n{pretty(meta)}\n```\n"
    return f"Header `v` is `{version}`, and the value:\n\n```json\n{pretty(message.value)}\n```\n"


def _comments() -> dict[tuple[str, str], str]:
    """(class, field) -> the comment on the lines of the field."""
    source = inspect.getsource(contracts)
    said = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    lines = range(line.lineno, (line.end_lineno or line.lineno) + 1)
                    found[node.name, line.target.id] = " ".join(
                        said[number] for number in lines if number in said
                    )
    return found
