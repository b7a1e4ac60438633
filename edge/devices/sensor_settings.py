"""The sensors' tables of a site's TOML, checked. No device library is needed to read them.

Leaves reading the file, and paths relative to it, to edge.config.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from edge.devices.sensor import device_name

EVERY_S = 60.0  # a sample a minute
_W1_ID = re.compile(r"[0-9a-f]{2}-[0-9a-f]{12}\Z")
_ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}\Z")
_KEY = re.compile(r"[0-9a-fA-F]{32}\Z")
BLUETOOTH = "bluetooth"


@dataclass(frozen=True, slots=True)
class ModbusDevice:
    """One ``[[modbus.device]]``: an XY-MD02 thermometer and hygrometer."""

    name: str  # such as "fridge-1": readings are fridge-1_c and fridge-1.humidity_pct
    address: int = 1

    def __post_init__(self) -> None:
        device_name(self.name)
        if not 1 <= self.address <= 247:
            raise ValueError(f"address: want 1 to 247, as set on the device, got {self.address}")


@dataclass(frozen=True, slots=True)
class ModbusSettings:
    """One ``[[modbus]]``: an RS-485 line and who answers on it."""

    name: str
    port: str
    device: tuple[ModbusDevice, ...]
    baud: int = 9600
    every_s: float = EVERY_S
    timeout_s: float = 0.5  # for one answer; at 9600 baud it takes 20 ms
    tries: int = 3

    def __post_init__(self) -> None:
        _check_port(self.port)
        _check_devices("modbus", [device.name for device in self.device])
        _check_devices("modbus", [str(device.address) for device in self.device])
        _check_every(self.every_s)
        if not 0.05 <= self.timeout_s <= 10.0:
            raise ValueError(f"timeout_s: want 0.05 to 10, got {self.timeout_s}")
        if not 1 <= self.tries <= 10:
            raise ValueError(f"tries: want 1 to 10, got {self.tries}")


@dataclass(frozen=True, slots=True)
class W1Device:
    """One ``[[w1.device]]``: a DS18B20."""

    name: str
    id: str  # its folder's name, such as "28-0316a2794bff"

    def __post_init__(self) -> None:
        device_name(self.name)
        if not _W1_ID.match(self.id):
            raise ValueError(f"id: want a folder of /sys/bus/w1/devices such as '28-0316a2794bff', got {self.id[:40]!r}")


@dataclass(frozen=True, slots=True)
class W1Settings:
    """One ``[[w1]]``: a 1-Wire bus."""

    name: str
    device: tuple[W1Device, ...]
    folder: Path = Path("/sys/bus/w1/devices")
    every_s: float = EVERY_S

    def __post_init__(self) -> None:
        _check_devices("w1", [device.name for device in self.device])
        _check_devices("w1", [device.id for device in self.device])
        _check_every(self.every_s)


@dataclass(frozen=True, slots=True)
class BthomeDevice:
    """One ``[[bthome.device]]``: a Bluetooth sensor that advertises."""

    name: str
    address: str  # such as "A4:C1:38:00:00:01"
    key: str = field(default="", repr=False)  # bind key, 32 hex digits; left out where it does not encrypt
    door: bool = False  # it reports a door (_open), and not only a temperature

    def __post_init__(self) -> None:
        device_name(self.name)
        if not _ADDRESS.match(self.address):
            raise ValueError(f"address: want the sensor's, such as 'A4:C1:38:00:00:01', got {self.address[:40]!r}")
        if self.key and not _KEY.match(self.key):
            raise ValueError("key: want the bind key's 32 hex digits, as the sensor's maker's app shows them")


@dataclass(frozen=True, slots=True)
class BthomeSettings:
    """One ``[[bthome]]``: a receiver and the sensors it listens for."""

    name: str
    device: tuple[BthomeDevice, ...]
    source: str = BLUETOOTH  # the machine's own Bluetooth, or the port of a USB bridge that prints lines "ADDRESS HEX"
    baud: int = 115200
    every_s: float = EVERY_S  # how often each sensor should be heard at least

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError(f"source: want {BLUETOOTH!r} or a bridge's port")
        _check_devices("bthome", [device.name for device in self.device])
        _check_devices("bthome", [device.address for device in self.device])
        _check_every(self.every_s)


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """One ``[[door]]``: a contact on a GPIO pin, or a file that holds its level as /sys/class/gpio/…/value does."""

    name: str  # such as "fridge-1": readings are fridge-1_open
    pin: int | None = None  # BCM number, such as 17; the contact closes it to ground
    file: Path | None = None
    open_is_high: bool = True  # a contact that is closed while the door is: a cut wire then looks like an open door
    settle_s: float = 0.05  # a contact bounces for some ms
    every_s: float = EVERY_S

    def __post_init__(self) -> None:
        device_name(self.name)
        if (self.pin is None) == (self.file is None):
            raise ValueError("pin: want either pin or file for a door")
        if self.pin is not None and not 0 <= self.pin <= 27:
            raise ValueError(f"pin: want a BCM number 0 to 27, got {self.pin}")
        if not 0.0 <= self.settle_s <= 5.0:
            raise ValueError(f"settle_s: want 0 to 5, got {self.settle_s}")
        _check_every(self.every_s)


@dataclass(frozen=True, slots=True)
class GnssSettings:
    """One ``[[gnss]]``: a receiver that talks NMEA 0183. ``personal``: a person carries it, and it is silent between their runs."""

    name: str
    port: str
    baud: int = 9600
    personal: bool = False
    silent_s: float = 10.0  # real seconds without a sentence: unplugged, or another baud rate

    def __post_init__(self) -> None:
        device_name(self.name)
        _check_port(self.port)
        if not 1.0 <= self.silent_s <= 600.0:
            raise ValueError(f"silent_s: want 1 to 600, got {self.silent_s}")


SensorSettings = ModbusSettings | W1Settings | BthomeSettings | DoorSettings | GnssSettings


def _check_port(port: str) -> None:
    if not port:
        raise ValueError("port: want a device such as /dev/serial/by-id/usb-…")


def _check_every(every_s: float) -> None:
    if not 1.0 <= every_s <= 3600.0:
        raise ValueError(f"every_s: want 1 to 3600, got {every_s}")


def _check_devices(table: str, values: list[str]) -> None:
    if not values:
        raise ValueError(f"device: want at least one [[{table}.device]]")
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"device: {value!r} is given twice")
