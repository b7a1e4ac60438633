"""What really is in the containers, and what staff do with it, step after step, until residents come and the van takes the rest.

Pure and seeded: a bag's fate hangs on its order and zone, not on its label, so that it is the same whatever the cloud calls it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from random import Random

from edge.wire.clock import to_ms
from edge.wire.messages import Problem
from firmware_sim.town.chances import AS_USUAL, Chances
from firmware_sim.town.goods import GOODS, Zone
from firmware_sim.town.plan import Day, at
from firmware_sim.town.steps import Step, StepKind
from firmware_sim.town.van import Stop

LEFTOVERS, EMPTIES = "leftovers", "empties"  # labels of steps whose things staff see when they look
COLD_FIRST = ("frozen", "chilled", "ambient")

_OPENS = time(7, 0)
_SECONDS_A_CONTAINER = (15.0, 40.0)
_SECONDS_A_PARCEL = (5.0, 12.0)  # take it out of the container, turn the label up, scan
_SECONDS_A_PIECE = (2.0, 4.0)  # hold it against the list
_SECONDS_A_REPORT = (15.0, 40.0)
_SECONDS_A_SHELVING = (8.0, 20.0)
_BREAK = timedelta(minutes=4)
_LOOKS_AGAIN_MIN = (20.0, 60.0)  # after the count, for what was missing
SLOTS_A_SHELF = 20


@dataclass(frozen=True, slots=True)
class Bag:
    """One parcel as the list has it: its label, whose it is, where it should be, and how many pieces of which article."""

    label: str
    external_id: str
    zone: str
    container: str
    pieces: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Variance:
    """Pieces that are not as the list says."""

    problem: Problem
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What of a bag came. ``turns_up``: it is missing at the count, and found later. ``waste``: nothing in it can be handed out."""

    is_missing: bool = False
    turns_up: bool = False
    variances: tuple[Variance, ...] = ()
    waste: Problem | None = None


class Way(StrEnum):
    """How a bag gets to its station."""

    COMES = "comes"
    LEFT_BEHIND = "left_behind"  # nobody packs it
    OVERLOOKED = "overlooked"  # it lies in its container, and is only found after the count


def way_of(seed: int, external_id: str, zone: str, chances: Chances = AS_USUAL) -> Way:
    """Known before anybody knows what is in the bag: at the dock."""
    random = Random(f"{seed}/{external_id}/{zone}/way")
    if random.random() >= chances.missing:
        return Way.COMES
    return Way.OVERLOOKED if random.random() < chances.found else Way.LEFT_BEHIND


def truth_of(seed: int, bag: Bag, chances: Chances = AS_USUAL) -> Truth:
    """A bag's fate; each piece has one."""
    random = Random(f"{seed}/{bag.external_id}/{bag.zone}")
    fates: Counter[tuple[Problem, str]] = Counter()
    good = 0
    for sku, quantity in bag.pieces:
        for _ in range(quantity):
            problem = _fate(random, chances)
            if problem is None:
                good += 1
                continue
            if problem is Problem.WRONG_ITEM:  # another came in its place
                other = random.choice([one.sku for one in GOODS[Zone(bag.zone)] if one.sku != sku])
                fates[Problem.WRONG_ITEM, other] += 1
                problem = Problem.SHORT
            fates[problem, sku] += 1
        if random.random() < chances.surplus * quantity:
            fates[Problem.SURPLUS, sku] += 1
    way = way_of(seed, bag.external_id, bag.zone, chances)
    if way is not Way.COMES:
        return Truth(is_missing=True, turns_up=way is Way.OVERLOOKED)
    spoilt = [problem for problem, _ in fates if problem in (Problem.SPOILED, Problem.DAMAGED)]
    return Truth(
        variances=tuple(Variance(problem, sku, quantity) for (problem, sku), quantity in sorted(fates.items()) if quantity),
        waste=min(spoilt) if spoilt and good == 0 else None,
    )


def steps(seed: int, day: Day, stop: Stop, bags: Sequence[Bag], chances: Chances = AS_USUAL) -> list[Step]:
    """The station's whole day, in time order: all is counted before the first is shelved, what must be kept cold goes first.

    Somebody who comes while the staff still shelve waits for the last of their parcels.
    """
    random = Random(f"{seed}/{day.station}/{day.date.isoformat()}/staff")
    truths = {bag.label: truth_of(seed, bag, chances) for bag in bags}
    bags = sorted(bags, key=lambda bag: (COLD_FIRST.index(bag.zone), bag.container, bag.label))
    planner = _Planner(random, stop.signs_at)
    cleared_at = min(at(day.date, _OPENS) + timedelta(minutes=random.uniform(0, 10)), stop.signs_at - timedelta(minutes=2))
    plan = [Step(to_ms(cleared_at), StepKind.CLEAR, LEFTOVERS)]
    plan += planner.hand_over(bags, is_van_here=not stop.is_dropped)
    plan += planner.count(bags, truths)
    plan += planner.put_away(day, bags, truths)
    calls = {order.external_id: order.calls for order in day.orders}
    for external_id in dict.fromkeys(bag.external_id for bag in bags):
        ready_at = planner.ready_at.get(external_id, stop.signs_at)
        for n, call in enumerate(calls.get(external_id, ())):
            due = to_ms(max(call.at, ready_at)) + n  # whoever comes twice comes for the rest after the first time
            plan.append(Step(due, StepKind.VISIT, external_id, visit=call.visit, n=n))
    return sorted(plan, key=lambda step: step.at_ms)


def slot(zone: str, number: int) -> str:
    """The shelf slot of the number-th parcel of its zone (0, 1, …): A and B ambient, C the fridge, F the freezer."""
    shelf = {"chilled": "C", "frozen": "F"}.get(zone, "AB"[number // SLOTS_A_SHELF % 2])
    return f"{shelf}{number % SLOTS_A_SHELF + 1}"


class _Planner:
    """Adds up the time that each thing takes."""

    def __init__(self, random: Random, begins_at: datetime) -> None:
        self._random = random
        self._now = begins_at
        self.ready_at: dict[str, datetime] = {}

    def hand_over(self, bags: Sequence[Bag], *, is_van_here: bool) -> Iterator[Step]:
        for container in dict.fromkeys(bag.container for bag in bags):
            yield self._step(StepKind.SIGN, container, _SECONDS_A_CONTAINER)
        if is_van_here:
            yield self._step(StepKind.GIVE_BACK, LEFTOVERS, _SECONDS_A_CONTAINER)
            yield self._step(StepKind.SEND_BACK, EMPTIES, _SECONDS_A_CONTAINER)

    def count(self, bags: Sequence[Bag], truths: dict[str, Truth]) -> Iterator[Step]:
        for container in dict.fromkeys(bag.container for bag in bags):
            yield self._step(StepKind.OPEN, container, _SECONDS_A_CONTAINER)
            for bag in bags:
                truth = truths[bag.label]
                if bag.container != container or truth.is_missing:
                    continue
                yield self._step(StepKind.RECEIVE, bag.label, _SECONDS_A_PARCEL)
                for _ in range(sum(quantity for _, quantity in bag.pieces)):
                    self._pass(_SECONDS_A_PIECE)
                for n, one in enumerate(truth.variances):
                    self._pass(_SECONDS_A_REPORT)
                    yield Step(
                        to_ms(self._now), StepKind.REPORT, bag.label, problem=one.problem, sku=one.sku, quantity=one.quantity, n=n
                    )
            yield self._step(StepKind.FINISH, container, _SECONDS_A_CONTAINER)

    def put_away(self, day: Day, bags: Sequence[Bag], truths: dict[str, Truth]) -> Iterator[Step]:
        self._now += _BREAK
        for_cabinet = {order.external_id for order in day.orders if order.for_cabinet}
        places: Counter[str] = Counter()
        late: list[Step] = []
        for bag in bags:
            truth = truths[bag.label]
            if truth.waste is not None:
                yield self._step(StepKind.DISPOSE, bag.label, _SECONDS_A_REPORT, problem=truth.waste)
                continue
            where = slot(bag.zone, places[bag.zone])
            places[bag.zone] += 1
            if truth.is_missing:
                if truth.turns_up:
                    found_at = self._now + timedelta(minutes=self._random.uniform(*_LOOKS_AGAIN_MIN))
                    late.append(Step(to_ms(found_at), StepKind.SHELVE, bag.label, slot=where))
                continue
            kind = StepKind.STORE if bag.external_id in for_cabinet else StepKind.SHELVE
            yield self._step(kind, bag.label, _SECONDS_A_SHELVING, slot=where)
            self.ready_at[bag.external_id] = self._now
        for container in dict.fromkeys(bag.container for bag in bags):
            yield self._step(StepKind.EMPTY, container, _SECONDS_A_CONTAINER)
        yield from late

    def _step(
        self, kind: StepKind, label: str, takes_s: tuple[float, float], slot: str = "", problem: Problem | None = None
    ) -> Step:  # fmt: skip
        self._pass(takes_s)
        return Step(to_ms(self._now), kind, label, slot=slot, problem=problem)

    def _pass(self, takes_s: tuple[float, float]) -> None:
        self._now += timedelta(seconds=self._random.uniform(*takes_s))


def _fate(random: Random, chances: Chances) -> Problem | None:
    roll = random.random()
    for share, problem in (
        (chances.short, Problem.SHORT),
        (chances.wrong, Problem.WRONG_ITEM),
        (chances.damaged, Problem.DAMAGED),
        (chances.spoiled, Problem.SPOILED),
    ):
        if roll < share:
            return problem
        roll -= share
    return None
