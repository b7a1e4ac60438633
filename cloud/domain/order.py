"""An order's state as a fold over its parcels, and what its resident is shown.

Times leave as ISO 8601 UTC with Z; states are domain.md's English words, which the pages translate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from cloud.domain.parcel import Parcel, ParcelState
from edge.wire.clock import utc


class OrderState(StrEnum):
    """domain.md's words; those without an event yet come with theirs."""

    PLACED = "placed"
    PAID = "paid"
    LOCKED = "locked"
    ALLOCATING = "allocating"
    PARTIALLY_SHORT = "partially_short"
    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    READY = "ready"
    PARTIALLY_COLLECTED = "partially_collected"
    COLLECTED = "collected"
    OVERDUE = "overdue"
    CANCELLED = "cancelled"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is known of an order besides its parcels' events. Times in ms since 1970."""

    id: str
    external_id: str
    operator_id: str
    site_id: str
    site_name: str
    site_address: str
    pickup_date: str
    placed_at_ms: int
    cancelled_at_ms: int | None
    lines: tuple["LineView", ...] = ()


@dataclass(frozen=True, slots=True)
class OrderParcel:
    """One parcel of an order, folded."""

    id: str
    zone: str | None
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """What the parcels make of an order, and since when (ms since 1970)."""

    state: OrderState
    at_ms: int


class SiteView(msgspec.Struct, frozen=True):
    id: str
    name: str
    address: str


class LineView(msgspec.Struct, frozen=True):
    name: str
    quantity: int
    zone: str | None
    parcel: str


class ParcelView(msgspec.Struct, frozen=True):
    id: str
    zone: str | None
    state: str
    slot: str
    exceptions: list[str]


class TimelineEntry(msgspec.Struct, frozen=True):
    """``parcel`` is "" where the entry is about the whole order."""

    at: str
    state: str
    site_name: str
    parcel: str


class OrderView(msgspec.Struct, frozen=True):
    """The resident's whole view of an order: the body of the key ``order`` in the order's room."""

    order_id: str
    external_id: str
    state: str
    state_at: str
    site: SiteView
    pickup_date: str
    lines: list[LineView]
    parcels: list[ParcelView]
    timeline: list[TimelineEntry]


def fold_order(order: OrderFacts, parcels: Sequence[OrderParcel]) -> OrderStatus:
    """The order's state. An order is ready when every parcel that was not taken back lies at its own station."""
    if order.cancelled_at_ms is not None:
        return OrderStatus(OrderState.CANCELLED, order.cancelled_at_ms)
    state = _state_of([_place(entry, order.site_id) for entry in parcels])
    moments = [entry.parcel.state_at_ms for entry in parcels if entry.parcel.state_at_ms is not None]
    return OrderStatus(state, max([order.placed_at_ms, *moments]) if state is not OrderState.PLACED else order.placed_at_ms)


class _Place(StrEnum):
    ELSEWHERE = "elsewhere"
    ON_THE_WAY = "on_the_way"
    HERE = "here"
    HANDED_OUT = "handed_out"
    TAKEN_BACK = "taken_back"


def _place(entry: OrderParcel, site_id: str) -> _Place:
    parcel = entry.parcel
    if parcel.state is ParcelState.RELEASED:
        return _Place.HANDED_OUT
    if parcel.state.is_final:
        return _Place.TAKEN_BACK
    if parcel.state.is_at_station:
        return _Place.HERE if parcel.at_site == site_id else _Place.ELSEWHERE
    return _Place.ON_THE_WAY if parcel.state in (ParcelState.SORTED, ParcelState.PACKED) else _Place.ELSEWHERE


def _state_of(places: list[_Place]) -> OrderState:
    counted = [place for place in places if place is not _Place.TAKEN_BACK]
    if not counted:
        return OrderState.CLOSED if places else OrderState.PLACED
    if all(place is _Place.HANDED_OUT for place in counted):
        return OrderState.COLLECTED
    if _Place.HANDED_OUT in counted:
        return OrderState.PARTIALLY_COLLECTED
    if all(place is _Place.HERE for place in counted):
        return OrderState.READY
    if _Place.HERE in counted:
        return OrderState.ARRIVED
    return OrderState.IN_TRANSIT if _Place.ON_THE_WAY in counted else OrderState.PLACED


def view(order: OrderFacts, parcels: Sequence[OrderParcel], site_names: dict[str, str]) -> OrderView:
    """What the resident sees. ``site_names`` gives names of the sites the parcels were at; an unknown site shows its id."""
    status = fold_order(order, parcels)
    return OrderView(
        order_id=order.id,
        external_id=order.external_id,
        state=status.state,
        state_at=iso(status.at_ms),
        site=SiteView(order.site_id, order.site_name, order.site_address),
        pickup_date=order.pickup_date,
        lines=list(order.lines),
        parcels=[
            ParcelView(entry.id, entry.zone, entry.parcel.state, entry.parcel.slot, list(entry.parcel.exceptions(order.site_id)))
            for entry in sorted(parcels, key=lambda entry: entry.id)
        ],
        timeline=timeline(order, parcels, site_names),
    )


def timeline(order: OrderFacts, parcels: Sequence[OrderParcel], site_names: dict[str, str]) -> list[TimelineEntry]:
    """What happened, oldest first: when the order was placed, each step of each parcel, and what became of the whole."""
    entries = [(order.placed_at_ms, 0, "", TimelineEntry(iso(order.placed_at_ms), OrderState.PLACED, "", ""))]
    for parcel in parcels:
        entries += [
            (step.at_ms, 1, parcel.id, TimelineEntry(iso(step.at_ms), step.state, site_names.get(step.site, step.site), parcel.id))
            for step in parcel.parcel.steps
        ]
    status = fold_order(order, parcels)
    if status.state in (OrderState.READY, OrderState.COLLECTED, OrderState.CANCELLED):
        entries.append((status.at_ms, 2, "", TimelineEntry(iso(status.at_ms), status.state, order.site_name, "")))
    # Stable: the steps of one parcel at one time keep their order.
    return [entry for *_, entry in sorted(entries, key=lambda entry: entry[:3])]


def iso(ms: int) -> str:
    """Write ms since 1970 as ``2026-11-22T07:20:00.000Z``."""
    return utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
