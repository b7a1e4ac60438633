"""A van's compartments: three boxes with a thermometer each on one 1-Wire bus, and the cargo door's contact, at the Clock's pace.

Leaves who opens the door to the town.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge.wire.clock import Clock
from firmware_sim.cold import FREEZER, FRIDGE, BoxKind, ColdBox
from firmware_sim.door import SimulatedContact
from firmware_sim.toml_text import quoted
from firmware_sim.w1 import SimulatedW1

AMBIENT_1, CHILLED_1, FROZEN_1, CARGO = "ambient-1", "chilled-1", "frozen-1", "cargo-1"
KINDS = {AMBIENT_1: BoxKind(19.0, 1.0), CHILLED_1: FRIDGE, FROZEN_1: FREEZER}
PROBES = {AMBIENT_1: "28-0316a2794b01", CHILLED_1: "28-0316a2794b02", FROZEN_1: "28-0316a2794b03"}
_GOODS = {CHILLED_1: "chilled", FROZEN_1: "frozen"}
TICK_S = 0.5  # real seconds
_MINUTE_MS = 60_000


@dataclass(slots=True)
class Compartments:
    """``plugged`` puts the devices in ``folder``; ``run`` lets them live."""

    folder: Path
    clock: Clock
    seed: str
    boxes: dict[str, ColdBox] = field(init=False)
    _bus: SimulatedW1 = field(init=False)
    _door: SimulatedContact = field(init=False)
    _minute: int = -1
    _shuts_ms: int | None = None

    def __post_init__(self) -> None:
        now_ms = self.clock.now_ms()
        self.boxes = {name: ColdBox(kind, Random(f"{self.seed}/{name}"), now_ms) for name, kind in KINDS.items()}
        self._bus = SimulatedW1(self.folder / "w1")
        self._door = SimulatedContact(self.folder / "door")

    @contextmanager
    def plugged(self) -> Iterator["Compartments"]:
        """Within a running loop or without."""
        self._bus.plug()
        self.set_door(is_open=False)
        self.tick()
        yield self

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        """Once a minute of domain time each thermometer feels anew; a door that was opened for a while falls shut."""
        now_ms = self.clock.now_ms()
        if self._shuts_ms is not None and now_ms >= self._shuts_ms:
            self.set_door(is_open=False)
        if now_ms // _MINUTE_MS == self._minute:
            return
        self._minute = now_ms // _MINUTE_MS
        for name, box in self.boxes.items():
            box.advance(now_ms)
            felt_c = box.felt_c()
            if felt_c is not None:
                self._bus.feel(PROBES[name], felt_c)

    def set_door(self, *, is_open: bool) -> None:
        """The cargo door, which the cold boxes lie behind."""
        now_ms = self.clock.now_ms()
        self._shuts_ms = None
        for name in _GOODS:
            self.boxes[name].advance(now_ms)
            self.boxes[name].door_is_open = is_open
        self._door.show(is_open=is_open)

    def open_for(self, seconds: float) -> None:
        """Of domain time, however long whoever opened it is busy."""
        self.set_door(is_open=True)
        self._shuts_ms = self.clock.now_ms() + round(seconds * 1000)

    def toml(self) -> str:
        """The tables of the site's TOML that lead to these devices."""
        devices = ", ".join(f"{{ name = {quoted(name)}, id = {quoted(probe)} }}" for name, probe in PROBES.items())
        boxes = "".join(
            f"[[cold]]\nname = {quoted(name)}\ngoods = {quoted(goods)}\ndoor = {quoted(CARGO)}\n\n"
            for name, goods in _GOODS.items()
        )
        return f"""\
[[w1]]
name = "w1"
folder = {quoted(self._bus.folder)}
device = [{devices}]

[[door]]
name = {quoted(CARGO)}
file = {quoted(self._door.file)}

{boxes}"""
