"""A station's fridges and freezers with everything that measures in them: boxes, thermometers, doors, at the Clock's pace.

Leaves who opens a door, and what breaks, to the town and to tests.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

from edge.wire.clock import Clock
from firmware_sim.bthome import SimulatedBridge, body, encrypted
from firmware_sim.cold import FREEZER, FRIDGE, SOUND, BoxFaults, BoxKind, ColdBox
from firmware_sim.door import SimulatedContact
from firmware_sim.modbus import SimulatedModbus, registers_of
from firmware_sim.toml_text import quoted
from firmware_sim.w1 import SimulatedW1

TICK_S = 0.1  # real seconds
MINUTE_MS = 60_000
ADVERTISE_MS = 20_000  # domain: how often a Bluetooth sensor says something

PROBE = "28-0316a2794bff"
ADDRESS = "A4:C1:38:00:00:01"
FRIDGE_1, FREEZER_1, DISPLAY_1 = "fridge-1", "freezer-1", "display-1"
INCIDENTS: Mapping[str, BoxFaults] = {
    "sound": SOUND,
    "failing": BoxFaults(failing=True),
    "stuck": BoxFaults(stuck=True),
    "drift": BoxFaults(drift_c_per_day=3.0),
    "silent": BoxFaults(dropout=1.0),
    "dropout": BoxFaults(dropout=0.02),
}
KINDS: Mapping[str, BoxKind] = {FRIDGE_1: FRIDGE, FREEZER_1: FREEZER, DISPLAY_1: FRIDGE}
HOLDS: Mapping[str, str] = {FRIDGE_1: "C", FREEZER_1: "F", DISPLAY_1: "D"}  # the shelf that stands in it, as the town's plan has it


@dataclass(slots=True)
class Thermometer:
    """What one says: a value a minute, or nothing for that minute, however often it is asked."""

    box: ColdBox
    _minute: int = -1
    _felt_c: float | None = None

    def felt_c(self, now_ms: int) -> float | None:
        """Now, in domain ms; None where it drops out."""
        self.box.advance(now_ms)
        if now_ms // MINUTE_MS != self._minute:
            self._minute, self._felt_c = now_ms // MINUTE_MS, self.box.felt_c()
        return self._felt_c


@dataclass(slots=True)
class ColdRoom:
    """``plugged`` puts the devices in ``folder``; ``run`` lets them live. The same seed gives the same week.

    fridge-1 answers on Modbus and has a door, freezer-1 hangs on 1-Wire and has a door, display-1 advertises with a bind key.
    """

    folder: Path
    clock: Clock
    seed: str
    key: str = ""  # of display-1; made of the seed where left out
    boxes: dict[str, ColdBox] = field(init=False)
    line: SimulatedModbus = field(init=False)
    bridge: SimulatedBridge = field(init=False)
    bus: SimulatedW1 = field(init=False)
    doors: dict[str, SimulatedContact] = field(init=False)
    _thermometers: dict[str, Thermometer] = field(init=False)
    _shown_c: float | None = None
    _counter: int = 0
    _advertised_ms: int = -ADVERTISE_MS

    def __post_init__(self) -> None:
        now_ms = self.clock.now_ms()
        self.key = self.key or Random(f"{self.seed}/key").randbytes(16).hex()
        self.boxes = {name: ColdBox(kind, Random(f"{self.seed}/{name}"), now_ms) for name, kind in KINDS.items()}
        self._thermometers = {name: Thermometer(box) for name, box in self.boxes.items()}
        random = Random(f"{self.seed}/lines")
        self.line = SimulatedModbus(self.folder / "rs485", random, {1: self._registers})
        self.bridge = SimulatedBridge(self.folder / "bluetooth", random, drops=True)
        self.bus = SimulatedW1(self.folder / "w1")
        self.doors = {name: SimulatedContact(self.folder / f"door-{name}") for name in (FRIDGE_1, FREEZER_1)}
        # A sensor never counts backwards, also where the town was started anew: minutes of domain time are its count's beginning.
        self._counter = (now_ms // MINUTE_MS) % 2**28 * 8

    @contextmanager
    def plugged(self) -> Iterator["ColdRoom"]:
        """Within a running loop."""
        with ExitStack() as stack:
            self.bus.plug()
            for name in self.doors:
                self.set_door(name, is_open=False)
            stack.enter_context(self.line)
            stack.enter_context(self.bridge)
            self.tick()
            yield self

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def tick(self) -> None:
        """Everything that moves by itself, up to now."""
        now_ms = self.clock.now_ms()
        for box in self.boxes.values():
            box.advance(now_ms)
        felt_c = self._thermometers[FREEZER_1].felt_c(now_ms)
        if felt_c is None:
            self.bus.unplug(PROBE)
        elif felt_c != self._shown_c:
            self.bus.feel(PROBE, felt_c)
        self._shown_c = felt_c
        if now_ms - self._advertised_ms >= ADVERTISE_MS:
            self._advertised_ms = now_ms
            self._advertise(now_ms)

    def set_door(self, name: str, *, is_open: bool) -> None:
        """Somebody opens or closes it."""
        self.boxes[name].advance(self.clock.now_ms())
        self.boxes[name].door_is_open = is_open
        self.doors[name].show(is_open=is_open)

    def set_faults(self, name: str, faults: BoxFaults) -> None:
        """A box or its thermometer breaks, or is mended."""
        self.boxes[name].advance(self.clock.now_ms())
        self.boxes[name].faults = faults

    def press(self, what: Literal["door", "cold"], device: str, way: str) -> str:
        """A button: a door ``open`` or ``closed``, a box's INCIDENTS. What was done, for people; ValueError names the choices."""
        if what == "door":
            _choose("device", device, self.doors)
            _choose("way", way, ("open", "closed"))
            self.set_door(device, is_open=way == "open")
            return f"{device}: door {way}"
        _choose("device", device, self.boxes)
        _choose("way", way, INCIDENTS)
        self.set_faults(device, INCIDENTS[way])
        return f"{device}: {way}, {self.boxes[device].air_c:.1f} °C inside"

    def plug(self, device: str, *, is_in: bool) -> str:
        """Put a line's adapter in, or pull it. What was done, for people; ValueError names the choices."""
        _choose("device", device, ("rs485", "bluetooth"))
        line = self.line if device == "rs485" else self.bridge.terminal
        if is_in:
            line.plug()
        else:
            line.unplug()
        return f"{device}: {'plugged in' if is_in else 'unplugged'}"

    def toml(self) -> str:
        """The tables of the site's TOML that lead to these devices."""
        return f"""\
[[modbus]]
name = "rs485"
port = {quoted(self.line.path)}
device = [{{ name = {quoted(FRIDGE_1)}, address = 1 }}]

[[w1]]
name = "w1"
folder = {quoted(self.bus.folder)}
device = [{{ name = {quoted(FREEZER_1)}, id = {quoted(PROBE)} }}]

[[bthome]]
name = "bluetooth"
source = {quoted(self.bridge.path)}
device = [{{ name = {quoted(DISPLAY_1)}, address = {quoted(ADDRESS)}, key = {quoted(self.key)} }}]

""" + "".join(
            [f"[[door]]\nname = {quoted(name)}\nfile = {quoted(door.file)}\n\n" for name, door in self.doors.items()]
            + [self._box_toml(name, kind) for name, kind in KINDS.items()]
        )

    def _box_toml(self, name: str, kind: BoxKind) -> str:
        door = f"door = {quoted(name)}\n" if name in self.doors else ""
        goods = "frozen" if kind is FREEZER else "chilled"
        return f"[[cold]]\nname = {quoted(name)}\ngoods = {quoted(goods)}\n{door}holds = [{quoted(HOLDS[name])}]\n\n"

    def _registers(self) -> dict[int, int] | None:
        felt_c = self._thermometers[FRIDGE_1].felt_c(self.clock.now_ms())
        return None if felt_c is None else registers_of(felt_c, self.boxes[FRIDGE_1].humidity_pct())

    def _advertise(self, now_ms: int) -> None:
        felt_c = self._thermometers[DISPLAY_1].felt_c(now_ms)
        if felt_c is None or not self.bridge.terminal.is_plugged:
            return
        self._counter += 1
        said = body(
            packet_id=self._counter, battery_pct=87, temperature_c=felt_c, humidity_pct=self.boxes[DISPLAY_1].humidity_pct()
        )
        self.bridge.advertise(ADDRESS, [encrypted(said, ADDRESS, bytes.fromhex(self.key), self._counter)])


def _choose(field: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise ValueError(f"{field}: want one of {', '.join(choices)}, got {value[:40]!r}")
