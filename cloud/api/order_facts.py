"""What an import of orders is decided from: stations, known orders, whose each parcel is, free labels. Locks as the fold does."""

from collections.abc import Sequence
from datetime import datetime

from cloud.api.faults import Param, fault
from cloud.api.order_forms import GivenUp, LineFault, Numbered
from cloud.api.order_plans import Frozen, Kept, Labels
from cloud.domain.scope import LEADER_OF_ORDER
from cloud.store.pool import Connection
from edge.wire.labels import parcel_label


async def lock_imports(connection: Connection) -> None:
    """Whoever gives parcels to orders, or takes orders away, follows the last who did: until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('order import', 0))")


async def with_known_places(
    connection: Connection, now: datetime, operator_id: str, orders: Sequence[Numbered], given_up: Sequence[GivenUp]
) -> tuple[list[Numbered], list[LineFault]]:
    """The orders whose station serves the operator today and whose leader, if any, is its own; a fault for what is not so.

    Also of those that are ``given_up`` for something else: who corrects a file hears of everything at once.
    """
    asked = [*(GivenUp(line=one.line, site=one.order.site, leader=one.order.leader or "") for one in orders), *given_up]
    stations = {"", *await _stations(connection, now, operator_id)}
    leaders = {"", *await _leaders(connection, operator_id, sorted({one.leader for one in asked}))}
    faults = [
        *(_at(one, "no_station", "site", site=one.site, operator=operator_id) for one in asked if one.site not in stations),
        *(_at(one, "no_leader_of_order", "leader", leader=one.leader) for one in asked if one.leader not in leaders),
    ]
    wrong = {fault.line for fault in faults}
    return [one for one in orders if one.line not in wrong], faults


def _at(one: GivenUp, code: str, field: str, **params: Param) -> LineFault:
    return LineFault.of(one.line, fault(code, field, **params))


async def _stations(connection: Connection, now: datetime, operator_id: str) -> set[str]:
    cursor = await connection.execute(
        """
        SELECT so.site_id FROM site_operator so JOIN operator o ON o.id = so.operator_id JOIN site s ON s.id = so.site_id
        WHERE so.operator_id = %s AND s.kind = 'station' AND so.valid @> (%s::timestamptz AT TIME ZONE o.time_zone)::date
        """,
        [operator_id, now],
    )
    return {row[0] async for row in cursor}


async def _leaders(connection: Connection, operator_id: str, named: Sequence[str]) -> set[str]:
    cursor = await connection.execute("SELECT id FROM leader WHERE operator_id = %s AND id = ANY(%s)", [operator_id, list(named)])
    return {row[0] async for row in cursor}


async def kept_orders(connection: Connection, operator_id: str, external_ids: Sequence[str]) -> dict[str, Kept]:
    """Those of the order numbers that are known."""
    cursor = await connection.execute(
        f"""
        SELECT o.external_id, o.id, o.site_id, o.pickup_date::text, o.placed_at, r.phone_hash, r.name_encrypted,
               EXISTS (
                   SELECT FROM parcel p JOIN event_subject e ON e.entity = 'parcel' AND e.entity_id = p.id WHERE p.order_id = o.id
               ),
               o.locked_at IS NOT NULL, o.cancelled_at IS NOT NULL, o.leader_id, {LEADER_OF_ORDER},
               ARRAY(SELECT l.sku FROM order_line l WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT l.name FROM order_line l WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT l.quantity FROM order_line l WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT p.zone FROM order_line l JOIN parcel p ON p.id = l.parcel_id WHERE l.order_id = o.id ORDER BY l.line),
               ARRAY(SELECT l.parcel_id FROM order_line l WHERE l.order_id = o.id ORDER BY l.line)
        FROM customer_order o LEFT JOIN resident r ON r.id = o.resident_id
        WHERE o.operator_id = %s AND o.external_id = ANY(%s)
        """,  # noqa: S608  # literals only
        [operator_id, list(external_ids)],
    )
    found: dict[str, Kept] = {}
    async for row in cursor:
        lines = tuple(zip(*row[12:17], strict=True))
        found[row[0]] = Kept(
            row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], lines
        )  # fmt: skip
    return found


async def frozen_dates(connection: Connection, operator_id: str) -> Frozen:
    """Pickup dates whose orders are closed, and until when an order must have been placed to be still taken."""
    cursor = await connection.execute(
        "SELECT pickup_date, frozen_at, allocated_at IS NOT NULL FROM pickup_batch WHERE operator_id = %s", [operator_id]
    )
    return {row[0]: None if row[2] else row[1] for row in await cursor.fetchall()}


async def parcel_owners(connection: Connection, operator_id: str, orders: Sequence[Numbered]) -> dict[str, str | None]:
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


async def free_labels(connection: Connection, most: int) -> Labels:
    """As many as could be needed; numbers that stay unused are lost, of which there are 36⁹. Labels in use are passed over."""
    cursor = await connection.execute("SELECT nextval('parcel_serial') FROM generate_series(1, %s)", [most])
    serials = {parcel_label(row[0]): row[0] for row in await cursor.fetchall()}
    cursor = await connection.execute("SELECT id FROM parcel WHERE id = ANY(%s)", [list(serials)])
    used = {row[0] for row in await cursor.fetchall()}
    free = [serial for label, serial in serials.items() if label not in used]
    return Labels(free) if len(free) == most else Labels([*free, *await _more(connection, most - len(free))])


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
