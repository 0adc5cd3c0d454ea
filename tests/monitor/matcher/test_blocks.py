from __future__ import annotations

import bz2
import gzip
import os
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from detectors import RuleSet, Scanner, load_rules
from detectors.synthetic import secret_for
from detectors.synthetic_encodings import ENCODERS
from monitor.identity import KeyRing
from monitor.matcher.blocks import BlockReader, Found, Progress
from monitor.matcher.events import EventMaker
from monitor.matcher.redact import Redactor

PART = 8 << 20


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules()


@pytest.fixture(scope="module")
def scanner(rules: RuleSet) -> Scanner:
    return Scanner(rules)


def token(rules: RuleSet, seed: int) -> bytes:
    rule = next(rule for rule in rules.rules if rule.id == "github-pat-classic")
    return secret_for(rule, random.Random(seed))


def read(scanner: Scanner, *paths: Path) -> tuple[list[Found], Progress]:
    progress = Progress()
    reader = BlockReader(scanner, progress)
    found = [one for path in paths for one in reader.add(str(path))]
    return found + list(reader.flush()), progress


def test_findings_are_the_files_own(scanner: Scanner, rules: RuleSet, tmp_path: Path) -> None:
    secrets = [token(rules, seed) for seed in range(3)]
    paths = []
    for number, secret in enumerate(secrets):
        paths += [tmp_path / f"{number}", tmp_path / f"{number}.quiet"]
        paths[-2].write_bytes(b"\n" * number + b"x = '" + secret + b"'")
        paths[-1].write_bytes(b"nothing here")

    found, progress = read(scanner, *paths)

    assert [Path(one.document.provenance.path).name for one in found] == ["0", "1", "2"]
    for number, one in enumerate(found):
        (finding,) = one.findings
        assert one.document.content[finding.start : finding.end] == secrets[number]
        assert finding.start == number + 5
    assert (progress.files, progress.bytes) == (6, sum(path.stat().st_size for path in paths))


def test_a_secret_is_never_read_over_the_seam_of_two_files(
    scanner: Scanner, rules: RuleSet, tmp_path: Path
) -> None:
    secret = token(rules, 1)
    (tmp_path / "a").write_bytes(b"x = " + secret[:20])
    (tmp_path / "b").write_bytes(secret[20:])
    (tmp_path / "c").write_bytes(secret)
    (tmp_path / "d").write_bytes(secret)

    found, _ = read(scanner, *(tmp_path / name for name in "abcd"))

    assert [(Path(f.document.id).name, f.findings[0].start) for f in found] == [("c", 0), ("d", 0)]


@pytest.mark.parametrize(
    "place",
    [0, PART - 10, PART - 45, PART - (16 << 10), PART - (16 << 10) - 20, PART + 5, 2 * PART - (16 << 10) - 7],
)
def test_a_large_file_gives_each_secret_once_wherever_the_parts_end(
    scanner: Scanner, rules: RuleSet, tmp_path: Path, place: int
) -> None:
    secret = token(rules, 2)
    content = bytearray(b"0123456 89abcde\n" * (2 * PART // 16 + 100))
    content[place : place + len(secret) + 2] = b"\n" + secret + b"\n"
    (tmp_path / "large").write_bytes(content)
    (tmp_path / "small").write_bytes(secret)

    found, progress = read(scanner, tmp_path / "small", tmp_path / "large", tmp_path / "small")

    maker = EventMaker(KeyRing.of(bytes(32)), Redactor(scanner))
    events = [event for one in found for event in maker.events(one.document, one.findings, now=0.0)]
    large = [event for event in events if event.place.path.endswith("large")]
    assert [(e.place.start, e.place.end) for e in large] == [(place + 1, place + 1 + len(secret))]
    assert large[0].place.line == content.count(b"\n", 0, place + 1) + 1
    assert len(events) == 3
    assert (progress.files, progress.bytes) == (3, len(content) + 2 * len(secret))


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART - (16 << 10)])
def test_a_file_that_ends_where_a_part_ends_is_counted_whole(
    scanner: Scanner, rules: RuleSet, tmp_path: Path, size: int
) -> None:
    secret = token(rules, 3)
    (tmp_path / "f").write_bytes(b"\n" * (size - len(secret)) + secret)

    found, progress = read(scanner, tmp_path / "f")

    last = found[-1]
    assert last.document.offset + last.findings[0].end == size
    assert not last.document.more
    assert (progress.files, progress.bytes) == (1, size)


@pytest.mark.parametrize(
    "before",
    [
        b"BZh = 1\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\x30tEXtComment\0",
        b"\xff\xd8\xff\xfe\0\x30key=",
        b"GIF89a!\xfe\x30key=",
    ],
)
def test_what_may_hold_plain_text_is_read(
    scanner: Scanner, rules: RuleSet, tmp_path: Path, before: bytes
) -> None:
    (tmp_path / "x").write_bytes(before + token(rules, 5) + b"\0")
    found, progress = read(scanner, tmp_path / "x")
    assert len(found) == 1
    assert not progress.skipped


def test_a_stored_file_of_an_archive_is_read(scanner: Scanner, rules: RuleSet, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.env", b"KEY=" + token(rules, 6) + b"\n")
    found, _ = read(scanner, tmp_path / "x.zip")
    assert len(found) == 1


def test_binaries_are_read_and_what_is_compressed_is_counted(
    scanner: Scanner, rules: RuleSet, tmp_path: Path
) -> None:
    secret = token(rules, 4)
    (tmp_path / "binary").write_bytes(b"\0\x01\xff" * 100 + b" " + secret + b"\0")
    (tmp_path / "zst").write_bytes(b"\x28\xb5\x2f\xfd" + secret)
    (tmp_path / "gz").write_bytes(b"\x1f\x8b\x08" + bytes(40))
    (tmp_path / "bz2").write_bytes(bz2.compress(secret))
    (tmp_path / "utf16").write_bytes(f"key = {secret.decode()}\n".encode("utf-16"))

    found, progress = read(scanner, *(tmp_path / name for name in ("binary", "zst", "gz", "bz2", "utf16")))

    assert [Path(one.document.id).name for one in found] == ["binary", "bz2", "utf16"]
    assert progress.skipped == {"compressed": 1}
    assert progress.dropped["container_broken"] == 1


@pytest.mark.parametrize("kind", ["gz", "zip", "tar.gz", "broken.zip"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_container_larger_than_a_part_is_unpacked_from_the_file(
    scanner: Scanner, rules: RuleSet, tmp_path: Path, kind: str, *, streamed: bool
) -> None:
    first, last = token(rules, 7), token(rules, 8)
    noise = random.Random(1).randbytes(PART + 5000)
    text = first + b"\n" + noise + b"\n" + last + b"\n"
    path = tmp_path / "large"
    if kind == "gz":
        path.write_bytes(gzip.compress(text, 1))
    elif kind == "tar.gz":
        (tmp_path / "text").write_bytes(text)
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            archive.add(tmp_path / "text", "text")
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("text", text)
    if kind == "broken.zip":
        path.write_bytes(path.read_bytes()[:-1000] + b"\n" + last + b"\n" + bytes(5000))
    (tmp_path / "small").write_bytes(first)

    progress = Progress()
    reader = BlockReader(scanner, progress)
    found = list(reader.add(str(tmp_path / "small")))
    with path.open("rb", buffering=0) as file:
        found += reader.read(file.readinto, "-") if streamed else reader.add(str(path))
    found += list(reader.flush())

    secrets = {finding.secret for one in found if "small" not in one.document.id for finding in one.findings}
    assert secrets == {first, last}
    assert (progress.files, progress.skipped) == (2, {})
    assert progress.bytes == path.stat().st_size + len(first)
    assert bool(progress.dropped["container_broken"]) == (kind == "broken.zip")


def test_what_cannot_be_read_is_counted(scanner: Scanner, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/etc/hostname")
    (tmp_path / "empty").touch()

    found, progress = read(scanner, *(tmp_path / name for name in ("gone", "link", ".", "empty")))

    assert found == []
    assert progress.skipped == {"unreadable_file": 3}
    assert progress.files == 1


def test_many_files_fill_the_buffer_again_and_again(scanner: Scanner, rules: RuleSet, tmp_path: Path) -> None:
    paths = []
    for number in range(60):
        paths.append(tmp_path / f"{number}")
        paths[-1].write_bytes(b"some text\n" * 10_000 + token(rules, number) + b"\n")

    found, progress = read(scanner, *paths)

    assert [one.document.id for one in found] == [str(path) for path in paths]
    assert progress.bytes == sum(path.stat().st_size for path in paths)


def test_every_form_of_a_file_is_read(scanner: Scanner, rules: RuleSet, tmp_path: Path) -> None:
    secret = token(rules, 9)
    documents = {name: encode(b'api_token = "' + secret + b'"\n') for name, encode in ENCODERS.items()}
    for name, document in documents.items():
        (tmp_path / name).write_bytes(document)

    found, progress = read(scanner, *(tmp_path / name for name in documents))

    told = {Path(one.document.id).name for one in found for f in one.findings if f.secret == secret}
    assert told == set(documents)
    assert not progress.skipped
