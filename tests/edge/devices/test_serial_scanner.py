import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest
import serial

from edge.devices.ports import DeviceError, DeviceState, Scan, ScannerSettings, Triggered
from edge.devices.serial_port import open_port
from edge.devices.serial_scanner import SerialScanner
from edge.devices.supervised import QUEUE_SCANS
from edge.devices.trigger import TriggerKind
from edge.wire.clock import WallClock
from edge.wire.labels import parcel_label
from firmware_sim.faults import LineFaults
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.scanner_trigger import Maker, TriggeredScanner, TriggerFaults
from tests.edge.devices.terminals import held_terminal

DEADLINE_S = 20.0


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def take(scans: AsyncIterator[Scan], count: int) -> list[Scan]:
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(scans) for _ in range(count)]


def settings(path: Path, idle_s: float = 1.0) -> ScannerSettings:
    return ScannerSettings("desk", str(path), idle_s=idle_s)


@pytest.fixture
def clock() -> WallClock:
    return WallClock(lambda: 1_700_000_000.0)


async def test_bytes_of_a_terminal_become_scans_stamped_by_the_injected_clock(tmp_path: Path, clock: WallClock) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1), aim="]C0", suffix=b"\r\n") as device:
        async with SerialScanner(settings(device.path), clock) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.scan(parcel_label(1))
            device.scan("00340123450000000017", aim="]C1")
            first, second = await take(scanner.scans(), 2)
    assert (first.text, first.symbology, first.device) == (parcel_label(1), "C0", "desk")
    assert first.measured_at_ms == 1_700_000_000_000
    assert (second.text, second.symbology) == ("(00)340123450000000017", "C1")
    assert first.heard_s <= second.heard_s


async def test_noise_splits_and_merges_lose_no_label_and_noise_is_kept_with_its_reason(tmp_path: Path, clock: WallClock) -> None:
    labels = [parcel_label(n) for n in range(200)]
    faults = LineFaults(split=0.7, noise=0.3)
    with SimulatedScanner(tmp_path / "desk", Random(7), faults=faults) as device:
        async with SerialScanner(settings(device.path), clock) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            writing = asyncio.create_task(asyncio.to_thread(device.scan_all, labels))
            seen: list[Scan] = []
            while len([scan for scan in seen if scan.text in labels]) < len(labels):
                seen += await take(scanner.scans(), 1)
            await writing
            health = scanner.health()
    assert [scan.text for scan in seen if not scan.fault and scan.text in labels] == labels
    assert all(scan.text.isprintable() for scan in seen if scan.fault)
    assert any(scan.fault for scan in seen)
    assert health.state is DeviceState.OK
    assert "unreadable" in health.detail


async def test_an_unplugged_scanner_is_lost_and_comes_back_by_itself_on_another_terminal(tmp_path: Path, clock: WallClock) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1)) as device:
        async with SerialScanner(settings(device.path), clock) as scanner:
            scans = scanner.scans()
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.write(b"half a lab")
            await eventually(lambda: scanner._frames.has_pending)
            first_terminal = device.path.readlink()
            device.unplug()
            await eventually(lambda: scanner.health().state is DeviceState.LOST)
            assert "plug" in scanner.health().detail
            with held_terminal(first_terminal):
                device.plug()
                assert device.path.readlink() != first_terminal
                await eventually(lambda: scanner.health().state is DeviceState.OK)
                device.scan(parcel_label(2))
                cut, whole = await take(scans, 2)
    assert cut.text == "half a lab"
    assert "went away" in cut.fault
    assert (whole.text, whole.fault) == (parcel_label(2), "")


async def test_a_scanner_that_is_not_there_yet_is_found_when_it_comes(tmp_path: Path, clock: WallClock) -> None:
    device = SimulatedScanner(tmp_path / "desk", Random(1))
    async with SerialScanner(settings(device.path), clock) as scanner:
        await eventually(lambda: "not there" in scanner.health().detail)
        assert scanner.health().state is DeviceState.LOST
        with device:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.scan(parcel_label(3))
            assert [scan.text for scan in await take(scanner.scans(), 1)] == [parcel_label(3)]


async def test_a_label_without_suffix_is_ended_by_silence(tmp_path: Path, clock: WallClock) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1), suffix=b"") as device:
        async with SerialScanner(settings(device.path, idle_s=0.05), clock) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            device.scan(parcel_label(4))
            assert [scan.text for scan in await take(scanner.scans(), 1)] == [parcel_label(4)]


async def test_when_nobody_takes_the_scans_the_bytes_are_held_back_and_none_is_skipped(tmp_path: Path, clock: WallClock) -> None:
    labels = [parcel_label(n) for n in range(QUEUE_SCANS * 3)]
    with SimulatedScanner(tmp_path / "desk", Random(1)) as device:
        async with SerialScanner(settings(device.path), clock) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            writing = asyncio.create_task(asyncio.to_thread(device.scan_all, labels))
            await eventually(scanner._queue.full)
            assert [scan.text for scan in await take(scanner.scans(), len(labels))] == labels
            await writing


async def test_a_port_that_somebody_else_holds_is_failed_with_the_remedy(tmp_path: Path, clock: WallClock) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1)) as device, serial.Serial(str(device.path), exclusive=True):
        async with SerialScanner(settings(device.path), clock) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.FAILED)
            assert "in use by another program" in scanner.health().detail


async def test_a_path_that_is_no_serial_line_is_failed_and_says_so(tmp_path: Path, clock: WallClock) -> None:
    (tmp_path / "desk").write_text("a file")
    async with SerialScanner(settings(tmp_path / "desk"), clock) as scanner:
        await eventually(lambda: scanner.health().state is DeviceState.FAILED)
        assert "not a serial line" in scanner.health().detail


async def test_leaving_closes_the_port_and_leaves_no_task(tmp_path: Path, clock: WallClock) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1)) as device:
        scanner = SerialScanner(settings(device.path), clock)
        async with scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
        again = open_port(str(device.path), 9600)
        again.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_terminal_without_modem_lines_opens_all_the_same() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        port = open_port(os.ttyname(slave), 115200)
        os.write(master, b"x")
        assert port.read(1) == b"x"
        port.close()
    finally:
        os.close(slave)
        os.close(master)


async def listening(device: TriggeredScanner) -> None:
    while True:
        device.hear()
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("faults", [TriggerFaults(), TriggerFaults(is_echoing=True)], ids=["well", "echoing"])
@pytest.mark.parametrize("maker", list(Maker))
async def test_a_triggered_scanner_reads_what_is_in_view_and_its_answer_is_no_scan(
    tmp_path: Path, clock: WallClock, maker: Maker, faults: TriggerFaults
) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1)) as device:
        told = TriggeredScanner(device, maker, faults=faults)
        hearing = asyncio.create_task(listening(told))
        wish = ScannerSettings("desk", str(device.path), trigger=TriggerKind(maker.value))
        async with SerialScanner(wish, clock) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            assert isinstance(scanner, Triggered)
            await scanner.trigger(on=True)
            await eventually(lambda: told.is_reading)
            await scanner.trigger(on=False)
            await eventually(lambda: told.heard == [True, False])
            told.in_view = parcel_label(9)
            await scanner.trigger(on=True)
            (scan,) = await take(scanner.scans(), 1)
            assert (scan.text, scan.fault) == (parcel_label(9), "")
            assert scanner._queue.empty()
            assert scanner.health().detail == ""
        hearing.cancel()
        await asyncio.wait([hearing])


@pytest.mark.parametrize(
    ("faults", "said"),
    [(TriggerFaults(is_refusing=True), "refuses the gm65 trigger"), (TriggerFaults(is_mute=True), "no answer to the gm65 trigger")],
)
async def test_a_scanner_that_refuses_or_says_nothing_is_told_with_the_remedy_and_still_scans(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch, faults: TriggerFaults, said: str
) -> None:
    monkeypatch.setattr("edge.devices.serial_scanner.ANSWER_S", 0.3)
    with SimulatedScanner(tmp_path / "desk", Random(1)) as device:
        hearing = asyncio.create_task(listening(TriggeredScanner(device, Maker.GM65, faults=faults)))
        async with SerialScanner(ScannerSettings("desk", str(device.path), trigger=TriggerKind.GM65), clock) as scanner:
            await eventually(lambda: scanner.health().state is DeviceState.OK)
            with pytest.raises(DeviceError, match=said):
                await scanner.trigger(on=True)
            device.scan(parcel_label(2))
            assert [scan.text for scan in await take(scanner.scans(), 1)] == [parcel_label(2)]
        hearing.cancel()
        await asyncio.wait([hearing])


async def test_a_scanner_without_trigger_or_away_says_so(tmp_path: Path, clock: WallClock) -> None:
    plain = SerialScanner(settings(tmp_path / "desk"), clock)
    with pytest.raises(DeviceError, match="set trigger in its"):
        await plain.trigger(on=True)
    away = ScannerSettings("desk", str(tmp_path / "desk"), trigger=TriggerKind.HONEYWELL)
    async with SerialScanner(away, clock) as scanner:
        await scanner.tried()
        with pytest.raises(DeviceError, match="not there; plug it in"):
            await scanner.trigger(on=True)
