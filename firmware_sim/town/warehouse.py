"""The grid warehouse's dock with its scanner, line, agent and staff. Entered, all of it is plugged in."""

from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from random import Random
from types import TracebackType
from typing import Any, Self

from edge.wire.clock import utc
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.agents import Agent, edge_command
from firmware_sim.town.broker_line import BrokerLine
from firmware_sim.town.dock_staff import DockStaff
from firmware_sim.town.house import LINE, Tools
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.settings import Station
from firmware_sim.town.site_files import write_site


class Warehouse:
    """Within a running loop."""

    def __init__(self, dock: Station, tools: Tools) -> None:
        settings = tools.settings
        self.dock = dock
        self._tools = tools
        self._stack = AsyncExitStack()
        self.scanner = SimulatedScanner(
            dock.scanner_path, Random(f"{settings.seed}/{dock.id}/line"), suffix=b"\r\n", aim="]C0", faults=LINE
        )
        self.line = BrokerLine(settings.broker_host, settings.broker_port)
        self.staff = DockStaff(dock, self.scanner, tools.office, tools.memory, tools.clock, settings)
        self.agent = Agent(dock.id, edge_command(dock.config_path), dock.folder / "agent.log")

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self._stack.enter_async_context(self.line)
        self._stack.enter_context(self.scanner)
        write_site(self._tools.settings, self.dock, ("127.0.0.1", self.line.port))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def machines(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What runs by itself, whether or not anybody is there."""
        yield "agent", self.agent.run()

    def status(self) -> str:
        """One line for people."""
        step = self.staff.next_step()
        words = [f"{self.dock.id} {self.dock.place.name}: {self.dock.agent_url}", f"agent started {self.agent.starts} times"]
        if step is not None:
            words.append(f"next {utc(step.at_ms).astimezone(LOCAL):%H:%M} {step.kind} {step.label}")
        if self.staff.waits_for:
            words.append(f"waits: {self.staff.waits_for}")
        return ", ".join(words)
