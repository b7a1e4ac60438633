"""A station's cold chain on a real file, with a clock that a test moves and a buzzer that remembers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.cold_chain.chain import ColdChain
from edge.cold_chain.records import AlarmRecord
from edge.config.settings import ColdSettings
from edge.devices.sensor import Reading
from edge.outbox import Outbox, Step, no_step
from edge.rules.alarm_limits import Goods
from edge.site_clock import SiteClock
from edge.wire.codec import decode_events
from edge.wire.messages import AnyFact, Event
from tests.edge.outbox.sites import settings, waiting
from tests.edge.station.counters import Beeper, TestClock

FRIDGE, FREEZER, DOOR, SHELF = "fridge-1_c", "freezer-1_c", "fridge-1_open", "shelf-1_c"
BOXES = (ColdSettings("fridge-1", Goods.CHILLED, "fridge-1"), ColdSettings("freezer-1", Goods.FROZEN))
EVERY_S = {FRIDGE: 60.0, FREEZER: 60.0, DOOR: 60.0, SHELF: 60.0, "fridge-1.humidity_pct": 60.0}


@dataclass
class Kitchen:
    """``chain`` is what is tested; each minute all sensors speak and it makes a round."""

    clock: TestClock
    outbox: Outbox
    chain: ColdChain
    beeper: Beeper
    told: list[AlarmRecord]
    minutes: int = 0

    def feel(self, sensor: str, value: float | None, fault: str = "") -> None:
        self.chain.take(Reading(sensor, value, self.clock.now_ms(), fault))

    async def live(self, minutes: int, silent: str = "", **values: float) -> None:
        """``values``: fridge, freezer, door, shelf, where they are not as they should be."""
        for _ in range(minutes):
            self.clock.pass_s(60.0)
            self.minutes += 1
            unrest = 0.01 * (self.minutes % 2)
            for sensor, value in (
                (FRIDGE, values.get("fridge", 3.0) + unrest),
                (FREEZER, values.get("freezer", -21.0) + unrest),
                (DOOR, values.get("door", 0.0)),
                (SHELF, values.get("shelf", 25.0)),
            ):
                if sensor != silent:
                    self.feel(sensor, value)
            await self.chain.round()

    async def events(self) -> list[Event]:
        return [decode_events(batch.payload).events[0] for batch in await self.outbox.run(waiting)]

    async def facts(self) -> list[AnyFact]:
        return [event.fact for event in await self.events()]


@asynccontextmanager
async def kitchen(
    folder: Path, clock: TestClock | None = None, on_step: Callable[[Step], None] = no_step
) -> AsyncIterator[Kitchen]:
    clock = clock or TestClock()
    async with Outbox(settings(folder, on_step=on_step), clock.now_ms) as outbox:
        site_clock = SiteClock(clock, clock.monotonic_s, lambda: True, 0)
        beeper = Beeper([])
        chain = ColdChain(BOXES, EVERY_S, outbox, clock, site_clock, [beeper], clock.monotonic_s)
        told: list[AlarmRecord] = []
        chain.on_alarm(told.append)
        await chain.load()
        yield Kitchen(clock, outbox, chain, beeper, told)
