"""Writes planned orders: residents, orders, parcels, lines; and says what leaves a station's room. In the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from cloud.api.order_forms import ResidentIn
from cloud.api.order_plans import Planned
from cloud.auth.residents import ResidentVault
from cloud.domain.rooms import group_room, site_room
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry


async def write(connection: Connection, now: datetime, vault: ResidentVault, operator_id: str, planned: Sequence[Planned]) -> None:
    """Write all of them."""
    residents = await _write_residents(
        connection, vault, operator_id, [plan.order.resident for plan in planned if plan.order.resident]
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO customer_order
                (id, operator_id, external_id, site_id, resident_id, pickup_date, placed_at, state_at, leader_id)
            VALUES (%(id)s, %(operator)s, %(external)s, %(site)s, %(resident)s, %(date)s, %(placed)s, %(placed)s, %(leader)s)
            ON CONFLICT (id) DO UPDATE SET site_id = excluded.site_id, resident_id = excluded.resident_id,
                pickup_date = excluded.pickup_date, placed_at = excluded.placed_at, leader_id = excluded.leader_id
            """,
            [
                {
                    "id": plan.id, "operator": operator_id, "external": plan.order.external_id, "site": plan.order.site,
                    "resident": residents[plan.order.resident.phone] if plan.order.resident else None,
                    "leader": plan.order.leader, "date": plan.order.pickup_date,
                    "placed": plan.order.placed_at or (plan.kept.placed_at if plan.kept else now),
                }
                for plan in sorted(planned, key=lambda plan: plan.id)
            ],
        )  # fmt: skip
        await cursor.execute("DELETE FROM order_line WHERE order_id = ANY(%s)", [[plan.id for plan in planned]])
        # Never deleted: a scan that waits for the row's lock would find it gone, and its event would have no parcel.
        await cursor.execute(
            "UPDATE parcel SET operator_id = NULL, order_id = NULL, site_id = NULL, zone = NULL WHERE id = ANY(%s)",
            [[parcel for plan in planned for parcel in plan.dropped]],
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


def left(planned: Sequence[Planned]) -> list[RoomEntry]:
    """What leaves a station's or a group's room because the order moved or lost a parcel."""
    entries = []
    for plan in planned:
        if plan.kept is None:
            continue
        gone = plan.kept.parcels if plan.kept.site_id != plan.order.site else plan.dropped
        entries += [entry(site_room(plan.kept.site_id), f"parcel/{parcel}", None) for parcel in gone]
        # Of two entries with one room and key the last is written: an order that stays in its group is folded after this.
        if plan.kept.group is not None:
            entries.append(entry(group_room(plan.id.partition("/")[0], plan.kept.group), f"order/{plan.id}", None))
    return entries
