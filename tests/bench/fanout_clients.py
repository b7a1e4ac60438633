"""The pages of the fan-out benchmark: many sockets in one process that read frames, check that none is missing, and say so.

The same protocol for the gateway and for bare broadcast. Frames are taken apart by hand: a WebSocket library's reading would cost
more than the sending that is measured. Lines on standard input:
``deaf PORT COUNT``, ``eager PORT COUNT``, ``leave``, ``quit``. On standard output: ``ready``, then ``SIDE TICK MEDIAN_MS`` once all
sockets of a side have a tick, and a last ``missing N combined M``.
"""

import asyncio
import json
import resource
import socket
import statistics
import sys
import time
from dataclasses import dataclass, field

_UPGRADE = (
    "GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_TICK = b'"key":"m/'
_TICK_DIGITS = 6
_SENT_AT = b'"t":'  # float() takes the space that the database puts behind it


def masked(frame: dict[str, object]) -> bytes:
    """A client's text frame; a mask of zeros is as good as any here."""
    text = json.dumps(frame).encode()
    assert len(text) < 65_536
    head = bytes([0x81, 0x80 | len(text)]) if len(text) < 126 else bytes([0x81, 0xFE]) + len(text).to_bytes(2, "big")
    return head + b"\0\0\0\0" + text


def opening(host: str, port: int, token: str, rooms: list[str]) -> bytes:
    """Everything a page says to be in its rooms, in one go."""
    hello = masked({"type": "hello", "token": token})
    subscribe = masked({"type": "subscribe", "rooms": [{"room": room, "cursor": 0} for room in rooms]})
    return _UPGRADE.format(host=host, port=port).encode() + hello + subscribe


@dataclass(slots=True)
class Side:
    """What all sockets of one side have had."""

    name: str
    sockets: int
    got: dict[int, int] = field(default_factory=dict)
    latencies_ms: dict[int, list[float]] = field(default_factory=dict)
    missing: int = 0
    combined: int = 0
    subscribed: int = 0

    def take(self, tick: int, latency_ms: float | None) -> None:
        count = self.got.get(tick, 0) + 1
        if latency_ms is not None:
            self.latencies_ms.setdefault(tick, []).append(latency_ms)
        if count < self.sockets:
            self.got[tick] = count
            return
        self.got.pop(tick, None)
        median = statistics.median(self.latencies_ms.pop(tick, [0.0]))
        sys.stdout.write(f"{self.name} {tick} {median:.3f}\n")
        sys.stdout.flush()


def _payload(buffer: bytes, at: int, size: int) -> tuple[int, int] | None:
    """Where the payload of the frame at ``at`` begins and ends; None where it has not come yet."""
    if size - at < 2:
        return None
    length, start = buffer[at + 1], at + 2
    if length == 126:
        length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
    elif length == 127:
        length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
    return (start, start + length) if start <= size and size - start >= length else None


class Page(asyncio.Protocol):
    """One socket."""

    def __init__(self, side: Side, say: bytes) -> None:
        self._side = side
        self._say = say
        self._buffer = b""
        self._is_upgraded = False
        self._last = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._say)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        at = 0
        if not self._is_upgraded:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = buffer
                return
            self._is_upgraded = True
            at = end + 4
        size = len(buffer)
        while (frame := _payload(buffer, at, size)) is not None:
            start, end = frame
            if buffer[at] == 0x81:
                self._frame(buffer, start, end)
            elif buffer[at] == 0x89:  # a ping wants its pong
                self._transport.write(bytes([0x8A, 0x80 | (end - start)]) + b"\0\0\0\0" + buffer[start:end])
            at = end
        self._buffer = buffer[at:]

    def _frame(self, buffer: bytes, start: int, end: int) -> None:
        found = buffer.find(_TICK, start, end)
        if found < 0:
            if buffer.find(b'"type":"entries"', start, end) >= 0:
                self._side.subscribed += 1
            return
        now_ms = time.monotonic() * 1000
        sent = buffer.find(_SENT_AT, found, end)
        latency_ms = now_ms - float(buffer[sent + len(_SENT_AT) : buffer.find(b"}", sent)].split(b",")[0]) if sent >= 0 else None
        ticks = 0
        while found >= 0:
            tick = int(buffer[found + len(_TICK) : found + len(_TICK) + _TICK_DIGITS])
            self._side.missing += tick - self._last - 1 if self._last >= 0 else 0
            self._last = tick
            self._side.take(tick, latency_ms)
            ticks += 1
            found = buffer.find(_TICK, found + 1, end)
        self._side.combined += ticks - 1


class Guest(asyncio.Protocol):
    """Reads what comes and counts nothing."""

    def __init__(self, say: bytes) -> None:
        self._say = say

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._say)


def deaf(host: str, port: int, token: str, rooms: list[str]) -> socket.socket:
    """A page that says what it wants and never reads, not even the handshake's answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect((host, port))
    connection.sendall(opening(host, port, token, rooms))
    return connection


@dataclass(slots=True)
class Visit:
    """Guests of the rooms and of the one that is flooded: they read, or are deaf."""

    token: str
    rooms: list[str]
    deaf: list[socket.socket] = field(default_factory=list)
    eager: list[asyncio.Transport] = field(default_factory=list)

    async def come(self, kind: str, port: int, count: int) -> None:
        for number in range(count):
            rooms = [self.rooms[number % len(self.rooms)], "site:flood"]
            if kind == "deaf":
                self.deaf.append(deaf("127.0.0.1", port, self.token, rooms))
                continue
            say = opening("127.0.0.1", port, self.token, rooms)
            connecting = asyncio.get_running_loop().create_connection(lambda say=say: Guest(say), "127.0.0.1", port)  # type: ignore[misc]
            self.eager.append((await connecting)[0])

    def leave(self) -> None:
        for connection in self.deaf:
            connection.close()
        for transport in self.eager:
            transport.abort()
        self.deaf.clear()
        self.eager.clear()


async def main(sides: dict[str, int], token: str, rooms: list[str], a_room: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    loop = asyncio.get_running_loop()
    known = [Side(name, len(rooms) * a_room) for name in sides]
    transports = []
    for side in known:
        port = sides[side.name]
        for room in rooms:
            say = opening("127.0.0.1", port, token, [room])
            for _ in range(a_room):
                transport, _ = await loop.create_connection(lambda side=side, say=say: Page(side, say), "127.0.0.1", port)  # type: ignore[misc]
                transports.append(transport)
        while side.subscribed < side.sockets:
            await asyncio.sleep(0.05)
    print("ready", flush=True)
    visit = Visit(token, rooms)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        match line:
            case ["deaf" | "eager" as kind, to_port, count]:
                await visit.come(kind, int(to_port), int(count))
            case ["leave"]:
                visit.leave()
            case _:
                break
    print(
        f"missing {sum(side.missing + sum(side.got.values()) for side in known)} combined {sum(side.combined for side in known)}",
        flush=True,
    )
    for transport in transports:
        transport.abort()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])))
