"""DS18B20 thermometers as the files Linux shows of them: a folder a device, ``w1_slave`` in it.

Leaves what a thermometer feels to cold.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

_TAIL = bytes.fromhex("4b467fff0c10")  # alarm limits, 12 bits, reserved
POWER_ON_C = 85.0


def crc8(data: bytes) -> int:
    """Dallas' checksum of 1-Wire."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


def scratchpad(temperature_c: float, tail: bytes = _TAIL) -> bytes:
    """The nine bytes a device with this temperature holds; sixteenths of a degree."""
    body = round(temperature_c * 16).to_bytes(2, "little", signed=True) + tail
    return body + bytes([crc8(body)])


def slave_text(pad: bytes, *, is_sound: bool = True) -> str:
    """The file's text of nine bytes. ``is_sound``: the kernel found their checksum right."""
    shown = pad.hex(" ")
    milli_c = int.from_bytes(pad[:2], "little", signed=True) * 1000 // 16
    return f"{shown} : crc={pad[8]:02x} {'YES' if is_sound else 'NO'}\n{shown} t={milli_c}\n"


@dataclass(frozen=True, slots=True)
class SimulatedW1:
    """A 1-Wire bus; ``folder`` stands for /sys/bus/w1/devices."""

    folder: Path

    def plug(self) -> None:
        """The bus is there, whoever is on it."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def feel(self, device: str, temperature_c: float) -> None:
        """A device measures this."""
        self.show(device, slave_text(scratchpad(temperature_c)))

    def show(self, device: str, text: str) -> None:
        """A device's file holds this text; a reader sees the old or the new one whole."""
        file = self.folder / device / "w1_slave"
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name("w1_slave.new")
        fresh.write_text(text, encoding="ascii")
        fresh.replace(file)

    def unplug(self, device: str) -> None:
        """A device falls off the bus."""
        shutil.rmtree(self.folder / device, ignore_errors=True)
