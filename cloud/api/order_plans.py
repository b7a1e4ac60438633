"""What becomes of each order of an import: unchanged, planned with a parcel for every line, or a fault. Without the database.

``order_facts`` reads what is decided from, ``order_writing`` writes what was decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from cloud.api.faults import Param, fault
from cloud.api.order_forms import LineFault, LineIn, Numbered, OrderIn, ResidentIn
from cloud.auth.residents import ResidentVault
from edge.wire.labels import parcel_label

# Closed pickup dates, with the time before which an order must have been placed: a shop's feed may lag behind the cut-off. None:
# the goods are given out, nothing more is taken.
Frozen = Mapping[date, datetime | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """An order as it lies in the database. ``leader``: as it was imported; ``group``: whose it is. ``parcels``: zone by parcel."""

    id: str
    site_id: str
    pickup_date: str
    placed_at: datetime
    resident_hash: bytes | None
    resident_name: bytes | None
    is_scanned: bool
    is_locked: bool
    is_cancelled: bool
    leader: str | None
    group: str | None
    lines: tuple[tuple[str, str, int, str, str], ...]

    @property
    def parcels(self) -> dict[str, str]:
        return {parcel: zone for *_, zone, parcel in self.lines}


@dataclass(frozen=True, slots=True)
class Planned:
    """An order that will be written: every line has its parcel."""

    id: str
    order: OrderIn
    lines: tuple[tuple[LineIn, str], ...]
    kept: Kept | None

    @property
    def parcels(self) -> dict[str, str]:
        return {parcel: line.zone for line, parcel in self.lines}

    @property
    def dropped(self) -> set[str]:
        """Parcels the order had and has no more; never scanned, for else it could not have changed."""
        return set(self.kept.parcels) - set(self.parcels) if self.kept else set()


class Labels:
    """Label numbers kept for this import."""

    def __init__(self, serials: Sequence[int]) -> None:
        self._serials = iter(serials)

    def next(self) -> str:
        return parcel_label(next(self._serials))


def without_repeats(orders: Sequence[Numbered], faults: list[LineFault]) -> list[Numbered]:
    """The first of each order number; one that is given again with other content is a fault."""
    first: dict[str, Numbered] = {}
    for numbered in orders:
        earlier = first.setdefault(numbered.order.external_id, numbered)
        if earlier is not numbered and earlier.order != numbered.order:
            faults.append(line_fault(numbered, "order_twice", "external_id", order=numbered.order.external_id, line=earlier.line))
    return list(first.values())


def plan(
    numbered: Numbered, operator_id: str, kept: Kept | None, owners: dict[str, str | None], taken: dict[str, str],
    labels: Labels, vault: ResidentVault, frozen: Frozen,
) -> Planned | LineFault | Literal["unchanged"]:  # fmt: skip
    """``owners``: whose each parcel is; ``taken``: whose it has become in this import; ``frozen``: pickup dates closed."""
    order, order_id = numbered.order, f"{operator_id}/{numbered.order.external_id}"
    zones: dict[str, str] = {}
    for index, line in enumerate(order.lines):
        if line.parcel is None:
            continue
        owner = taken.get(line.parcel) or owners.get(line.parcel)
        if owner is not None and owner != order_id:
            where = f"lines[{index}].parcel"
            if not owner.startswith(f"{operator_id}/"):  # the other order is named only where it is the reader's own
                return line_fault(numbered, "parcel_taken_elsewhere", where, parcel=line.parcel)
            return line_fault(numbered, "parcel_taken", where, parcel=line.parcel, order=owner)
        if zones.setdefault(line.parcel, line.zone) != line.zone:
            where = f"lines[{index}].zone"
            return line_fault(numbered, "parcel_in_two_zones", where, parcel=line.parcel, zone=zones[line.parcel])
    if kept is not None and _is_same(order, operator_id, kept, vault):
        return "unchanged"
    if kept is not None and (settled := _settled(numbered, kept)) is not None:
        return settled
    if order.pickup_date in frozen and _is_late(order, frozen[order.pickup_date]):
        return line_fault(numbered, "batch_frozen", "pickup_date", date=order.pickup_date.isoformat())
    if kept is not None and kept.is_scanned:
        return line_fault(numbered, "order_scanned", "external_id", order=order.external_id)
    return Planned(order_id, order, _assign(order, kept, zones, labels), kept)


def _settled(numbered: Numbered, kept: Kept) -> LineFault | None:
    """Of one that is given with other content: nobody changes what was cancelled or frozen."""
    if kept.is_cancelled:
        return line_fault(numbered, "order_withdrawn", "external_id", order=numbered.order.external_id)
    return line_fault(numbered, "order_locked", "external_id", order=numbered.order.external_id) if kept.is_locked else None


def _is_late(order: OrderIn, frozen_at: datetime | None) -> bool:
    return frozen_at is None or (order.placed_at is not None and order.placed_at >= frozen_at)


def _assign(order: OrderIn, kept: Kept | None, given: dict[str, str], labels: Labels) -> tuple[tuple[LineIn, str], ...]:
    """A parcel for each line: the one given, else the order's bag of the zone (its own as before, where it has one)."""
    bags: dict[str, str] = {}
    for parcel, zone in [*given.items(), *(kept.parcels.items() if kept else ())]:
        if given.get(parcel, zone) == zone:
            bags.setdefault(zone, parcel)
    lines: list[tuple[LineIn, str]] = []
    for line in order.lines:
        parcel = line.parcel or bags.get(line.zone) or labels.next()
        bags.setdefault(line.zone, parcel)
        lines.append((line, parcel))
    return tuple(lines)


def _is_same(order: OrderIn, operator_id: str, kept: Kept, vault: ResidentVault) -> bool:
    if (order.site, order.pickup_date.isoformat(), len(order.lines)) != (kept.site_id, kept.pickup_date, len(kept.lines)):
        return False
    if (order.placed_at is not None and order.placed_at != kept.placed_at) or order.leader != kept.leader:
        return False
    if not _is_same_resident(order.resident, operator_id, kept, vault):
        return False
    return all(
        (line.sku, line.name, line.quantity, line.zone) == known[:4] and line.parcel in (None, known[4])
        for line, known in zip(order.lines, kept.lines, strict=True)
    )


def _is_same_resident(resident: ResidentIn | None, operator_id: str, kept: Kept, vault: ResidentVault) -> bool:
    if resident is None or kept.resident_name is None:
        return resident is None and kept.resident_name is None
    return (
        vault.phone_hash(operator_id, resident.phone) == kept.resident_hash
        and vault.open(operator_id, kept.resident_name) == resident.name
    )


def line_fault(numbered: Numbered, code: str, field: str, **params: Param) -> LineFault:
    """A fault of an order of this import."""
    return LineFault.of(numbered.line, fault(code, field, **params))
