"""Goods by SKU as the ledger has them: what was counted out of which container, and what each bag still lacks."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from edge.outbox.transaction import Execute
from edge.rules.custody import ParcelState, parcel_standing
from edge.station import bulk, ledger
from edge.station.bulk import GoodsHere, Share
from edge.station.day import Day
from edge.station.verdict import Verdict
from edge.wire.manifest import ExpectedParcel
from edge.wire.messages import AnyFact, GoodsDistributed, GoodsReceived

_decode = msgspec.json.Decoder(AnyFact).decode


@dataclass(frozen=True, slots=True)
class Given:
    """So many pieces of a SKU in a bag."""

    sku: str
    parcel: str
    quantity: int


def in_container(execute: Execute, day: Day, container: str, sku: str) -> GoodsHere | None:
    """What of a SKU is expected in a container, and was counted since it came. None: it should not be in it."""
    expected = day.containers.get(container)
    wanted = sum(line.quantity for line in expected.lines if line.sku == sku) if expected else 0
    if not wanted:
        return None
    return GoodsHere(sku, wanted, _received(execute, sku, container, ledger.came_row(execute, container)))


def all_in_container(execute: Execute, day: Day, container: str) -> list[GoodsHere]:
    """Every SKU that is expected in a container."""
    expected = day.containers.get(container)
    skus = dict.fromkeys(line.sku for line in expected.lines) if expected else {}
    return [goods for sku in skus if (goods := in_container(execute, day, container, sku)) is not None]


def scanned(execute: Execute, day: Day, ean: str, open_container: str) -> Verdict | None:
    """An EAN was scanned: a piece out of the open container, or else one into the next bag. None: no business of ours."""
    sku = day.sku_of_ean.get(ean)
    if sku is None:
        return None
    known = ledger.container(execute, day, open_container) if open_container else None
    if known is not None and known.is_bulk:
        return bulk.count(known, in_container(execute, day, open_container, sku))
    bags = shares(execute, day, sku)
    return bulk.give(sku, bags, stock(execute, day, sku)) if bags else None


def stock(execute: Execute, day: Day, sku: str) -> int:
    """Pieces of a SKU that were counted out of the day's containers and are in no bag yet."""
    containers = [one.container for one in day.containers.values() if any(line.sku == sku for line in one.lines)]
    came = {container: row for container in containers if (row := ledger.came_row(execute, container))}
    if not came:
        return 0
    received = sum(_received(execute, sku, container, row) for container, row in came.items())
    return received - sum(one.quantity for one in _given(execute, [sku], min(came.values())))


def shares(execute: Execute, day: Day, sku: str) -> list[Share]:
    """The bags that are made here out of a SKU, in the manifest's order, and what each has and lacks."""
    bags = [one for one in day.parcels.values() if one.is_made_here and any(line.sku == sku for line in one.lines)]
    skus = {line.sku for bag in bags for line in bag.lines}
    given: dict[tuple[str, str], int] = {}
    for one in _given(execute, sorted(skus), 0):
        given[one.sku, one.parcel] = given.get((one.sku, one.parcel), 0) + one.quantity
    return [share for bag in bags if (share := _share(execute, bag, sku, given)) is not None]


def _share(execute: Execute, bag: ExpectedParcel, sku: str, given: dict[tuple[str, str], int]) -> Share | None:
    facts = ledger.facts_of(execute, bag.parcel)
    standing = parcel_standing(facts)
    if standing.state.is_final:
        return None
    wanted: dict[str, int] = {}
    for line in bag.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    lacks = {other: max(0, number - given.get((other, bag.parcel), 0)) for other, number in wanted.items()}
    besides = sum(number for other, number in lacks.items() if other != sku)
    return Share(bag.parcel, wanted[sku], given.get((sku, bag.parcel), 0), besides, standing.state is not ParcelState.EXPECTED)


def _received(execute: Execute, sku: str, container: str, after_row: int) -> int:
    facts = _facts(execute, [sku], "goods_received", after_row)
    return sum(fact.quantity for fact in facts if isinstance(fact, GoodsReceived) and fact.container == container)


def _given(execute: Execute, skus: list[str], after_row: int) -> list[Given]:
    facts = _facts(execute, skus, "goods_distributed", after_row)
    return [Given(fact.sku, fact.parcel, fact.quantity) for fact in facts if isinstance(fact, GoodsDistributed)]


def _facts(execute: Execute, skus: Iterable[str], kind: str, after_row: int) -> list[AnyFact]:
    return [
        _decode(fact)
        for sku in skus
        for (fact,) in execute(
            "SELECT fact FROM booking WHERE thing = ? AND id > ? AND kind = ? AND NOT undone ORDER BY id", (sku, after_row, kind)
        ).fetchall()
    ]
