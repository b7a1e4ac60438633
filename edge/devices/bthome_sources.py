"""Where BTHome advertisements come from: the machine's own Bluetooth through bleak, or a USB bridge that prints them.

::

    a bridge's line     A4:C1:38:00:00:01 40002a016002c4fe03bf13 LF      address, service data of FCD2 in hex

Leaves what they say to bthome_frames. bleak and the Bluetooth service are optional: what is missing is said.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import serial

from edge.devices.bthome_frames import MAX_BYTES, UUID
from edge.devices.ports import DeviceError, DeviceState
from edge.devices.serial_port import open_port, read_some

QUEUE_ADVERTISEMENTS = 256  # overflow "oldest goes": a street full of Bluetooth must not fill the memory

_LINE = re.compile(rb"(?P<address>[0-9A-F]{2}(?::[0-9A-F]{2}){5}) (?P<data>(?:[0-9a-fA-F]{2}){1,255})\r?\Z")
_MAX_LINE = 18 + 2 * MAX_BYTES + 1


@dataclass(frozen=True, slots=True)
class Advertisement:
    """Service data of FCD2 as it was heard from an address such as ``A4:C1:38:00:00:01``."""

    address: str
    data: bytes


@dataclass(slots=True)
class BridgeLines:
    """A bridge's bytes, however split or merged, to advertisements; at most one line is held. Nothing raises."""

    rejected: int = 0
    _pending: bytearray = field(default_factory=bytearray, repr=False)
    _skipping: bool = False

    def feed(self, data: bytes) -> list[Advertisement]:
        """What ``data`` completes, in order. Lines that are no advertisement are counted."""
        found: list[Advertisement] = []
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._append(part)
            line, skipped = bytes(self._pending), self._skipping
            self._pending.clear()
            self._skipping = False
            if match := None if skipped else _LINE.match(line):
                found.append(Advertisement(match["address"].decode(), bytes.fromhex(match["data"].decode())))
            elif skipped or line.strip():
                self.rejected += 1
        self._append(rest)
        return found

    def lost(self) -> None:
        """The bridge was pulled: what comes next is no part of the line it was at."""
        self._pending.clear()
        self._skipping = False

    def _append(self, data: bytes) -> None:
        self._pending += data[: _MAX_LINE + 1 - len(self._pending)]
        if len(self._pending) > _MAX_LINE:
            self._skipping = True


class Source(Protocol):
    """Advertisements of every sensor in reach. Opened, heard and closed by one task; DeviceError when it is lost."""

    async def open(self) -> None: ...

    async def hear(self) -> list[Advertisement]:
        """What came since the last time; waits for some, empty after a while of silence."""
        ...

    async def close(self) -> None: ...


class Bridge:
    """A Source on a serial line."""

    def __init__(self, port: str, baud: int, blocking: "Callable[..., asyncio.Future[object]]") -> None:
        """``blocking`` runs a call in the device's own thread."""
        self._path = port
        self._baud = baud
        self._blocking = blocking
        self._lines = BridgeLines()
        self._port: serial.Serial | None = None

    async def open(self) -> None:
        await self._blocking(self._open)

    async def hear(self) -> list[Advertisement]:
        data = await self._blocking(read_some, self._port)
        return self._lines.feed(data) if isinstance(data, bytes) else []

    async def close(self) -> None:
        port, self._port = self._port, None
        self._lines.lost()
        if port is not None:
            port.close()

    def _open(self) -> None:
        self._port = open_port(self._path, self._baud)


class Radio:
    """A Source on the machine's own Bluetooth."""

    HEAR_S = 1.0
    DEAF_S = 300.0  # bleak does not say that the adapter was pulled: nothing at all for so long, and it is opened anew

    def __init__(self, read_monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._read_monotonic_s = read_monotonic_s
        self._heard_s = 0.0
        self._queue: asyncio.Queue[Advertisement] = asyncio.Queue(QUEUE_ADVERTISEMENTS)
        self._stop: Callable[[], object] | None = None

    async def open(self) -> None:
        try:
            from bleak import BleakScanner
            from bleak.exc import BleakError
        except ImportError as error:
            raise DeviceError(DeviceState.FAILED, f"Bluetooth: {error}; install the agent's packages again") from error
        scanner = BleakScanner(detection_callback=lambda device, heard: self._take(device.address, heard.service_data))
        try:
            await scanner.start()
        except (BleakError, OSError) as error:
            text = f"Bluetooth: {error}; is there an adapter (bluetoothctl list), and bluetoothd (apt-get install bluez)?"
            raise DeviceError(DeviceState.FAILED, text) from error
        self._stop = scanner.stop
        self._heard_s = self._read_monotonic_s()

    async def hear(self) -> list[Advertisement]:
        try:
            async with asyncio.timeout(self.HEAR_S):
                return [await self._queue.get()]
        except TimeoutError:
            if self._read_monotonic_s() - self._heard_s > self.DEAF_S:
                raise DeviceError(DeviceState.LOST, "Bluetooth: hears nobody at all; is the adapter still there?") from None
            return []

    async def close(self) -> None:
        stop, self._stop = self._stop, None
        if stop is not None:
            await stop()  # type: ignore[misc]

    def _take(self, address: str, service_data: dict[str, bytes]) -> None:
        self._heard_s = self._read_monotonic_s()
        data = service_data.get(UUID)
        if data is None:
            return
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(Advertisement(address.upper(), data))
