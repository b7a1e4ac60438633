"""Brings orders into the database: new ones, changed ones while nothing of them was scanned; known ones stay untouched.

One transaction, and imports follow one another. Parcels scanned before their order came are attached, and everything is folded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, assert_never

from cloud.api.order_forms import LineFault, LineIn, Numbered, OrderIn, ResidentIn
from cloud.auth.residents import ResidentVault
from cloud.domain.notices import RoomNotice
from cloud.domain.rooms import site_room
from cloud.store.folding import refold
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, change, entry
from edge.wire.labels import parcel_label

# A morning's orders of fifty stations; more is sent in parts, so that parcels are not locked for long.
MAX_ORDERS = 2_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """An order as it lies in the database. ``parcels``: zone by parcel."""

    id: str
    site_id: str
    pickup_date: str
    placed_at: datetime
    resident_hash: bytes | None
    resident_name: bytes | None
    is_scanned: bool
    lines: tuple[tuple[str, str, int, str, str], ...]

    @property
    def parcels(self) -> dict[str, str]:
        return {parcel: zone for *_, zone, parcel in self.lines}


@dataclass(frozen=True, slots=True)
class _Planned:
    """An order that will be written: every line has its parcel."""

    id: str
    order: OrderIn
    lines: tuple[tuple[LineIn, str], ...]
    kept: _Kept | None

    @property
    def parcels(self) -> dict[str, str]:
        return {parcel: line.zone for line, parcel in self.lines}


@dataclass(slots=True)
class Imported:
    """What was done."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    faults: list[LineFault] = field(default_factory=list)
    rooms: list[RoomNotice] = field(default_factory=list)


async def import_orders(
    connection: Connection, now: datetime, vault: ResidentVault, operator_id: str, orders: Sequence[Numbered]
) -> Imported:
    """Write what can be written; a fault for each order that cannot. In the caller's transaction."""
    # A label that two imports give away at once has one owner: the second import sees the first one's.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('order import', 0))")
    done = Imported()
    wanted = await _with_known_site(connection, now, operator_id, _without_repeats(orders, done.faults), done.faults)
    owners = await _parcel_owners(connection, operator_id, wanted)
    kept = await _kept_orders(connection, operator_id, [numbered.order.external_id for numbered in wanted])
    serials = await _free_labels(connection, sum(len(numbered.order.lines) for numbered in wanted))
    planned: list[_Planned] = []
    taken: dict[str, str] = {}
    for numbered in wanted:
        match _plan(numbered, operator_id, kept.get(numbered.order.external_id), owners, taken, serials, vault):
            case LineFault() as fault:
                done.faults.append(fault)
            case "unchanged":
                done.unchanged += 1
            case _Planned() as plan:
                planned.append(plan)
                taken.update(dict.fromkeys(plan.parcels, plan.id))
            case other:
                assert_never(other)
    await _write(connection, now, vault, operator_id, planned)
    folded = await refold(connection, {parcel for plan in planned for parcel in plan.parcels})
    done.rooms = await change(connection, [*_left(planned), *folded.entries], now)
    done.created = sum(plan.kept is None for plan in planned)
    done.updated = len(planned) - done.created
    return done


def _without_repeats(orders: Sequence[Numbered], faults: list[LineFault]) -> list[Numbered]:
    first: dict[str, Numbered] = {}
    for numbered in orders:
        earlier = first.setdefault(numbered.order.external_id, numbered)
        if earlier is not numbered and earlier.order != numbered.order:
            message = f"{numbered.order.external_id} was given with other content at {earlier.line}"
            faults.append(_fault(numbered, "external_id", message, "send one of them"))
    return list(first.values())


async def _with_known_site(
    connection: Connection, now: datetime, operator_id: str, orders: Sequence[Numbered], faults: list[LineFault]
) -> list[Numbered]:
    cursor = await connection.execute(
        """
        SELECT so.site_id FROM site_operator so JOIN operator o ON o.id = so.operator_id JOIN site s ON s.id = so.site_id
        WHERE so.operator_id = %s AND s.kind = 'station' AND so.valid @> (%s::timestamptz AT TIME ZONE o.time_zone)::date
        """,
        [operator_id, now],
    )
    known = {row[0] async for row in cursor}
    faults += [
        _fault(
            numbered,
            "site",
            f"{numbered.order.site} is no station of {operator_id}",
            "register it with POST /api/sites, or correct it",
        )
        for numbered in orders
        if numbered.order.site not in known
    ]
    return [numbered for numbered in orders if numbered.order.site in known]


async def _kept_orders(connection: Connection, operator_id: str, external_ids: Sequence[str]) -> dict[str, _Kept]:
    cursor = await connection.execute(
        """
        SELECT o.external_id, o.id, o.site_id, o.pickup_date::text, o.placed_at, r.phone_hash, r.name_encrypted,
               EXISTS (
                   SELECT FROM parcel p JOIN event_subject e ON e.entity = 'parcel' AND e.entity_id = p.id WHERE p.order_id = o.id
               ),
               ARRAY(SELECT l.sku FROM order_line l WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT l.name FROM order_line l WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT l.quantity FROM order_line l WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT p.zone FROM order_line l JOIN parcel p ON p.id = l.parcel_id WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT l.parcel_id FROM order_line l WHERE l.order_id = o.id ORDER BY l.line)
        FROM customer_order o LEFT JOIN resident r ON r.id = o.resident_id
        WHERE o.operator_id = %s AND o.external_id = ANY(%s)
        """,
        [operator_id, list(external_ids)],
    )
    return {
        row[0]: _Kept(row[1], row[2], row[3], row[4], row[5], row[6], row[7], tuple(zip(*row[8:13], strict=True)))
        async for row in cursor
    }


async def _parcel_owners(connection: Connection, operator_id: str, orders: Sequence[Numbered]) -> dict[str, str | None]:
    """Whose order each parcel named here is of; None: of no order yet.

    Locks them and those the orders have, by id, as the fold does: whether an order was scanned does not change from here on.
    """
    cursor = await connection.execute(
        "SELECT id, order_id FROM parcel WHERE id = ANY(%s) OR order_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [
            [line.parcel for numbered in orders for line in numbered.order.lines if line.parcel],
            [f"{operator_id}/{numbered.order.external_id}" for numbered in orders],
        ],
    )
    return dict(await cursor.fetchall())


class _Labels:
    """Label numbers kept for this import."""

    def __init__(self, serials: Sequence[int]) -> None:
        self._serials = iter(serials)

    def next(self) -> str:
        return parcel_label(next(self._serials))


async def _free_labels(connection: Connection, most: int) -> _Labels:
    """As many as could be needed; numbers that stay unused are lost, of which there are 36⁹. Labels in use are passed over."""
    cursor = await connection.execute("SELECT nextval('parcel_serial') FROM generate_series(1, %s)", [most])
    serials = {parcel_label(row[0]): row[0] for row in await cursor.fetchall()}
    cursor = await connection.execute("SELECT id FROM parcel WHERE id = ANY(%s)", [list(serials)])
    used = {row[0] for row in await cursor.fetchall()}
    free = [serial for label, serial in serials.items() if label not in used]
    return _Labels(free) if len(free) == most else _Labels([*free, *await _more(connection, most - len(free))])


async def _more(connection: Connection, wanted: int) -> list[int]:
    """Labels somebody else has numbered are rare, and not worth cleverness: one at a time."""
    found: list[int] = []
    while len(found) < wanted:
        cursor = await connection.execute("SELECT nextval('parcel_serial')")
        row = await cursor.fetchone()
        serial = int(row[0]) if row else 0
        cursor = await connection.execute("SELECT FROM parcel WHERE id = %s", [parcel_label(serial)])
        if await cursor.fetchone() is None:
            found.append(serial)
    return found


def _plan(
    numbered: Numbered, operator_id: str, kept: _Kept | None, owners: dict[str, str | None], taken: dict[str, str],
    labels: _Labels, vault: ResidentVault,
) -> _Planned | LineFault | Literal["unchanged"]:  # fmt: skip
    order, order_id = numbered.order, f"{operator_id}/{numbered.order.external_id}"
    zones: dict[str, str] = {}
    for index, line in enumerate(order.lines):
        if line.parcel is None:
            continue
        owner = taken.get(line.parcel) or owners.get(line.parcel)
        if owner is not None and owner != order_id:
            # The other order is named only where it is the reader's own.
            whose = owner if owner.startswith(f"{operator_id}/") else "another operator"
            return _fault(numbered, f"lines[{index}].parcel", f"{line.parcel} belongs to {whose}", "give every order its own label")
        if zones.setdefault(line.parcel, line.zone) != line.zone:
            return _fault(numbered, f"lines[{index}].zone", f"{line.parcel} is {zones[line.parcel]} too", "one parcel, one zone")
    if kept is not None and _is_same(order, operator_id, kept, vault):
        return "unchanged"
    if kept is not None and kept.is_scanned:
        return _fault(
            numbered, "external_id", f"{order.external_id} has other content, and was scanned already", "send a new order number"
        )
    return _Planned(order_id, order, _assign(order, kept, zones, labels), kept)


def _assign(order: OrderIn, kept: _Kept | None, given: dict[str, str], labels: _Labels) -> tuple[tuple[LineIn, str], ...]:
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


def _is_same(order: OrderIn, operator_id: str, kept: _Kept, vault: ResidentVault) -> bool:
    if (order.site, order.pickup_date.isoformat(), len(order.lines)) != (kept.site_id, kept.pickup_date, len(kept.lines)):
        return False
    if order.placed_at is not None and order.placed_at != kept.placed_at:
        return False
    if not _is_same_resident(order.resident, operator_id, kept, vault):
        return False
    return all(
        (line.sku, line.name, line.quantity, line.zone) == known[:4] and line.parcel in (None, known[4])
        for line, known in zip(order.lines, kept.lines, strict=True)
    )


def _is_same_resident(resident: ResidentIn | None, operator_id: str, kept: _Kept, vault: ResidentVault) -> bool:
    if resident is None or kept.resident_name is None:
        return resident is None and kept.resident_name is None
    return (
        vault.phone_hash(operator_id, resident.phone) == kept.resident_hash
        and vault.open(operator_id, kept.resident_name) == resident.name
    )


def _fault(numbered: Numbered, field_name: str, message: str, remedy: str) -> LineFault:
    return LineFault(line=numbered.line, field=field_name, message=message, remedy=remedy)


async def _write(
    connection: Connection, now: datetime, vault: ResidentVault, operator_id: str, planned: Sequence[_Planned]
) -> None:
    residents = await _write_residents(
        connection, vault, operator_id, [plan.order.resident for plan in planned if plan.order.resident]
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO customer_order (id, operator_id, external_id, site_id, resident_id, pickup_date, placed_at, state_at)
            VALUES (%(id)s, %(operator)s, %(external)s, %(site)s, %(resident)s, %(date)s, %(placed)s, %(placed)s)
            ON CONFLICT (id) DO UPDATE SET site_id = excluded.site_id, resident_id = excluded.resident_id,
                pickup_date = excluded.pickup_date, placed_at = excluded.placed_at
            """,
            [
                {
                    "id": plan.id, "operator": operator_id, "external": plan.order.external_id, "site": plan.order.site,
                    "resident": residents[plan.order.resident.phone] if plan.order.resident else None,
                    "date": plan.order.pickup_date, "placed": plan.order.placed_at or (plan.kept.placed_at if plan.kept else now),
                }
                for plan in sorted(planned, key=lambda plan: plan.id)
            ],
        )  # fmt: skip
        await cursor.execute("DELETE FROM order_line WHERE order_id = ANY(%s)", [[plan.id for plan in planned]])
        # Never deleted: a scan that waits for the row's lock would find it gone, and its event would have no parcel.
        await cursor.execute(
            "UPDATE parcel SET operator_id = NULL, order_id = NULL, site_id = NULL, zone = NULL WHERE id = ANY(%s)",
            [[parcel for plan in planned for parcel in _dropped(plan)]],
        )
        await cursor.executemany(
            """
            INSERT INTO parcel (id, operator_id, order_id, site_id, zone, created_at) VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (id) DO UPDATE SET operator_id = excluded.operator_id, order_id = excluded.order_id,
                site_id = excluded.site_id, zone = excluded.zone
            """,
            sorted(
                (parcel, operator_id, plan.id, plan.order.site, zone, now)
                for plan in planned
                for parcel, zone in plan.parcels.items()
            ),
        )
        await cursor.executemany(
            "INSERT INTO order_line (order_id, line, parcel_id, sku, name, quantity) VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (plan.id, number, parcel, line.sku, line.name, line.quantity)
                for plan in planned
                for number, (line, parcel) in enumerate(plan.lines, start=1)
            ],
        )


async def _write_residents(
    connection: Connection, vault: ResidentVault, operator_id: str, residents: Sequence[ResidentIn]
) -> dict[str, int]:
    """Ids by phone; the newest name wins."""
    ids: dict[str, int] = {}
    newest = {resident.phone: resident for resident in residents}
    sealed = {phone: vault.seal_phone(operator_id, phone) for phone in newest}
    for phone in sorted(newest, key=lambda phone: sealed[phone].lookup_hash):
        cursor = await connection.execute(
            """
            INSERT INTO resident (operator_id, name_encrypted, phone_encrypted, phone_hash, phone_tail) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (operator_id, phone_hash) DO UPDATE SET name_encrypted = excluded.name_encrypted RETURNING id
            """,
            [
                operator_id, vault.seal(operator_id, newest[phone].name), sealed[phone].encrypted,
                sealed[phone].lookup_hash, sealed[phone].tail,
            ],
        )  # fmt: skip
        row = await cursor.fetchone()
        ids[phone] = int(row[0]) if row else 0
    return ids


def _dropped(plan: _Planned) -> set[str]:
    """Parcels the order had and has no more; never scanned, for else it could not have changed."""
    return set(plan.kept.parcels) - set(plan.parcels) if plan.kept else set()


def _left(planned: Sequence[_Planned]) -> list[RoomEntry]:
    """What leaves a station's room because the order moved or lost a parcel."""
    entries = []
    for plan in planned:
        if plan.kept is None:
            continue
        gone = plan.kept.parcels if plan.kept.site_id != plan.order.site else _dropped(plan)
        entries += [entry(site_room(plan.kept.site_id), f"parcel/{parcel}", None) for parcel in gone]
    return entries
