"""Lets a station's incidents happen when their time comes, and ends them: doors, boxes, the scanner's plug, the line, the clock.

Only what begins or ends is done, so that whoever presses a button meanwhile has their way.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import structlog

from edge.wire.clock import Clock, TownTime, decode_town, encode_town
from firmware_sim.cold_room import INCIDENTS, ColdRoom
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.broker_line import BrokerLine
from firmware_sim.town.incidents import Incident, Mishap, going_on, incidents, skew_ms
from firmware_sim.town.plan import service_date
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.site_files import replace

TICK_S = 0.1  # of real time; a change of the clock's rate reaches the stations as soon

_log = structlog.get_logger()


@dataclass(slots=True)
class Accidents:
    """One station's. ``set_clock`` before its agent starts; ``run`` until cancelled."""

    settings: TownSettings
    station: Station
    clock: Clock
    room: ColdRoom
    scanner: SimulatedScanner
    line: BrokerLine
    _going_on: frozenset[Incident] = frozenset()
    _clock_bytes: bytes = b""
    _skew_ms: int = 0
    _ends: dict[Mishap, Callable[[Incident], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._ends = {
            Mishap.DOOR_OPEN: lambda one: self.room.set_door(one.device, is_open=False),
            Mishap.FAILING: lambda one: self.room.set_faults(one.device, INCIDENTS["sound"]),
            Mishap.DROPOUT: lambda one: self.room.set_faults(one.device, INCIDENTS["sound"]),
            Mishap.UNPLUGGED: lambda _: self.scanner.plug(),
            Mishap.OUTAGE: lambda _: self.line.mend(),
        }

    async def run(self) -> None:
        """Look at the clock again and again."""
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        """What begins or ends by now."""
        self.set_clock()
        now_ms = self.clock.now_ms()
        day = service_date(now_ms)
        now_going_on = going_on((one for each in (day - timedelta(days=1), day) for one in self._of(each)), now_ms)
        for one in self._going_on - now_going_on:
            self._ends[one.mishap](one)
            _log.info("incident_over", station=self.station.id, what=one.mishap.value, device=one.device)
        for one in now_going_on - self._going_on:
            self._begin(one)
            _log.info("incident", station=self.station.id, what=one.mishap.value, device=one.device)
        self._going_on = now_going_on

    def set_clock(self) -> None:
        """The station's own clock, as far off as it is today; written only where anything of it changes."""
        try:
            said = self.settings.clock_file.read_bytes()
            line = decode_town(said)
        except (OSError, ValueError):
            return  # in the midst of being replaced: the next look finds it
        settings = self.settings
        skew = skew_ms(settings.seed, self.station.id, service_date(self.clock.now_ms()), settings.chances)
        if (said, skew) == (self._clock_bytes, self._skew_ms):
            return
        self._clock_bytes, self._skew_ms = said, skew
        skewed = TownTime(max(0, line.simulated_ms + skew), line.anchor_s, line.rate, line.boot_id)
        replace(self.station.clock_path, encode_town(skewed))

    @property
    def going_on(self) -> frozenset[Incident]:
        """What has begun and is not over."""
        return self._going_on

    def next_change_ms(self) -> int | None:
        """When something begins or ends again, today; None: not any more."""
        now_ms = self.clock.now_ms()
        day = service_date(now_ms)
        moments = [moment for one in self._of(day) for moment in (one.from_ms, one.until_ms) if moment > now_ms]
        return min(moments, default=None)

    @property
    def words(self) -> str:
        """What goes on, for people."""
        return ", ".join(sorted(f"{one.mishap} {one.device}".rstrip() for one in self._going_on))

    def _of(self, day: date) -> list[Incident]:
        return incidents(self.settings.seed, self.station.id, day, self.settings.chances)

    def _begin(self, one: Incident) -> None:
        match one.mishap:
            case Mishap.DOOR_OPEN:
                self.room.set_door(one.device, is_open=True)
            case Mishap.FAILING | Mishap.DROPOUT:
                self.room.set_faults(one.device, INCIDENTS[one.mishap])
            case Mishap.UNPLUGGED:
                self.scanner.unplug()
            case Mishap.OUTAGE:
                self.line.cut()
