"""From a device's bytes to the batch that would be sent: real drivers, simulated devices, a real outbox, no cloud."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from edge.devices import door
from edge.devices.door import DoorContact
from edge.devices.modbus import ModbusLine
from edge.devices.nmea import GnssReceiver
from edge.devices.sensor import Fix, Measured, Reading, Sensor
from edge.devices.sensor_settings import DoorSettings, GnssSettings, ModbusDevice, ModbusSettings, W1Device, W1Settings
from edge.devices.w1 import W1Bus
from edge.live_lane import LiveLane
from edge.outbox import Outbox, no_step
from edge.sampling import Sampling
from edge.sending import EndToEnd, Sending, Surroundings
from edge.site_clock import SiteClock
from edge.wire.clock import Clock
from edge.wire.codec import decode_telemetry
from edge.wire.ids import Lane, operator_id, site_id
from edge.wire.messages import Series, TelemetryBatch, Track
from firmware_sim.door import SimulatedContact
from firmware_sim.gnss import Place, SimulatedGnss
from firmware_sim.modbus import SimulatedModbus, registers_of
from firmware_sim.w1 import POWER_ON_C, SimulatedW1
from tests.edge.devices.sensors import DEADLINE_S, START_MS, RunningClock, eventually
from tests.edge.outbox.sites import settings as outbox_settings

pytestmark = pytest.mark.slow

PROBE = "28-0316a2794bff"


@dataclass
class Site:
    """Readings on their way, and what of them is on the disk."""

    sampling: Sampling
    outbox: Outbox
    heard: list[Measured]

    async def batches(self) -> list[TelemetryBatch]:
        """Everything that was kept, as it would be sent."""
        while await self.outbox.run(lambda store: store.seal_backfill(START_MS)):
            pass
        waiting = await self.outbox.run(lambda store: store.waiting(Lane.BACKFILL, None, 10_000))
        return [decode_telemetry(batch.payload) for batch, _ in waiting]

    async def series(self) -> dict[str, list[float | None]]:
        """Sensor → its values in order."""
        found: dict[str, list[float | None]] = defaultdict(list)
        for batch in await self.batches():
            for one in batch.series:
                found[one.sensor] += one.v
        return found

    def latest(self, sensor: str) -> Reading | None:
        return self.sampling.latest.get(sensor)


@asynccontextmanager
async def site(folder: Path, clock: Clock, sensors: Sequence[Sensor]) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(Outbox(outbox_settings(folder), clock.now_ms))
        site_clock = SiteClock(clock, time.monotonic, lambda: True, 0)
        around = Surroundings(time.monotonic, Random(1).random, no_step, EndToEnd())
        sending = Sending(operator_id("op"), site_id("st-1"), outbox, site_clock, around)
        live = LiveLane(outbox, site_clock, sending, lambda: False)
        sampling = Sampling(sensors, clock, site_clock, live)
        heard: list[Measured] = []
        sampling.on_measured(heard.append)
        for sensor in sensors:
            await stack.enter_async_context(sensor)
        tasks = [asyncio.create_task(sampling.run()), asyncio.create_task(live.run())]
        try:
            yield Site(sampling, outbox, heard)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def each(series: Series) -> list[int]:
    """The quality of each reading."""
    return [series.q] * len(series.v) if isinstance(series.q, int) else series.q


async def until_kept(one: Site, sensor: str, value: float | None, times: int = 1) -> list[float | None]:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found = (await one.series())[sensor]
            if found.count(value) >= times:
                return found
            await asyncio.sleep(0.05)


async def test_every_sensor_is_in_the_telemetry_once_a_minute_under_a_name_with_its_unit(tmp_path: Path) -> None:
    clock = RunningClock(60.0)  # a minute a second: else a busy machine's pause of a tenth is a sensor's silence
    bus = SimulatedW1(tmp_path / "w1")
    bus.feel(PROBE, -21.5)
    contact = SimulatedContact(tmp_path / "pin")
    contact.show(is_open=False)
    with SimulatedModbus(tmp_path / "rs485", Random(1), {1: lambda: registers_of(3.2, 55.0)}) as line:
        sensors = [
            ModbusLine(ModbusSettings("rs485", str(line.path), (ModbusDevice("fridge-1"),)), clock),
            W1Bus(W1Settings("w1", (W1Device("freezer-1", PROBE),), bus.folder), clock),
            DoorContact(DoorSettings("fridge-1", file=contact.file), clock),
        ]
        async with site(tmp_path, clock, sensors) as one:
            await until_kept(one, "fridge-1_c", 3.2, times=3)
            await until_kept(one, "freezer-1_c", -21.5, times=3)
            await until_kept(one, "fridge-1_open", 0.0, times=3)
            series = await one.series()
            batches = await one.batches()
    assert set(series) == {"fridge-1_c", "fridge-1.humidity_pct", "freezer-1_c", "fridge-1_open"}
    assert set(series["fridge-1_c"]) == {3.2}
    times = [
        part.t0 + dt for batch in batches for part in batch.series if part.sensor == "fridge-1_c" for dt in part.dt
    ]  # fmt: skip
    gaps_s = [(later - earlier) / 1000 for earlier, later in itertools.pairwise(times)]
    assert all(gap_s >= 50 for gap_s in gaps_s)


async def test_a_bad_value_travels_as_no_answer_and_never_as_a_number(tmp_path: Path) -> None:
    clock = RunningClock()
    bus = SimulatedW1(tmp_path / "w1")
    bus.feel(PROBE, 3.0)
    async with site(tmp_path, clock, [W1Bus(W1Settings("w1", (W1Device("fridge-1", PROBE),), bus.folder), clock)]) as one:
        await until_kept(one, "fridge-1_c", 3.0)
        bus.feel(PROBE, POWER_ON_C)
        values = await until_kept(one, "fridge-1_c", None)
        assert set(values) == {3.0, None}
        latest = one.latest("fridge-1_c")
        assert latest is not None
        assert "85 °C" in latest.fault
        qualities = {
            pair for batch in await one.batches() for part in batch.series for pair in zip(part.v, each(part), strict=True)
        }
        assert qualities == {(3.0, 0), (None, 2)}
    assert any(isinstance(measured, Reading) and "85 °C" in measured.fault for measured in one.heard)


async def test_a_sensor_whose_line_is_gone_is_silent_once_a_minute_and_says_why(tmp_path: Path) -> None:
    clock = RunningClock()
    line = ModbusLine(ModbusSettings("rs485", str(tmp_path / "nothing"), (ModbusDevice("fridge-1"),)), clock)
    async with site(tmp_path, clock, [line]) as one:
        values = await until_kept(one, "fridge-1_c", None, times=2)
        assert set(values) == {None}
        latest = one.latest("fridge-1_c")
    assert latest is not None
    assert latest.fault.startswith("silent")
    assert "not there" in latest.fault


async def test_a_door_is_told_to_whoever_watches_at_once_and_kept_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LOOK_S", 0.01)
    clock = RunningClock(rate=1.0)  # a minute would be a minute
    contact = SimulatedContact(tmp_path / "pin")
    contact.show(is_open=False)
    async with site(tmp_path, clock, [DoorContact(DoorSettings("fridge-1", file=contact.file), clock)]) as one:
        await until_kept(one, "fridge-1_open", 0.0)
        contact.show(is_open=True)
        await until_kept(one, "fridge-1_open", 1.0)
        contact.show(is_open=False)
        assert await until_kept(one, "fridge-1_open", 0.0, times=2) == [0.0, 1.0, 0.0]
    assert [measured.value for measured in one.heard if isinstance(measured, Reading)] == [0.0, 1.0, 0.0]


async def test_positions_of_a_van_are_a_track_in_metres_a_second(tmp_path: Path) -> None:
    clock = RunningClock()
    with SimulatedGnss(tmp_path / "gnss", Random(1)) as device:
        async with site(tmp_path, clock, [GnssReceiver(GnssSettings("van", str(device.path)), clock)]) as one:
            tracks: list[Track] = []
            async with asyncio.timeout(DEADLINE_S):
                while not tracks:
                    device.tell(Place(31.2304, 121.4737, 6.5, 84.4), clock.now_ms())
                    await asyncio.sleep(0.02)
                    tracks = [track for batch in await one.batches() for track in batch.tracks]
            await eventually(lambda: any(isinstance(measured, Fix) for measured in one.heard))
    assert tracks[0].lat[0] == pytest.approx(31.2304)
    assert tracks[0].speed_m_s[0] == pytest.approx(6.5, abs=0.01)
    assert tracks[0].heading_deg[0] == pytest.approx(84.4)


async def test_a_site_without_sensors_waits_and_keeps_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, RunningClock(), []) as one:
        await asyncio.sleep(0)
        assert await one.series() == {}
