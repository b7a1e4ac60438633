"""A driver and a simulated cabinet on one pseudo-terminal, for every family of boards."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from edge.devices.locker import BoardFamily, Door, LockerBoard, LockerBoardSettings, LockerBusSettings
from edge.devices.locker_board import boards_of
from edge.devices.ports import DeviceState
from edge.wire.clock import WallClock
from firmware_sim.locker import LockerFaults, SimulatedLockers
from firmware_sim.locker_boards import MovedBy, SimulatedBoard

DEADLINE_S = 20.0
# Real lines want 150 ms of silence; a pseudo-terminal does not, and the tests are many. A busy machine answers late, not never.
QUICK: Mapping[str, object] = {"wait_s": 0.0, "reply_s": 0.6, "watch_s": 0.2}
# For doors that will not open: they are watched to the end of it. A first answer that comes later still gets its second.
BRIEF: Mapping[str, object] = {"feedback_s": 0.1}


@dataclass(frozen=True, slots=True)
class Cabinet:
    """One board and its driver."""

    board: LockerBoard
    lockers: SimulatedLockers
    address: int

    @property
    def doors(self) -> SimulatedBoard:
        return self.lockers.board(self.address)

    @property
    def pulsed(self) -> list[int]:
        return [pulse.lock for pulse in self.lockers.pulses]

    @property
    def opened_without_command(self) -> list[int]:
        return [move.lock for move in self.lockers.moves if move.is_open and move.by is not MovedBy.PULSE]


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


def quick(path: Path, family: BoardFamily, *boards: LockerBoardSettings, **options: object) -> LockerBusSettings:
    return LockerBusSettings("lockers", str(path), family, boards, **{**QUICK, **options})  # type: ignore[arg-type]


@asynccontextmanager
async def cabinet(
    folder: Path,
    family: BoardFamily,
    *,
    faults: LockerFaults | None = None,
    wired: Mapping[str, object] | None = None,
    told: Mapping[str, object] | None = None,
    bus: Mapping[str, object] | None = None,
    seed: int = 1,
) -> AsyncIterator[Cabinet]:
    """``wired``: how the simulated board is; ``told``: what the driver's settings say of it; ``bus``: of its line."""
    locks = {BoardFamily.CU16: 16, BoardFamily.CU48: 48, BoardFamily.XOR8A: 10, BoardFamily.WKLY: 4}[family]
    simulated = SimulatedBoard(1, locks, **(wired or {}))  # type: ignore[arg-type]
    lockers = SimulatedLockers(folder / "lockers", family.value, (simulated,), Random(seed), faults or LockerFaults())
    settings = LockerBoardSettings("A", 1, locks, **{"feedback_s": 0.4, **(told or {})})  # type: ignore[arg-type]
    (board,) = boards_of(quick(lockers.path, family, settings, **(bus or {})), WallClock(lambda: 1_700_000_000.0))
    with lockers:
        async with board:
            await eventually(lambda: board.health().state is DeviceState.OK)
            yield Cabinet(board, lockers, 1)


def all_closed(board: LockerBoard) -> dict[int, Door]:
    return dict.fromkeys(board.cells, Door.CLOSED)
