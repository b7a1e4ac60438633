"""The devices of a large station as their bytes: a scanner, a cabinet, a relay board, twenty sensors of every kind there is.

They live in the benchmark's process, at the wall clock's pace; the agent knows them by the tables of its file.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge.wire.clock import Clock
from firmware_sim.bthome import SimulatedBridge, body, encrypted
from firmware_sim.cold import FREEZER, FRIDGE, BoxKind, ColdBox
from firmware_sim.cold_room import ADVERTISE_MS, TICK_S
from firmware_sim.door import SimulatedContact
from firmware_sim.locker import SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.modbus import SimulatedModbus, registers_of
from firmware_sim.relay import SimulatedRelay
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import Terminal, UnpluggedError
from firmware_sim.w1 import SimulatedW1

FRIDGES = tuple(f"fridge-{number}" for number in range(1, 9))  # XY-MD02 on one line
FREEZERS = {f"freezer-{number}": f"28-0316a2794b{number:02x}" for number in range(1, 6)}  # DS18B20
BOXES = {f"box-{number}": f"A4:C1:38:00:00:{number:02X}" for number in range(1, 5)}  # BTHome
DOORS = FRIDGES[:3]
SENSORS = len(FRIDGES) + len(FREEZERS) + len(BOXES) + len(DOORS)
CELLS = 12
SCANNER = "counter"


@dataclass(slots=True)
class Hardware:
    """``plugged`` puts it in ``folder``; ``run`` lets it live."""

    folder: Path
    clock: Clock
    scanner: SimulatedScanner = field(init=False)
    lockers: SimulatedLockers = field(init=False)
    _relay: SimulatedRelay = field(init=False)
    _line: SimulatedModbus = field(init=False)
    _bus: SimulatedW1 = field(init=False)
    _bridge: SimulatedBridge = field(init=False)
    _doors: dict[str, SimulatedContact] = field(init=False)
    _boxes: dict[str, ColdBox] = field(init=False)
    _keys: dict[str, str] = field(init=False)
    _advertised_ms: int = 0
    _counter: int = 0

    def __post_init__(self) -> None:
        random, now_ms = Random("station hardware"), self.clock.now_ms()
        self.scanner = SimulatedScanner(self.folder / "scanner", random)
        self.lockers = SimulatedLockers(self.folder / "lockers", "cu16", [SimulatedBoard(0, CELLS)], random)
        self._relay = SimulatedRelay(Terminal(self.folder / "relay"))
        self._line = SimulatedModbus(
            self.folder / "rs485",
            random,
            {address: lambda name=name: self._registers(name) for address, name in enumerate(FRIDGES, start=1)},  # type: ignore[misc]
        )
        self._bus = SimulatedW1(self.folder / "w1")
        self._bridge = SimulatedBridge(self.folder / "bluetooth", random, drops=True)
        self._doors = {name: SimulatedContact(self.folder / f"door-{name}") for name in DOORS}
        self._boxes = {name: ColdBox(_kind(name), Random(name), now_ms) for name in (*FRIDGES, *FREEZERS, *BOXES)}
        self._keys = {name: random.randbytes(16).hex() for name in BOXES}

    @contextmanager
    def plugged(self) -> Iterator["Hardware"]:
        """Within a running loop."""
        with ExitStack() as stack:
            self._bus.plug()
            for door in self._doors.values():
                door.show(is_open=False)
            for line in (self.scanner, self.lockers, self._line, self._bridge, self._relay.line):
                stack.enter_context(line)
            self._tick()
            yield self

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._tick()
            await asyncio.sleep(TICK_S)

    def toml(self) -> str:
        """The tables of the site's file that lead to these devices."""
        fridges = "".join(
            f"[[modbus.device]]\nname = {_text(name)}\naddress = {address}\n" for address, name in enumerate(FRIDGES, start=1)
        )
        freezers = "".join(f"[[w1.device]]\nname = {_text(name)}\nid = {_text(probe)}\n" for name, probe in FREEZERS.items())
        boxes = "".join(
            f"[[bthome.device]]\nname = {_text(name)}\naddress = {_text(address)}\nkey = {_text(self._keys[name])}\n"
            for name, address in BOXES.items()
        )
        doors = "".join(f"[[door]]\nname = {_text(name)}\nfile = {_text(door.file)}\n" for name, door in self._doors.items())
        cold = "".join(
            f"[[cold]]\nname = {_text(name)}\ngoods = {_text('frozen' if _kind(name) is FREEZER else 'chilled')}\n"
            + (f"door = {_text(name)}\n" if name in DOORS else "")
            for name in self._boxes
        )
        return f"""\
[[scanner]]
name = {_text(SCANNER)}
port = {_text(self.scanner.path)}
[signal]
kind = "relay"
port = {_text(self._relay.line.path)}
buzzer = 1
green = 2
red = 3
[[locker]]
name = "cabinet"
port = {_text(self.lockers.path)}
family = "cu16"
[[locker.board]]
name = "cabinet-1"
address = 0
locks = {CELLS}
[[modbus]]
name = "rs485"
port = {_text(self._line.path)}
{fridges}[[w1]]
name = "one-wire"
folder = {_text(self._bus.folder)}
{freezers}[[bthome]]
name = "radio"
source = {_text(self._bridge.path)}
{boxes}{doors}{cold}"""

    def _tick(self) -> None:
        now_ms = self.clock.now_ms()
        try:
            self._relay.hear()
        except UnpluggedError:
            return
        if now_ms - self._advertised_ms < ADVERTISE_MS:
            return
        self._advertised_ms, self._counter = now_ms, self._counter + 1
        for name, probe in FREEZERS.items():
            self._bus.feel(probe, self._felt_c(name))
        for name, address in BOXES.items():
            said = body(packet_id=self._counter, temperature_c=self._felt_c(name), humidity_pct=self._boxes[name].humidity_pct())
            self._bridge.advertise(address, [encrypted(said, address, bytes.fromhex(self._keys[name]), self._counter)])

    def _registers(self, name: str) -> dict[int, int]:
        return registers_of(self._felt_c(name), self._boxes[name].humidity_pct())

    def _felt_c(self, name: str) -> float:
        box = self._boxes[name]
        box.advance(self.clock.now_ms())
        felt_c = box.felt_c()
        assert felt_c is not None, "no thermometer here drops out"
        return felt_c


def _kind(name: str) -> BoxKind:
    return FREEZER if name in FREEZERS else FRIDGE


def _text(value: str | Path) -> str:
    return json.dumps(str(value))  # a JSON string is a TOML string
