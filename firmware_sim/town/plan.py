"""The town's day as numbers: which orders a station has on a date, when they are placed, and who comes for them when and how.

Pure and seeded: the same seed, station and date give the same day, whatever was asked before. What becomes of the goods on their
way is arrivals'.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from random import Random

from edge.wire.clock import to_ms, utc
from firmware_sim.town.chances import AS_USUAL, Chances
from firmware_sim.town.goods import GIVEN, GOODS, SURNAMES, ZONE_SHARE, Good, Zone
from firmware_sim.town.steps import Visit, Way

LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time there
CUT_OFF = time(23, 0)  # the evening before: from then on the next day's orders are known
FREEZE_ROUTES = time(1, 0)  # of the day itself: the sort depends on them
DAY_ENDS_H = 6  # what was not done by six the next morning is not done any more

_MEAN_ORDERS, _DISPERSION = 11.0, 3.0
_WEEKDAY = (0.95, 0.95, 0.97, 1.0, 1.08, 1.08, 0.97)
_EXTRA_ITEMS = 1.8
_PROMPT_SHARE = 0.6  # of those who left something: they come again the same day
# (share, from, to): 30 % at noon, 55 % after work, the rest spread over the opening hours.
_PICKUP_HOURS = ((0.30, time(11, 30), time(13, 0)), (0.55, time(17, 0), time(20, 0)), (0.15, time(11, 0), time(21, 0)))
_CLOSES = time(21, 0)
# (share, from hour, to hour) when orders are placed the day before.
_PLACED_HOURS = ((4, 0, 7), (16, 7, 11), (18, 11, 14), (15, 14, 18), (22, 18, 21), (25, 21, 23))
_WAYS = ((0.55, Way.CODE), (0.30, Way.QR), (0.15, Way.TAIL))
_FOR_THE_CABINET = 0.4  # where there is one
_SHORT_BY = (0.2, 0.6)  # of an article's demand that cannot be had


@dataclass(frozen=True, slots=True)
class OrderLine:
    good: Good
    quantity: int


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody comes for an order."""

    at: datetime
    visit: Visit


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One resident's order. ``calls`` empty: nobody comes that day. ``for_cabinet``: it is put into a locker."""

    external_id: str
    resident: str
    phone: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    calls: tuple[Call, ...]
    for_cabinet: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A station's day."""

    station: str
    date: date
    orders: tuple[PlannedOrder, ...]


def plan_day(
    seed: int, station: str, day: date, *, has_cabinet: bool = False, chances: Chances = AS_USUAL, mean: float = _MEAN_ORDERS
) -> Day:  # fmt: skip
    """The orders a station is to have on ``day``, in the order of their numbers."""
    random = Random(f"{seed}/{station}/{day.isoformat()}")
    count = max(2, _negative_binomial(random, mean * _WEEKDAY[day.weekday()], _DISPERSION))
    return Day(station, day, tuple(_order(random, station, day, n, has_cabinet, chances) for n in range(count)))


def stock_of(seed: int, day: date, orders: Iterable[PlannedOrder], chances: Chances = AS_USUAL) -> dict[str, int]:
    """What there is of the articles of which there is not enough; of every other there is."""
    demand: dict[str, int] = {}
    for order in orders:
        for line in order.lines:
            demand[line.good.sku] = demand.get(line.good.sku, 0) + line.quantity
    stock: dict[str, int] = {}
    for sku, pieces in sorted(demand.items()):
        random = Random(f"{seed}/{day.isoformat()}/{sku}")
        if random.random() < chances.shortage:
            stock[sku] = pieces - max(1, round(pieces * random.uniform(*_SHORT_BY)))
    return stock


def service_date(now_ms: int) -> date:
    """The date whose parcels are being handled: until six in the morning it is still yesterday's."""
    return (utc(now_ms).astimezone(LOCAL) - timedelta(hours=DAY_ENDS_H)).date()


def known_dates(now_ms: int) -> list[date]:
    """The dates whose orders are closed at this time: the service date, and from the cut-off on the next one."""
    today = service_date(now_ms)
    return [today, today + timedelta(days=1)] if now_ms >= to_ms(at(today, CUT_OFF)) else [today]


def at(day: date, moment: time) -> datetime:
    """A time of the town's day, in UTC."""
    return datetime.combine(day, moment, LOCAL).astimezone(UTC)


def _order(random: Random, station: str, day: date, n: int, has_cabinet: bool, chances: Chances) -> PlannedOrder:
    lines: dict[str, OrderLine] = {}
    for _ in range(1 + _poisson(random, _EXTRA_ITEMS)):
        zone = random.choices(list(ZONE_SHARE), weights=list(ZONE_SHARE.values()))[0]
        good = random.choice(GOODS[Zone(zone)])
        before = lines[good.sku].quantity if good.sku in lines else 0
        lines[good.sku] = OrderLine(good, before + 1)
    name = random.choice(SURNAMES) + "".join(random.sample(GIVEN, random.choice((1, 2, 2))))
    phone = f"1{random.choice('3589')}{random.randrange(10**9):09d}"
    _, start_h, end_h = random.choices(_PLACED_HOURS, weights=[share for share, *_ in _PLACED_HOURS])[0]
    placed_at = at(day - timedelta(days=1), time(0)) + timedelta(hours=random.uniform(start_h, end_h))
    zones = sorted({line.good.zone for line in lines.values()})
    for_cabinet = has_cabinet and random.random() < _FOR_THE_CABINET
    calls = _calls(random, day, zones, for_cabinet=for_cabinet, chances=chances)
    return PlannedOrder(
        f"{day:%Y%m%d}-{station}-{n + 1:03d}", name, phone, placed_at, tuple(lines.values()), calls, for_cabinet
    )  # fmt: skip


def _calls(random: Random, day: date, zones: list[Zone], *, for_cabinet: bool, chances: Chances) -> tuple[Call, ...]:
    """Nobody, somebody once, or somebody who leaves a part and may come again."""
    if random.random() < chances.no_show:
        return ()
    _, start, end = random.choices(_PICKUP_HOURS, weights=[share for share, *_ in _PICKUP_HOURS])[0]
    opens, closes = at(day, start), at(day, end)
    first = opens + (closes - opens) * random.random()
    if for_cabinet:
        return (Call(first, Visit(Way.CABINET)),)
    if random.random() < chances.proxy:
        return (Call(first, Visit(Way.PROXY)),)
    way = random.choices([way for _, way in _WAYS], weights=[share for share, _ in _WAYS])[0]
    if len(zones) > 1 and random.random() < chances.partial:
        part = Call(first, Visit(way, zones=tuple(zones[:1])))
        again = first + (at(day, _CLOSES) - first) * random.uniform(0.2, 0.9)
        return (part, Call(again, Visit(way))) if random.random() < _PROMPT_SHARE else (part,)
    return (
        Call(
            first,
            Visit(
                way,
                declines=random.random() < chances.declined,
                is_mistaken=random.random() < chances.mistake,
                mistypes=way is Way.CODE and random.random() < chances.wrong_code,
            ),
        ),
    )


def _negative_binomial(random: Random, mean: float, dispersion: float) -> int:
    return _poisson(random, random.gammavariate(dispersion, mean / dispersion))


def _poisson(random: Random, mean: float) -> int:
    """Knuth, The Art of Computer Programming 3.4.1; for means below about 700."""
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        product *= random.random()
        count += 1
    return count
