"""The night at the grid warehouse's dock: sorted by lane, packed and sealed, loaded last stop first. Pure and seeded.

Which parcel goes into which container is the cloud's plan.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from random import Random

from edge.wire.clock import to_ms, utc
from edge.wire.messages import Problem
from firmware_sim.town.arrivals import EMPTIES
from firmware_sim.town.office import Load
from firmware_sim.town.plan import FREEZE_ROUTES, LOCAL, at
from firmware_sim.town.steps import Step, StepKind

_SORTS, _PACKS, _LOADS, _VAN_IS_BACK = time(3, 0), time(5, 0), time(6, 15), time(16, 0)
VANS_LOAD = time(6, 35)  # where vans leave at seven, and somebody watches
_TOO_LATE = time(12, 0)
_SORTED_WITHIN, _PACKED_WITHIN, _LOADED_WITHIN = timedelta(minutes=110), timedelta(minutes=70), timedelta(minutes=20)
_COUNTED_WITHIN = timedelta(minutes=1)  # what is in a van, before its last container goes in
_SECONDS_A_SCAN = 12.0


def night_date(now_ms: int) -> date:
    """The date whose goods are handled at the dock: from the freezing of the routes on, today's."""
    return (utc(now_ms).astimezone(LOCAL) - timedelta(hours=FREEZE_ROUTES.hour)).date()


def steps(seed: int, day: date, loads: Sequence[Load], left_behind: Collection[str], loads_from: time = _LOADS) -> list[Step]:
    """What there is to be done for ``day``, in time order. ``left_behind``: nobody finds them, and their containers go short."""
    random = Random(f"{seed}/{day.isoformat()}/dock")
    parcels = [parcel for load in loads for parcel in load.parcels if parcel not in left_behind]
    random.shuffle(parcels)  # as they come from the centre warehouse
    by_lane = sorted(loads, key=lambda load: (load.stop, load.zone, load.container))
    plan = [
        *_timed(at(day, _SORTS), _SORTED_WITHIN, [Step(0, StepKind.SORT, parcel) for parcel in parcels]),
        *_timed(at(day, _PACKS), _PACKED_WITHIN, [step for load in by_lane for step in _packed(load, left_behind)]),
        *_loaded(at(day, loads_from), by_lane),
        Step(to_ms(at(day, _VAN_IS_BACK)), StepKind.TAKE_BACK, EMPTIES),
    ]
    return sorted(plan, key=lambda step: step.at_ms)


def worth_doing(plan: Sequence[Step], day: date, now_ms: int, *, is_begun: bool) -> list[Step]:
    """A night that nobody has begun by noon is over: others brought the goods, and the stations have them by then."""
    if is_begun or now_ms < to_ms(at(day, _TOO_LATE)):
        return list(plan)
    return [step for step in plan if step.kind is StepKind.TAKE_BACK]


def _loaded(begins: datetime, loads: Iterable[Load]) -> Iterator[Step]:
    """Van after van, last stop first: the dock opens one run at a time. Before its last container the driver counts the others."""
    last_first = sorted(loads, key=lambda load: (load.run, -load.stop, load.zone, load.container))
    runs = [list(of_run) for _, of_run in groupby(last_first, key=lambda load: load.run)]
    for n, of_run in enumerate(runs):
        turn = _LOADED_WITHIN / len(runs)
        *others, last = [Step(0, StepKind.LOAD, one.container, slot=one.run) for one in of_run]
        yield from _timed(begins + n * turn, turn - _COUNTED_WITHIN, others)
        yield replace(last, at_ms=to_ms(begins + (n + 1) * turn))


def _packed(load: Load, left_behind: Collection[str]) -> Iterator[Step]:
    yield Step(0, StepKind.BIND, load.container)
    for parcel in load.parcels:
        if parcel not in left_behind:
            yield Step(0, StepKind.PACK, parcel, slot=load.container)
    lacks = any(parcel in left_behind for parcel in load.parcels)
    yield Step(0, StepKind.SEAL, load.container, problem=Problem.MISSING if lacks else None)


def _timed(begins: datetime, within: timedelta, work: Sequence[Step]) -> Iterator[Step]:
    """One after another, as quickly as hands are, or as time presses."""
    pace_s = min(_SECONDS_A_SCAN, within.total_seconds() / max(1, len(work)))
    for n, step in enumerate(work):
        due = to_ms(begins + timedelta(seconds=pace_s * n))
        yield replace(step, at_ms=due)
