"""A board of locks that does what a test says, and counts its pulses."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from edge.devices.locker import Article, Cell, Door, OpenOutcome, OpenResult, Pulse
from edge.devices.ports import DeviceHealth, DeviceState


@dataclass(slots=True)
class TestBoard:
    """Doors close when the test says so."""

    __test__ = False

    outcome: OpenOutcome = OpenOutcome.OPENED
    article: Article = Article.UNKNOWN
    pulses: list[int] = field(default_factory=list)
    closing: "asyncio.Queue[Door]" = field(default_factory=asyncio.Queue)
    pulse: Pulse = Pulse.GIVEN
    looks: int = 0
    dies: bool = False
    waits: int = 0  # how often somebody began to wait for a door
    opens_when: asyncio.Event | None = None  # pulsed, and its door takes its time
    on_open: Callable[[], None] | None = None  # with each pulse

    @property
    def name(self) -> str:
        return "board"

    @property
    def cells(self) -> range:
        return range(1, 4)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing."""

    async def doors(self) -> Mapping[int, Door]:
        return dict.fromkeys(self.cells, Door.UNKNOWN)

    async def look(self) -> Mapping[int, Cell]:
        self.looks += 1
        await asyncio.sleep(0)
        return dict.fromkeys(self.cells, Cell(Door.UNKNOWN, self.article))

    async def open(self, cell: int) -> OpenResult:
        self.pulses.append(cell)
        if self.on_open is not None:
            self.on_open()
        if self.opens_when is not None:
            await self.opens_when.wait()
        if self.dies:
            raise asyncio.CancelledError
        door = Door.OPEN if self.outcome in (OpenOutcome.OPENED, OpenOutcome.LEFT_OPEN) else Door.CLOSED
        return OpenResult(cell, self.outcome, self.pulse, door)

    async def wait_closed(self, cell: int, within_s: float) -> Door:  # noqa: ARG002  # the Protocol's names
        self.waits += 1
        return await self.closing.get()

    def health(self) -> DeviceHealth:
        return DeviceHealth("board", DeviceState.OK)
