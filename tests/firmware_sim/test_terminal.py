import asyncio
import os
from pathlib import Path

import pytest
import serial

from firmware_sim.terminal import Terminal, UnpluggedError


async def test_both_ends_hear_each_other(tmp_path: Path) -> None:
    heard = bytearray()
    with Terminal(tmp_path / "by-id" / "line", hear=heard.extend) as line, serial.Serial(str(line.path), timeout=5) as port:
        line.write(b"answer")
        assert await asyncio.to_thread(port.read, 6) == b"answer"
        port.write(b"request")
        async with asyncio.timeout(5):
            while bytes(heard) != b"request":
                await asyncio.sleep(0.001)


async def test_unplugging_hangs_up_the_line_and_takes_the_path_away(tmp_path: Path) -> None:
    with Terminal(tmp_path / "line", hear=bytearray().extend) as line, serial.Serial(str(line.path), timeout=5) as port:
        line.unplug()
        with pytest.raises(serial.SerialException):
            port.read(1)
        assert not os.path.lexists(line.path)
        with pytest.raises(UnpluggedError):
            line.write(b"x")
        line.plug()
        assert line.is_plugged


def test_what_nobody_reads_ends_in_a_time_out_instead_of_hanging(tmp_path: Path) -> None:
    with Terminal(tmp_path / "line", sleep=lambda _: None) as line, pytest.raises(TimeoutError):
        line.write(b"x" * 1_000_000)
