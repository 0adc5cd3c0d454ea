"""Who may read the file of a secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.filemode import others_can_read


def status(mode: int, owner: int) -> os.stat_result:
    return os.stat_result((0o100000 | mode, 1, 1, 1, owner, 10001, 0, 0, 0, 0))


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_owner_alone(mode: int) -> None:
    assert not others_can_read(status(mode, 10001), user=10001)
    assert not others_can_read(status(mode, 0), user=0)


@pytest.mark.parametrize("mode", [0o640, 0o440, 0o604, 0o620, 0o666])
@pytest.mark.parametrize("user", [0, 10001])
def test_of_ones_own_file_nobody_else_has_anything(mode: int, user: int) -> None:
    assert others_can_read(status(mode, user), user=user)


@pytest.mark.parametrize("mode", [0o440, 0o640, 0o400])
def test_what_root_hands_to_us_through_a_group_is_closed(mode: int) -> None:
    assert not others_can_read(status(mode, 0), user=10001)


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o450, 0o644])
def test_what_root_leaves_open_to_all_is_not(mode: int) -> None:
    assert others_can_read(status(mode, 0), user=10001)


def test_another_user_than_root_hands_nothing_to_us() -> None:
    assert others_can_read(status(0o440, 1000), user=10001)


def test_a_real_file_and_this_process(tmp_path: Path) -> None:
    (file := tmp_path / "key").touch(mode=0o600)
    assert not others_can_read(file.stat())
    file.chmod(0o640)
    assert others_can_read(file.stat())
