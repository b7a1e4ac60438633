"""An order's state as a fold over its parcels and the containers they are in, and what its resident is shown.

Times leave as ISO 8601 UTC with Z; states are English words, which the pages translate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from cloud.domain.container import ContainerBrief
from cloud.domain.parcel import Parcel, ParcelState
from edge.rules.custody import ContainerState
from edge.wire.clock import utc
from edge.wire.messages import Problem


class OrderState(StrEnum):
    """Where an order stands. Nothing here knows of payments yet, and so no order is ``paid``."""

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
    """What is known of an order besides its parcels' events. Times in ms since 1970. ``leader_id``: whose group it is of."""

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
    locked_at_ms: int | None = None
    allocated_at_ms: int | None = None
    leader_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderParcel:
    """One parcel of an order, folded. ``container``: the one it is in or is to come in; None where none is known.

    ``is_made_here``: the station makes it out of goods that come by SKU; ``container`` is the one they come in.
    """

    id: str
    zone: str | None
    parcel: Parcel
    container: ContainerBrief | None = None
    is_made_here: bool = False


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """What the parcels make of an order, and since when (ms since 1970)."""

    state: OrderState
    at_ms: int


class SiteView(msgspec.Struct, frozen=True):
    id: str
    name: str
    address: str


class LineView(msgspec.Struct, frozen=True, omit_defaults=True):
    """``short``: how many of ``quantity`` could not be had."""

    name: str
    quantity: int
    zone: str | None
    parcel: str
    short: int = 0


class ParcelView(msgspec.Struct, frozen=True, omit_defaults=True):
    """``elsewhere``: the name of the other station that had it last, from where it is sent on; "" for nearly all."""

    id: str
    zone: str | None
    state: str
    slot: str
    exceptions: list[str]
    elsewhere: str = ""


class TimelineEntry(msgspec.Struct, frozen=True):
    """``parcel`` is "" where the entry is about the whole order."""

    at: str
    state: str
    site_name: str
    parcel: str


class CountsView(msgspec.Struct, frozen=True):
    """How many of an order's parcels stand where, so that nobody is told that all is there when half is.

    ``total``: those that were or are still to be handed out; ``here``: at their station now; ``collected``: handed out.
    """

    total: int
    here: int
    collected: int


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
    counts: CountsView


def fold_order(order: OrderFacts, parcels: Sequence[OrderParcel]) -> OrderStatus:
    """The order's state. An order is ready when all of it that can still come lies counted at its own station."""
    if order.cancelled_at_ms is not None:
        return OrderStatus(OrderState.CANCELLED, order.cancelled_at_ms)
    whereabouts = [_whereabouts(entry, order.site_id) for entry in parcels]
    state = _state_of({place for place, _ in whereabouts}, order)
    if state is OrderState.PLACED:
        return OrderStatus(state, order.placed_at_ms)
    moments = [order.placed_at_ms, order.locked_at_ms, order.allocated_at_ms, *(moment for _, moment in whereabouts)]
    return OrderStatus(state, max(moment for moment in moments if moment is not None))


def counts(order: OrderFacts, parcels: Sequence[OrderParcel]) -> CountsView:
    """Without what is missing and what was taken back: nobody will be handed those."""
    places = [place for place, _ in (_whereabouts(entry, order.site_id) for entry in parcels)]
    return CountsView(
        total=sum(place not in (_Place.MISSING, _Place.TAKEN_BACK) for place in places),
        here=sum(place in (_Place.HERE, _Place.UNCOUNTED, _Place.LEFT_LYING) for place in places),
        collected=places.count(_Place.HANDED_OUT),
    )


class _Place(StrEnum):
    ELSEWHERE = "elsewhere"
    ASTRAY = "astray"  # another station has it, or sent it on from there
    PREPARING = "preparing"
    ON_THE_WAY = "on_the_way"
    UNCOUNTED = "uncounted"
    HERE = "here"
    LEFT_LYING = "left_lying"
    MISSING = "missing"
    HANDED_OUT = "handed_out"
    TAKEN_BACK = "taken_back"


def _whereabouts(entry: OrderParcel, site_id: str) -> tuple[_Place, int | None]:
    """Where a parcel is, as its order sees it, and since when (ms since 1970; None: not known)."""
    parcel, container = entry.parcel, _current(entry)
    if parcel.state is ParcelState.RELEASED:
        return _Place.HANDED_OUT, parcel.state_at_ms
    if _is_astray(parcel, site_id):
        return _Place.ASTRAY, parcel.state_at_ms
    if parcel.state.is_final:
        return _Place.TAKEN_BACK, parcel.state_at_ms
    if Problem.MISSING in parcel.problems:
        return _Place.MISSING, parcel.state_at_ms
    if parcel.state.is_at_station:
        return _at_station(parcel, None if entry.is_made_here else container, site_id)
    return _coming(entry, container, site_id)


def _is_astray(parcel: Parcel, site_id: str) -> bool:
    """Another station than its own scanned it in last. What that one gave to a van is on its way here, and not taken back."""
    lies_or_goes = parcel.state.is_at_station or parcel.state is ParcelState.RETURNED
    return lies_or_goes and parcel.at_site is not None and parcel.at_site != site_id


def _coming(entry: OrderParcel, container: ContainerBrief | None, site_id: str) -> tuple[_Place, int | None]:
    """Of a parcel that nobody has at its station yet: where what it comes in, or what it is made of, is."""
    parcel = entry.parcel
    if entry.is_made_here and Problem.SHORT in parcel.problems:
        return _Place.MISSING, parcel.state_at_ms  # all that there was is given out, and nothing of it went into this bag
    if container is not None:
        is_here = container.state.is_at_station and container.at_site == site_id
        if is_here and (entry.is_made_here or container.counted_at_ms is None):
            return _Place.UNCOUNTED, container.arrived_at_ms
        if container.state is ContainerState.LOADED:
            return _Place.ON_THE_WAY, container.loaded_at_ms
        if container.state in (ContainerState.BOUND, ContainerState.SEALED):
            return _Place.PREPARING, parcel.state_at_ms
    if parcel.state is ParcelState.SORTED:
        return _Place.PREPARING, parcel.state_at_ms
    return (_Place.ON_THE_WAY if parcel.state is ParcelState.PACKED else _Place.ELSEWHERE), parcel.state_at_ms


def _at_station(parcel: Parcel, container: ContainerBrief | None, site_id: str) -> tuple[_Place, int | None]:
    if parcel.is_overdue:
        return _Place.LEFT_LYING, parcel.state_at_ms
    if container is None or container.at_site != site_id:
        return _Place.HERE, parcel.state_at_ms
    if container.state in (ContainerState.DELIVERED, ContainerState.OPENED) and container.counted_at_ms is None:
        return _Place.UNCOUNTED, parcel.state_at_ms
    return _Place.HERE, max(parcel.state_at_ms or 0, container.counted_at_ms or 0)


def _current(entry: OrderParcel) -> ContainerBrief | None:
    """The container, if it still goes the round in which it had this parcel."""
    container, put_in_ms = entry.container, entry.parcel.container_at_ms
    if container is None or container.round_at_ms is None:
        return None
    return None if put_in_ms is not None and container.round_at_ms > put_in_ms else container


def _state_of(places: set[_Place], order: OrderFacts) -> OrderState:
    counted = places - {_Place.TAKEN_BACK}
    if not counted:
        return OrderState.CLOSED if places else _waiting(order)
    awaited = counted - {_Place.MISSING}
    match awaited:
        case _ if not awaited:
            return OrderState.PARTIALLY_SHORT
        case _ if awaited == {_Place.HANDED_OUT}:
            return OrderState.COLLECTED
        case _ if _Place.LEFT_LYING in awaited:
            return OrderState.OVERDUE
        case _ if _Place.HANDED_OUT in awaited:
            return OrderState.PARTIALLY_COLLECTED
        case _ if awaited == {_Place.HERE}:
            return OrderState.READY
        case _ if awaited & {_Place.HERE, _Place.UNCOUNTED}:
            return OrderState.ARRIVED
        case _ if awaited & {_Place.ON_THE_WAY, _Place.ASTRAY}:
            return OrderState.IN_TRANSIT
        case _ if _Place.PREPARING in awaited:
            return OrderState.ALLOCATING
        case _:
            return _waiting(order)


def _waiting(order: OrderFacts) -> OrderState:
    """Nothing of it was seen yet."""
    if order.allocated_at_ms is not None:
        return OrderState.PARTIALLY_SHORT if any(line.short for line in order.lines) else OrderState.ALLOCATING
    return OrderState.PLACED if order.locked_at_ms is None else OrderState.LOCKED


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
            ParcelView(
                entry.id,
                entry.zone,
                entry.parcel.state,
                entry.parcel.slot,
                list(entry.parcel.exceptions(order.site_id)),
                _elsewhere(entry.parcel, order.site_id, site_names),
            )
            for entry in sorted(parcels, key=lambda entry: entry.id)
        ],
        timeline=timeline(order, parcels, site_names, status),
        counts=counts(order, parcels),
    )


def _elsewhere(parcel: Parcel, site_id: str, site_names: dict[str, str]) -> str:
    if parcel.at_site is None or not _is_astray(parcel, site_id):
        return ""
    return site_names.get(parcel.at_site, parcel.at_site)


def timeline(
    order: OrderFacts, parcels: Sequence[OrderParcel], site_names: dict[str, str], status: OrderStatus
) -> list[TimelineEntry]:
    """What happened, oldest first: when the order was placed, each step of each parcel, and what became of the whole."""
    entries = [
        (at_ms, 0, "", TimelineEntry(iso(at_ms), state, "", ""))
        for at_ms, state in ((order.placed_at_ms, OrderState.PLACED), (order.locked_at_ms, OrderState.LOCKED))
        if at_ms is not None
    ]
    for parcel in parcels:
        entries += [
            (step.at_ms, 1, parcel.id, TimelineEntry(iso(step.at_ms), step.state, site_names.get(step.site, step.site), parcel.id))
            for step in parcel.parcel.steps
        ]
    entries += [(at_ms, 2, "", TimelineEntry(iso(at_ms), state, site, "")) for at_ms, state, site in _on_the_road(order, parcels)]
    if status.state in (OrderState.READY, OrderState.COLLECTED, OrderState.CANCELLED, OrderState.OVERDUE):
        entries.append((status.at_ms, 3, "", TimelineEntry(iso(status.at_ms), status.state, order.site_name, "")))
    # Stable: the steps of one parcel at one time keep their order.
    return [entry for *_, entry in sorted(entries, key=lambda entry: entry[:3])]


def _on_the_road(order: OrderFacts, parcels: Sequence[OrderParcel]) -> Iterable[tuple[int, OrderState, str]]:
    """When the first of its containers left, and when the first came to its station."""
    containers = [container for entry in parcels if (container := _current(entry)) is not None]
    left = [container.loaded_at_ms for container in containers if container.loaded_at_ms is not None]
    came = [one.arrived_at_ms for one in containers if one.arrived_at_ms is not None and one.at_site == order.site_id]
    if left:
        yield min(left), OrderState.IN_TRANSIT, ""
    if came:
        yield min(came), OrderState.ARRIVED, order.site_name


def iso(ms: int) -> str:
    """Write ms since 1970 as ``2026-11-22T07:20:00.000Z``."""
    return utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
