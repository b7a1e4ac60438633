"""What a driver does with containers at the van's own scanner: scans each that its plan has for a stop, or that comes from another
van, until its agent shows it as left, or as aboard.
"""

from collections.abc import Collection, Sequence

import msgspec
import structlog

from firmware_sim.scanner import SimulatedScanner
from firmware_sim.town.hands import Hands, NotBookedError
from firmware_sim.town.page import Act, Page
from firmware_sim.town.settings import Station, TownSettings

_LEFT = {"dropped", "stop_done", "dropped_before", "dropped_unseen"}
_ABOARD = {"loaded", "run_full", "loaded_before"} | _LEFT  # where a van stands at the very stop, its goods are left there at once

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


class AtVan:
    """By its agent's page."""

    def __init__(self, van: Station, scanner: SimulatedScanner, settings: TownSettings) -> None:
        self._van = van
        self._hands = Hands(scanner, Page(van.agent_url, settings.pin))

    async def leave_all(self, station: str) -> None:
        """All that is for a stop. NotBookedError, UnpluggedError, TimeoutError, RestError: some of it is not left yet."""
        for one in await self._for_stop(station):
            act = await self._scan(one.container, _LEFT)
            if act.word == "dropped_unseen":
                _log.warning("not_as_planned", station=self._van.id, step="drop", label=one.container, page=act.word)

    async def take_aboard(self, containers: Collection[str]) -> None:
        """Out of another van, or from the dock. As `leave_all`; not before the van's agent has heard that they come with it."""
        states = {one.container: one.state for run in await self._underway() for one in run.containers}
        for label in containers:
            if label not in states:
                raise NotBookedError(f"{label}: the van's agent has not heard yet that it comes aboard")
            if states[label] != "empty":
                continue  # it was scanned before something went wrong
            await self._scan(label, _ABOARD)

    async def _scan(self, label: str, wanted: Collection[str]) -> Act:
        """NotBookedError where the agent says none of the ``wanted`` words."""
        async with self._hands.busy:
            act = await self._hands.scan(label)
        if act.word not in wanted and act.kind != "repeated":
            raise NotBookedError(f"{label}: the van's agent says {act.word} {act.detail}")
        return act

    async def _for_stop(self, station: str) -> Sequence[_Aboard]:
        """What the van's plan has for the stop and nobody has left there yet."""
        return [
            one
            for run in await self._underway()
            for one in run.containers
            if one.station == station and one.state in ("empty", "loaded")
        ]

    async def _underway(self) -> Sequence[_RunPage]:
        page = await self._hands.page.look("/api/van", _VanPage)
        underway = [run for run in page.runs if run.state in ("departed", "paused")]
        if not underway:
            raise NotBookedError("the van's agent has not heard yet that its run has left")
        return underway
