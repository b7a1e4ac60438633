"""Leaders and their links (leader), and reminders to fetch (reminder). Leaves who may do what to its callers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from cloud.domain.rooms import group_room
from cloud.store.pool import Connection
from cloud.store.rooms import change, entry


@dataclass(frozen=True, slots=True)
class Leader:
    """One of an operator's leaders. ``keeps_site_id``: the station they keep, None: none."""

    operator_id: str
    id: str
    name: str
    keeps_site_id: str | None
    link_version: int


@dataclass(frozen=True, slots=True)
class OperatorsDay:
    """What a leader's page needs of the operator. ``today``: by its own clock; ``pickup_until``: ``21:00``."""

    name: str
    time_zone: str
    pickup_until: str
    today: date
    commission_fen: int
    shortage_rule: str


async def find_leader(connection: Connection, operator_id: str, leader_id: str) -> Leader | None:
    """None where there is none."""
    found = await list_leaders(connection, operator_id, leader_id)
    return found[0] if found else None


async def list_leaders(connection: Connection, operator_id: str, leader_id: str | None = None) -> list[Leader]:
    """An operator's, by id; or the one."""
    async with connection.cursor(row_factory=class_row(Leader)) as cursor:
        await cursor.execute(
            """
            SELECT operator_id, id, name, keeps_site_id, link_version FROM leader
            WHERE operator_id = %(operator)s AND (%(leader)s::text IS NULL OR id = %(leader)s) ORDER BY id
            """,
            {"operator": operator_id, "leader": leader_id},
        )
        return await cursor.fetchall()


async def keeper_of(connection: Connection, operator_id: str, site_id: str) -> str | None:
    """The leader who keeps a station for this operator."""
    cursor = await connection.execute("SELECT id FROM leader WHERE operator_id = %s AND keeps_site_id = %s", [operator_id, site_id])
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def put_leader(
    connection: Connection, now: datetime, operator_id: str, leader_id: str, name: str, keeps_site_id: str | None
) -> None:
    """Made or changed; the link stands."""
    await connection.execute(
        """
        INSERT INTO leader (operator_id, id, name, keeps_site_id, created_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (operator_id, id) DO UPDATE SET name = excluded.name, keeps_site_id = excluded.keeps_site_id
        """,
        [operator_id, leader_id, name, keeps_site_id, now],
    )


async def take_back_links(connection: Connection, operator_id: str, leader_id: str, now: datetime) -> None:
    """All links of a leader that were made before are good no more. Pages that are open hear it, and ask again at once."""
    cursor = await connection.execute(
        "UPDATE leader SET link_version = link_version + 1 WHERE operator_id = %s AND id = %s RETURNING link_version",
        [operator_id, leader_id],
    )
    row = await cursor.fetchone()
    if row is not None:
        await change(connection, [entry(group_room(operator_id, leader_id), "links", {"version": row[0]})], now)


async def leader_link_versions(connection: Connection, leaders: Collection[str]) -> dict[str, int]:
    """The version that links must have to be good, by ``operator/leader``."""
    pairs = [one.partition("/") for one in leaders]
    cursor = await connection.execute(
        """
        SELECT l.operator_id || '/' || l.id, l.link_version
        FROM unnest(%s::text[], %s::text[]) AS wanted (operator_id, id) JOIN leader l USING (operator_id, id)
        """,
        [[operator for operator, _, _ in pairs], [leader for _, _, leader in pairs]],
    )
    return dict(await cursor.fetchall())


async def operators_day(connection: Connection, operator_id: str, now: datetime) -> OperatorsDay | None:
    """None where there is no such operator."""
    async with connection.cursor(row_factory=class_row(OperatorsDay)) as cursor:
        await cursor.execute(
            """
            SELECT name, time_zone, to_char(pickup_until, 'HH24:MI') AS pickup_until,
                (%(now)s::timestamptz AT TIME ZONE time_zone)::date AS today, commission_fen, shortage_rule
            FROM operator WHERE id = %(operator)s
            """,
            {"operator": operator_id, "now": now},
        )
        return await cursor.fetchone()


async def remind(connection: Connection, order_id: str, leader_id: str, day: date, now: datetime) -> datetime | None:
    """Write the reminder of an order and day; None where it is new, else when it was sent before."""
    cursor = await connection.execute(
        "INSERT INTO reminder (order_id, day, leader_id, at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING at",
        [order_id, day, leader_id, now],
    )
    if await cursor.fetchone() is not None:
        return None
    cursor = await connection.execute("SELECT at FROM reminder WHERE order_id = %s AND day = %s", [order_id, day])
    row = await cursor.fetchone()
    return now if row is None else row[0]


async def phones_shown(connection: Connection, leader: str, since: datetime, order: str) -> int:
    """Of how many orders but this one the leader has looked up the number. ``leader``: as the audit names one, operator/id."""
    cursor = await connection.execute(
        """
        SELECT count(DISTINCT subject) FROM audit
        WHERE action = 'leader.phone' AND at > %s AND detail->>'leader' = %s AND subject <> %s
        """,
        [since, leader, order],
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])
