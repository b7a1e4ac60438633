"""The town's day as numbers: which orders a station has on a date, and when its parcels are received, shelved and handed out.

Pure and seeded: the same seed, station and date give the same day, whatever was asked before.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from random import Random

from edge.wire.clock import to_ms, utc
from firmware_sim.town.goods import GIVEN, GOODS, SURNAMES, ZONE_SHARE, Good, Zone

LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time there
CUT_OFF = time(23, 0)  # the evening before: from then on the next day's orders are known
DAY_ENDS_H = 6  # what was not done by six the next morning is not done any more

_MEAN_ORDERS, _DISPERSION = 11.0, 3.0
_WEEKDAY = (0.95, 0.95, 0.97, 1.0, 1.08, 1.08, 0.97)
_EXTRA_ITEMS = 1.8
_NO_SHOW = 0.06
_SECONDS_A_PARCEL = (5.0, 12.0)  # take it out of the container, turn the label up, scan
_SECONDS_A_SHELVING = (8.0, 20.0)
# (share, from, to): 30 % at noon, 55 % after work, the rest spread over the opening hours.
_PICKUP_HOURS = ((0.30, time(11, 30), time(13, 0)), (0.55, time(17, 0), time(20, 0)), (0.15, time(11, 0), time(21, 0)))
# (share, from hour, to hour) when orders are placed the day before.
_PLACED_HOURS = ((4, 0, 7), (16, 7, 11), (18, 11, 14), (15, 14, 18), (22, 18, 21), (25, 21, 23))


@dataclass(frozen=True, slots=True)
class OrderLine:
    good: Good
    quantity: int


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One resident's order. ``pickup_at`` None: nobody comes that day."""

    external_id: str
    resident: str
    phone: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    pickup_at: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """A station's day: its orders, when the van is there, and the random stream of its staff."""

    station: str
    date: date
    orders: tuple[PlannedOrder, ...]
    van_at: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel as the cloud made it of an order."""

    label: str
    zone: str
    external_id: str


class StepKind(StrEnum):
    """What staff do with a parcel."""

    RECEIVE = "receive"
    SHELVE = "shelve"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do when the Clock says ``at_ms``."""

    at_ms: int
    kind: StepKind
    label: str
    slot: str = ""


def plan_day(seed: int, station: str, number: int, day: date) -> Day:
    """The day of the ``number``-th station (0, 1, …: the van comes to them in turn)."""
    random = Random(f"{seed}/{station}/{day.isoformat()}")
    count = max(2, _negative_binomial(random, _MEAN_ORDERS * _WEEKDAY[day.weekday()], _DISPERSION))
    orders = tuple(_order(random, station, day, n) for n in range(count))
    minutes = 35.0 + 30.0 * number + random.uniform(-15.0, 15.0)
    return Day(station, day, orders, _at(day, time(7, 0)) + timedelta(minutes=minutes))


def steps(seed: int, day: Day, parcels: Sequence[Parcel]) -> list[Step]:
    """What the staff do with ``parcels`` that day, in time order: all in before the first is shelved, all of an order out at once.

    An order whose resident comes while the staff still shelve waits for the last of its parcels.
    """
    random = Random(f"{seed}/{day.station}/{day.date.isoformat()}/staff")
    plan: list[Step] = []
    ready_at: dict[str, datetime] = {}
    moment = day.van_at + timedelta(minutes=3)
    for parcel in parcels:
        moment += timedelta(seconds=random.uniform(*_SECONDS_A_PARCEL))
        plan.append(Step(to_ms(moment), StepKind.RECEIVE, parcel.label))
    moment += timedelta(minutes=4)
    places: Counter[str] = Counter()
    for parcel in parcels:
        moment += timedelta(seconds=random.uniform(*_SECONDS_A_SHELVING))
        plan.append(Step(to_ms(moment), StepKind.SHELVE, parcel.label, slot(parcel.zone, places[parcel.zone])))
        places[parcel.zone] += 1
        ready_at[parcel.external_id] = moment
    pickups = {order.external_id: order.pickup_at for order in day.orders}
    for parcel in parcels:
        comes_at = pickups.get(parcel.external_id)
        if comes_at is not None:
            plan.append(Step(to_ms(max(comes_at, ready_at[parcel.external_id])), StepKind.RELEASE, parcel.label))
    return sorted(plan, key=lambda step: step.at_ms)


def slot(zone: str, number: int) -> str:
    """The shelf slot of the number-th parcel of its zone (0, 1, …): A and B ambient, C the fridge, F the freezer."""
    shelf = {"chilled": "C", "frozen": "F"}.get(zone, "AB"[number // 20 % 2])
    return f"{shelf}{number % 20 + 1}"


def service_date(now_ms: int) -> date:
    """The date whose parcels are being handled: until six in the morning it is still yesterday's."""
    return (utc(now_ms).astimezone(LOCAL) - timedelta(hours=DAY_ENDS_H)).date()


def known_dates(now_ms: int) -> list[date]:
    """The dates whose orders are closed at this time: the service date, and from the cut-off on the next one."""
    today = service_date(now_ms)
    return [today, today + timedelta(days=1)] if now_ms >= to_ms(_at(today, CUT_OFF)) else [today]


def _order(random: Random, station: str, day: date, n: int) -> PlannedOrder:
    lines: dict[str, OrderLine] = {}
    for _ in range(1 + _poisson(random, _EXTRA_ITEMS)):
        zone = random.choices(list(ZONE_SHARE), weights=list(ZONE_SHARE.values()))[0]
        good = random.choice(GOODS[Zone(zone)])
        before = lines[good.sku].quantity if good.sku in lines else 0
        lines[good.sku] = OrderLine(good, before + 1)
    name = random.choice(SURNAMES) + "".join(random.sample(GIVEN, random.choice((1, 2, 2))))
    phone = f"1{random.choice('3589')}{random.randrange(10**9):09d}"
    _, start_h, end_h = random.choices(_PLACED_HOURS, weights=[share for share, *_ in _PLACED_HOURS])[0]
    placed_at = _at(day - timedelta(days=1), time(0)) + timedelta(hours=random.uniform(start_h, end_h))
    return PlannedOrder(f"{day:%Y%m%d}-{station}-{n + 1:03d}", name, phone, placed_at, tuple(lines.values()), _pickup(random, day))


def _pickup(random: Random, day: date) -> datetime | None:
    if random.random() < _NO_SHOW:
        return None
    _, start, end = random.choices(_PICKUP_HOURS, weights=[share for share, *_ in _PICKUP_HOURS])[0]
    opens, closes = _at(day, start), _at(day, end)
    return opens + (closes - opens) * random.random()


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, LOCAL).astimezone(UTC)


def _negative_binomial(random: Random, mean: float, dispersion: float) -> int:
    return _poisson(random, random.gammavariate(dispersion, mean / dispersion))


def _poisson(random: Random, mean: float) -> int:
    """Knuth, The Art of Computer Programming 3.4.1; for means below about 700."""
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        product *= random.random()
        count += 1
    return count
