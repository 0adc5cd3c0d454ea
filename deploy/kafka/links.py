"""The network between local Kafka nodes and their clients: TCP relays in a process of their own, which can cut a node off.

Cut means what a dead switch means: nothing is closed and nothing is refused, bytes just stop in both directions, and what was on its
way arrives after the healing. Only a connection's opening still succeeds, since the relay's own kernel answers it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import uvloop

_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Link:
    """Connections to `host`:`port` go on to 127.0.0.1:`target`. `nodes` are its ends: one, if clients use it, else two."""

    host: str
    port: int
    target: int
    nodes: tuple[int, ...]


class Links:
    """The relays' process, seen from outside. Methods block until the relays have done it; one thread at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """`process` is `command(links)`, with pipes to its standard input and output. Raises ConnectionError when it does not come up."""
        self._process = process
        self._answer()

    @staticmethod
    def command(links: list[Link]) -> list[str]:
        return [sys.executable, str(Path(__file__)), json.dumps([asdict(link) for link in links])]

    def cut(self, node: int) -> None:
        self._say(f"cut {node}")

    def heal(self, node: int) -> None:
        self._say(f"heal {node}")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _say(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n".encode())
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"done\n":
            raise ConnectionError("the relays between the nodes have ended")


class _Relay:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._cut: set[int] = set()
        self._open = asyncio.Event()
        self._open.set()

    async def start(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, self._link.host, self._link.port, limit=_CHUNK)

    def set(self, node: int, *, cut: bool) -> None:
        if cut:
            self._cut.add(node)
        else:
            self._cut.discard(node)
        if self._cut.isdisjoint(self._link.nodes):
            self._open.set()
        else:
            self._open.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._link.target, limit=_CHUNK)
        except OSError:  # the node is down: the caller sees its connection closed
            writer.close()
            return
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one end closes; then the other is closed too."""
        with contextlib.suppress(OSError):  # an end was reset
            while data := await reader.read(_CHUNK):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        await self._open.wait()
        writer.close()


async def _serve(links: list[Link]) -> None:
    """Until standard input ends."""
    relays = [_Relay(link) for link in links]
    for relay in relays:
        await relay.start()
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print("done", flush=True)
    while words := (await commands.readline()).split():
        for relay in relays:
            relay.set(int(words[1]), cut=words[0] == b"cut")
        print("done", flush=True)


if __name__ == "__main__":
    uvloop.run(
        _serve([Link(**{**fields, "nodes": tuple(fields["nodes"])}) for fields in json.loads(sys.argv[1])])
    )
