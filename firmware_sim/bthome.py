"""Bluetooth sensors that advertise BTHome v2, as the lines a USB bridge prints of them.

Leaves what a thermometer feels to cold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from firmware_sim.faults import PERFECT, LineFaults, pieces
from firmware_sim.terminal import Terminal

PACKET_ID, BATTERY, TEMPERATURE, HUMIDITY, OPENING = 0x00, 0x01, 0x02, 0x03, 0x11
PLAIN, ENCRYPTED = 0x40, 0x41
_UUID = bytes.fromhex("d2fc")


def body(
    *,
    packet_id: int | None = None,
    battery_pct: int | None = None,
    temperature_c: float | None = None,
    humidity_pct: float | None = None,
    is_open: bool | None = None,
) -> bytes:
    """The objects of one frame, in the order of their ids."""
    said = b""
    if packet_id is not None:
        said += bytes([PACKET_ID, packet_id & 0xFF])
    if battery_pct is not None:
        said += bytes([BATTERY, battery_pct])
    if temperature_c is not None:
        said += bytes([TEMPERATURE]) + round(temperature_c * 100).to_bytes(2, "little", signed=True)
    if humidity_pct is not None:
        said += bytes([HUMIDITY]) + round(humidity_pct * 100).to_bytes(2, "little")
    if is_open is not None:
        said += bytes([OPENING, is_open])
    return said


def plain(objects: bytes) -> bytes:
    """Service data that anybody can read."""
    return bytes([PLAIN]) + objects


def encrypted(objects: bytes, address: str, key: bytes, counter: int) -> bytes:
    """Service data for whoever has the bind key."""
    info, count = bytes([ENCRYPTED]), counter.to_bytes(4, "little")
    nonce = bytes.fromhex(address.replace(":", "")) + _UUID + info + count
    sealed = AESCCM(key, tag_length=4).encrypt(nonce, objects, None)
    return info + sealed[:-4] + count + sealed[-4:]


def line(address: str, data: bytes) -> bytes:
    """What a bridge prints of one advertisement."""
    return f"{address} {data.hex()}\n".encode()


@dataclass(slots=True)
class SimulatedBridge:
    """A bridge on a line; ``with`` plugs it in. ``repeats``: sensors send each frame several times."""

    path: Path
    random: Random
    faults: LineFaults = PERFECT
    repeats: int = 1
    drops: bool = False  # lines that nobody reads are lost
    terminal: Terminal = field(init=False)

    def __post_init__(self) -> None:
        self.terminal = Terminal(self.path, drops=self.drops)

    def __enter__(self) -> Self:
        self.terminal.plug()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.terminal.unplug()

    def advertise(self, address: str, frames: Sequence[bytes]) -> None:
        """These are heard, one after another. UnpluggedError; TimeoutError if nobody reads."""
        for data in frames:
            for _ in range(self.repeats):
                for piece in pieces(line(address, data), self.faults, self.random, b"\n"):
                    self.terminal.write(piece.data)
                    self.terminal.sleep(piece.pause_s)
