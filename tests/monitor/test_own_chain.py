"""An own secret that no rule knows, published in base64, from a file in a folder to a page: with its name, and nowhere its value."""

from __future__ import annotations

import asyncio
import random
from base64 import b64encode
from pathlib import Path

import pytest

from monitor.app import Service, load_config
from monitor.config import ConfigError
from monitor.identity import create_key
from owning import own_file, secret
from whole_service import configure, running

SECRET = secret(random.Random(31), 44)
STRANGER = SECRET[:-1] + b"7"


async def test_it_is_paged_by_name_and_nowhere_in_plain_text(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.txt").write_bytes(b"blob: " + b64encode(b"x" + SECRET + b"y") + b"\n")
    (tmp_path / "in" / "two.txt").write_bytes(b"?a=" + STRANGER + b"\nblob: " + b64encode(STRANGER) + b"\n")
    path = configure(
        tmp_path,
        f'[watch]\nown_secrets = ["own.txt"]\n[sources.directory]\npaths = ["{tmp_path}/in"]\n[notifiers.log]\n',
    )
    own_file(tmp_path, [SECRET], keys=create_key(tmp_path / "state.key"))

    async with running(path) as run:
        (shown,) = await run.exposures(1)
        await run.until(lambda: run.metric("scanned_bytes_total") >= 2 * len(SECRET))
        await asyncio.sleep(0)
        detail = (await run.get(f"/api/v1/exposures/{shown['id']}")).body

    assert shown["what"]["rule"] == "own-secret"
    assert (shown["owned"]["level"], shown["proof"]["check"]) == ("proved", "own_hash")
    assert b"own-0" in detail
    forms = [SECRET, b64encode(SECRET), b64encode(b"x" + SECRET), b64encode(b"xx" + SECRET)]
    windows = {form[at : at + 12] for form in forms for at in range(8, len(form) - 15)}
    for file in (
        file for file in (tmp_path / "state").rglob("*") if file.is_file() and "bus" not in file.parts
    ):
        content = file.read_bytes()
        assert not any(window in content for window in windows), file
    assert not any(window in detail for window in windows)


async def test_a_file_that_cannot_be_read_stops_the_start_with_its_name(tmp_path: Path) -> None:
    path = configure(tmp_path, '[watch]\nown_secrets = ["own.txt"]\n')
    with pytest.raises(ConfigError, match=r"own_secrets: .*own\.txt: no such file"):
        async with running(path):
            pass
    (tmp_path / "own.txt").write_text("nonsense\n")
    with pytest.raises(ConfigError, match=r"own\.txt:1: "):
        await Service(load_config(path, {})).check()
