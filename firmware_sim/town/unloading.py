"""What a driver does with containers at a stop: scans each that the van's own plan has for it, until its agent shows it as left."""

from collections.abc import Sequence

import msgspec
import structlog

from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.hands import Hands, NotBookedError
from firmware_sim.town.page import Page
from firmware_sim.town.settings import Station, TownSettings

_LEFT = {"dropped", "stop_done", "dropped_before", "dropped_unseen"}

_log = structlog.get_logger()


class _Aboard(msgspec.Struct, frozen=True):
    container: str
    station: str
    state: str


class _RunPage(msgspec.Struct, frozen=True):
    name: str
    state: str
    containers: list[_Aboard]


class _VanPage(msgspec.Struct, frozen=True):
    runs: list[_RunPage]


class Unloading:
    """At the van's own agent."""

    def __init__(self, van: Station, scanner: SimulatedScanner, settings: TownSettings) -> None:
        self._van = van
        self._hands = Hands(scanner, Page(van.agent_url, settings.pin))

    async def leave_all(self, station: str) -> None:
        """All that is for a stop. NotBookedError, UnpluggedError, TimeoutError, RestError: some of it is not left yet."""
        for one in await self._for_stop(station):
            async with self._hands.busy:
                act = await self._hands.scan(one.container)
            if act.word not in _LEFT and act.kind != "repeated":
                raise NotBookedError(f"{one.container}: the van's agent says {act.word} {act.detail}")
            if act.word == "dropped_unseen":
                _log.warning("not_as_planned", station=self._van.id, step="drop", label=one.container, page=act.word)

    async def _for_stop(self, station: str) -> Sequence[_Aboard]:
        """What the van's plan has for the stop and nobody has left there yet."""
        page = await self._hands.page.look("/api/van", _VanPage)
        underway = [run for run in page.runs if run.state in ("departed", "paused")]
        if not underway:
            raise NotBookedError("the van's agent has not heard yet that its run has left")
        return [one for run in underway for one in run.containers if one.station == station and one.state in ("empty", "loaded")]
