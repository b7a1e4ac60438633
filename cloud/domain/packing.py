"""Which parcel, or which goods, go into which container: one temperature zone and one station each (装筐).

Parcels are never split. First fit, largest first: at most 11/9 of the best possible (Johnson 1973), and a station's day is a
handful of containers. Goods by SKU fill one container after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

# Items that fit: a 60 L crate, a 30 L cold box.
CAPACITY = {"ambient": 16, "chilled": 8, "frozen": 8}

Place = tuple[str, str]  # a station, and a zone there


class PackMode(StrEnum):
    """How goods come to a station."""

    ORDER_BAG = "order_bag"  # a bag for each order and zone
    SKU_BULK = "sku_bulk"  # by SKU; the station distributes (分货)


@dataclass(frozen=True, slots=True)
class Goods:
    """Pieces of an article for all of a station's orders together."""

    site: str
    zone: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ToPack:
    """A parcel and how many items are in it."""

    parcel: str
    site: str
    zone: str
    items: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one container is to carry: parcels, or pieces by SKU. ``number`` counts from 1 within its station and zone."""

    site: str
    zone: str
    number: int
    parcels: tuple[str, ...]
    items: int
    lines: tuple[tuple[str, int], ...] = ()

    @property
    def pack_mode(self) -> PackMode:
        return PackMode.SKU_BULK if self.lines else PackMode.ORDER_BAG


def pack(parcels: Iterable[ToPack]) -> list[Load]:
    """Loads by station, zone and number. A parcel larger than a container gets one of its own; it is somebody's to look at."""
    by_place: dict[tuple[str, str], list[ToPack]] = {}
    for one in parcels:
        by_place.setdefault((one.site, one.zone), []).append(one)
    return [load for place in sorted(by_place) for load in _pack(*place, by_place[place])]


def _pack(site: str, zone: str, parcels: list[ToPack]) -> list[Load]:
    room = CAPACITY[zone]
    bins: list[list[ToPack]] = []
    free: list[int] = []
    for one in sorted(parcels, key=lambda one: (-one.items, one.parcel)):
        index = next((index for index, left in enumerate(free) if left >= one.items), None)
        if index is None:
            bins.append([one])
            free.append(room - one.items)
        else:
            bins[index].append(one)
            free[index] -= one.items
    return [
        Load(site, zone, number, tuple(sorted(one.parcel for one in held)), sum(one.items for one in held))
        for number, held in enumerate(bins, start=1)
    ]


def pack_goods(goods: Iterable[Goods]) -> list[Load]:
    """Loads by station, zone and number. An article lies in as few containers as may be: the largest amounts go first."""
    by_place: dict[tuple[str, str], dict[str, int]] = {}
    for one in goods:
        pieces = by_place.setdefault((one.site, one.zone), {})
        pieces[one.sku] = pieces.get(one.sku, 0) + one.quantity
    return [load for place in sorted(by_place) for load in _pack_goods(*place, by_place[place])]


def _pack_goods(site: str, zone: str, pieces: dict[str, int]) -> list[Load]:
    bins: list[dict[str, int]] = []
    free = 0
    for sku, quantity in sorted(pieces.items(), key=lambda one: (-one[1], one[0])):
        left = quantity
        while left > 0:
            if not free:
                bins.append({})
                free = CAPACITY[zone]
            put = min(left, free)
            bins[-1][sku] = bins[-1].get(sku, 0) + put
            left, free = left - put, free - put
    return [
        Load(site, zone, number, (), sum(held.values()), tuple(sorted(held.items()))) for number, held in enumerate(bins, start=1)
    ]


def numbered_on(loads: Iterable[Load], kept: Iterable[Load]) -> list[Load]:
    """Loads that come besides those that are kept: numbered on behind them."""
    last: dict[tuple[str, str], int] = {}
    for one in kept:
        last[one.site, one.zone] = max(last.get((one.site, one.zone), 0), one.number)
    return [replace(one, number=one.number + last.get((one.site, one.zone), 0)) for one in loads]


def bulk_places(stations: Iterable[str], kept: Iterable[Load]) -> set[Place]:
    """Where goods come by SKU. What is packed already decides for its place: the same pieces must not come in two ways."""
    places = {(site, zone) for site in stations for zone in CAPACITY}
    for load in sorted(kept, key=lambda one: -one.number):  # of two modes in one place, the first load's
        if load.pack_mode is PackMode.SKU_BULK:
            places.add((load.site, load.zone))
        else:
            places.discard((load.site, load.zone))
    return places


def first_goods(loads: Iterable[tuple[str, Load]]) -> dict[Place, str]:
    """The label of each place's first load that carries goods by SKU."""
    first: dict[Place, str] = {}
    for label, load in sorted(loads, key=lambda one: one[1].number):
        if load.lines:
            first.setdefault((load.site, load.zone), label)
    return first


def without(goods: Iterable[Goods], kept: Iterable[Load]) -> list[Goods]:
    """What is left of goods once containers carry some of them already."""
    there: dict[tuple[str, str, str], int] = {}
    for load in kept:
        for sku, quantity in load.lines:
            there[load.site, load.zone, sku] = there.get((load.site, load.zone, sku), 0) + quantity
    left = (replace(one, quantity=one.quantity - there.get((one.site, one.zone, one.sku), 0)) for one in goods)
    return [one for one in left if one.quantity > 0]
