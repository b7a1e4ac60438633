"""Who gets what there is (备货): demand against stock, and what is to be picked.

By the operator's declared rule; what a line does not get is short. Goods without a said stock are not short.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, assert_never


class ShortageRule(StrEnum):
    """Who goes short where there is not enough; told to leaders in these words by the pages."""

    FIRST = "first"  # whoever ordered first gets all of theirs first
    EVEN = "even"  # round by round in the order of ordering, a piece each, so that as many as can get something


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


def allocate(demand: Iterable[Demand], stock: Mapping[str, int], rule: ShortageRule = ShortageRule.FIRST) -> dict[LineKey, int]:
    """How many pieces each line is short of: 0 for what is served in full."""
    of_article: dict[str, list[Demand]] = {}
    for one in sorted(demand, key=lambda one: (one.placed_at_ms, one.key)):
        of_article.setdefault(one.sku, []).append(one)
    short: dict[LineKey, int] = {}
    for sku, lines in of_article.items():
        wanted = [one.quantity for one in lines]
        given = wanted if sku not in stock else split(stock[sku], wanted, rule)
        short |= {one.key: one.quantity - pieces for one, pieces in zip(lines, given, strict=True)}
    return short


def split(pieces: int, wanted: Sequence[int], rule: ShortageRule) -> list[int]:
    """What each gets of so many pieces, in the order in which they ordered; never more than they want."""
    match rule:
        case ShortageRule.FIRST:
            given: list[int] = []
            for one in wanted:
                given.append(min(one, pieces))
                pieces -= given[-1]
            return given
        case ShortageRule.EVEN:
            return _rounds(pieces, wanted)
        case _:
            assert_never(rule)


def _rounds(pieces: int, wanted: Sequence[int]) -> list[int]:
    """A piece each in turn. Whole rounds at once: a large order is no reason to go round a thousand times."""
    given = [0] * len(wanted)
    while pieces > 0 and (hungry := [at for at, one in enumerate(wanted) if one > given[at]]):
        rounds = min(pieces // len(hungry), *(wanted[at] - given[at] for at in hungry))
        takers = hungry if rounds else hungry[:pieces]
        for at in takers:
            given[at] += max(rounds, 1)
        pieces -= max(rounds, 1) * len(takers)
    return given


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
