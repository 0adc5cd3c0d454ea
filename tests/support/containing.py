"""Containers for tests: what is read of one, and a zip archive of a few files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

from detectors.containers import BrokenContainer, Member, Meter, OverBudget


def meter(most_bytes: int = 1 << 26, most_members: int = 1000) -> Meter:
    return Meter(most_bytes=most_bytes, most_members=most_members)


def listed(members: Iterable[Member]) -> tuple[list[Member], str]:
    """The members, and the name of the error that ended them, "" for none."""
    found: list[Member] = []
    try:
        for member in members:
            found.append(member)  # noqa: PERF402 - those before the error count
    except (BrokenContainer, OverBudget) as error:
        return found, type(error).__name__
    return found, ""


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
