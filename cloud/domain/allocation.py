"""Who gets what there is (备货): demand against stock, and what is to be picked.

Whoever ordered first gets first; a line gets what is left, and the rest of it is short. Goods without a said stock are not short.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class LineKey(NamedTuple):
    """One line of one order."""

    order: str
    line: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What one line asks for. ``placed_at_ms`` decides who is served first, then the order's id and the line."""

    key: LineKey
    sku: str
    name: str
    zone: str
    site: str
    quantity: int
    placed_at_ms: int


@dataclass(frozen=True, slots=True)
class Pick:
    """So many pieces of an article, for so many stations."""

    zone: str
    sku: str
    name: str
    quantity: int
    stations: int


def allocate(demand: Iterable[Demand], stock: Mapping[str, int]) -> dict[LineKey, int]:
    """How many pieces each line is short of: 0 for what is served in full."""
    left = dict(stock)
    short: dict[LineKey, int] = {}
    for one in sorted(demand, key=lambda one: (one.placed_at_ms, one.key)):
        given = min(one.quantity, left.get(one.sku, one.quantity))
        if one.sku in left:
            left[one.sku] -= given
        short[one.key] = one.quantity - given
    return short


def pick_list(demand: Iterable[Demand], short: Mapping[LineKey, int]) -> list[Pick]:
    """What is to be fetched from the shelves of the warehouse, by zone and article."""
    pieces: dict[tuple[str, str], int] = {}
    names: dict[tuple[str, str], str] = {}
    stations: dict[tuple[str, str], set[str]] = {}
    for one in demand:
        quantity = one.quantity - short.get(one.key, 0)
        if quantity:
            article = (one.zone, one.sku)
            pieces[article] = pieces.get(article, 0) + quantity
            names.setdefault(article, one.name)
            stations.setdefault(article, set()).add(one.site)
    return [Pick(zone, sku, names[zone, sku], pieces[zone, sku], len(stations[zone, sku])) for zone, sku in sorted(pieces)]
