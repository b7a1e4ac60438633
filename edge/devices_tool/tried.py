"""Each configured device is opened and asked once, as the agent would; where the agent runs, it is asked instead.

No door is opened. Leaves what is plugged in but not configured to found.
"""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from edge.config import EdgeConfig, HttpSettings
from edge.devices.locker import Door, LockerBoard
from edge.devices.ports import CameraSettings, DeviceHealth, DeviceState, HidSettings, ScannerSettings
from edge.devices.registry import DeviceSettings, Driver, drivers_of
from edge.devices.sensor import Fix, Measured, Sensor
from edge.wire.clock import Clock

AGENT_S = 3.0  # for the agent's page to answer, on the same machine


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One configured device. ``detail`` is what it said, or the fault and the remedy."""

    name: str
    table: str
    state: DeviceState
    detail: str = ""
    is_in_use: bool = False  # by the agent, whose word this is
    place: str = ""  # of a source of scans: counter or cabinet


async def try_devices(config: EdgeConfig, clock: Clock, within_s: float) -> list[Tried]:
    """All at once, each for ``within_s`` at most."""
    known = await asyncio.to_thread(ask_agent, config)
    tries = [
        _try_table(table, settings, clock, within_s, known)
        for table, devices in config.devices().items()
        for settings in devices
    ]  # fmt: skip
    return [tried for several in await asyncio.gather(*tries) for tried in several]


def ask_agent(config: EdgeConfig) -> Mapping[str, DeviceHealth]:
    """The devices of the agent that runs here, by name; empty where none does, or another site's. Blocking."""
    answer = _get_status(config.http)
    if answer is None or answer.get("site") != config.site.id:
        return {}
    with suppress(KeyError, TypeError, ValueError):
        return {
            one["name"]: DeviceHealth(one["name"], DeviceState(one["state"]), one["detail"], one["since_ms"])
            for one in answer["devices"]
        }
    return {}


def _get_status(settings: HttpSettings) -> dict[str, Any] | None:
    if not settings.port:
        return None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.port, timeout=AGENT_S)
    try:
        connection.request("GET", "/api/status")
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else None


async def _try_table(
    table: str, settings: DeviceSettings, clock: Clock, within_s: float, known: Mapping[str, DeviceHealth]
) -> list[Tried]:
    """One table's drivers: one, or the boards that share a line."""
    drivers = drivers_of([settings], clock)
    asks: list[tuple[Driver, Callable[[], Awaitable[str]]]] = [
        *((scanner, _opened) for scanner in drivers.scanners),
        *((board, partial(_doors, board)) for board in drivers.boards),
        *((sensor, partial(_readings, sensor, within_s)) for sensor in drivers.sensors),
        *((signal, _opened) for signal in drivers.signals),
    ]
    tried = await asyncio.gather(*(_try(table, driver, ask, within_s, known.get(driver.name)) for driver, ask in asks))
    if not isinstance(settings, ScannerSettings | HidSettings | CameraSettings):
        return tried
    return [msgspec.structs.replace(one, place=settings.place.value) for one in tried]


async def _try(table: str, driver: Driver, ask: Callable[[], Awaitable[str]], within_s: float, known: DeviceHealth | None) -> Tried:
    if known is not None:
        return Tried(name=driver.name, table=table, state=known.state, detail=known.detail, is_in_use=True)
    async with driver:
        try:
            async with asyncio.timeout(within_s):
                health = await driver.tried()
        except TimeoutError:
            detail = f"silent for {within_s:g} s; {driver.health().detail}"
            return Tried(name=driver.name, table=table, state=DeviceState.LOST, detail=detail)
        said = await ask() if health.state is DeviceState.OK else ""
        health = driver.health()
    return Tried(name=driver.name, table=table, state=health.state, detail="; ".join(filter(None, (said, health.detail))))


async def _opened() -> str:
    return "opened"


async def _doors(board: LockerBoard) -> str:
    doors = await board.doors()
    counted = {state: sum(door is state for door in doors.values()) for state in Door}
    standing_open = [str(cell) for cell, door in doors.items() if door is Door.OPEN]
    words = ", ".join(f"{count} {state}" for state, count in counted.items() if count)
    return f"{len(doors)} doors: {words}" + (f" ({', '.join(standing_open)})" if standing_open else "")


async def _readings(sensor: Sensor, within_s: float) -> str:
    """One of each that it promises, or what has come by then."""
    heard: dict[str, str] = {}
    readings: AsyncIterator[Measured] = sensor.readings()
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while not heard or not set(sensor.sensors) <= set(heard):
                measured = await anext(readings)
                heard.update([_words(measured)])
    silent = [one for one in sensor.sensors if one not in heard]
    parts = [f"{name} {value}".strip() for name, value in heard.items()]
    return ", ".join(parts + [f"{one} silent for {within_s:g} s" for one in silent]) or f"opened; no reading in {within_s:g} s"


def _words(measured: Measured) -> tuple[str, str]:
    if isinstance(measured, Fix):
        return "position", f"{measured.lat:.5f} {measured.lon:.5f}"
    return measured.sensor, measured.fault or f"{measured.value:g}"
