"""Questions to one broker, without a client library: who is in the cluster, is every copy in step, can groups be formed?

Requests Metadata and FindCoordinator, version 1: https://kafka.apache.org/protocol.html#The_Messages_Metadata
"""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_METADATA: Final = 3
_FIND_COORDINATOR: Final = 10
_CLIENT: Final = b"leakstream-probe"


@dataclass(frozen=True, slots=True)
class Answer:
    brokers: frozenset[int]  # that take part now
    behind: int  # partitions with a copy out of step, or without a leader
    led: Mapping[int, int]  # by broker: the partitions that it leads


def ask(port: int, *, seconds: float = 5.0) -> Answer:
    """What the broker on this port of 127.0.0.1 knows. Blocks for at most about `seconds`. Raises OSError when it does not answer."""
    return _answer(_request(port, _METADATA, struct.pack(">i", -1), seconds))  # -1: all topics


def groups_ready(port: int, *, seconds: float = 5.0) -> bool:
    """Whether groups have a coordinator; asking makes the brokers set it up. Blocks and raises as `ask`."""
    group = _CLIENT
    fields = _request(port, _FIND_COORDINATOR, struct.pack(">h", len(group)) + group + b"\0", seconds)
    fields.int32()  # throttled
    return fields.int16() == 0


def _request(port: int, kind: int, body: bytes, seconds: float) -> _Fields:
    """The answer after its header. Both kinds are asked in version 1."""
    message = struct.pack(">hhih", kind, 1, 1, len(_CLIENT)) + _CLIENT + body
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(struct.pack(">i", len(message)) + message)
        with connection.makefile("rb") as file:
            size = _Fields(_read(file.read(4), 4)).int32()
            fields = _Fields(_read(file.read(size), size))
            fields.int32()  # correlation
            return fields


def _answer(fields: _Fields) -> Answer:
    brokers = set()
    for _ in range(fields.int32()):
        brokers.add(fields.int32())
        fields.text()
        fields.int32()
        fields.text()
    fields.int32()  # controller
    behind = 0
    led: Counter[int] = Counter()
    for _ in range(fields.int32()):
        fields.int16()  # error
        fields.text()
        fields.int8()
        for _ in range(fields.int32()):
            error, _, leader = fields.int16(), fields.int32(), fields.int32()
            copies, in_step = fields.int32s(), fields.int32s()
            led[leader] += 1
            behind += error != 0 or leader < 0 or set(copies) != set(in_step)
    return Answer(frozenset(brokers), behind, led)


def _read(got: bytes, size: int) -> bytes:
    if len(got) != size:
        raise ConnectionError("the broker closed the connection")
    return got


class _Fields:
    """Kafka's primitive types, read one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def int8(self) -> int:
        return self._number(">b", 1)

    def int16(self) -> int:
        return self._number(">h", 2)

    def int32(self) -> int:
        return self._number(">i", 4)

    def int32s(self) -> list[int]:
        return [self.int32() for _ in range(self.int32())]

    def text(self) -> str:
        size = max(self.int16(), 0)  # -1: null
        self._at += size
        return self._data[self._at - size : self._at].decode()

    def _number(self, form: str, size: int) -> int:
        value: int = struct.unpack_from(form, self._data, self._at)[0]
        self._at += size
        return value
