"""What is to be planned, as one frozen object that checks itself. Engines read it, nobody changes it.

Units: metres, seconds, grams, slots, all whole. Times are seconds since the problem's own midnight. Money is in thousandths of a
fen (mfen), so that ¥1.20 a kilometre is the whole number 120 a metre, and ¥36 an hour is 1,000 a second.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from cloud.routing.faults import Param, ProblemError, ProblemFault
from cloud.routing.loads import NOTHING, Load
from cloud.routing.matrix import Matrix

DAY_S = 24 * 3600
MFEN_PER_YUAN = 100_000
# Leaving out a stop that is to be served costs more than any way to it: a thousand yuan for each step of priority.
MUST_SERVE_MFEN = 1_000 * MFEN_PER_YUAN


@dataclass(frozen=True, slots=True)
class Window:
    """Both ends count."""

    from_s: int
    to_s: int


ALL_DAY = Window(0, DAY_S)


@dataclass(frozen=True, slots=True)
class Depot:
    """Where vans load. ``loading_s``: how long a van stands there before it leaves, each time."""

    id: str
    place: int
    opened: Window = ALL_DAY
    loading_s: int = 0


@dataclass(frozen=True, slots=True)
class Break:
    """``earliest_s`` and ``latest_s``: when it may begin. On the road or standing, never while unloading."""

    earliest_s: int
    latest_s: int
    duration_s: int


@dataclass(frozen=True, slots=True)
class VanType:
    """What a van takes and costs. ``fixed_mfen`` is due once it leaves at all."""

    id: str
    capacity: Load
    fixed_mfen: int = 0
    per_m_mfen: int = 120
    per_s_mfen: int = 1_000


@dataclass(frozen=True, slots=True)
class Van:
    """One van with its driver.

    ``depot_id``: where it loads before it leaves; None: it is under way, with its goods, at ``start_place``. ``end_place`` None: it
    may end anywhere. ``first_stops`` come before all else, in this order. ``known_stops``: what the driver has been to; None:
    every one. ``reload_depots``: where it may load again, ``max_reloads`` times.
    """

    id: str
    type_id: str
    start_place: int
    end_place: int | None
    shift: Window = ALL_DAY
    depot_id: str | None = None
    max_duty_s: int | None = None
    breaks: tuple[Break, ...] = ()
    max_stops: int | None = None
    reload_depots: tuple[str, ...] = ()
    max_reloads: int = 0
    first_stops: tuple[str, ...] = ()
    known_stops: frozenset[str] | None = None

    def knows(self, stop_id: str) -> bool:
        return self.known_stops is None or stop_id in self.known_stops


@dataclass(frozen=True, slots=True)
class Stop:
    """A station to be brought ``load``, unloaded in ``service_s`` within one of ``windows`` (they say when unloading begins).

    ``priority``: 0 to 9; of what does not fit, the highest is served. ``prize_mfen`` None: to be served wherever that is possible;
    else what coming is worth, and not coming is no fault. ``allowed_vans`` None: any. ``collect_place``: the goods lie there, not
    at a depot, and are fetched in ``collect_s`` by the van that brings them.
    """

    id: str
    place: int
    load: Load = NOTHING
    windows: tuple[Window, ...] = (ALL_DAY,)
    service_s: int = 0
    priority: int = 0
    prize_mfen: int | None = None
    allowed_vans: frozenset[str] | None = None
    collect_place: int | None = None
    collect_s: int = 0

    @property
    def is_optional(self) -> bool:
        return self.prize_mfen is not None

    @property
    def left_out_mfen(self) -> int:
        """What it costs not to come."""
        return MUST_SERVE_MFEN * (1 + self.priority) if self.prize_mfen is None else self.prize_mfen

    def may_be_served_by(self, van_id: str) -> bool:
        return self.allowed_vans is None or van_id in self.allowed_vans


@dataclass(frozen=True, eq=False)
class Problem:
    """One day of one fleet. ProblemError with every fault that no plan could do with.

    ``unfamiliar_mfen``: what it costs that a driver comes to a stop he has not been to.
    """

    depots: tuple[Depot, ...]
    van_types: tuple[VanType, ...]
    vans: tuple[Van, ...]
    stops: tuple[Stop, ...]
    matrix: Matrix
    unfamiliar_mfen: int = 0

    def __post_init__(self) -> None:
        faults = [*_structure(self)]
        if faults:
            raise ProblemError(faults)

    @cached_property
    def depot(self) -> dict[str, Depot]:
        return {one.id: one for one in self.depots}

    @cached_property
    def van_type(self) -> dict[str, VanType]:
        return {one.id: one for one in self.van_types}

    @cached_property
    def van(self) -> dict[str, Van]:
        return {one.id: one for one in self.vans}

    @cached_property
    def stop(self) -> dict[str, Stop]:
        return {one.id: one for one in self.stops}

    def capacity(self, van: Van) -> Load:
        return self.van_type[van.type_id].capacity

    def vans_for(self, stop: Stop) -> list[Van]:
        """Which may serve it, by its locks."""
        return [van for van in self.vans if stop.may_be_served_by(van.id)]

    def part(self, vans: Iterable[Van], stops: Iterable[Stop]) -> "Problem":
        """Some of the vans and stops. A stop whose vans are elsewhere may be served by none of these."""
        kept = tuple(vans)
        ids = frozenset(van.id for van in kept)
        mine = [replace(stop, allowed_vans=stop.allowed_vans & ids) if stop.allowed_vans is not None else stop for stop in stops]
        there = {stop.id for stop in mine}
        return Problem(
            self.depots, self.van_types, tuple(_without(van, there) for van in kept), tuple(mine), self.matrix, self.unfamiliar_mfen
        )

    def with_stops(self, stops: Iterable[Stop]) -> "Problem":
        """The same day with other stops. What vans say of stops that are gone goes too."""
        kept = tuple(stops)
        ids = {one.id for one in kept}
        vans = tuple(_without(van, ids) for van in self.vans)
        return Problem(self.depots, self.van_types, vans, kept, self.matrix, self.unfamiliar_mfen)


def _without(van: Van, ids: set[str]) -> Van:
    if all(one in ids for one in van.first_stops):
        return van
    return replace(van, first_stops=tuple(one for one in van.first_stops if one in ids))


def _structure(problem: Problem) -> Iterator[ProblemFault]:
    yield from _ids(problem)
    yield from _places(problem)
    if not problem.vans:
        yield ProblemFault("vans", "no_vans")
    for van in problem.vans:
        yield from _van(problem, van)
    for stop in problem.stops:
        yield from _stop(problem, stop)
    for depot in problem.depots:
        yield from _window(f"depots[{depot.id}].opened", depot.opened)
        yield from _numbers(f"depots[{depot.id}]", loading_s=depot.loading_s)
    for kind in problem.van_types:
        yield from _numbers(
            f"van_types[{kind.id}]", fixed_mfen=kind.fixed_mfen, per_m_mfen=kind.per_m_mfen, per_s_mfen=kind.per_s_mfen
        )
    heads: set[str] = set()
    for van in problem.vans:
        for stop_id in van.first_stops:
            if stop_id in heads:
                yield ProblemFault(f"vans[{van.id}].first_stops", "twice_first", {"id": stop_id})
            heads.add(stop_id)


def _ids(problem: Problem) -> Iterator[ProblemFault]:
    for name, ids in (
        ("depots", [one.id for one in problem.depots]),
        ("van_types", [one.id for one in problem.van_types]),
        ("vans", [one.id for one in problem.vans]),
        ("stops", [one.id for one in problem.stops]),
    ):
        seen: set[str] = set()
        for one in ids:
            if one in seen:
                yield ProblemFault(f"{name}[{one}].id", "id_twice", {"id": one})
            seen.add(one)


def _places(problem: Problem) -> Iterator[ProblemFault]:
    named: list[tuple[str, int | None]] = [(f"depots[{one.id}].place", one.place) for one in problem.depots]
    named += [(f"vans[{one.id}].start_place", one.start_place) for one in problem.vans]
    named += [(f"vans[{one.id}].end_place", one.end_place) for one in problem.vans]
    named += [(f"stops[{one.id}].place", one.place) for one in problem.stops]
    named += [(f"stops[{one.id}].collect_place", one.collect_place) for one in problem.stops]
    for where, place in named:
        if place is not None and not 0 <= place < problem.matrix.places:
            yield ProblemFault(where, "no_place", {"place": place, "places": problem.matrix.places})


def _van(problem: Problem, van: Van) -> Iterator[ProblemFault]:
    where = f"vans[{van.id}]"
    if van.type_id not in problem.van_type:
        yield ProblemFault(f"{where}.type_id", "unknown_id", {"id": van.type_id})
    named = [("depot_id", van.depot_id)] if van.depot_id is not None else []
    for name, depot in [*named, *(("reload_depots", one) for one in van.reload_depots)]:
        if depot not in problem.depot:
            yield ProblemFault(f"{where}.{name}", "unknown_id", {"id": str(depot)})
    yield from _window(f"{where}.shift", van.shift)
    yield from _numbers(where, max_duty_s=van.max_duty_s or 0, max_stops=van.max_stops or 0, max_reloads=van.max_reloads)
    for index, one in enumerate(van.breaks):
        yield from _numbers(f"{where}.breaks[{index}]", duration_s=one.duration_s)
        if one.earliest_s > one.latest_s:
            params: dict[str, Param] = {"from_s": one.earliest_s, "to_s": one.latest_s}
            yield ProblemFault(f"{where}.breaks[{index}]", "window_reversed", params)
        elif one.latest_s < van.shift.from_s or one.earliest_s + one.duration_s > van.shift.to_s:
            yield ProblemFault(f"{where}.breaks[{index}]", "break_outside")
    for stop_id in van.first_stops:
        if stop_id not in problem.stop:
            yield ProblemFault(f"{where}.first_stops", "unknown_id", {"id": stop_id})
        elif not problem.stop[stop_id].may_be_served_by(van.id):
            yield ProblemFault(f"{where}.first_stops", "first_not_allowed", {"id": stop_id})


def _stop(problem: Problem, stop: Stop) -> Iterator[ProblemFault]:
    where = f"stops[{stop.id}]"
    if not stop.windows:
        yield ProblemFault(f"{where}.windows", "no_window")
    for index, window in enumerate(stop.windows):
        yield from _window(f"{where}.windows[{index}]", window)
    yield from _numbers(
        where, service_s=stop.service_s, priority=stop.priority, prize_mfen=stop.prize_mfen or 0, collect_s=stop.collect_s
    )
    for van_id in sorted(stop.allowed_vans or ()):
        if van_id not in problem.van:
            yield ProblemFault(f"{where}.allowed_vans", "unknown_id", {"id": van_id})


def _window(where: str, window: Window) -> Iterator[ProblemFault]:
    if window.from_s > window.to_s:
        yield ProblemFault(where, "window_reversed", {"from_s": window.from_s, "to_s": window.to_s})


def _numbers(where: str, **values: int) -> Iterator[ProblemFault]:
    for name, value in values.items():
        if value < 0:
            yield ProblemFault(f"{where}.{name}", "negative", {"value": value})
