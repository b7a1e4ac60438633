"""The rest of a day planned anew: the committed plan, what is done, where vans are and what is aboard, as a Problem; two answers.

``smallest``: the fewest changes after which everything holds again (`repair`). ``best``: an engine's, begun from that. Pure but for
the engine's processes; nothing done or loaded moves, for stops that are done are in no problem, and what is aboard is locked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cloud.routing.day import Day, due_at, problem_of
from cloud.routing.engine import Effort, Watch
from cloud.routing.loads import Load, total
from cloud.routing.matrix import Coordinates, Matrix
from cloud.routing.measures import measures
from cloud.routing.move_words import MoveKind
from cloud.routing.moves import Move, moves
from cloud.routing.ortools_engine import OrtoolsEngine
from cloud.routing.plan import Call, CallKind, Plan, Reason, Tour, Unassigned
from cloud.routing.planning import Solved, checked, plan_of, solve
from cloud.routing.problem import Problem, Stop, Van, VanType, Window
from cloud.routing.repair import repair
from cloud.routing.sifting import sift
from cloud.routing.situation import Closed, Lying, Situation, VanNow

SMALLEST = "smallest change"
# To find each other, open two doors and scan; each container's own seconds come on top.
MEETING_S = 120


@dataclass(frozen=True, slots=True)
class Replanned:
    """``problem``: of what is left. ``moves``: against what was committed."""

    problem: Problem
    solved: Solved
    moves: tuple[Move, ...]


def replanned(day: Day, now: Situation, matrix: Matrix, effort: Effort, watch: Watch) -> Replanned:
    """The answer that ``now`` asks for, checked. ProblemError where no van is left."""
    problem = problem_now(day, now, matrix)
    before = tours_before(now, problem)
    sifted, faults = sift(problem)
    least = plan_of(sifted, repair(sifted, before), SMALLEST, effort.seed)
    plan = least if now.answer == "smallest" else _best(sifted, least, effort, watch)
    solved = checked(problem, sifted, plan, faults)
    watch.report(measures(sifted, plan).cost_mfen, is_last=True)
    told = (*moves(sifted, before, solved.plan), *_closing(now))
    return Replanned(problem, _with_left_aside(now, solved), told)


def _closing(now: Situation) -> Iterator[Move]:
    """What has just closed is in no problem, and was in the plan."""
    if isinstance(now.event, Closed) and now.event.site in now.closed:
        site = now.event.site
        van = next((one.van for one in now.aside if one.site == site), "")
        yield Move(site, MoveKind.LEFT_OUT, van, "", Reason("station_closed"))


def _best(problem: Problem, least: Plan, effort: Effort, watch: Watch) -> Plan:
    """Never worse than where it began."""
    found = solve(problem, effort, least, watch, OrtoolsEngine()).plan
    if measures(problem, found).cost_mfen < measures(problem, least).cost_mfen:
        return found
    return replace(least, engine=found.engine)


def _with_left_aside(now: Situation, solved: Solved) -> Solved:
    """Stations that nobody is to come to are left out with their reason, though no problem has them."""
    closed = [Unassigned(site, Reason("station_closed")) for site in now.closed]
    aside = [Unassigned(one.site, Reason("left_aside", {"van": one.van})) for one in now.aside if one.site not in now.closed]
    return replace(solved, plan=replace(solved.plan, unassigned=(*solved.plan.unassigned, *closed, *aside)))


def problem_now(day: Day, now: Situation, matrix: Matrix) -> Problem:
    """``matrix``: of `Day.places`. ProblemError."""
    whole = problem_of(day, matrix)
    gone = {*now.closed, *(one.site for one in now.aside)}
    # Who stands in one place is in one place: the first that the matrix has.
    place_at = {place: number for number, place in reversed(list(enumerate(day.places)))}
    at_van = {van.id: place_at[Coordinates(van.lat, van.lon)] for van in now.vans}
    at_goods = {one.site: place_at[Coordinates(one.lat, one.lon)] for one in now.lying}
    asked = {van.id: van for van in whole.vans}
    here = [van for van in now.vans if not van.is_out and van.id in asked]
    vans = [_van(whole, asked[van.id], van, at_van[van.id]) for van in here]
    kinds = [_kind(day, now, whole.van_type[asked[van.id].type_id], van) for van in here]
    stops = [_stop(day, now, stop, at_goods.get(stop.id)) for stop in whole.stops if stop.id not in gone]
    return Problem(whole.depots, tuple(kinds), tuple(vans), tuple(stops), matrix, whole.unfamiliar_mfen)


def _van(whole: Problem, asked: Van, van: VanNow, place: int) -> Van:
    from_s = max(asked.shift.from_s, van.free_s)
    shift = Window(from_s, max(from_s, asked.shift.to_s))
    left = None if asked.max_stops is None else max(0, asked.max_stops - van.served)
    known = {stop.id for stop in whole.stops}
    heads = tuple(site for site in van.heads if site in known)
    if not van.is_loaded:
        return replace(asked, shift=shift, max_stops=left, first_stops=heads)
    return replace(
        asked, shift=shift, max_stops=left, start_place=place, depot_id=None, reload_depots=(), max_reloads=0, first_stops=heads
    )


def _kind(day: Day, now: Situation, kind: VanType, van: VanNow) -> VanType:
    """What comes back takes room; what it costs to leave at all is spent once it has left."""
    due = due_at(day.stations)
    returning = total([due[one.site].load.load for one in now.aside if one.van == van.id and one.site in due])
    room = Load(*(max(0, room - taken) for room, taken in zip(kind.capacity.amounts, returning.amounts, strict=True)))
    return replace(kind, capacity=room, fixed_mfen=0 if van.is_loaded else kind.fixed_mfen)


def _stop(day: Day, now: Situation, stop: Stop, goods_place: int | None) -> Stop:
    """Who may come: whoever has it aboard; whoever still loads, where it stands at the depot; anybody who fetches it."""
    pinned = frozenset(pin.van for pin in now.pins if pin.site == stop.id) or None
    out = {van.id for van in now.vans if van.is_out}
    if goods_place is not None:
        allowed = frozenset(van.id for van in now.vans if van.id not in out)
        handing_s = MEETING_S + day.container_s * stop.load.containers
        stop = replace(stop, collect_place=goods_place, collect_s=handing_s)
    elif now.is_aboard(stop.id):
        allowed = frozenset({now.van_of[stop.id].id})
    else:
        allowed = frozenset(van.id for van in now.vans if not van.is_loaded and van.id not in out)
    return replace(stop, allowed_vans=allowed if pinned is None else allowed & pinned)


def tours_before(now: Situation, problem: Problem) -> list[Tour]:
    """What is left of the committed plan, in its order; also of vans that are out. Stops that are gone are passed over."""
    lying = now.is_lying
    return [Tour(van.id, tuple(_calls(problem, van, lying))) for van in now.vans if van.ahead]


def _calls(problem: Problem, van: VanNow, lying: Mapping[str, Lying]) -> Iterator[Call]:
    mine = [one for one in van.ahead if one.site in problem.stop]
    depot = problem.depots[0].id
    trip, fetched = mine[0].trip if mine else 1, set[str]()
    for one in mine:
        if one.trip > trip and not van.is_loaded:
            yield Call(CallKind.RELOAD, depot)
        trip = max(trip, one.trip)
        if one.site in lying and one.site not in fetched:
            here = [other.site for other in mine if other.site in lying and _same(lying[other.site], lying[one.site])]
            fetched |= set(here)
            yield from (Call(CallKind.COLLECT, site) for site in here)
        yield Call(CallKind.STOP, one.site)


def _same(one: Lying, other: Lying) -> bool:
    return (one.lat, one.lon) == (other.lat, other.lon)
