"""Room on the disk: as the file system tells it, and as the kernel refuses a write."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from doctoring import failed, look, one, warned
from monitor.app import load_config, prepare_state, topics
from monitor.commands.doctor import Outcome, disk
from monitor.config import Config
from shell import run
from whole_service import configure

GIB = 1024**3


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(configure(tmp_path, "[bus]\ndocuments_gib = 0.25\n"), {})


def room(free: int, *, inodes: int = 1000):
    """What statvfs says of a volume of 100 GiB with 4 KiB blocks."""

    def told(_: Path) -> os.statvfs_result:
        blocks = free // 4096
        return os.statvfs_result(
            (4096, 4096, 25 * GIB // 1024, blocks, blocks, 10_000, inodes, inodes, 0, 255)
        )

    return told


def test_a_full_disk_is_named_with_how_much_to_free(config: Config) -> None:
    wanted = (sum(topic.retention_bytes for topic in topics(config)) + GIB) / GIB
    for free in (0, 100 * 1024**2):
        check = one(look(disk.look, config, room=room(free)), "disk")
        failed(check, "disk full", f"{free // 1024**2} MiB free", f"{wanted:.1f} GiB", "free ")
    assert f"free {wanted:.1f} GiB" in one(look(disk.look, config, room=room(0)), "disk").advice


def test_a_disk_without_room_for_a_further_file_is_full_whatever_its_bytes(config: Config) -> None:
    failed(one(look(disk.look, config, room=room(100 * GIB, inodes=0)), "disk"), "disk full", "inodes")


def test_a_disk_that_will_be_full_is_a_warning_and_a_large_one_none(config: Config) -> None:
    warned(one(look(disk.look, config, room=room(GIB)), "disk"), "1.0 GiB free", "documents_gib")
    assert one(look(disk.look, config, room=room(100 * GIB)), "disk").outcome is Outcome.OK


def test_what_is_used_already_is_not_wanted_again(config: Config) -> None:
    before = one(look(disk.look, config, room=room(100 * GIB)), "disk").found
    prepare_state(config)
    with (config.state / "bus.db").open("wb") as file:
        file.truncate(GIB)  # takes no blocks, and has its size
    assert one(look(disk.look, config, room=room(100 * GIB)), "disk").found != before


def test_on_kafka_the_topics_take_no_room_here(tmp_path: Path) -> None:
    text = '[bus]\nkind = "kafka"\n[bus.kafka]\nbootstrap = "127.0.0.1:1"\nsecurity = "plaintext"\n'
    config = load_config(configure(tmp_path, text), {})
    assert (
        "1.0 GiB more may be used (the store)"
        in one(look(disk.look, config, room=room(100 * GIB)), "disk").found
    )


def test_what_the_kernel_refuses_is_seen_by_trying(config: Config) -> None:
    """The limit of a process is refused in the same place as a quota, and needs no root to set."""
    prepare_state(config)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, 256 * 1024))

    before = sorted(config.state.iterdir())
    done = run("doctor", "--offline", "--config", str(config.path), preexec_fn=limited)
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stdout.decode().splitlines() if line[6:].startswith("disk ")]
    assert line.startswith("FAIL")
    assert "disk full" in line
    assert "ulimit -f" in line
    assert sorted(config.state.iterdir()) == before
