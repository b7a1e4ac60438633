"""The dock's staff: do the night's plan with the scanner, step after step; the van leaves when everything is in it.

As at a station: a step counts as done when the agent's page shows it.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta

import msgspec
import structlog

from edge.wire.clock import Clock, to_ms
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town import night
from firmware_sim.town import staff as station_staff
from firmware_sim.town.hands import Hands, NotBookedError
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import Office
from firmware_sim.town.page import Act, Page
from firmware_sim.town.plan import FREEZE_ROUTES, at
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.steps import Step, StepKind

_MODES = {StepKind.SORT: "sort", StepKind.BIND: "pack", StepKind.PACK: "pack", StepKind.LOAD: "load", StepKind.TAKE_BACK: "empties"}
_GONE = {"sealed_before", "loaded_before"}  # it was done before a stop, and more
_AS_PLANNED = {
    StepKind.SORT: {"sorted", "sorted_before", "packed_already"},
    StepKind.BIND: {"bound", "open"} | _GONE,
    StepKind.PACK: {"packed", "full", "moved", "packed_before"} | _GONE,
    StepKind.SEAL: {"sealed", "sealed_short"} | _GONE,
    StepKind.LOAD: {"loaded", "run_full", "loaded_early", "loaded_before"},
    StepKind.TAKE_BACK: {"taken_back", "taken_back_before"},
}
_LATE_MS = 10 * 60_000  # of the town's time
_CONTAINER_IS_SHUT = {"no_container", "wrong_container", "wrong_station", "wrong_zone"}  # another is open, or none after a restart

_log = structlog.get_logger()


class _Run(msgspec.Struct, frozen=True):
    day: str
    containers: int


class _DockPage(msgspec.Struct, frozen=True):
    runs: list[_Run]


class DockStaff:
    """``live`` owns it."""

    def __init__(
        self, dock: Station, scanner: SimulatedScanner, office: Office, memory: Memory, clock: Clock, settings: TownSettings
    ) -> None:
        self.dock = dock
        self.hands = Hands(scanner, Page(dock.agent_url, settings.pin), "/api/dock/mode")
        self._office = office
        self._memory = memory
        self._clock = clock
        self._settings = settings
        self._plans: dict[date, list[Step]] = {}
        self._counts: dict[date, Counter[str]] = {}
        self._is_late = False
        self._mode = ""  # of the last step
        self.waits_for = ""

    async def live(self) -> None:
        """Do each step when it is due; what does not work is tried again."""
        while True:
            try:
                await self._catch_up()
                self.waits_for = ""
                await asyncio.sleep(station_staff.TICK_S)
            except (RestError, NotBookedError, UnpluggedError, TimeoutError) as error:
                if str(error) != self.waits_for:
                    _log.info("staff_wait", station=self.dock.id, reason=str(error))
                self.waits_for = str(error)
                await asyncio.sleep(station_staff.AGAIN_S)

    def has_loaded(self, day: date) -> bool:
        """Whether everything of ``day`` is in the van."""
        return self.loading(day).is_done

    def is_planned(self, day: date) -> bool:
        """Whether the night's work is known."""
        return day in self._plans

    def loads_from_ms(self, day: date) -> int | None:
        """When the first container is to be loaded; None: nothing is loaded here for that day."""
        return min((step.at_ms for step in self._plans.get(day, ()) if step.kind is StepKind.LOAD), default=None)

    def has_loaded_run(self, day: date, run: str) -> bool:
        """Whether everything of one run is in its van."""
        return self.loading(day, run).is_done

    def loading(self, day: date, run: str | None = None, but: int = 0) -> station_staff.Progress:
        """With what goes into the van of a run, all ``but`` so many containers; ``run`` None: into all of them."""
        plan = self._plans.get(day)
        loads = [step for step in plan or () if step.kind is StepKind.LOAD and run in (None, step.slot)]
        wanted = loads[: max(0, len(loads) - but)]
        left = sum(not self._memory.is_done(day, self.dock.id, step) for step in loads)
        return station_staff.Progress(wanted[-1].at_ms if wanted else None, plan is not None and left <= but)

    def holds(self, day: date, label: str) -> bool:
        """Whether a parcel of a day is still to be sorted or packed here, as far as anybody knows."""
        plan = self._plans.get(day)
        if plan is None:
            return day >= night.night_date(self._clock.now_ms())
        work = (step for step in plan if step.label == label and step.kind in (StepKind.SORT, StepKind.PACK))
        return any(not self._memory.is_done(day, self.dock.id, step) for step in work)

    def containers_for(self, day: date, station: str) -> int:
        """How many are planned for a station."""
        return self._counts[day][station] if day in self._counts else 0

    def next_step(self) -> Step | None:
        """What is to be done next, as far as it is planned; None: nothing."""
        day = night.night_date(self._clock.now_ms())
        return next((one for one in self._plans.get(day, ()) if not self._memory.is_done(day, self.dock.id, one)), None)

    def next_due_ms(self) -> int:
        """When there is something to be done again; now or earlier: at once."""
        day = night.night_date(self._clock.now_ms())
        if day not in self._plans:
            return to_ms(at(day, FREEZE_ROUTES))
        step = self.next_step()
        return to_ms(at(day + timedelta(days=1), FREEZE_ROUTES)) if step is None else step.at_ms

    async def _catch_up(self) -> None:
        day = night.night_date(self._clock.now_ms())
        for step in await self._steps(day):
            if step.at_ms > self._clock.now_ms():
                return
            if not self._memory.is_done(day, self.dock.id, step):
                await self._do(step, day)
                self._memory.done(day, self.dock.id, step)

    async def _steps(self, day: date) -> Sequence[Step]:
        """The night's plan; none before it is at the dock's page."""
        if day not in self._plans:
            loads = await self._office.loads(day)
            if loads is None or not await self._is_listed(day, len(loads)):
                return ()
            left, hours = await self._office.left_behind(day), [night.VANS_LOAD] if self._settings.vans else []
            whole = night.steps(self._settings.seed, day, loads, left, *hours)
            is_begun = any(self._memory.is_done(day, self.dock.id, step) for step in whole)
            plan = night.worth_doing(whole, day, self._clock.now_ms(), is_begun=is_begun)
            self._plans = {known: one for known, one in self._plans.items() if known >= day - timedelta(days=1)} | {day: plan}
            self._counts = {known: one for known, one in self._counts.items() if known in self._plans}
            self._counts[day] = Counter(load.site for load in loads)
            _log.info("night_planned", dock=self.dock.id, day=day.isoformat(), containers=len(loads), steps=len(plan))
        return self._plans[day]

    async def _is_listed(self, day: date, containers: int) -> bool:
        page = await self.hands.page.look("/api/dock", _DockPage)
        return sum(run.containers for run in page.runs if run.day == day.isoformat()) == containers

    async def _do(self, step: Step, day: date) -> None:
        async with self.hands.busy:
            self._is_late = self._clock.now_ms() - step.at_ms > _LATE_MS
            if step.kind in _MODES and not (self._is_late and self._mode == _MODES[step.kind]):
                await self.hands.switch_to(_MODES[step.kind])
            self._mode = _MODES.get(step.kind, "")
            match step.kind:
                case StepKind.PACK:
                    self._settle(step, await self._pack(step))
                case StepKind.SEAL:
                    await self._seal(step)
                case StepKind.TAKE_BACK:
                    await self._take_back(await self._office.came_back(day - timedelta(days=1)))
                case _:
                    self._settle(step, await self._scan(step.label))

    async def _scan(self, label: str) -> Act:
        """With the scanner; what is late is typed in at the page, several hands at once, as a warehouse catches up."""
        return await (self.hands.type_in(label) if self._is_late else self.hands.scan(label))

    async def _pack(self, step: Step) -> Act:
        act = await self._scan(step.label)
        if act.word not in _CONTAINER_IS_SHUT:
            return act
        await self._scan(step.slot)
        return await self._scan(step.label)

    async def _seal(self, step: Step) -> None:
        body = {"container": step.label, "short": step.problem is not None}
        act = await self.hands.page.tap("/api/seal", body)
        if act.word == "seal_lacks":  # somebody took something out
            self._note(step, act)
            act = await self.hands.page.tap("/api/seal", {**body, "short": True})
        self._settle(step, act)

    async def _take_back(self, containers: Collection[str]) -> None:
        for container in containers:
            act = await self.hands.scan(container)
            if act.word not in _AS_PLANNED[StepKind.TAKE_BACK]:
                _log.warning("not_as_planned", station=self.dock.id, step="take_back", label=container, page=act.word)

    def _settle(self, step: Step, act: Act) -> None:
        if act.kind == "failed" or act.word == "not_kept":
            raise NotBookedError(f"{step.label}: the page says {act.word} {act.detail}")
        if act.word not in _AS_PLANNED[step.kind] and act.kind != "repeated":
            self._note(step, act)

    def _note(self, step: Step, act: Act) -> None:
        _log.warning(
            "not_as_planned", station=self.dock.id, step=step.kind.value, label=step.label, page=act.word, detail=act.detail
        )  # fmt: skip
