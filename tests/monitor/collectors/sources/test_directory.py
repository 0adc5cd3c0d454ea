from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from collecting import Bench, MemoryProducer, MemoryState
from monitor.collectors.sources.directory import PLUGIN, DirectorySettings, DirectorySource
from monitor.identity import blob_sha
from monitor.sizes import PART_BYTES


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as bench:
        yield bench


def write(path: Path, content: bytes, age: float = 100.0) -> Path:
    """A file last changed long ago by the bench's clock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    return path


def source(bench: Bench, *paths: Path, **settings: object) -> DirectorySource:
    return DirectorySource(DirectorySettings(paths=paths, **settings), bench.tools)  # type: ignore[arg-type]


def sent(producer: MemoryProducer) -> dict[str, bytes]:
    return {document.provenance.path: document.content for document in producer.documents}


async def test_every_file_is_sent_once_with_its_place(bench: Bench, tmp_path: Path) -> None:
    file = write(tmp_path / "a" / "b.txt", b"text")
    binary = write(tmp_path / "c.bin", b"\0\xff")
    write(tmp_path / "empty", b"")

    await bench.run("directory", source(bench, tmp_path), seconds=100)

    assert sent(bench.producer) == {str(file): b"text", str(binary): b"\0\xff"}
    document = next(d for d in bench.producer.documents if d.content == b"text")
    assert document.id == f"{file}:{blob_sha(b'text')}"
    assert document.blob_sha == blob_sha(b"text")
    assert document.provenance.forge == "file"
    assert document.published_at == 1_700_000_000 - 100.0
    assert len(bench.producer.documents) == 2


async def test_a_changed_file_is_sent_again_and_an_old_content_is_not(bench: Bench, tmp_path: Path) -> None:
    one = source(bench, tmp_path, follow=False)
    write(tmp_path / "f", b"first")
    await bench.run("directory", one, seconds=1)
    write(tmp_path / "f", b"second", age=50)
    await bench.run("directory", one, seconds=1)
    write(tmp_path / "f", b"first", age=10)
    await bench.run("directory", one, seconds=1)

    assert [d.content for d in bench.producer.documents] == [b"first", b"second"]


async def test_a_restart_sends_nothing_again(bench: Bench, tmp_path: Path) -> None:
    write(tmp_path / "f", b"x")
    await bench.run("directory", source(bench, tmp_path), seconds=10)

    async with Bench(state=bench.state) as again:
        await again.run("directory", source(again, tmp_path), seconds=10)

    assert again.producer.messages == []


async def test_a_file_changed_just_now_is_looked_at_again(bench: Bench, tmp_path: Path) -> None:
    file = write(tmp_path / "f", b"one")
    os.utime(file, (bench.time.now, bench.time.now))
    looking = source(bench, tmp_path, follow=False)
    await bench.run("directory", looking, seconds=1)
    file.write_bytes(b"two")  # same size, inode and time: nothing of it tells
    os.utime(file, (bench.time.now, bench.time.now))
    await bench.run("directory", looking, seconds=1)

    assert [d.content for d in bench.producer.documents] == [b"one", b"two"]


async def test_nothing_is_marked_before_the_bus_has_it(tmp_path: Path) -> None:
    write(tmp_path / "f", b"x")
    state = MemoryState()
    async with Bench(state, MemoryProducer(refusals=10**6)) as stuck:
        await stuck.run("directory", source(stuck, tmp_path), seconds=20)
    assert state.seen == set()

    async with Bench(state) as again:
        await again.run("directory", source(again, tmp_path), seconds=20)
    assert len(again.producer.documents) == 1


async def test_links_special_files_and_folders_of_version_control_stay_out(
    bench: Bench, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    write(root / ".git" / "config", b"x")
    write(tmp_path / "outside", b"secret elsewhere")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "fifo")

    await bench.run("directory", source(bench, root), seconds=100)

    assert bench.producer.documents == []
    assert bench.producer.skipped() == {"symlink": 2, "special_file": 1}


async def test_globs_choose_by_name_or_by_path(bench: Bench, tmp_path: Path) -> None:
    for name in ("a.py", "a.txt", "deep/b.py", "deep/gen/c.py", "node_modules/d.py"):
        write(tmp_path / name, name.encode())

    settings = {"include": ("*.py",), "exclude": ("node_modules", "deep/gen")}
    await bench.run("directory", source(bench, tmp_path, **settings), seconds=10)

    assert set(sent(bench.producer).values()) == {b"a.py", b"deep/b.py"}


async def test_a_deleted_file_is_no_drop_and_known_when_it_comes_back(bench: Bench, tmp_path: Path) -> None:
    file = write(tmp_path / "f", b"x")
    looking = source(bench, tmp_path, follow=False)
    await bench.run("directory", looking, seconds=1)
    file.unlink()
    await bench.run("directory", looking, seconds=1)
    write(file, b"x")
    await bench.run("directory", looking, seconds=1)

    assert bench.producer.skipped() == {}
    assert bench.metric("leakstream_source_items_total", source="directory", state="skipped") == 0
    assert len(bench.producer.documents) == 1


async def test_a_huge_file_comes_in_parts_of_one_document(bench: Bench, tmp_path: Path) -> None:
    content = b"0123456789abcde\n" * (PART_BYTES // 16 * 2)
    write(tmp_path / "f", content)

    await bench.run("directory", source(bench, tmp_path), seconds=40)

    documents = bench.producer.documents
    assert [(d.overlap > 0, d.more) for d in documents] == [(False, True), (True, True), (True, False)]
    assert {document.id for document in documents} == {f"{tmp_path}/f:{blob_sha(content)}"}
    for document in documents:
        assert content[document.offset :].startswith(document.content)
        assert document.line == content.count(b"\n", 0, document.offset) + 1


async def test_a_file_beyond_the_limit_is_left_out_and_counted_once(bench: Bench, tmp_path: Path) -> None:
    with write(tmp_path / "sparse", b"").open("wb") as file:
        file.truncate(5 * 1024**2)

    await bench.run("directory", source(bench, tmp_path, file_mib=4), seconds=100)

    assert bench.producer.documents == []
    assert bench.producer.skipped()["too_large"] == 1


async def test_names_of_any_bytes(bench: Bench, tmp_path: Path) -> None:
    name = tmp_path / os.fsdecode(b"\xff\n\xfe")
    name.write_bytes(b"x")
    os.utime(name, (1, 1))

    await bench.run("directory", source(bench, tmp_path), seconds=10)

    assert sent(bench.producer) == {f"{tmp_path}/\\xff\n\\xfe": b"x"}


async def test_a_folder_that_is_away_is_told_and_read_when_it_comes(bench: Bench, tmp_path: Path) -> None:
    looking = source(bench, tmp_path / "later", follow=False)
    service = await bench.run("directory", looking, seconds=1)
    assert service.troubled == {"directory": "unreadable_folder"}

    write(tmp_path / "later" / "f", b"x")
    service = await bench.run("directory", looking, seconds=1)
    assert service.troubled == {}
    assert len(bench.producer.documents) == 1


async def test_a_folder_that_goes_away_and_comes_back_is_not_read_again(bench: Bench, tmp_path: Path) -> None:
    write(tmp_path / "root" / "f", b"x")
    looking = source(bench, tmp_path / "root", follow=False)
    await bench.run("directory", looking, seconds=1)
    (tmp_path / "root").rename(tmp_path / "moved")
    await bench.run("directory", looking, seconds=1)
    (tmp_path / "moved").rename(tmp_path / "root")
    await bench.run("directory", looking, seconds=1)

    assert bench.producer.skipped() == {}
    assert len(bench.producer.documents) == 1


def test_settings_need_a_path() -> None:
    with pytest.raises(ValidationError):
        DirectorySettings(paths=())
    assert PLUGIN.settings is DirectorySettings
