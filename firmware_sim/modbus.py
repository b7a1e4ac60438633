"""XY-MD02 thermometers on an RS-485 line, as their bytes: Modbus RTU answers, right and wrong.

::

    asked     AD 04 START START COUNT COUNT CRC CRC        answered   AD 04 LENGTH DATA… CRC CRC
                                                           refused    AD 84 02 CRC CRC

Leaves what a thermometer feels to cold.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from firmware_sim.faults import PERFECT, LineFaults, Piece, pieces
from firmware_sim.terminal import Terminal

READ_INPUT = 0x04
ILLEGAL_ADDRESS = 0x02
TEMPERATURE, HUMIDITY = 1, 2  # registers
_REQUEST = 8  # bytes
_KEPT = 64  # bytes of what was heard and is no request yet


def crc16(data: bytes) -> bytes:
    """Modbus' checksum, as it stands on the line: low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def sealed(body: bytes) -> bytes:
    """A frame: the body and its checksum."""
    return body + crc16(body)


def request(address: int, start: int, count: int) -> bytes:
    """Reading input registers."""
    return sealed(bytes([address, READ_INPUT]) + start.to_bytes(2, "big") + count.to_bytes(2, "big"))


def answer(asked: bytes, registers: Mapping[int, int]) -> bytes:
    """What a device with these input registers answers to a sound request; registers are 0 to 65535."""
    address, start, count = asked[0], int.from_bytes(asked[2:4], "big"), int.from_bytes(asked[4:6], "big")
    wanted = range(start, start + count)
    if any(register not in registers for register in wanted):
        return sealed(bytes([address, READ_INPUT | 0x80, ILLEGAL_ADDRESS]))
    data = b"".join(registers[register].to_bytes(2, "big") for register in wanted)
    return sealed(bytes([address, READ_INPUT, len(data)]) + data)


def registers_of(temperature_c: float, humidity_pct: float) -> dict[int, int]:
    """What an XY-MD02 holds: tenths, the temperature signed."""
    return {TEMPERATURE: round(temperature_c * 10) & 0xFFFF, HUMIDITY: round(humidity_pct * 10) & 0xFFFF}


@dataclass(frozen=True, slots=True)
class ModbusFaults:
    """How badly the line's devices behave; probabilities are of one answer. The default is well."""

    line: LineFaults = PERFECT
    bad_crc: float = 0.0
    no_reply: float = 0.0
    delay_s: float = 0.0
    echo: bool = False  # the adapter hears itself

    def __post_init__(self) -> None:
        for name in ("bad_crc", "no_reply"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name}: want 0 to 1, got {getattr(self, name)}")
        if self.delay_s < 0.0:
            raise ValueError(f"delay_s: want 0 or more, got {self.delay_s}")


WELL = ModbusFaults()

# The input registers of one device at the moment it is asked; None: it does not answer.
Registers = Callable[[], Mapping[int, int] | None]


@dataclass(slots=True)
class SimulatedModbus:
    """The far end of the line, on the running loop; ``with`` plugs it in. ``asked`` keeps the last requests, for tests."""

    path: Path
    random: Random
    devices: Mapping[int, Registers]
    faults: ModbusFaults = WELL
    asked: list[bytes] = field(default_factory=list)
    terminal: Terminal = field(init=False)
    _heard: bytearray = field(default_factory=bytearray, init=False, repr=False)
    _writing: set[asyncio.Task[None]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self.terminal = Terminal(self.path, hear=self._hear)

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unplug()

    def plug(self) -> None:
        """Plug the adapter in."""
        self.terminal.plug()

    def unplug(self) -> None:
        """Pull the adapter; what is being answered is cut off."""
        for task in self._writing:
            task.cancel()
        self._heard.clear()
        self.terminal.unplug()

    def _hear(self, data: bytes) -> None:
        if self.faults.echo:
            self.terminal.write(data)
        self._heard += data
        while (asked := self._next_request()) is not None:
            self.asked = [*self.asked[-31:], asked]
            if found := self._answer_to(asked):
                task = asyncio.create_task(self._write(found))
                self._writing.add(task)
                task.add_done_callback(self._writing.discard)

    def _next_request(self) -> bytes | None:
        for start in range(len(self._heard) - _REQUEST + 1):
            frame = bytes(self._heard[start : start + _REQUEST])
            if crc16(frame[:-2]) == frame[-2:]:
                del self._heard[: start + _REQUEST]
                return frame
        del self._heard[:-_KEPT]
        return None

    def _answer_to(self, asked: bytes) -> bytes:
        registers = self.devices.get(asked[0])
        held = registers() if registers is not None else None
        if held is None or self.random.random() < self.faults.no_reply:
            return b""
        found = answer(asked, held)
        if self.random.random() < self.faults.bad_crc:
            found = found[:-1] + bytes([found[-1] ^ 0x55])
        return found

    async def _write(self, frame: bytes) -> None:
        await asyncio.sleep(self.faults.delay_s)
        plan: list[Piece] = pieces(frame, self.faults.line, self.random, b"\xff")
        for piece in plan:
            if self.terminal.is_plugged:
                self.terminal.write(piece.data)
            await asyncio.sleep(piece.pause_s)
