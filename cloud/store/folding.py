"""Folds parcels and their orders again and writes what came out, in the caller's transaction (ARCHITECTURE, decision 7).

Locks parcels by id, then orders by id; whoever else locks them keeps that order. Called by ingest for what events are about and by
the import of orders for parcels that may have been scanned before their order came.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from cloud.domain.case_causes import ParcelPlace, of_parcel
from cloud.domain.order import OrderFacts, OrderParcel, OrderView, iso, view
from cloud.domain.parcel import Dispute, Parcel, ParcelState, fold_parcel
from cloud.domain.rooms import group_room, operator_room, order_room, site_room
from cloud.store import fold_facts
from cloud.store.cases import About, follow_causes
from cloud.store.container_folding import FoldedContainers
from cloud.store.fold_facts import FoldFacts, OrderState, ParcelRow
from cloud.store.pool import Connection, Cursor
from cloud.store.rooms import RoomEntry, entry
from edge.wire.messages import Problem
from edge.wire.order import ZERO, Hlc

NO_CONTAINERS = FoldedContainers()


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold changed: entries for rooms, and the highest order key among the events it saw."""

    entries: tuple[RoomEntry, ...] = ()
    hlc: Hlc = ZERO


class ParcelEntry(msgspec.Struct, frozen=True):
    """Body of ``parcel/{id}`` in a site's room. ``dispute`` names two events of which a person believes one.

    Everybody who works at the site sees it, whichever operator sent the parcel (ARCHITECTURE, decision 25): so it names no order.
    """

    id: str
    zone: str | None
    state: str
    slot: str
    site: str | None
    at_site: str | None
    state_at: str | None
    exceptions: list[str]
    dispute: list[str]


class OrderEntry(msgspec.Struct, frozen=True):
    """Body of ``order/{id}`` in an operator's room, and in that of the order's group."""

    order_id: str
    external_id: str
    site: str
    state: str
    state_at: str
    pickup_date: str
    parcels: int
    exceptions: list[str]


async def refold(connection: Connection, parcel_ids: Collection[str], now: datetime) -> Folded:
    """Fold these parcels and their orders again and write their states; an id that no parcel has is passed over.

    The caller writes the entries to the rooms as its last statement before the commit.
    """
    async with connection.pipeline():
        return await (await ask_refold(connection, parcel_ids, now)).finish()


async def ask_refold(
    connection: Connection, parcel_ids: Collection[str], now: datetime, containers: FoldedContainers = NO_CONTAINERS
) -> "Refold":
    """The first half of `refold`: all is locked and asked, nothing read. In a pipeline that costs no wait.

    ``containers`` were folded before; the parcels in them follow.
    """
    parcel_ids = {*parcel_ids, *containers.parcels}
    if not parcel_ids:
        return Refold(connection, frozenset(), None, now, containers)
    ids = sorted(parcel_ids)
    await fold_facts.lock(connection, ids)
    return Refold(connection, frozenset(ids), await fold_facts.ask(connection, ids, []), now, containers)


@dataclass(frozen=True, slots=True)
class Refold:
    """What a fold has asked about the parcels it is for; None where there are none."""

    connection: Connection
    wanted: frozenset[str]
    asked: Cursor | None
    now: datetime
    containers: FoldedContainers = NO_CONTAINERS

    async def finish(self) -> Folded:
        """The second half of `refold`: read, fold, write."""
        if self.asked is None:
            return Folded(self.containers.entries, self.containers.hlc)
        facts = await fold_facts.read(self.asked)
        folded = _folded(facts)
        wanted = [row for row in facts.parcels.values() if row.id in self.wanted]
        entries = [*self.containers.entries, *(made for row in wanted for made in _parcel_entries(row, folded[row.id]))]
        members_of = _members(facts, folded)
        orders: list[OrderState] = []
        for order in facts.orders.values():
            seen = view(order, members_of.get(order.id, []), facts.site_names)
            orders.append(OrderState(order.id, seen.state, seen.state_at))
            entries += _order_entries(order, seen)
        await fold_facts.write(self.connection, [_parcel_state(row, folded[row.id]) for row in wanted], orders)
        await self._follow_cases([row for row in wanted if _is_troubled(row, folded[row.id])], folded, facts)
        return Folded(tuple(entries), max((parcel.hlc for parcel in folded.values()), default=self.containers.hlc))

    async def _follow_cases(self, rows: Sequence[ParcelRow], folded: Mapping[str, Parcel], facts: FoldFacts) -> None:
        """Whoever is owed something has a case, and two events that contradict each other have one, from this very commit on."""
        if not rows:
            return
        places = [ParcelPlace(row.id, row.operator_id, row.order_id, row.site_id, row.breach) for row in rows]
        causes = [cause for one in places for cause in of_parcel(one, folded[one.id], facts.events.get(one.id, ()))]
        await follow_causes(self.connection, About(parcels=[row.id for row in rows]), causes, self.now)


def _is_troubled(row: ParcelRow, parcel: Parcel) -> bool:
    """Something is wrong or was: few are, and nobody else's fold pays for the question."""
    return row.had_trouble or bool(parcel.conflicts or parcel.problems) or parcel.state is ParcelState.DISPOSED


async def order_view(connection: Connection, order_id: str) -> OrderView | None:
    """An order as its resident sees it, read without locks; None where there is none."""
    facts = await fold_facts.read(await fold_facts.ask(connection, [], [order_id]))
    if order_id not in facts.orders:
        return None
    members = _members(facts, _folded(facts)).get(order_id, [])
    return view(facts.orders[order_id], members, facts.site_names)


def _folded(facts: FoldFacts) -> dict[str, Parcel]:
    """With what follows from readings and not from events: that it was too warm (cold_accounts.py)."""
    folded = {parcel_id: fold_parcel(facts.events.get(parcel_id, ())) for parcel_id in facts.parcels}
    for parcel_id, row in facts.parcels.items():
        if row.is_breached:
            parcel = folded[parcel_id]
            folded[parcel_id] = replace(parcel, problems=parcel.problems | {Problem.TEMP_BREACH})
    return folded


def _parcel_state(row: ParcelRow, parcel: Parcel) -> fold_facts.ParcelState:
    state_at = None if parcel.state_at_ms is None else iso(parcel.state_at_ms)
    exceptions, container = parcel.exceptions(row.site_id), parcel.container or None
    return fold_facts.ParcelState(
        row.id, parcel.state, exceptions, parcel.slot, parcel.at_site, state_at, container, _dispute(parcel)
    )


def _dispute(parcel: Parcel) -> list[str]:
    return [text for conflict in parcel.conflicts for text in (str(conflict.kept), str(conflict.disputed))]


def _members(facts: FoldFacts, folded: Mapping[str, Parcel]) -> dict[str, list[OrderParcel]]:
    members: dict[str, list[OrderParcel]] = {}
    for row in facts.parcels.values():
        if row.order_id is not None:
            container = facts.containers.get(folded[row.id].container or row.planned_container or "")
            members.setdefault(row.order_id, []).append(OrderParcel(row.id, row.zone, folded[row.id], container, row.is_made_here))
    return members


def _parcel_entries(row: ParcelRow, parcel: Parcel) -> Iterable[RoomEntry]:
    body = ParcelEntry(
        id=row.id,
        zone=row.zone,
        state=parcel.state,
        slot=parcel.slot,
        site=row.site_id,
        at_site=parcel.at_site,
        state_at=None if parcel.state_at_ms is None else iso(parcel.state_at_ms),
        exceptions=list(parcel.exceptions(row.site_id)),
        dispute=_dispute(parcel),
    )
    rooms = {site for site in (row.site_id, parcel.at_site) if site is not None}
    # Who released it and who disputes it both see it: they have to talk. Where it only passed through it is seen no more.
    gone = [conflict for conflict in parcel.conflicts if conflict.dispute is not Dispute.AT_TWO_STATIONS]
    rooms |= {event.site for conflict in gone for event in (conflict.kept, conflict.disputed)}
    left = {row.at_site_id} - rooms - {None}
    yield from (entry(site_room(site), f"parcel/{row.id}", body) for site in sorted(rooms))
    yield from (entry(site_room(site), f"parcel/{row.id}", None) for site in left if site is not None)


def _order_entries(order: OrderFacts, seen: OrderView) -> Iterable[RoomEntry]:
    yield entry(order_room(order.id), "order", seen)
    body = OrderEntry(
        order_id=order.id,
        external_id=order.external_id,
        site=order.site_id,
        state=seen.state,
        state_at=seen.state_at,
        pickup_date=order.pickup_date,
        parcels=len(seen.parcels),
        exceptions=sorted({exception for parcel in seen.parcels for exception in parcel.exceptions}),
    )
    yield entry(operator_room(order.operator_id), f"order/{order.id}", body)
    if order.leader_id is not None:
        yield entry(group_room(order.operator_id, order.leader_id), f"order/{order.id}", body)
