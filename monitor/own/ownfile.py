"""The file of own secrets: text, one entry a line, sorted, to be kept under version control.

`<key id> <keyed hash, 32 hex> <name>`, and with a selector ` <leading characters, hex> <length>`. The key id says under which key of the
ring the hash was made. A name has no blanks: what is not plain in it is percent-encoded. Lines in another order, as a merge may leave them, are
read all the same; a blank line or one that begins with # says nothing.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import quote, unquote

from monitor.own.selectors import LONGEST_SECRET, SHORTEST, Selector
from monitor.own.values import DIGEST_BYTES

HEADER: Final = b"# leakstream own secrets 1: key id, keyed hash, name, and for some leading characters (hex) and length\n"
LONGEST_NAME: Final = 200
_PLAIN: Final = "/._-:#@+=,()[]~"
_LONGEST_LINE: Final = 4096
_ENTRY: Final = re.compile(
    rb"([0-9a-f]{8}) ([0-9a-f]{%d}) ([!-~]{1,2400})(?: ((?:[0-9a-f]{2}){%d,%d}) ([1-9][0-9]{0,3}))?\r?\n?"
    % (2 * DIGEST_BYTES, SHORTEST, LONGEST_SECRET // 3)
)


class OwnFileError(Exception):
    """The file cannot be read or is malformed. The message names file and line, never what stands there."""


class Entry(NamedTuple):
    """One secret under one key."""

    key_id: str
    digest: bytes
    name: str
    selector: Selector | None = None


def read(path: Path) -> Iterator[Entry]:
    """The entries in the file's order. Raises OwnFileError. Blocks."""
    try:
        with path.open("rb") as file:
            yield from _entries(file, path)
    except OSError as error:
        raise OwnFileError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error


def written(entry: Entry) -> bytes:
    """The entry's line, without its end."""
    line = f"{entry.key_id} {entry.digest.hex()} {quote(entry.name[:LONGEST_NAME], safe=_PLAIN) or '-'}"
    if entry.selector is not None:
        line += f" {entry.selector.head.hex()} {entry.selector.length}"
    return line.encode("ascii")


def write(path: Path, entries: Iterable[Entry]) -> None:
    """The whole file, sorted, each line once; written whole or not at all, readable by its owner. Raises OwnFileError. Blocks."""
    lines = sorted({written(entry) for entry in entries})
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    except OSError as error:
        raise OwnFileError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(HEADER)
            file.writelines(line + b"\n" for line in lines)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise OwnFileError(f"{path}: {(error.strerror or 'cannot be written').lower()}") from error


def _entries(file: BinaryIO, path: Path) -> Iterator[Entry]:
    match = _ENTRY.fullmatch
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        found = match(line)
        if found is None:
            if line.lstrip()[:1] in (b"", b"#"):
                continue
            raise OwnFileError(
                f"{path}:{number}: not an entry of own secrets; remove the line, or make the file anew"
                " with `leakstream watch fingerprint`"
            )
        key_id, digest, name, head, length = found.groups()
        selector = None
        if head is not None:
            selector = Selector(bytes.fromhex(head.decode()), int(length))
            if len(selector.head) * 3 > selector.length or selector.length > LONGEST_SECRET:
                raise OwnFileError(f"{path}:{number}: a selector that reveals too much; remove the line")
        yield Entry(key_id.decode(), bytes.fromhex(digest.decode()), unquote(name.decode()), selector)
