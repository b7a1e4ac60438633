"""A station's cold room and the real drivers on it: what the boxes feel is what the drivers read."""

import asyncio
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from edge.devices.bthome import BthomeReceiver
from edge.devices.door import DoorContact
from edge.devices.modbus import ModbusLine
from edge.devices.sensor import Reading, SupervisedSensor
from edge.devices.sensor_settings import BthomeSettings, DoorSettings, ModbusSettings, W1Settings
from edge.devices.w1 import W1Bus
from firmware_sim.cold import BoxFaults
from firmware_sim.cold_room import DISPLAY_1, FREEZER_1, FRIDGE_1, ColdRoom
from tests.edge.devices.sensors import DEADLINE_S, RunningClock, eventually

pytestmark = pytest.mark.slow


class Latest(dict[str, Reading]):
    """The newest reading of each sensor."""

    async def take_from(self, sensor: SupervisedSensor) -> None:
        async for measured in sensor.readings():
            if isinstance(measured, Reading):
                self[measured.sensor] = measured

    def value(self, sensor: str) -> float | None:
        return self[sensor].value if sensor in self else None


def path_of(kind: type, value: object) -> object:
    assert kind is Path
    return Path(str(value))


def drivers(room: ColdRoom) -> list[SupervisedSensor]:
    """What the room's own TOML says; only a silent line is not waited for as long as a real one."""
    table = tomllib.loads(room.toml())
    return [
        *(ModbusLine(msgspec.convert({**one, "timeout_s": 0.1}, ModbusSettings), room.clock) for one in table["modbus"]),
        *(W1Bus(msgspec.convert(one, W1Settings, dec_hook=path_of), room.clock) for one in table["w1"]),
        *(BthomeReceiver(msgspec.convert(one, BthomeSettings), room.clock) for one in table["bthome"]),
        *(DoorContact(msgspec.convert(one, DoorSettings, dec_hook=path_of), room.clock) for one in table["door"]),
    ]


@asynccontextmanager
async def living(folder: Path, seed: str = "1") -> AsyncIterator[tuple[ColdRoom, Latest]]:
    room, latest = ColdRoom(folder, RunningClock(1200.0), seed), Latest()
    async with AsyncExitStack() as stack:
        stack.enter_context(room.plugged())
        sensors = [await stack.enter_async_context(sensor) for sensor in drivers(room)]
        tasks = [asyncio.create_task(room.run()), *(asyncio.create_task(latest.take_from(sensor)) for sensor in sensors)]
        try:
            yield room, latest
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def test_all_sensors_of_a_station_say_what_their_boxes_feel(tmp_path: Path) -> None:
    async with living(tmp_path) as (_room, latest):
        wanted = {"fridge-1_c", "freezer-1_c", "display-1_c", "fridge-1_open", "freezer-1_open", "display-1.battery_pct"}
        await eventually(lambda: wanted <= set(latest))
        assert latest.value("fridge-1_c") == pytest.approx(3.0, abs=1.6)
        assert latest.value("freezer-1_c") == pytest.approx(-21.0, abs=2.5)
        assert latest.value("display-1_c") == pytest.approx(3.0, abs=1.6)
        assert (latest.value("fridge-1_open"), latest.value("freezer-1_open")) == (0.0, 0.0)
        assert not any(reading.fault for reading in latest.values())


async def test_a_door_that_stands_open_is_seen_and_the_box_warms(tmp_path: Path) -> None:
    async with living(tmp_path) as (room, latest):
        await eventually(lambda: latest.value("fridge-1_open") == 0.0)
        room.set_door(FRIDGE_1, is_open=True)
        await eventually(lambda: latest.value("fridge-1_open") == 1.0)
        await eventually(lambda: (latest.value("fridge-1_c") or 0.0) > 8.0)
        room.set_door(FRIDGE_1, is_open=False)
        await eventually(lambda: latest.value("fridge-1_open") == 0.0)
        await eventually(lambda: (latest.value("fridge-1_c") or 9.0) < 5.0)


async def test_thermometers_that_drop_out_give_faults_and_come_back(tmp_path: Path) -> None:
    async with living(tmp_path) as (room, latest):
        for name in (FRIDGE_1, FREEZER_1, DISPLAY_1):
            room.set_faults(name, BoxFaults(dropout=1.0))
        await eventually(lambda: "fridge-1_c" in latest and latest["fridge-1_c"].fault != "")
        await eventually(lambda: "freezer-1_c" in latest and latest["freezer-1_c"].fault != "")
        for name in (FRIDGE_1, FREEZER_1, DISPLAY_1):
            room.set_faults(name, BoxFaults())
        async with asyncio.timeout(DEADLINE_S):
            await eventually(lambda: latest.value("fridge-1_c") is not None and latest.value("freezer-1_c") is not None)


async def test_a_bridge_that_nobody_listens_to_holds_nothing_up(tmp_path: Path) -> None:
    room = ColdRoom(tmp_path, clock := RunningClock(300.0), "1")
    with room.plugged():
        for _ in range(2_000):
            clock.begun_s -= 0.1
            room.tick()
    assert room.boxes[DISPLAY_1].at_ms > 0
