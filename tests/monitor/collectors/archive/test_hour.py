from __future__ import annotations

import gzip
import hashlib
import itertools
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.archive.hour import (
    BadHour,
    HourFile,
    HourLimits,
    Manifest,
    hour_name,
    hour_of,
    parse_manifest,
)


def read(
    body: bytes, *, step: int = 1000, manifest: Manifest | None = None, **limits: int
) -> list[tuple[int, bytes]]:
    file = HourFile(HourLimits(**limits))
    lines = [pair for at in range(0, len(body), step) for pair in file.feed(body[at : at + step])]
    return [*lines, *file.finish(manifest)]


def told(body: bytes, **other: object) -> Manifest:
    digest = hashlib.sha256(body).hexdigest()
    found = parse_manifest({"event_count": 3, "compressed_bytes": len(body), "sha256": digest, **other})
    assert found is not None
    return found


def test_the_hour_has_no_zero_in_front_and_the_day_has() -> None:
    at = 1_780_275_600  # 2026-06-01T01:00:00Z
    assert hour_name(hour_of(at)) == "2026-06-01-1"
    assert hour_name(hour_of(at + 3599.9)) == "2026-06-01-1"
    assert hour_name(hour_of(at - 1)) == "2026-06-01-0"
    assert hour_name(hour_of(at - 3601)) == "2026-05-31-23"


@settings(max_examples=80)
@given(
    st.lists(st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b" ")), max_size=12),
    st.lists(st.integers(0, 400), max_size=6),
    st.integers(1, 40),
)
def test_lines_cross_pieces_and_members(lines: list[bytes], cuts: list[int], step: int) -> None:
    text = b"\n".join(lines)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    body = b"".join(gzip.compress(text[a:b]) for a, b in itertools.pairwise(edges))
    wanted = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    assert read(body, step=step, manifest=told(body)) == wanted


def test_thousands_of_members_are_one_file() -> None:
    body = b"".join(gzip.compress(b"%d\n" % n) for n in range(3000))
    assert len(read(body)) == 3000


def test_a_long_line_is_left_out_and_takes_no_room() -> None:
    file = HourFile(HourLimits(line=1000))
    body = gzip.compress(b"first\n" + b"x" * 5_000_000 + b"\nthird\n" + b"y" * 1001)
    kept = 0
    lines = []
    for at in range(0, len(body), 50):
        lines += file.feed(body[at : at + 50])
        kept = max(kept, sum(map(len, file._rest)))
    lines += file.finish()
    assert lines == [(1, b"first"), (3, b"third")]
    assert (file.too_long, file.lines) == (2, 4)
    assert kept <= 1000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b"\x1f", "truncated"),
        (gzip.compress(b"a\nb\n" * 500, mtime=0)[:-9], "truncated"),
        (gzip.compress(b"a\n", mtime=0) + gzip.compress(b"b\n" * 90, mtime=0)[:12], "truncated"),
        (b"<!doctype html><title>Just a moment</title>", "bad_encoding"),
        (b'{"type":"PushEvent"}\n', "bad_encoding"),
        (gzip.compress(b"a\n", mtime=0) + b"and then something else", "bad_encoding"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 40, "bad_encoding"),
        (zlib.compress(b"a\n"), "bad_encoding"),
        (gzip.compress(b"line\n" * 50_000, mtime=0), "too_large"),
    ],
)
def test_what_is_no_hour_is_told_apart(body: bytes, reason: str) -> None:
    with pytest.raises(BadHour) as caught:
        read(body, text=100_000)
    assert caught.value.reason == reason


@pytest.mark.parametrize("filling", [bytes(1 << 20), b"{}\n" * (1 << 18)])
def test_a_bomb_is_noticed_before_it_has_grown(filling: bytes) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(filling) for _ in range(50)) + packer.flush()
    file = HourFile()
    with pytest.raises(BadHour, match="bomb"):
        sum(1 for at in range(0, len(bomb), 65_536) for _ in file.feed(bomb[at : at + 65_536]))
    assert file.grown <= 40 * 1024 * 1024


def test_what_the_manifest_says_is_compared_at_the_end() -> None:
    body = gzip.compress(b"1\n2\n3")
    assert len(read(body, manifest=told(body))) == 3
    for manifest, reason in (
        (told(body, compressed_bytes=len(body) + 1), "bad_size"),
        (told(body, sha256="0" * 64), "bad_hash"),
    ):
        file = HourFile()
        lines = list(file.feed(body))
        assert len(lines) == 2  # read while it comes, the last one only when the whole is right
        with pytest.raises(BadHour, match=reason):
            list(file.finish(manifest))


def test_a_manifest_is_read_as_it_may_be_written() -> None:
    digest = "AB" * 32
    raw = {
        "event_count": "624300",
        "compressed_bytes": 350_000_000,
        "sha256": f"sha256:{digest}",
        "minutes": [],
    }
    assert parse_manifest(raw) == Manifest(624_300, 350_000_000, digest.lower())
    for wrong in (
        None,
        [],
        {},
        {**raw, "event_count": -1},
        {**raw, "event_count": 10**17},
        {**raw, "compressed_bytes": None},
        {**raw, "sha256": "ab"},
        {**raw, "sha256": None},
    ):
        assert parse_manifest(wrong) is None
