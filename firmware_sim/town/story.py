"""Plays the storyboard, scene after scene, by the town's clock: cuts and mends a line, sends a resident, opens a door.

What a scene waits for is what was really done: the steps that staff remember. Leaves the table to storyboard.
"""

import asyncio
import time as time_of
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal, assert_never

import structlog

from edge.wire.clock import Clock, to_ms
from firmware_sim.cold_room import FREEZER_1
from firmware_sim.terminal import UnpluggedError
from firmware_sim.town.carriage import Carriage
from firmware_sim.town.casting import leads
from firmware_sim.town.control import SceneSeen
from firmware_sim.town.hands import NotBookedError
from firmware_sim.town.house import House, Tools
from firmware_sim.town.plan import PlannedOrder, at, service_date
from firmware_sim.town.rest import RestError
from firmware_sim.town.staff import Progress, Staff
from firmware_sim.town.steps import StepKind
from firmware_sim.town.storyboard import Act, Mark, Scene, story

TICK_S = 0.2  # of real time
AGAIN_S = 2.0  # after something did not work
_SILENT_WITHIN_S = 90.0  # of real time: what a broker says of a line that is cut comes after half a minute, or never
_STOPS_BEFORE = 2  # so that after the first there is still another
_BEST_TIME = time(7, 45)  # of the van at the station: whoever watches has not got all day, and it has been elsewhere before
_KEY = "story"
_OVER: tuple[Literal["done"], Literal["missed"]] = ("done", "missed")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is followed on a day, and where."""

    day: date
    house: House
    order: PlannedOrder


@dataclass(slots=True)
class Story:
    """``run`` until cancelled."""

    tools: Tools
    houses: Mapping[str, House]
    clock: Clock
    carriage: Carriage
    staff: Mapping[str, Staff]  # of all stations
    waits_for: str = ""
    _casts: dict[tuple[date, bool], Cast | None] = field(default_factory=dict)
    _done_ms: dict[tuple[date, str], int] = field(default_factory=dict)
    _waited_since_s: dict[tuple[date, str], float] = field(default_factory=dict)

    async def run(self) -> None:
        """One scene after the other; what does not work is tried again."""
        while True:
            try:
                await self.play()
                self.waits_for = ""
                await asyncio.sleep(TICK_S)
            except (RestError, NotBookedError, UnpluggedError, TimeoutError) as error:
                if str(error) != self.waits_for:
                    _log.info("story_waits", reason=str(error))
                self.waits_for = str(error)
                await asyncio.sleep(AGAIN_S)

    async def play(self) -> None:
        """The next scene, if it is due."""
        cast = self.cast()
        scene = None if cast is None else self._next(cast.day)
        if cast is None or scene is None:
            return
        now_ms = self.clock.now_ms()
        if self._is_missed(cast, scene, now_ms):
            self._remember(cast.day, scene, "missed")
            return
        due_ms = self._due_ms(cast, scene)
        if due_ms is None or now_ms < due_ms:
            return
        await self._act(cast, scene.act)
        self._done_ms[cast.day, scene.name] = self.clock.now_ms()
        self._remember(cast.day, scene, "done")
        _log.info("scene", name=scene.name, station=cast.house.station.id, order=cast.order.external_id)

    @property
    def _scenes(self) -> Sequence[Scene]:
        return story(has_vans=self.carriage.has_vans)

    def cast(self) -> Cast | None:
        """Of the service date; None: nobody is worth following. It may be another once it is known when the vans come."""
        day = service_date(self.clock.now_ms())
        is_known = all(self.tools.round.is_known(day, station) for station in self.houses)
        if (day, is_known) not in self._casts:
            for (known_day, _), cast in self._casts.items():  # a story that the night has overtaken leaves nothing broken behind
                if cast is not None and known_day != day and self._next(known_day) is not None:
                    cast.house.line.mend()
                    cast.house.room.set_door(FREEZER_1, is_open=False)
            self._casts = {(day, is_known): self._choose(day)}
        return self._casts[day, is_known]

    def scenes(self) -> list[SceneSeen]:
        """The rows as they stand."""
        cast = self.cast()
        if cast is None:
            return []
        seen = []
        memory = self.tools.memory
        for scene in self._scenes:
            key = f"{_KEY}-{scene.name}"
            state: Literal["ahead", "done", "missed"] = "ahead"
            for one in _OVER:
                if memory.has_batch(f"{key}-{one}", cast.day):
                    state = one
            at_ms = self._done_ms.get((cast.day, scene.name)) or (self._expected_ms(cast, scene) if state == "ahead" else 0)
            seen.append(SceneSeen(scene.name, state, at_ms))
        return seen

    def _choose(self, day: date) -> Cast | None:
        """Where most can be seen: something lies in the freezer, the van stops elsewhere first, and comes in the morning."""
        best_ms = to_ms(at(day, _BEST_TIME))
        found: list[tuple[tuple[bool, bool, int], Cast]] = []
        for lead in leads(self.tools.settings, self.tools.office.day, day):
            station, house = lead.station.id, self.houses[lead.station.id]
            stop = house.staff.stop(day)
            if not stop.is_dropped:
                comes_first = self.carriage.has_vans and len(self.carriage.before(day, station)) < _STOPS_BEFORE
                rank = (not lead.is_cold, comes_first, abs(to_ms(stop.arrives_at) - best_ms))
                found.append((rank, Cast(day, house, lead.order)))
        return min(found, key=lambda one: one[0], default=(None, None))[1]

    def _next(self, day: date) -> Scene | None:
        for scene in self._scenes:
            if not self._is_over(day, scene):
                return scene
        return None

    def _is_over(self, day: date, scene: Scene) -> bool:
        return any(self.tools.memory.has_batch(f"{_KEY}-{scene.name}-{state}", day) for state in _OVER)

    def _remember(self, day: date, scene: Scene, state: str) -> None:
        self.tools.memory.batch(f"{_KEY}-{scene.name}-{state}", day)

    def _is_missed(self, cast: Cast, scene: Scene, now_ms: int) -> bool:
        """A line that is cut when the goods are counted already shows nothing, and mends nothing."""
        memory = self.tools.memory
        if scene.mark is Mark.FIRST_STOP:
            stops = self.carriage.before(cast.day, cast.house.station.id)
            return not stops or self._moment(cast, Mark.SIGNED, now_ms) is not None
        if scene.act is Act.CUT:
            return self._moment(cast, Mark.COUNTED, now_ms) is not None
        if scene.act is Act.SEE_SILENT and self._waited_s(cast.day, scene) > _SILENT_WITHIN_S:
            return True
        if scene.act in (Act.SEE_SILENT, Act.MEND):
            return memory.has_batch(f"{_KEY}-cut-missed", cast.day)
        return scene.act is Act.ASK_AGAIN and memory.has_batch(f"{_KEY}-collect-missed", cast.day)

    def _waited_s(self, day: date, scene: Scene) -> float:
        """Real time, since it was first looked at and is due."""
        now_s = time_of.monotonic()
        return now_s - self._waited_since_s.setdefault((day, scene.name), now_s)

    def _due_ms(self, cast: Cast, scene: Scene) -> int | None:
        before = self._scenes[max(0, self._scenes.index(scene) - 1)]
        if scene.mark is Mark.BEFORE:
            moment = self._done_ms.get((cast.day, before.name))
            if moment is None and self._is_over(cast.day, before):
                moment = self._done_ms[cast.day, before.name] = self.clock.now_ms()  # before the town's last start
        else:
            key = (cast.day, scene.mark.value)
            moment = self._done_ms.get(key) or self._moment(cast, scene.mark, self.clock.now_ms())
            if moment is not None and scene.mark is not Mark.ARRIVES:  # a plan may change, what came to pass does not
                self._done_ms[key] = moment
        return None if moment is None else moment + int(scene.after.total_seconds() * 1000)

    def _moment(self, cast: Cast, mark: Mark, now_ms: int) -> int | None:
        """When it came to pass, as far as anybody has seen; None: not yet."""
        if mark is Mark.ARRIVES:
            return to_ms(cast.house.staff.stop(cast.day).arrives_at)
        progress = self._progress(cast, mark)
        return now_ms if progress is not None and progress.is_done else None

    def _expected_ms(self, cast: Cast, scene: Scene) -> int:
        """When it should be due; 0: nobody can tell yet."""
        due_ms = self._due_ms(cast, scene)
        if due_ms is None and (progress := self._progress(cast, scene.mark)) is not None and progress.due_ms is not None:
            due_ms = progress.due_ms + int(scene.after.total_seconds() * 1000)
        return due_ms or 0

    def _progress(self, cast: Cast, mark: Mark) -> Progress | None:
        staff, day, station = cast.house.staff, cast.day, cast.house.station.id
        match mark:
            case Mark.ALL_BUT_ONE:
                return self.carriage.loaded(day, station, 1)
            case Mark.LOADED:
                return self.carriage.loaded(day, station)
            case Mark.LEFT:
                return self.carriage.left(day, station)
            case Mark.FIRST_STOP:
                return self._first_stop(day, station)
            case Mark.SIGNED:
                return staff.progress(day, StepKind.SIGN, is_first=True)
            case Mark.COUNTED:
                return staff.progress(day, StepKind.FINISH)
            case Mark.READY:
                return staff.progress(day, StepKind.SHELVE, of=cast.order.external_id)
            case Mark.ARRIVES | Mark.BEFORE:
                return None

    def _first_stop(self, day: date, station: str) -> Progress | None:
        """Signed for, or left at a closed door."""
        first = next(iter(self.carriage.before(day, station)), None)
        if first is None:
            return None
        staff = self.staff[first]
        signed, has_come = staff.progress(day, StepKind.SIGN, is_first=True), self.tools.round.has_come(day, first)
        return Progress(signed.due_ms, has_come and (signed.is_done or staff.stop(day).is_dropped))

    async def _see_silent(self, house: House) -> None:
        if await self.tools.office.is_heard(house.station):
            raise NotBookedError(f"{house.station.id}: the cloud has not noticed yet that it is cut off")

    async def _act(self, cast: Cast, act: Act) -> None:
        if act is Act.LOOK:
            return
        house = cast.house
        match act:
            case Act.SEE_SILENT:
                await self._see_silent(house)
            case Act.SEE_SENT:
                await house.staff.see_sent()
            case Act.CUT:
                house.line.cut()
            case Act.MEND:
                house.line.mend()
            case Act.HAND_OUT:
                await house.staff.hand_out(cast.order, cast.day)
            case Act.ASK_AGAIN:
                await house.staff.ask_again(cast.order)
            case Act.OPEN_DOOR:
                house.room.set_door(FREEZER_1, is_open=True)
            case Act.CLOSE_DOOR:
                house.room.set_door(FREEZER_1, is_open=False)
            case _:
                assert_never(act)
