"""JT/T 808 terminals over real TCP, with a real database behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from cloud.positions.intake import Intake
from cloud.positions.jt808_frames import Frames, Packet, write_packet
from cloud.positions.meters import PositionMeters
from cloud.positions.terminals import Terminals
from cloud.store.pool import Connection, open_pool
from cloud.store.trackers import TrackerProtocol
from tests.cloud.positions.world import TestClock, rows, tracker

PHONE = bytes.fromhex("013912345678")
SECRET = SecretStr("a secret for tests, 32 characters and more")
# 2026-11-22 16:00:00 in Beijing: the test clock's now.
POSITION = bytes(4) + (2).to_bytes(4) + (31_200_000).to_bytes(4) + (121_500_000).to_bytes(4) + bytes(4) + bytes(2)
NOW_BCD = bytes.fromhex("261122160000")


def position(lat: int = 31_200_000, time: bytes = NOW_BCD) -> bytes:
    return bytes(4) + (2).to_bytes(4) + lat.to_bytes(4) + (121_500_000).to_bytes(4) + bytes(6) + time


@dataclass(slots=True)
class Terminal:
    """The other end of the line."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    phone: bytes = PHONE
    frames: Frames = field(default_factory=Frames)
    serial: int = 0

    async def ask(self, message: int, body: bytes = b"", *, version: int | None = None) -> Packet:
        self.serial += 1
        phone = self.phone if version is None else bytes(4) + self.phone
        self.writer.write(write_packet(Packet(message, phone, self.serial, body, version)))
        return await self.hear()

    async def hear(self) -> Packet:
        while True:
            data = await asyncio.wait_for(self.reader.read(4096), 20)
            if not data:
                raise ConnectionError("closed")
            for found in self.frames.feed(data):
                assert isinstance(found, Packet)
                return found

    async def log_in(self, version: int | None = None) -> None:
        size = 37 if version is None else 76
        given = await self.ask(0x0100, bytes(size), version=version)
        assert given.body[2] == 0
        code = given.body[3:]
        body = code if version is None else bytes([len(code)]) + code + bytes(35)
        assert (await self.ask(0x0102, body, version=version)).body[-1] == 0


@asynccontextmanager
async def line(port: int, phone: bytes = PHONE) -> AsyncIterator[Terminal]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Terminal(reader, writer, phone)
    finally:
        writer.close()


@pytest.fixture
async def port(database_url: str, connection: Connection, clock: TestClock) -> AsyncIterator[int]:
    meters = PositionMeters()
    intake = Intake(database_url, clock, meters, lambda _notices: None)
    running = asyncio.create_task(intake.run())
    async with (
        open_pool(database_url, "test", max_size=2) as pool,
        Terminals(intake, pool, clock, meters, SECRET).listening("127.0.0.1", 0) as listening,
    ):
        yield listening
    running.cancel()


@pytest.mark.parametrize("version", [None, 1])
async def test_a_terminal_registers_logs_in_and_its_positions_are_kept(
    port: int, connection: Connection, version: int | None
) -> None:
    await tracker(connection, TrackerProtocol.JT808, "13912345678")
    async with line(port) as terminal:
        await terminal.log_in(version)
        assert (await terminal.ask(0x0200, position(), version=version)).body[-1] == 0
        assert (await terminal.ask(0x0002, version=version)).body[-1] == 0
        item = position(31_210_000, bytes.fromhex("261122155000"))
        batch = (2).to_bytes(2) + b"\x01" + 2 * (len(item).to_bytes(2) + item)
        assert (await terminal.ask(0x0704, batch, version=version)).body[-1] == 0
    # The two of the batch are one and the same.
    assert await rows(connection, "SELECT count(*) FROM position") == [(2,)]
    assert await rows(connection, "SELECT fixes, repeated FROM tracker_heard") == [(2, 1)]


async def test_after_a_break_the_code_is_still_good(port: int, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.JT808, "13912345678")
    async with line(port) as terminal:
        code = (await terminal.ask(0x0100, bytes(37))).body[3:]
    async with line(port) as terminal:
        assert (await terminal.ask(0x0102, code)).body[-1] == 0


async def test_a_stranger_is_told_so_and_kept(port: int, connection: Connection) -> None:
    async with line(port) as terminal:
        assert (await terminal.ask(0x0100, bytes(37))).body[2] == 4
        assert (await terminal.ask(0x0102, b"guess")).body[-1] == 1
        assert (await terminal.ask(0x0200, position())).body[-1] == 1
    details = [detail for (detail,) in await rows(connection, "SELECT detail FROM quarantine ORDER BY id")]
    assert len(details) == 3
    assert "not enrolled" in details[0]
    assert await rows(connection, "SELECT count(*) FROM position") == [(0,)]


async def test_another_device_under_the_same_number_is_refused(port: int, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.JT808, "13912345678")
    async with line(port) as terminal:
        assert (await terminal.ask(0x0100, bytes(29) + b"DEV-001\x01")).body[2] == 0
        assert (await terminal.ask(0x0100, bytes(29) + b"DEV-002\x01")).body[2] == 3
        assert (await terminal.ask(0x0100, bytes(29) + b"DEV-001\x01")).body[2] == 0


async def test_a_bad_checksum_is_kept_and_the_line_goes_on(port: int, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.JT808, "13912345678")
    async with line(port) as terminal:
        await terminal.log_in()
        bad = bytearray(write_packet(Packet(0x0200, PHONE, 9, position())))
        bad[20] ^= 1
        terminal.writer.write(bytes(bad))
        assert (await terminal.ask(0x0200, position())).body[-1] == 0
    ((reason, detail),) = await rows(connection, "SELECT reason, detail FROM quarantine")
    assert reason == "hash"
    assert "checksum" in detail


async def test_what_cannot_be_true_is_kept_answered_and_not_sent_again(port: int, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.JT808, "13912345678")
    async with line(port) as terminal:
        await terminal.log_in()
        future = position(time=bytes.fromhex("301122160000"))
        assert (await terminal.ask(0x0200, future)).body[-1] == 0
    ((detail,),) = await rows(connection, "SELECT detail FROM quarantine")
    assert "future" in detail


async def test_who_speaks_http_here_is_hung_up_on_and_others_go_on(port: int, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.JT808, "13912345678")
    async with line(port) as noise, line(port) as terminal:
        noise.writer.write((b"\x7e" + b"x" * 100) * 500)
        with pytest.raises(ConnectionError):
            await noise.hear()
        await terminal.log_in()
        assert (await terminal.ask(0x0200, position())).body[-1] == 0
    assert await rows(connection, "SELECT reason, seen FROM quarantine") == [("hash", 20)]
