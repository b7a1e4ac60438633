"""A Problem as PyVRP wants it, and PyVRP's routes as tours. What it cannot hold `PyvrpEngine` refuses before.

Places become locations, one for each stop, so that a driver who may not come, or has not been there, sees a longer way to it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyvrp

from cloud.routing.matrix import Table
from cloud.routing.plan import Call, CallKind, Tour
from cloud.routing.problem import Problem, Stop, Van

# Longer than any way a van drives in a day, and small enough that sums of it stay far from the end of 64 bits.
NO_WAY_M = 10_000_000
NO_WAY_S = 10_000_000


@dataclass(frozen=True, slots=True)
class PyvrpModel:
    """``clients[i]``: the stop of client i, one for each of its windows. ``vans[t]``: the vans of vehicle type t, alike to PyVRP.

    ``mfen``: what one unit of PyVRP's cost is worth.
    """

    data: pyvrp.ProblemData
    clients: tuple[str, ...]
    depots: tuple[str, ...]
    vans: tuple[tuple[str, ...], ...]
    mfen: int

    def tours(self, solution: pyvrp.Solution) -> list[Tour]:
        """Of a solution of ``data``."""
        used = [0] * len(self.vans)
        tours: list[Tour] = []
        for route in solution.routes():
            kind = route.vehicle_type()
            van_id = self.vans[kind][used[kind]]
            used[kind] += 1
            calls: list[Call] = []
            for activity in list(route)[1:-1]:
                if activity.is_depot():
                    calls.append(Call(CallKind.RELOAD, self.depots[activity.idx]))
                else:
                    calls.append(Call(CallKind.STOP, self.clients[activity.idx]))
            if any(call.kind is CallKind.STOP for call in calls):
                tours.append(Tour(van_id, _tidy(calls)))
        return tours

    def solution(self, tours: Sequence[Tour]) -> pyvrp.Solution:
        """Tours as a solution to begin with; stops and vans that are not there any more are passed over."""
        kind_of = {van_id: kind for kind, vans in enumerate(self.vans) for van_id in vans}
        client_of = {stop_id: index for index, stop_id in reversed(list(enumerate(self.clients)))}
        depot_of = {depot_id: index for index, depot_id in reversed(list(enumerate(self.depots)))}
        routes = []
        for tour in tours:
            kind = kind_of.get(tour.van_id)
            if kind is None:
                continue
            activities = []
            for call in tour.calls:
                if call.kind is CallKind.STOP and call.id in client_of:
                    activities.append(pyvrp.Activity(pyvrp.ActivityType.CLIENT, client_of[call.id]))
                elif call.kind is CallKind.RELOAD and call.id in depot_of:
                    activities.append(pyvrp.Activity(pyvrp.ActivityType.DEPOT, depot_of[call.id]))
            if activities:
                routes.append(pyvrp.Route(self.data, activities, kind))
        return pyvrp.Solution(self.data, routes)


def _tidy(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Without reloads that nothing follows or precedes."""
    kept: list[Call] = []
    for call in calls:
        if call.kind is CallKind.RELOAD and (not kept or kept[-1].kind is CallKind.RELOAD):
            continue
        kept.append(call)
    while kept and kept[-1].kind is CallKind.RELOAD:
        kept.pop()
    return tuple(kept)


def pyvrp_model(problem: Problem, *, is_all_required: bool) -> PyvrpModel:
    """``is_all_required``: a plan that leaves out a stop which is to be served is no plan; else it costs what the stop says."""
    mfen = _unit_mfen(problem)
    clients: list[pyvrp.Client] = []
    names: list[str] = []
    groups: list[pyvrp.ClientGroup] = []
    most = [van.max_stops for van in problem.vans]
    is_counted = any(one is not None for one in most)
    for index, stop in enumerate(problem.stops):
        group = None
        is_required = is_all_required and not stop.is_optional
        if len(stop.windows) > 1:
            group = len(groups)
            first = len(clients)
            groups.append(pyvrp.ClientGroup(list(range(first, first + len(stop.windows))), required=is_required))
        for window in stop.windows:
            names.append(stop.id)
            clients.append(
                pyvrp.Client(
                    index, [*stop.load.amounts, *([1] if is_counted else [])], service_duration=stop.service_s,
                    tw_early=window.from_s, tw_late=window.to_s, group=group, required=is_required and group is None,
                    prize=0 if is_required else max(1, stop.left_out_mfen // mfen),
                )
            )  # fmt: skip
    fleet = _Fleet(problem, mfen, is_counted=is_counted)
    profiles = list(fleet.profiles)
    locations = [pyvrp.Location(0, 0) for _ in range(len(problem.stops) + len(fleet.depots))]
    places = np.array([stop.place for stop in problem.stops] + fleet.places, dtype=np.int64)
    distance_m, duration_s = _tables(problem, places)
    data = pyvrp.ProblemData(
        locations, clients, fleet.depots, fleet.types,
        [_for_profile(problem, distance_m, profile) for profile in profiles],  # type: ignore[misc]  # its stubs say int, it wants int64
        [duration_s] * len(profiles),  # type: ignore[list-item]
        groups,
    )  # fmt: skip
    return PyvrpModel(data, tuple(names), tuple(fleet.names), tuple(tuple(vans) for vans in fleet.vans), mfen)


@dataclass(frozen=True, slots=True)
class _Profile:
    """How a kind of van sees the ways: what it may not serve, what its driver does not know, and what that is in metres."""

    forbidden: frozenset[str]
    unknown: frozenset[str]
    unknown_m: int


class _Fleet:
    """Depots, vehicle types and profiles, each kind of them once."""

    def __init__(self, problem: Problem, mfen: int, *, is_counted: bool) -> None:
        self.depots: list[pyvrp.Depot] = []
        self.names: list[str] = []
        self.places: list[int] = []
        self.types: list[pyvrp.VehicleType] = []
        self.vans: list[list[str]] = []
        self.profiles: dict[_Profile, int] = {}
        self._problem = problem
        self._at: dict[tuple[str, int], int] = {}
        alike: dict[tuple[object, ...], list[Van]] = {}
        for van in problem.vans:
            profile = _profile(problem, van)
            number = self.profiles.setdefault(profile, len(self.profiles))
            key: tuple[object, ...] = (
                van.type_id, van.start_place, van.end_place, van.depot_id, van.shift, van.max_duty_s, van.reload_depots,
                van.max_reloads, van.max_stops, number,
            )  # fmt: skip
            alike.setdefault(key, []).append(van)
        for key, vans in alike.items():
            self.types.append(self._type(vans, int(str(key[-1])), mfen, is_counted=is_counted))
            self.vans.append([van.id for van in vans])

    def _type(self, vans: Sequence[Van], profile: int, mfen: int, *, is_counted: bool) -> pyvrp.VehicleType:
        van = vans[0]
        kind = self._problem.van_type[van.type_id]
        room = [*self._problem.capacity(van).amounts]
        if is_counted:
            room.append(len(self._problem.stops) if van.max_stops is None else van.max_stops)
        return pyvrp.VehicleType(
            len(vans), room, start_depot=self._start(van), end_depot=self._plain("end", van.end_place),
            fixed_cost=kind.fixed_mfen // mfen, tw_early=van.shift.from_s, tw_late=van.shift.to_s,
            unit_distance_cost=kind.per_m_mfen // mfen, unit_duration_cost=kind.per_s_mfen // mfen, profile=profile,
            reload_depots=[self._loading(one) for one in van.reload_depots] if van.max_reloads else [],
            max_reloads=van.max_reloads, shift_duration=_ANY_S if van.max_duty_s is None else van.max_duty_s,
        )  # fmt: skip

    def _start(self, van: Van) -> int:
        return self._plain("start", van.start_place) if van.depot_id is None else self._loading(van.depot_id)

    def _loading(self, depot_id: str) -> int:
        depot = self._problem.depot[depot_id]
        made = pyvrp.Depot(
            self._location(), tw_early=depot.opened.from_s, tw_late=depot.opened.to_s, service_duration=depot.loading_s
        )
        return self._depot((f"loading/{depot_id}", depot.place), depot_id, depot.place, made)

    def _plain(self, what: str, place: int | None) -> int:
        """Somewhere to begin or to end, at any time; None: nowhere, no way from anywhere."""
        at = NOWHERE if place is None else place
        return self._depot((what, at), "", at, pyvrp.Depot(self._location()))

    def _location(self) -> int:
        return len(self._problem.stops) + len(self.depots)

    def _depot(self, key: tuple[str, int], name: str, place: int, made: pyvrp.Depot) -> int:
        if key not in self._at:
            self._at[key] = len(self.depots)
            self.depots.append(made)
            self.names.append(name)
            self.places.append(place)
        return self._at[key]


_ANY_S = 2**62  # any duty is shorter
# The place of who may end anywhere.
NOWHERE = -1


def _profile(problem: Problem, van: Van) -> _Profile:
    forbidden = frozenset(stop.id for stop in problem.stops if not stop.may_be_served_by(van.id))
    per_m = problem.van_type[van.type_id].per_m_mfen
    if not problem.unfamiliar_mfen or not per_m:
        return _Profile(forbidden, frozenset(), 0)
    unknown = frozenset(stop.id for stop in problem.stops if not van.knows(stop.id))
    return _Profile(forbidden, unknown, -(-problem.unfamiliar_mfen // per_m) if unknown else 0)


def _tables(problem: Problem, places: Table) -> tuple[Table, Table]:
    is_real = places != NOWHERE
    ix = np.ix_(np.where(is_real, places, 0), np.where(is_real, places, 0))
    holes = problem.matrix.holes()[ix]
    nowhere = ~is_real[:, None] | ~is_real[None, :]
    tables = []
    for table, none in ((problem.matrix.distance_m, NO_WAY_M), (problem.matrix.duration_s, NO_WAY_S)):
        made = np.where(holes, none, table[ix])
        made[nowhere] = 0
        np.fill_diagonal(made, 0)
        tables.append(made)
    return tables[0], tables[1]


def _for_profile(problem: Problem, distance_m: Table, profile: _Profile) -> Table:
    if not profile.forbidden and not profile.unknown:
        return distance_m
    extra = np.zeros(len(distance_m), dtype=np.int64)
    for index, stop in enumerate(problem.stops):
        extra[index] = NO_WAY_M if stop.id in profile.forbidden else profile.unknown_m if stop.id in profile.unknown else 0
    made: Table = distance_m + extra[None, :]
    np.fill_diagonal(made, 0)
    return made


def _unit_mfen(problem: Problem) -> int:
    """The largest amount of which every cost of driving is a whole multiple: small numbers suit PyVRP's penalties."""
    used = {van.type_id for van in problem.vans}
    amounts = [
        amount for kind in problem.van_types if kind.id in used for amount in (kind.fixed_mfen, kind.per_m_mfen, kind.per_s_mfen)
    ]
    return math.gcd(*amounts) or 1


def fits_fleet(problem: Problem, stops: Sequence[Stop]) -> bool:
    """False where the stops' loads together are more than all vans take at once: then something has to be left out, or reloaded."""
    for index in range(4):
        room = sum(problem.capacity(van).amounts[index] * (1 + van.max_reloads) for van in problem.vans)
        if sum(stop.load.amounts[index] for stop in stops) > room:
            return False
    return True
