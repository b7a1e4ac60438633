"""The machine's own health as telemetry like any other: disk, temperature, memory, what waits.

The same lanes as a fridge's thermometer, so that a full card is seen before it is full.
"""

import asyncio
import contextlib
import os
from pathlib import Path

from edge.live_lane import LiveLane
from edge.outbox import Outbox, Reading, Sample
from edge.site_clock import SiteClock
from edge.wire.ids import Lane

EVERY_S = 60.0
_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
_MEMORY = Path("/proc/meminfo")


class OwnHealth:
    """``run`` until cancelled."""

    def __init__(self, data_dir: Path, clock: SiteClock, outbox: Outbox, live: LiveLane) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._outbox = outbox
        self._live = live

    async def run(self) -> None:
        """One sample of everything a minute."""
        while True:
            depth = await self._outbox.run(lambda store: store.depth())
            at_ms = self._clock.now_ms()
            values = await asyncio.to_thread(read_machine, self._data_dir)
            values["agent.queue_events"] = float(depth.lanes[Lane.EVENT].batches)
            values["agent.queue_readings"] = float(depth.lanes[Lane.BACKFILL].readings)
            samples: list[Sample] = [Reading(sensor, at_ms, value) for sensor, value in sorted(values.items())]
            self._live.take(*samples)
            await asyncio.sleep(EVERY_S)


def read_machine(data_dir: Path) -> dict[str, float]:
    """Sensor id → value; what this machine cannot say is left out."""
    space = os.statvfs(data_dir)
    values = {"agent.disk_free_pct": 100.0 * space.f_bavail / max(1, space.f_blocks)}
    values["agent.load_per_core"] = os.getloadavg()[0] / (os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):  # no such sensor: a container, a virtual machine
        values["agent.temperature_c"] = int(_TEMPERATURE.read_text(encoding="ascii")) / 1000
    with contextlib.suppress(OSError, ValueError, KeyError):  # not Linux
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text(encoding="ascii").splitlines())
        values["agent.memory_free_pct"] = 100.0 * _kilobytes(lines["MemAvailable"]) / _kilobytes(lines["MemTotal"])
    return values


def _kilobytes(text: str) -> float:
    return float(text.split()[0])
