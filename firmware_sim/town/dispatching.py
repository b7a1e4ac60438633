"""The town's dispatcher: has the day's routes planned by the cloud, commits them, and knows how the vans' runs stand. By REST."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import structlog

from edge.rules.places import metres
from firmware_sim.driving import Way, way_of
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import OPERATOR, WATCHED, Station, TownSettings
from firmware_sim.town.van import drive

# A van as the town's are: 80 slots in three zones.
_ROOM = {"ambient": 80, "chilled": 50, "frozen": 30}
_SHIFT = ("06:40", "15:00")  # twenty minutes are for loading: vans leave at seven
_DELIVERS = ("06:45", "15:00")
_ROADS_WITHIN_S = 60.0  # of real time; there may be no wheel for them
SEARCH_S = 4  # of real time: more finds a per cent, and nobody waits for it
_EARLY, _LATE = timedelta(minutes=12), timedelta(minutes=25)
# The station that the story follows opens when its van has been elsewhere: its neighbours have theirs before.
_LEAD_OPENS, _LEAD_UNTIL = "07:40", "08:30"
_BEFORE_LEAD, _BEFORE_LEAD_UNTIL = 3, "07:38"
_UNEVEN = 2  # stops that a van may have more than its share: all vans drive, and the search has room
OVER = ("completed", "aborted")  # of a run
_PLANS_PATH = f"/api/operators/{OPERATOR}/plans"
_SETTLED = ("signed", "signed_with_variance", "dropped", "skipped", "failed")

Ask = Callable[[str, str, object], Awaitable[object]]  # method, path, body

_log = structlog.get_logger()


class RunStop(msgspec.Struct, frozen=True):
    """A stop of a run as it stands."""

    stop: int
    site: str
    state: str
    planned_arrival: datetime | None = None

    @property
    def is_settled(self) -> bool:
        return self.state in _SETTLED


class Run(msgspec.Struct, frozen=True):
    """A run as it stands. ``name`` is what containers and docks call it."""

    id: int
    name: str
    vehicle: str | None
    state: str
    stops: list[RunStop]


class _Runs(msgspec.Struct, frozen=True):
    runs: list[Run]


class Crate(msgspec.Struct, frozen=True):
    """A container that changes vans. ``is_done``: it was scanned onto the one that takes it."""

    container: str
    site: str
    is_done: bool


class Meet(msgspec.Struct, frozen=True):
    """Where and when, in seconds of the day, goods of one run go to another. ``from_run`` "": from the dock."""

    from_run: str
    to_run: str
    lat: float
    lon: float
    at_s: int
    containers: list[Crate]

    @property
    def open(self) -> list[Crate]:
        """Those that have not changed vans yet."""
        return [one for one in self.containers if not one.is_done]


class _Meets(msgspec.Struct, frozen=True):
    transfers: list[Meet]


class _Plan(msgspec.Struct, frozen=True):
    id: int
    state: str
    base: int | None = None


class _Plans(msgspec.Struct, frozen=True):
    plans: list[_Plan]


class _Roads(msgspec.Struct, frozen=True):
    is_estimate: bool


class Dispatching:
    """``ask`` is the office's session. ``lead_of``: the station that the story follows on a day; "": none."""

    def __init__(self, settings: TownSettings, ask: Ask, lead_of: Callable[[date], str] = lambda _day: "") -> None:
        self._settings = settings
        self._ask = ask
        self._lead_of = lead_of
        self._began_s = time.monotonic()

    async def plan(self, day: date) -> bool:
        """One step towards a committed plan of the day's routes; True: there is one. RestError."""
        found = await self._plans(day)
        if any(one.state == "committed" for one in found):
            return True
        # What somebody asks for of the rest of a day is theirs to decide.
        newest = next((one for one in found if one.state != "discarded" and one.base is None), None)
        if newest is None or newest.state == "failed":
            if self._settings.waits and not await self._has_roads():
                return False
            await self._ask("POST", _PLANS_PATH, self._wanted(day))
            return False
        if newest.state in ("done", "stopped"):
            await self._ask("POST", f"/api/plans/{newest.id}/commit", {})
            _log.info("routes_committed", day=day.isoformat(), plan=newest.id)
            return True
        return False

    async def _has_roads(self) -> bool:
        """Roads are imported beside the first start: who plans before they are there plans by straight lines."""
        if time.monotonic() - self._began_s > _ROADS_WITHIN_S:
            return True
        return not msgspec.convert(await self._ask("GET", "/api/roads", None), _Roads).is_estimate

    async def runs(self, day: date) -> Sequence[Run]:
        """All of a day. RestError."""
        return msgspec.convert(await self._ask("GET", f"/api/runs?day={day.isoformat()}", None), _Runs).runs

    async def run(self, run: int) -> Run:
        """One, as it stands now: it may have been planned anew. RestError."""
        return msgspec.convert(await self._ask("GET", f"/api/runs/{run}", None), Run)

    async def meets(self, day: date) -> Sequence[Meet]:
        """Which goods change vans by what is committed now; none where nobody has planned the rest of the day anew. RestError."""
        rest = next((one for one in await self._plans(day) if one.state == "committed" and one.base is not None), None)
        if rest is None:
            return []
        return msgspec.convert(await self._ask("GET", f"/api/plans/{rest.id}/transfers", None), _Meets).transfers

    async def _plans(self, day: date) -> Sequence[_Plan]:
        """The newest first."""
        return msgspec.convert(await self._ask("GET", f"{_PLANS_PATH}?day={day.isoformat()}", None), _Plans).plans

    async def step(self, run: int, state: str) -> None:
        """Take a run to a state; nothing where it is there already. RestError."""
        try:
            await self._ask("POST", f"/api/runs/{run}/state", {"state": state})
        except RestError as error:
            if error.status != 409 or (await self.run(run)).state != state:
                raise

    async def way(self, begin: tuple[float, float], end: tuple[float, float], hour: int) -> Way:
        """By the roads of the town, or straight where there are none. RestError."""
        points = [{"lat": lat, "lon": lon} for lat, lon in (begin, end)]
        answer: Any = await self._ask("POST", "/api/roads/route", {"points": points, "hour": hour})
        return way_of(answer)

    def _wanted(self, day: date) -> dict[str, object]:
        settings = self._settings
        most = -(-len(settings.stations) // len(settings.vans)) + _UNEVEN
        like = {"shift_from": _SHIFT[0], "shift_to": _SHIFT[1], "max_stops": most, **_ROOM}
        return {
            "service_date": day.isoformat(),
            "vans": [{"id": van.place.name, "vehicle": van.id, **like} for van in settings.vans],
            "deliver_from": _DELIVERS[0], "deliver_until": _DELIVERS[1],
            "stations": self._windows(day),
            "loading_s": 1_200, "service_s": 180, "container_s": 24, "seconds": SEARCH_S,
        }  # fmt: skip

    def _windows(self, day: date) -> list[dict[str, str]]:
        """Stations that are watched closely are delivered to at the hour that is told of them; the story's after its neighbours."""
        watched: Sequence[Station] = self._settings.stations[:WATCHED]
        stops = drive(self._settings.seed, day, [(one.id, one.place) for one in watched], self._settings.chances)
        windows = {one.station: {"deliver_until": f"{(one.arrives_at + _LATE).astimezone(LOCAL):%H:%M}"} for one in stops}
        lead = next((one for one in watched if one.id == self._lead_of(day)), None)
        if lead is None:
            # The last of them not before its hour: a van that goes to all of them first would wait in the yard for the others'.
            windows[stops[-1].station]["deliver_from"] = f"{(stops[-1].arrives_at - _EARLY).astimezone(LOCAL):%H:%M}"
        else:
            others = [one for one in self._settings.stations if one is not lead]
            here = lead.place.lat, lead.place.lon
            near = sorted(others, key=lambda one: metres(*here, one.place.lat, one.place.lon))[:_BEFORE_LEAD]
            windows |= {one.id: {"deliver_until": _BEFORE_LEAD_UNTIL} for one in near}
            windows[lead.id] = {"deliver_from": _LEAD_OPENS, "deliver_until": _LEAD_UNTIL}
        return [{"site": site, **window} for site, window in windows.items()]
