"""The forms in which a text with a credential is published: each encoding by its name, as a function from text to document.

For tests, benchmarks and canaries: what is put in must be found in what comes out. Pure and deterministic; the text is a few lines of
ASCII. Where a form has a place for a key and a value of its own (a Secret of Kubernetes, a row of a table), a line `name = "value"` or
`name: value` gives them.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import html
import io
import json
import lzma
import quopri
import re
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

Encoder = Callable[[bytes], bytes]
_SETTING: Final = re.compile(
    rb"""^\s*"?([\w.-]{1,60})"?\s*[:=]\s*["']?([^"'\n]{1,400})["']?,?\s*$""", re.MULTILINE
)
_VALUE: Final = re.compile(rb"""["']([^"'\n]{8,400})["']""")


def settings(text: bytes) -> list[tuple[bytes, bytes]]:
    """The names and values of the text's lines."""
    return [(found[1], found[2]) for found in _SETTING.finditer(text)]


def _wrapped(width: int) -> Encoder:
    def encode(text: bytes) -> bytes:
        run = base64.b64encode(text)
        return b"\n".join(run[at : at + width] for at in range(0, len(run), width)) + b"\n"

    return encode


def _quoted(encode: Encoder) -> Encoder:
    return lambda text: b'blob = "' + encode(text) + b'"\n'


def _kubernetes(text: bytes) -> bytes:
    lines = [b"  %b: %b" % (name, base64.b64encode(value)) for name, value in settings(text)]
    head = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ntype: Opaque\ndata:\n"
    return head + b"\n".join(lines) + b"\n"


def _percent(text: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in text)


def _form(text: bytes) -> bytes:
    return b"&".join(
        quote_from_bytes(n).encode() + b"=" + quote_from_bytes(v, safe="").encode() for n, v in settings(text)
    )


def _form_in_field(text: bytes) -> bytes:
    return b"action=save&config=" + quote_from_bytes(text, safe="").encode() + b"&x=1"


def _entities(text: bytes, form: str) -> bytes:
    return "".join(form.format(byte) for byte in text).encode()


def _utf16(text: bytes, codec: str, mark: bytes = b"") -> bytes:
    return mark + text.decode("latin-1").encode(codec)


def _printable(text: bytes) -> bytes:
    """With a soft line break in the middle of every value."""
    broken = _VALUE.sub(lambda m: m[0][: len(m[0]) // 2] + b"=\n" + m[0][len(m[0]) // 2 :], text)
    return b"".join(
        b"=3D" if byte == 61 and broken[at + 1 : at + 2] != b"\n" else bytes([byte])
        for at, byte in enumerate(broken)
    )


def _mail(text: bytes) -> bytes:
    head = b"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
    return head + quopri.encodestring(b"lorem ipsum dolor sit amet consectetur " + text)


def _split(joint: bytes, quote: bytes = b'"') -> Encoder:
    """Every value in two halves."""

    def encode(text: bytes) -> bytes:
        def halves(found: re.Match[bytes]) -> bytes:
            value = found[1]
            middle = len(value) // 2
            return quote + value[:middle] + quote + joint + quote + value[middle:] + quote

        return _VALUE.sub(halves, text)

    return encode


def _json(text: bytes) -> bytes:
    return json.dumps({"config": text.decode("latin-1")}).encode()


def _json_twice(text: bytes) -> bytes:
    return json.dumps({"outer": json.dumps({"config": text.decode("latin-1")})}).encode()


def _diff(mark: bytes) -> Encoder:
    def encode(text: bytes) -> bytes:
        lines = text.splitlines()
        body = b"".join(mark + line + b"\n" for line in lines)
        count = (b"1,0", b"1,%d" % len(lines)) if mark == b"+" else (b"1,%d" % len(lines), b"1,0")
        head = (
            b"diff --git a/app.env b/app.env\nindex 0000001..0000002 100644\n--- a/app.env\n+++ b/app.env\n"
        )
        return head + b"@@ -%b +%b @@\n" % count + body

    return encode


def _zip(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _tar(text: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("etc/app.env")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return out.getvalue()


def _runs(text: bytes, tag: str) -> str:
    """XML runs that split every line in the middle, as editors do."""
    paragraphs = []
    for line in text.decode("latin-1").splitlines():
        middle = len(line) * 2 // 3
        runs = "".join(
            f'<{tag}:r><{tag}:t xml:space="preserve">{escape(part)}</{tag}:t></{tag}:r>'
            for part in (line[:middle], line[middle:])
        )
        paragraphs.append(f"<{tag}:p>{runs}</{tag}:p>")
    return "".join(paragraphs)


def _docx(text: bytes) -> bytes:
    body = (
        f'<?xml version="1.0"?><w:document xmlns:w="urn:w"><w:body>{_runs(text, "w")}</w:body></w:document>'
    )
    return _zip({"[Content_Types].xml": b"<Types/>", "word/document.xml": body.encode()})


def _pptx(text: bytes) -> bytes:
    body = f'<?xml version="1.0"?><p:sld xmlns:a="urn:a"><p:txBody>{_runs(text, "a")}</p:txBody></p:sld>'
    return _zip({"[Content_Types].xml": b"<Types/>", "ppt/slides/slide1.xml": body.encode()})


def _xlsx(text: bytes) -> bytes:
    """One row a setting: its name in column A, its value in column B."""
    strings, rows = [], []
    for number, (name, value) in enumerate(settings(text)):
        strings += [f"<si><t>{escape(part.decode('latin-1'))}</t></si>" for part in (name, value)]
        cells = "".join(
            f'<c r="{column}{number + 1}" t="s"><v>{2 * number + at}</v></c>'
            for at, column in enumerate("AB")
        )
        rows.append(f'<row r="{number + 1}">{cells}</row>')
    return _zip(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/sharedStrings.xml": f"<sst>{''.join(strings)}</sst>".encode(),
            "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{''.join(rows)}</sheetData></worksheet>".encode(),
        }
    )


def _notebook(text: bytes, *, output: bool) -> bytes:
    lines = text.decode("latin-1").splitlines(keepends=True)
    code = ["print(settings)\n"] if output else lines
    outputs = [{"output_type": "stream", "name": "stdout", "text": lines}] if output else []
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": outputs, "source": code}
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    ).encode()


def _sqlite(text: bytes, *, wide: bool) -> bytes:
    """A table of names and values, or one with a column for each name."""
    db = sqlite3.connect(":memory:")
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in settings(text)]
    if wide:
        columns = ", ".join(f'"{name}" TEXT' for name, _ in pairs)
        db.execute(f"CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT, {columns})")
        marks = ", ".join("?" for _ in pairs)
        row = f"INSERT INTO account VALUES (1, 'someone', {marks})"  # noqa: S608 - marks only
        db.execute(row, [value for _, value in pairs])
    else:
        db.execute("CREATE TABLE setting (name TEXT, value TEXT)")
        db.executemany("INSERT INTO setting VALUES (?, ?)", pairs)
    db.commit()
    data = db.serialize()
    db.close()
    return data


def _after(first: Encoder, second: Encoder) -> Encoder:
    return lambda text: second(first(text))


_B64: Final = _quoted(base64.b64encode)

ENCODERS: Final[Mapping[str, Encoder]] = MappingProxyType(
    {
        "base64": _B64,
        "base64-twice": _quoted(_after(base64.b64encode, base64.b64encode)),
        "base64-wrapped-64": _wrapped(64),
        "base64-wrapped-76": _wrapped(76),
        "base64url": _quoted(lambda text: base64.urlsafe_b64encode(text).rstrip(b"=")),
        "base64-kubernetes": _kubernetes,
        "base64-of-gzip": _quoted(lambda text: base64.b64encode(gzip.compress(text, mtime=0))),
        "hex": _quoted(binascii.hexlify),
        "hex-upper": _quoted(lambda text: binascii.hexlify(text).upper()),
        "hex-escapes": _quoted(lambda text: b"".join(b"\\x%02x" % byte for byte in text)),
        "hex-array": lambda text: b"k[] = {" + b", ".join(b"0x%02x" % byte for byte in text) + b"};\n",
        "percent": _percent,
        "percent-reserved": lambda text: quote_from_bytes(text, safe="").encode(),
        "percent-twice": lambda text: quote_from_bytes(
            quote_from_bytes(text, safe="").encode(), safe=""
        ).encode(),
        "percent-in-json": lambda text: json.dumps(
            {"url": "https://example.com/?q=" + quote_from_bytes(text, safe="")}
        ).encode(),
        "form": _form,
        "form-in-field": _form_in_field,
        "unicode-escapes": _quoted(lambda text: b"".join(b"\\u%04x" % byte for byte in text)),
        "unicode-braces": _quoted(lambda text: b"".join(b"\\u{%x}" % byte for byte in text)),
        "unicode-escapes-of-signs": _quoted(
            lambda text: re.sub(rb"[\"'=&<>\n]", lambda m: b"\\u%04x" % m[0][0], text)
        ),
        "entities-named": lambda text: b"<pre>" + html.escape(text.decode("latin-1")).encode() + b"</pre>",
        "entities-decimal": lambda text: _entities(text, "&#{};"),
        "entities-hex": lambda text: _entities(text, "&#x{:x};"),
        "quoted-printable": _printable,
        "quoted-printable-mail": _mail,
        "utf16-le": lambda text: _utf16(text, "utf-16-le"),
        "utf16-be": lambda text: _utf16(text, "utf-16-be"),
        "utf16-le-mark": lambda text: _utf16(text, "utf-16-le", b"\xff\xfe"),
        "utf16-be-mark": lambda text: _utf16(text, "utf-16-be", b"\xfe\xff"),
        "split-plus": _split(b" + "),
        "split-beside": _split(b" ", b"'"),
        "split-dot": _split(b" . "),
        "split-and": _split(b" & "),
        "split-backslash": _split(b" \\\n    "),
        "split-lines": _split(b" +\n        "),
        "split-lines-beside": _split(b"\n        "),
        "json": _json,
        "json-twice": _json_twice,
        "json-in-yaml": lambda text: b"config: " + json.dumps(_json(text).decode()).encode() + b"\n",
        "diff-added": _diff(b"+"),
        "diff-removed": _diff(b"-"),
        "gzip": lambda text: gzip.compress(text, mtime=0),
        "bzip2": bz2.compress,
        "xz": lzma.compress,
        "zip": lambda text: _zip({"app/app.env": text}),
        "zip-in-zip": lambda text: _zip({"lib/inner.jar": _zip({"app.properties": text})}),
        "tar": _tar,
        "tar-gzip": lambda text: gzip.compress(_tar(text), mtime=0),
        "docx": _docx,
        "pptx": _pptx,
        "xlsx": _xlsx,
        "notebook-source": lambda text: _notebook(text, output=False),
        "notebook-output": lambda text: _notebook(text, output=True),
        "sqlite-rows": lambda text: _sqlite(text, wide=False),
        "sqlite-columns": lambda text: _sqlite(text, wide=True),
    }
)
