"""A plan as it is kept and shown: routes with their stops and loads, who gets nothing and why, what it comes to. Pure."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from cloud.routing.day import MFEN_PER_FEN, ByZone, Day, by_zone, due_at
from cloud.routing.faults import ProblemFault
from cloud.routing.loads import total
from cloud.routing.measures import RouteMeasures, measures
from cloud.routing.moves import Move
from cloud.routing.plan import Plan, Route, StepKind, Unassigned
from cloud.routing.planning import Solved
from cloud.routing.problem import Problem
from cloud.routing.sifting import reason_of
from cloud.routing.wording import said


class StopSaid(msgspec.Struct, frozen=True):
    """``trip``: 1 until the van has loaded again. Unloading begins at ``arrival_s``; seconds since midnight."""

    site: str
    name: str
    trip: int
    arrival_s: int
    departure_s: int
    load: ByZone


class MeetSaid(msgspec.Struct, frozen=True):
    """Goods fetched where they lie: of a van that stands there (``van``), or at the depot (""). Seconds since midnight."""

    van: str
    lat: float
    lon: float
    arrival_s: int
    departure_s: int
    sites: tuple[str, ...]
    load: ByZone


class MoveSaid(msgspec.Struct, frozen=True):
    """``kind``: van, taken_on, left_out, turn. ``before``, ``after``: the van; "" where none comes."""

    site: str
    name: str
    kind: str
    before: str
    after: str
    said_en: str
    said_zh: str


class RouteSaid(msgspec.Struct, frozen=True):
    """``fullest``: the most of each zone that is aboard at once. ``late_if_slower``: stations late when ways take 20 % longer.

    ``start_s``: when it begins to be loaded, if that is before it; ``leaves_s``: when it sets out; None: nobody kept it.
    """

    van: str
    vehicle: str
    start_s: int
    end_s: int
    stops: tuple[StopSaid, ...]
    load: ByZone
    fullest: ByZone
    room: ByZone
    cost_fen: int
    distance_m: int
    driving_s: int
    duty_s: int
    waiting_s: int
    late_if_slower: tuple[str, ...]
    meets: tuple[MeetSaid, ...] = ()
    leaves_s: int | None = None

    @property
    def sets_out_s(self) -> int:
        return self.start_s if self.leaves_s is None else self.leaves_s


class UnassignedSaid(msgspec.Struct, frozen=True):
    """``field`` and the remedies: of a fault of the station itself, "" where the day is just too full."""

    site: str
    name: str
    load: ByZone
    code: str
    reason_en: str
    reason_zh: str
    field: str = ""
    remedy_en: str = ""
    remedy_zh: str = ""


class PlanSaid(msgspec.Struct, frozen=True):
    """``cost_fen``: of the vans that drive, not of who is left out. ``late``: stations reached after
    their window, of which the checker lets none through.
    """

    routes: tuple[RouteSaid, ...]
    unassigned: tuple[UnassignedSaid, ...]
    cost_fen: int
    distance_m: int
    driving_s: int
    duty_s: int
    late: int
    late_if_slower: int
    is_estimate: bool
    engine: str
    ways: str
    moves: tuple[MoveSaid, ...] = ()


def answer(day: Day, problem: Problem, solved: Solved, moves: Sequence[Move] = ()) -> PlanSaid:
    """``problem``: what was solved, which leaves out who has no place. ``moves``: against what was committed."""
    planned = measures(problem, Plan(solved.plan.routes, (), solved.plan.is_estimate))
    of_van = {one.van_id: one for one in planned.routes}
    routes = tuple(_route(day, problem, route, of_van[route.van_id]) for route in solved.plan.routes)
    return PlanSaid(
        routes=routes,
        unassigned=_unassigned(day, solved),
        cost_fen=planned.road_cost_mfen // MFEN_PER_FEN,
        distance_m=planned.distance_m,
        driving_s=planned.driving_s,
        duty_s=planned.duty_s,
        late=sum(_is_late(problem, stop) for route in routes for stop in route.stops),
        late_if_slower=planned.late_if_slower,
        is_estimate=solved.plan.is_estimate,
        engine=solved.plan.engine,
        ways=problem.matrix.source,
        moves=tuple(_move(day, move) for move in moves),
    )


def _move(day: Day, move: Move) -> MoveSaid:
    name = due_at(day.stations)[move.stop_id].place.name
    words = move.said(name)
    return MoveSaid(move.stop_id, name, move.kind, move.before, move.after, words.en, words.zh)


def _meets(day: Day, problem: Problem, route: Route) -> tuple[MeetSaid, ...]:
    """What is fetched in one place at one time is one meeting."""
    lying = {} if day.situation is None else day.situation.is_lying
    found: list[MeetSaid] = []
    place: int | None = None
    for step in route.steps:
        if step.kind is not StepKind.COLLECT:
            place = None
            continue
        goods, load = lying[step.id], problem.stop[step.id].load
        if step.place == place:
            last = found.pop()
            sites, loads = (*last.sites, step.id), total([last.load.load, load])
            found.append(replace(last, departure_s=step.end_s, sites=sites, load=by_zone(loads)))
        else:
            found.append(MeetSaid(goods.van, goods.lat, goods.lon, step.start_s, step.end_s, (step.id,), by_zone(load)))
        place = step.place
    return tuple(found)


def _is_late(problem: Problem, stop: StopSaid) -> bool:
    return stop.arrival_s > max(window.to_s for window in problem.stop[stop.site].windows)


def _route(day: Day, problem: Problem, route: Route, measured: RouteMeasures) -> RouteSaid:
    due, vehicles = due_at(day.stations), {van.id: van.vehicle for van in day.vans}
    stops: list[StopSaid] = []
    trip = 1
    for step in route.steps:
        if step.kind is StepKind.RELOAD:
            trip += 1
        if step.kind is StepKind.STOP:
            place = due[step.id].place
            stops.append(StopSaid(place.site, place.name, trip, step.start_s, step.end_s, due[step.id].load))
    return RouteSaid(
        van=route.van_id, vehicle=vehicles[route.van_id], start_s=route.start_s, end_s=route.end_s, stops=tuple(stops),
        load=by_zone(total([problem.stop[stop.site].load for stop in stops])), fullest=by_zone(measured.fullest),
        room=by_zone(measured.capacity), cost_fen=measured.cost_mfen // MFEN_PER_FEN, distance_m=measured.distance_m,
        driving_s=measured.driving_s, duty_s=measured.duty_s, waiting_s=measured.waiting_s,
        late_if_slower=measured.late_if_slower, meets=_meets(day, problem, route), leaves_s=route.steps[0].end_s,
    )  # fmt: skip


def _unassigned(day: Day, solved: Solved) -> tuple[UnassignedSaid, ...]:
    due, misplaced = due_at(day.stations), day.misplaced()
    faults: dict[str, ProblemFault] = {_site_of(fault): fault for fault in solved.faults} | misplaced
    left = [*solved.plan.unassigned, *(Unassigned(site, reason_of(fault)) for site, fault in misplaced.items())]
    found: list[UnassignedSaid] = []
    for one in left:
        words, fault, station = said(one.reason), faults.get(one.stop_id), due[one.stop_id]
        found.append(
            UnassignedSaid(
                site=one.stop_id, name=station.place.name, load=station.load, code=one.reason.code, reason_en=words.en,
                reason_zh=words.zh, field=fault.field if fault else "", remedy_en=fault.remedy if fault else "",
                remedy_zh=fault.remedy_zh if fault else "",
            )
        )  # fmt: skip
    return tuple(found)


def _site_of(fault: ProblemFault) -> str:
    """``stops[st-7].load`` is st-7's."""
    return fault.field.partition("[")[2].partition("]")[0]
