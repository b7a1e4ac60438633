"""Days of a station as the plan makes them, with bags as a warehouse would have packed them, and what a station would book."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from edge.wire.labels import container_label, parcel_label
from edge.wire.messages import (
    AnyFact,
    ParcelDisposed,
    ParcelOverdue,
    ParcelReceived,
    ParcelReleased,
    ParcelReturned,
    ParcelShelved,
    Problem,
    VarianceFound,
)
from firmware_sim.map.places import station_places
from firmware_sim.town.arrivals import Bag, steps, truth_of
from firmware_sim.town.chances import Chances
from firmware_sim.town.plan import Day, plan_day
from firmware_sim.town.steps import Step, StepKind, Visit, Way
from firmware_sim.town.van import drive

PLACES = station_places(1)[:6]
STATION = "st-0002"


def bags_of(day: Day, first: int = 1000) -> list[Bag]:
    """One a zone and order; four to a container."""
    bags: list[Bag] = []
    for order in day.orders:
        for zone in sorted({line.good.zone for line in order.lines}):
            pieces = tuple((line.good.sku, line.quantity) for line in order.lines if line.good.zone == zone)
            n = first + len(bags)
            bags.append(Bag(parcel_label(n), order.external_id, zone.value, "", pieces))
    in_zone: dict[str, int] = {}
    placed = []
    for bag in bags:
        number = in_zone.get(bag.zone, 0)
        in_zone[bag.zone] = number + 1
        serial = ("ambient", "chilled", "frozen").index(bag.zone) * 100 + number // 4
        placed.append(Bag(bag.label, bag.external_id, bag.zone, container_label(serial), bag.pieces))
    return placed


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """Everything of one day at STATION."""

    day: Day
    bags: Sequence[Bag]
    steps: Sequence[Step]


def planned_day(seed: int, date_: date, chances: Chances, *, has_cabinet: bool = True) -> PlannedDay:
    """With three stations on the van's way, STATION being the second."""
    day = plan_day(seed, STATION, date_, has_cabinet=has_cabinet, chances=chances)
    bags = bags_of(day)
    places = [("st-0001", PLACES[0]), (STATION, PLACES[1]), ("st-0003", PLACES[2])]
    stop = drive(seed, date_, places, chances)[1]
    return PlannedDay(day, bags, steps(seed, day, stop, bags, chances))


def booked(seed: int, planned: PlannedDay, chances: Chances) -> dict[str, list[AnyFact | str]]:
    """What the station books of each parcel when all steps are done and the next morning is over; "undo" takes the last back.

    As edge.station does it, so far as plain facts go: what is missing is called so by closing the count.
    """
    facts: dict[str, list[AnyFact | str]] = {bag.label: [] for bag in planned.bags}
    for step in planned.steps:
        for label, fact in _facts(seed, planned, chances, step, facts):
            facts[label].append(fact)
    for bag in planned.bags:  # nobody came for these
        if _is_here(facts[bag.label]):
            facts[bag.label].append(ParcelOverdue(parcel=bag.label))
            gone = ParcelReturned(parcel=bag.label) if bag.zone == "ambient" else ParcelDisposed(parcel=bag.label, reason="expired")
            facts[bag.label].append(gone)
    return facts


def _facts(
    seed: int, planned: PlannedDay, chances: Chances, step: Step, facts: dict[str, list[AnyFact | str]]
) -> Iterator[tuple[str, AnyFact | str]]:
    label = step.label
    match step.kind:
        case StepKind.RECEIVE:
            yield label, ParcelReceived(parcel=label)
        case StepKind.REPORT:
            assert step.problem is not None
            yield label, VarianceFound(problem=step.problem, parcel=label, sku=step.sku, quantity=step.quantity)
        case StepKind.FINISH:
            for bag in planned.bags:
                if bag.container == label and truth_of(seed, bag, chances).is_missing:
                    yield bag.label, VarianceFound(problem=Problem.MISSING, parcel=bag.label, container=label)
        case StepKind.DISPOSE:
            yield label, ParcelDisposed(parcel=label, reason="spoiled")
        case StepKind.SHELVE | StepKind.STORE:
            yield label, ParcelShelved(parcel=label, slot=step.slot)
        case StepKind.VISIT:
            assert step.visit is not None
            yield from _taken(planned, step.visit, label, facts)
        case _:
            return


def _taken(
    planned: PlannedDay, visit: Visit, external_id: str, facts: dict[str, list[AnyFact | str]]
) -> Iterator[tuple[str, AnyFact | str]]:
    theirs = sorted((bag for bag in planned.bags if bag.external_id == external_id), key=lambda bag: bag.label)
    ready = [bag for bag in theirs if _is_here(facts[bag.label])]
    if visit.declines:
        ready = ready[1:]
    for bag in ready:
        if visit.way is Way.CABINET or not visit.zones or bag.zone in visit.zones:
            yield bag.label, ParcelReleased(parcel=bag.label)
            if visit.is_mistaken:
                yield bag.label, "undo"
                yield bag.label, ParcelReleased(parcel=bag.label)


def _is_here(facts: Sequence[AnyFact | str]) -> bool:
    gone = (ParcelReleased, ParcelDisposed, ParcelReturned)
    here = False
    for n, fact in enumerate(facts):
        if isinstance(fact, gone):
            here = facts[n + 1 : n + 2] == ["undo"]
        elif isinstance(fact, ParcelReceived | ParcelShelved):
            here = True
    return here
