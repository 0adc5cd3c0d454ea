import asyncio
import base64
import os
import signal
import sys

import aiohttp
import orjson


async def test_it_serves_publishes_and_ends_on_a_signal(tmp_path):
    truth = tmp_path / "truth.jsonl"
    program = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-P",
            "-m",
            "monitor.simulator",
            "--rate",
            "100",
            "--leaks",
            "1",
            "--truth",
            str(truth),
        ),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        url = (await program.stdout.readline()).decode().split()[-1]
        async with aiohttp.request("GET", f"{url}/events", headers={"User-Agent": "tests"}) as answer:
            assert answer.status == 200
        while not truth.exists() or not truth.stat().st_size:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.05)
        program.send_signal(signal.SIGTERM)
        assert await program.wait() == 0
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    first = orjson.loads(truth.read_bytes().split(b"\n")[0])
    assert first["leak"] == "leak-000001"
    assert base64.b64decode(first["secret"])
    assert os.stat(truth).st_mode & 0o077 == 0  # noqa: PTH116
