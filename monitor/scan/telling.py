"""From what was found to the lines of the report. Loaded with the first finding: a scan that finds nothing starts without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from detectors import Scanner
from detectors.allow import allowed
from monitor.identity import KeyRing
from monitor.matcher.blocks import Found
from monitor.matcher.redact import Redactor
from monitor.scan.formats import Summary
from monitor.scan.hit import Hit
from monitor.scan.hits import HitMaker
from monitor.scan.samples import Samples


class Teller:
    """Masks and names what was found, and counts in `summary` what is left out. For one thread."""

    def __init__(
        self,
        scanner: Scanner,
        keys: KeyRing,
        summary: Summary,
        *,
        show_secrets: bool = False,
        relative_to: Path | None = None,
    ) -> None:
        """`scanner` is its own: it looks at what is shown. Paths below `relative_to` are printed relative to it."""
        self._maker = HitMaker(keys, Redactor(scanner), show_secrets=show_secrets, relative_to=relative_to)
        self._summary = summary
        self._samples = cache(Samples)

    def hits(self, found: Found, folder: Path | None) -> Iterator[Hit]:
        """What is told of a document; below `folder` (absolute) weak passwords of tests and documentation are left out."""
        samples = None if folder is None else self._samples(folder)
        return self._maker.hits(self._told(found, samples))

    def _told(self, found: Found, samples: Samples | None) -> Found:
        """The author's own comments and folders count in a scan that he starts himself; the service never looks at them."""
        content, path = found.document.content, found.document.provenance.path
        kept = [finding for finding in found.findings if not allowed(content, finding)]
        real = [finding for finding in kept if samples is None or not samples.has(path, content, finding)]
        self._summary.allowed += len(found.findings) - len(kept)
        self._summary.samples += len(kept) - len(real)
        return replace(found, findings=tuple(real))
