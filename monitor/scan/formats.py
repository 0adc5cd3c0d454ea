"""How a scan's hits are printed: `pretty` for people, `jsonl` for programs, `sarif` for code-scanning tools.

A format is told each hit as it is found and the summary at the end; it writes text and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol, TextIO
from urllib.parse import quote

from monitor.scan.hit import Hit
from monitor.untrusted import Sink, untrusted

# of the scanner's reasons (detectors.stats) those that say that more may be there than is reported
_CUTS: Final = frozenset({"loud_rule", "decode_budget", "container_broken", "container_budget", "incomplete"})


@dataclass(slots=True)
class Summary:
    """What a scan did."""

    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    known: int = 0  # hits that the baseline knows
    allowed: int = 0  # findings that a comment of the text allows
    samples: int = 0  # weak passwords of tests and documentation
    dropped: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    unreadable: Sequence[str] = ()  # targets of which nothing could be read

    def remarks(self) -> list[str]:
        """What a clean result would hide: one short sentence each."""
        remarks = []
        cuts = {reason: count for reason, count in self.dropped.items() if reason in _CUTS and count}
        if cuts:
            remarks.append("not looked at for the limits' sake: " + _counts(cuts))
        if self.allowed:
            remarks.append(f"allowed by comments: {self.allowed}")
        if self.samples:
            remarks.append(f"weak passwords in tests, examples and documentation (--samples): {self.samples}")
        if self.skipped:
            remarks.append("left out: " + _counts(self.skipped))
        if self.unreadable:
            names = ", ".join(untrusted(name, Sink.TERMINAL) for name in self.unreadable)
            remarks.append(f"could not be read: {names}")
        return remarks


def _counts(counters: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counters.items()))


class Format(Protocol):
    def hit(self, hit: Hit) -> None: ...

    def end(self, summary: Summary) -> None: ...


_LINES: Final = 10  # of a value that stands often
_COLOURS: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}


class Pretty:
    """Colours on a terminal only. Its library is imported with the first: the other formats start a tenth faster without."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console
        from rich.text import Text

        self._console = Console(file=out, highlight=False, soft_wrap=True)
        self._text = Text
        self._hits = 0

    def hit(self, hit: Hit) -> None:
        self._hits += 1
        path = untrusted(hit.path, Sink.TERMINAL)
        head = self._text.assemble((hit.severity.upper(), _COLOURS[hit.severity]), f"  {hit.title}")
        if hit.verdict != "unprovable":
            head.append(
                f"  ({hit.verdict}: {hit.check})", style="green" if hit.verdict == "proved" else "dim"
            )
        self._console.print(head)
        where = f"  {path}:{hit.line}:{hit.column}"
        if hit.commit:
            where += f"  commit {hit.commit[:12]}"
        self._console.print(self._text(where, style="bold"))
        self._console.print(
            self._text(f"  {hit.secret if hit.secret is not None else hit.preview}   rule {hit.rule}")
        )
        for line in _told(hit):
            self._console.print(self._text(f"  {untrusted(line, Sink.TERMINAL)}", style="dim"))
        if hit.snippet:
            self._console.print(self._text(f"  | {untrusted(hit.snippet, Sink.TERMINAL)}", style="dim"))
        if hit.revoke:
            self._console.print(self._text(f"  revoke: {hit.revoke}", style="dim"))
        self._console.print()

    def end(self, summary: Summary) -> None:
        megabytes = summary.bytes / 1e6
        text = f"{self._hits} finding{'' if self._hits == 1 else 's'} in {summary.files} files, {megabytes:.1f} MB, {summary.seconds:.1f} s"
        if summary.known:
            text += f"; {summary.known} known from the baseline"
        text = "; ".join([text, *summary.remarks()])
        self._console.print(self._text(text, style="bold" if self._hits else "green"))


def _told(hit: Hit) -> Iterator[str]:
    """What is known of the value beside its place."""
    if hit.known:
        yield f"no secret: {hit.known}"
    if hit.facts:
        yield ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in hit.facts.items())
    if hit.missing:
        yield f"not seen near it: {', '.join(hit.missing)}"
    if hit.also:
        lines = list(dict.fromkeys(str(place.line) for place in hit.also))
        more = f" and {len(lines) - _LINES} more" if len(lines) > _LINES else ""
        yield f"the same value in line {', '.join(lines[:_LINES])}{more}"


class JsonLines:
    """One object a line, a finding of a file each; what was left out goes to `err`."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err

    def hit(self, hit: Hit) -> None:
        import orjson  # with the first finding: it takes a twentieth of a start

        self._out.write(orjson.dumps(as_dict(hit)).decode() + "\n")

    def end(self, summary: Summary) -> None:
        self._out.flush()
        for remark in summary.remarks():
            self._err.write(f"leakstream: {remark}\n")


def as_dict(hit: Hit) -> dict[str, Any]:
    """The fields that `--format jsonl` promises, and those that are set."""
    body: dict[str, Any] = {
        "rule": hit.rule,
        "provider": hit.provider,
        "title": hit.title,
        "severity": hit.severity,
        "confidence": hit.confidence,
        "path": hit.path,
        "line": hit.line,
        "column": hit.column,
        "start": hit.start,
        "end": hit.end,
        "preview": hit.preview,
        "fingerprint": hit.fingerprint,
        "proof": hit.verdict,
        "check": hit.check,
    }
    optional = {
        "commit": hit.commit,
        "author": hit.author,
        "decoded": hit.decoded,
        "set": hit.set_id,
        "parts": hit.parts,
        "records": hit.records,
        "facts": dict(hit.facts),
        "missing": hit.missing,
        "known": hit.known,
        "also": [asdict(place) for place in hit.also],
        "revoke": hit.revoke,
        "secret": hit.secret,
    }
    body.update({name: value for name, value in optional.items() if value})
    return body


_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}


def _artifact(path: str) -> dict[str, str]:
    """A file URL, or a reference relative to the root of the sources, as RFC 3986 writes them."""
    written = quote(path.encode("utf-8", "surrogateescape"))
    if path.startswith("/"):
        return {"uri": f"file://{written}"}
    return {"uri": written, "uriBaseId": "%SRCROOT%"}


def _related(hit: Hit) -> dict[str, Any]:
    """Where else the value stands."""
    places = [
        {
            "physicalLocation": {
                "artifactLocation": _artifact(hit.path),
                "region": {
                    "startLine": place.line,
                    "byteOffset": place.start,
                    "byteLength": place.end - place.start,
                },
            }
        }
        for place in hit.also
    ]
    return {"relatedLocations": places} if places else {}


class Sarif:
    """SARIF 2.1.0, one run, written at the end."""

    def __init__(self, out: TextIO, version: str) -> None:
        self._out = out
        self._version = version
        self._rules: dict[str, dict[str, Any]] = {}
        self._results: list[dict[str, Any]] = []

    def hit(self, hit: Hit) -> None:
        self._rules.setdefault(
            hit.rule,
            {
                "id": hit.rule,
                "name": hit.title,
                "shortDescription": {"text": hit.title},
                "defaultConfiguration": {"level": _LEVELS[hit.severity]},
                "help": {"text": f"Revoke: {hit.revoke}" if hit.revoke else "Revoke the credential."},
            },
        )
        self._results.append(
            {
                "ruleId": hit.rule,
                "level": _LEVELS[hit.severity],
                "message": {"text": f"{hit.title}: {hit.preview}"},
                "partialFingerprints": {"leakstream/v1": hit.fingerprint},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": _artifact(hit.path),
                            "region": {
                                "startLine": hit.line,
                                "startColumn": hit.column_utf16 or hit.column,
                                "byteOffset": hit.start,
                                "byteLength": hit.end - hit.start,
                            },
                        }
                    }
                ],
                **_related(hit),
                "properties": {"confidence": hit.confidence, "proof": hit.verdict, "check": hit.check},
            }
        )

    def end(self, summary: Summary) -> None:
        log = {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "leakstream",
                            "version": self._version,
                            "rules": list(self._rules.values()),
                        }
                    },
                    "results": self._results,
                    "invocations": [
                        {
                            "executionSuccessful": not summary.unreadable,
                            "toolExecutionNotifications": [
                                {"level": "warning", "message": {"text": remark}}
                                for remark in summary.remarks()
                            ],
                        }
                    ],
                    "columnKind": "utf16CodeUnits",
                    "properties": {
                        "files": summary.files,
                        "bytes": summary.bytes,
                        "allowed": summary.allowed,
                        "samples": summary.samples,
                        "dropped": dict(summary.dropped),
                        "skipped": dict(summary.skipped),
                    },
                }
            ],
        }
        import orjson

        self._out.write(orjson.dumps(log, option=orjson.OPT_INDENT_2).decode() + "\n")
        self._out.flush()
