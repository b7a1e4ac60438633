"""A day as it was asked for: depot, vans, stations with their loads; and the Problem it makes once the ways are known. Pure."""

from collections.abc import Sequence

import msgspec
import numpy as np

from cloud.routing.faults import ProblemFault
from cloud.routing.loads import Load
from cloud.routing.matrix import Coordinates, Matrix, is_on_earth
from cloud.routing.problem import Depot, Problem, Stop, Van, VanType, Window
from cloud.routing.situation import Situation

MFEN_PER_FEN = 1_000
_M_PER_KM, _S_PER_H = 1_000, 3_600


class ByZone(msgspec.Struct, frozen=True):
    """Containers: crates, cold boxes, freezer boxes."""

    ambient: int = 0
    chilled: int = 0
    frozen: int = 0

    @property
    def load(self) -> Load:
        return Load(self.ambient, self.chilled, self.frozen)


def by_zone(load: Load) -> ByZone:
    return ByZone(load.ambient_slots, load.chilled_slots, load.frozen_slots)


class Place(msgspec.Struct, frozen=True):
    """A site. Without coordinates nobody can be sent there."""

    site: str
    name: str
    lat: float | None = None
    lon: float | None = None

    @property
    def coordinates(self) -> Coordinates | None:
        return None if self.lat is None or self.lon is None else Coordinates(self.lat, self.lon)


class VanAsked(msgspec.Struct, frozen=True):
    """``vehicle``: the site it is, "" where none is named yet. Seconds since midnight there."""

    id: str
    vehicle: str
    room: ByZone
    from_s: int
    to_s: int
    max_stops: int | None = None
    max_reloads: int = 0
    fixed_fen: int = 0
    per_km_fen: int = 120
    per_h_fen: int = 3_600


class StationDue(msgspec.Struct, frozen=True):
    """A station that something is to be brought to."""

    place: Place
    load: ByZone
    from_s: int
    to_s: int
    priority: int = 0


class Day(msgspec.Struct, frozen=True):
    """``seconds``: how long to search. ``service_s``: at each station, and ``container_s`` more for each container.

    ``situation`` None: planned before it begins; else what is left of it is (`replanning`).
    """

    depot: Place
    vans: tuple[VanAsked, ...]
    stations: tuple[StationDue, ...]
    loading_s: int = 1_200
    service_s: int = 240
    container_s: int = 20
    seconds: float = 30.0
    situation: Situation | None = None

    @property
    def placed(self) -> tuple[StationDue, ...]:
        """Where a van could be sent at all, in the order of the matrix, after the depot."""
        return tuple(one for one in self.stations if _place_fault(one) is None)

    @property
    def places(self) -> list[Coordinates]:
        """What the matrix is asked for: the depot, stations, and in the day where vans are and goods lie. ValueError where the
        depot has no coordinates.
        """
        found = [one.coordinates for one in (self.depot, *(one.place for one in self.placed))]
        if found[0] is None:
            raise ValueError(f"depot {self.depot.site}: has no coordinates")
        now = self.situation
        known = [one for one in found if one is not None]
        if now is None:
            return known
        known += [Coordinates(one.lat, one.lon) for one in now.vans]
        return [*known, *(Coordinates(one.lat, one.lon) for one in now.lying)]

    def misplaced(self) -> dict[str, ProblemFault]:
        """Stations nobody can be sent to, by id."""
        return {one.place.site: fault for one in self.stations if (fault := _place_fault(one)) is not None}

    def require_sound(self) -> None:
        """ProblemError with what no plan could do with, before any way is known."""
        nowhere = np.broadcast_to(np.int64(0), (len(self.placed) + 1,) * 2)
        problem_of(self, Matrix(nowhere, nowhere, is_estimate=True, source=""))


def problem_of(day: Day, matrix: Matrix) -> Problem:
    """The day with its ways, which are in the order of `Day.places`. ProblemError."""
    depot = day.depot.site
    return Problem(
        depots=(Depot(depot, 0, Window(0, max((van.to_s for van in day.vans), default=0)), day.loading_s),),
        van_types=tuple({van.id: _type(van) for van in day.vans}.values()),
        vans=tuple(_van(van, depot) for van in day.vans),
        stops=_stops(day),
        matrix=matrix,
    )


def _stops(day: Day) -> tuple[Stop, ...]:
    return tuple(
        Stop(
            one.place.site, number, one.load.load, (Window(one.from_s, one.to_s),),
            day.service_s + day.container_s * one.load.load.containers, one.priority,
        )
        for number, one in enumerate(day.placed, 1)
    )  # fmt: skip


def _type(van: VanAsked) -> VanType:
    """One for each van: people say what a van takes, not of which type it is."""
    return VanType(
        van.id, van.room.load, van.fixed_fen * MFEN_PER_FEN, van.per_km_fen * MFEN_PER_FEN // _M_PER_KM,
        van.per_h_fen * MFEN_PER_FEN // _S_PER_H,
    )  # fmt: skip


def _van(van: VanAsked, depot: str) -> Van:
    return Van(
        van.id, van.id, 0, 0, Window(van.from_s, van.to_s), depot_id=depot, max_stops=van.max_stops,
        reload_depots=(depot,) if van.max_reloads else (), max_reloads=van.max_reloads,
    )  # fmt: skip


def _place_fault(one: StationDue) -> ProblemFault | None:
    where = f"stops[{one.place.site}].place"
    at = one.place.coordinates
    if at is None:
        return ProblemFault(where, "no_coordinates")
    if not is_on_earth(at):
        return ProblemFault(where, "off_the_map", {"lat": f"{at.lat:g}", "lon": f"{at.lon:g}"})
    return None


def due_at(stations: Sequence[StationDue]) -> dict[str, StationDue]:
    """By id."""
    return {one.place.site: one for one in stations}
