import asyncio
import contextlib
import fcntl
import os
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from edge.devices.hid_keys import KEYS
from edge.devices.hid_scanner import HidScanner
from edge.devices.ports import DeviceState, HidSettings, Scan
from edge.wire.clock import WallClock
from edge.wire.labels import parcel_label
from firmware_sim.faults import LineFaults
from firmware_sim.hid import HidFaults, SimulatedHid, press, typed

DEADLINE_S = 20.0
CLOCK = WallClock(lambda: 1_700_000_000.0)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def take(scans: AsyncIterator[Scan], count: int) -> list[Scan]:
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(scans) for _ in range(count)]


def scanner_at(path: Path, idle_s: float = 1.0) -> HidScanner:
    return HidScanner(HidSettings("gun", str(path), idle_s=idle_s), CLOCK)


async def test_what_is_typed_becomes_scans(tmp_path: Path) -> None:
    device = SimulatedHid.at(tmp_path / "event-kbd")
    with device.line:
        async with scanner_at(device.line.path) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.scan("]C0" + parcel_label(1))
            device.scan("]d20109521234543213\x1d10LOT")
            device.line.write(typed("69") + press(103) + typed("01") + press(28))
            first, second, noise = await take(scanner.scans(), 3)
    assert (first.text, first.symbology, first.device, first.measured_at_ms) == (parcel_label(1), "C0", "gun", 1_700_000_000_000)
    assert (second.text, second.symbology) == ("(01)09521234543213(10)LOT", "d2")
    assert "US keyboard" in noise.fault


async def test_events_that_are_missing_or_strange_refuse_the_label_and_never_make_another_one(tmp_path: Path) -> None:
    labels = [parcel_label(n) for n in range(300)]
    device = SimulatedHid.at(tmp_path / "event-kbd", Random(5))
    device.faults = HidFaults(LineFaults(split=0.5), dropped=0.2, stray=0.2)
    with device.line:
        async with scanner_at(device.line.path) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            typing = asyncio.create_task(asyncio.to_thread(device.scan_all, labels))
            seen = await take(scanner.scans(), len(labels))
            await typing
    assert all(scan.fault or scan.text == label for scan, label in zip(seen, labels, strict=True))
    assert 0.25 < sum(bool(scan.fault) for scan in seen) / len(seen) < 0.5


async def test_silence_ends_a_label_without_enter(tmp_path: Path) -> None:
    device = SimulatedHid.at(tmp_path / "event-kbd")
    device.ends_with_enter = False
    with device.line:
        async with scanner_at(device.line.path, idle_s=0.05) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.scan(parcel_label(2))
            assert [scan.text for scan in await take(scanner.scans(), 1)] == [parcel_label(2)]


async def test_an_unplugged_device_is_lost_and_comes_back_without_the_half_label(tmp_path: Path) -> None:
    device = SimulatedHid.at(tmp_path / "event-kbd")
    with device.line:
        async with scanner_at(device.line.path) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.line.write(typed("TTP00"))
            await eventually(lambda: scanner._frames.has_pending)
            device.line.unplug()
            await eventually(lambda: scanner.health().state is DeviceState.LOST)
            assert "plug it in" in scanner.health().detail
            device.line.plug()
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.scan(parcel_label(3))
            cut, whole = await take(scanner.scans(), 2)
    assert "went away" in cut.fault
    assert (whole.text, whole.fault) == (parcel_label(3), "")


async def test_a_fifo_is_a_device_too_and_each_of_its_writers_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "event-kbd"
    os.mkfifo(path)
    async with scanner_at(path) as scanner:
        for n in (4, 5):
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            with path.open("wb", buffering=0) as writer:
                writer.write(typed(parcel_label(n)) + press(28))
                assert [scan.text for scan in await take(scanner.scans(), 1)] == [parcel_label(n)]
            await eventually(lambda: scanner.health().state is DeviceState.LOST)


@pytest.mark.parametrize("what", ["a file", "/dev/null"])
async def test_what_is_no_input_device_is_failed_with_the_remedy(tmp_path: Path, what: str) -> None:
    path = Path(what) if what.startswith("/") else tmp_path / "file"
    if path.parent == tmp_path:
        path.write_text("text")
    async with scanner_at(path) as scanner:
        health = await scanner.tried()
    assert health.state is DeviceState.FAILED
    assert "/dev/input/by-id/" in health.detail


@contextlib.contextmanager
def kernel_keyboard() -> Iterator[tuple[int, Path]]:
    """A keyboard made by the kernel itself: (where to write events, its device)."""
    try:
        file = os.open("/dev/uinput", os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        pytest.skip(f"/dev/uinput: {error.strerror}; modprobe uinput")
    try:
        fcntl.ioctl(file, 0x40045564, 1)  # UI_SET_EVBIT: keys
        for code in [*KEYS, 28, 42]:
            fcntl.ioctl(file, 0x40045565, code)  # UI_SET_KEYBIT
        fcntl.ioctl(file, 0x405C5503, struct.pack("HHHH80sI", 3, 1, 1, 1, b"tuantu test scanner", 0))  # UI_DEV_SETUP
        fcntl.ioctl(file, 0x5501)  # UI_DEV_CREATE
        name = bytearray(64)
        fcntl.ioctl(file, 0x8040552C, name)  # UI_GET_SYSNAME(64)
        (event,) = Path("/sys/devices/virtual/input", name.split(b"\0")[0].decode()).glob("event*")
        yield file, Path("/dev/input", event.name)
        fcntl.ioctl(file, 0x5502)  # UI_DEV_DESTROY
    finally:
        os.close(file)


async def test_the_kernels_own_keyboard_is_read_and_grabbed() -> None:
    with kernel_keyboard() as (keyboard, path):
        async with scanner_at(path) as scanner, scanner_at(path) as second:
            await eventually(lambda: DeviceState.OK in (scanner.health().state, second.health().state))
            await eventually(lambda: DeviceState.FAILED in (scanner.health().state, second.health().state))
            holder, other = (scanner, second) if scanner.health().state is DeviceState.OK else (second, scanner)
            assert "in use by another program" in other.health().detail
            os.write(keyboard, typed(parcel_label(5)) + press(28))
            assert [scan.text for scan in await take(holder.scans(), 1)] == [parcel_label(5)]
