"""What a site's manifest is made of, read; and manifests themselves, kept until newer ones are in force.

Codes and their keys are not read here: who makes the manifest has the installation's secret. A dock's plan is `dock_facts`'.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from cloud.store import dock_facts, van_facts
from cloud.store.claim_facts import CLAIM, IS_HERE, IS_OPEN, read_claims
from cloud.store.other_facts import read_others
from cloud.store.pool import Connection
from cloud.store.van_facts import AROUND, OF_VAN
from edge.wire.manifest import (
    Article,
    Claim,
    ExpectedContainer,
    ExpectedParcel,
    Line,
    LockerCell,
    OtherParcel,
    PlannedLoad,
    Shelf,
    Size,
    StaffMember,
    StationRules,
    VanRun,
    Zone,
)

SALT_BYTES = 16
# What was not fetched by then is nobody's at the counter.
OPEN_FOR = timedelta(days=30)
MANIFESTS_KEPT = 3


@dataclass(frozen=True, slots=True)
class StationDay:
    """A site with its salts and rules. ``day``: its service date."""

    site: str
    kind: str
    day: date
    code_salt: bytes
    code_cost: int
    staff_salt: bytes
    rules: StationRules


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What a station is to expect. ``revoked``: tokens taken back that have not expired by themselves.

    ``released``, ``removed``: how many parcels of the day have left it already.
    """

    operators: tuple[str, ...]
    articles: tuple[Article, ...]
    containers: tuple[ExpectedContainer, ...]
    claims: tuple[Claim, ...]
    parcels: tuple[ExpectedParcel, ...]
    staff: tuple[StaffMember, ...]
    shelves: tuple[Shelf, ...]
    cells: tuple[LockerCell, ...]
    revoked: tuple[str, ...]
    loads: tuple[PlannedLoad, ...] = ()
    released: int = 0
    removed: int = 0
    others: tuple[OtherParcel, ...] = ()
    runs: tuple[VanRun, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """While it stays the same, nothing of a site's manifest has changed that anybody told the database."""

    site: str
    day: date
    room_version: int
    changes: int
    # Of a dock: how often its operators' were made, and how many orders were cancelled since. Of a van: how its runs stand.
    plans: str
    operators: str  # whom it serves that day: a relation begins and ends with a date, and nobody says so


async def stamps(connection: Connection, now: datetime) -> list[Stamp]:
    """Of every site that serves somebody. What happens to a station's parcels and orders moves its room; what happens at a dock or
    in a van is no news to it. Set-up counts `changes`. A van's runs are those around the day, as in its manifest.
    """
    cursor = await connection.execute(
        f"""
        SELECT DISTINCT ON (s.id) s.id, (%(now)s AT TIME ZONE o.time_zone)::date,
               CASE s.kind WHEN 'station' THEN coalesce(room.version, 0) ELSE 0 END, coalesce(st.changes, 0),
               coalesce(plans.are, runs.are, ''), coalesce(relations.operators, '')
        FROM site s JOIN site_operator r ON r.site_id = s.id JOIN operator o ON o.id = r.operator_id
        LEFT JOIN room ON room.name = 'site:' || s.id LEFT JOIN station st ON st.site_id = s.id
        LEFT JOIN LATERAL (
            SELECT string_agg(concat_ws(' ', b.operator_id, b.pickup_date, b.plans, cancelled.orders), ','
                              ORDER BY b.operator_id, b.pickup_date) AS are
            FROM site_operator served JOIN pickup_batch b USING (operator_id)
            CROSS JOIN LATERAL (
                SELECT count(*) AS orders FROM customer_order c
                WHERE (c.operator_id, c.pickup_date) = (b.operator_id, b.pickup_date) AND c.cancelled_at IS NOT NULL
            ) AS cancelled
            WHERE s.kind = 'dock' AND served.site_id = s.id AND b.planned_at IS NOT NULL
                AND b.pickup_date >= (%(now)s AT TIME ZONE o.time_zone)::date
        ) AS plans ON true
        LEFT JOIN LATERAL (
            SELECT string_agg(concat_ws(' ', r.id, r.state, r.state_at, r.replanned, r.planned_start, stand_ins.are), ','
                              ORDER BY r.id) AS are
            FROM run r
            CROSS JOIN LATERAL (
                SELECT count(*) AS are FROM planned_container c JOIN container k ON k.stands_for = c.container_id
                    AND k.stands_for <> '' AND k.run = c.run
                WHERE (c.operator_id, c.pickup_date, c.run) = (r.operator_id, r.service_date, r.name)
            ) AS stand_ins
            WHERE s.kind = 'van' AND {OF_VAN} AND r.service_date BETWEEN (%(now)s AT TIME ZONE o.time_zone)::date - %(around)s
                AND (%(now)s AT TIME ZONE o.time_zone)::date + %(around)s
        ) AS runs ON true
        LEFT JOIN LATERAL (
            SELECT string_agg(x.operator_id, ',' ORDER BY x.operator_id) AS operators
            FROM site_operator x WHERE x.site_id = s.id AND x.valid @> (%(now)s AT TIME ZONE o.time_zone)::date
        ) AS relations ON true
        ORDER BY s.id, o.id
        """,  # noqa: S608  # a constant
        {"now": now, "around": AROUND.days},
    )
    return [Stamp(*row) for row in await cursor.fetchall()]


async def ensure_station(connection: Connection, site: str) -> bytes:
    """The site's staff salt; made where it has none yet."""
    await connection.execute(
        "INSERT INTO station (site_id, staff_salt) VALUES (%s, %s) ON CONFLICT DO NOTHING", [site, os.urandom(SALT_BYTES)]
    )
    cursor = await connection.execute("SELECT staff_salt FROM station WHERE site_id = %s", [site])
    row: Any = await cursor.fetchone()
    return bytes(row[0])


async def changed(connection: Connection, site: str) -> None:
    """Something of its set-up or its codes is new: its manifest is made again."""
    await ensure_station(connection, site)
    await connection.execute("UPDATE station SET changes = changes + 1 WHERE site_id = %s", [site])


async def station_day(connection: Connection, site: str, now: datetime) -> StationDay:
    """Today there: the service date in the time zone of its first operator, with the day's own salt."""
    staff_salt = await ensure_station(connection, site)
    cursor = await connection.execute(
        """
        SELECT (%s AT TIME ZONE o.time_zone)::date FROM site_operator r JOIN operator o ON o.id = r.operator_id
        WHERE r.site_id = %s ORDER BY o.id LIMIT 1
        """,
        [now, site],
    )
    row: Any = await cursor.fetchone()
    day: date = row[0] if row else now.date()
    await connection.execute(
        "INSERT INTO station_day (site_id, day, code_salt) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [site, day, os.urandom(SALT_BYTES)],
    )
    cursor = await connection.execute(
        """
        SELECT d.code_salt, s.code_cost, s.rules, site.kind FROM station s JOIN site ON site.id = s.site_id
        JOIN station_day d ON d.site_id = s.site_id AND d.day = %s WHERE s.site_id = %s
        """,
        [day, site],
    )
    row = await cursor.fetchone()
    return StationDay(site, row[3], day, bytes(row[0]), row[1], staff_salt, msgspec.convert(row[2], StationRules))


async def dock_day(connection: Connection, site: str, day: date) -> DayFacts:
    """What a dock is to do: the plans, and who works there. Nothing that names a resident."""
    operators = await _operators(connection, site, day)
    planned = await dock_facts.loads(connection, site, operators, day)
    staff = await _staff(connection, site)
    articles = await _articles(connection, operators, {line.sku for one in planned for line in one.lines})
    return DayFacts(operators, articles, (), (), (), staff, (), (), (), planned)


async def van_day(connection: Connection, site: str, day: date) -> DayFacts:
    """What a van is to drive and to carry, and who drives."""
    operators, staff = await _operators(connection, site, day), await _staff(connection, site)
    runs, loads = await van_facts.runs(connection, site, day), await van_facts.loads(connection, site, day)
    served = set(operators)
    return DayFacts(
        operators, (), (), (), (), staff, (), (), (), tuple(one for one in loads if one.operator in served),
        runs=tuple(one for one in runs if one.operator in served),
    )  # fmt: skip


async def day_facts(connection: Connection, site: str, day: date, now: datetime, masked: Callable[[str, bytes], str]) -> DayFacts:
    """All that is open at a station on a day, yesterday's leftovers included. ``masked`` shows a sealed name of an operator's."""
    values = {"site": site, "day": day, "since": day - OPEN_FOR, "now": now}
    claims = await read_claims(connection, values, masked)
    containers = await _containers(connection, values)
    parcels = await _parcels(connection, values, {one.container for one in containers})
    skus = {line.sku for lines in (*(one.lines for one in parcels), *(one.lines for one in containers)) for line in lines}
    operators = await _operators(connection, site, day)
    cursor = await connection.execute(
        "SELECT token FROM pickup_token WHERE site_id = %(site)s AND revoked_at IS NOT NULL AND expires_at > %(now)s ORDER BY 1",
        values,
    )
    revoked = tuple(row[0] for row in await cursor.fetchall())
    released, removed = await _gone(connection, values)
    return DayFacts(
        operators, await _articles(connection, operators, skus), containers, claims, parcels, await _staff(connection, site),
        await _shelves(connection, site), await _cells(connection, site), revoked, released=released, removed=removed,
        others=await read_others(connection, values),
    )  # fmt: skip


async def _operators(connection: Connection, site: str, day: date) -> tuple[str, ...]:
    """Whom it serves on that day: neither those it served once nor those it will serve."""
    cursor = await connection.execute(
        "SELECT operator_id FROM site_operator WHERE site_id = %s AND valid @> %s::date ORDER BY 1", [site, day]
    )
    return tuple(row[0] for row in await cursor.fetchall())


_LINES = msgspec.json.Decoder(tuple[Line, ...])


async def _containers(connection: Connection, values: Mapping[str, object]) -> tuple[ExpectedContainer, ...]:
    """What is planned for the day, and what of open orders' parcels was packed into something else.

    Where another container stands in for a planned one, it comes in its place.
    """
    cursor = await connection.execute(
        f"""
        SELECT DISTINCT ON (1) container, operator_id, zone, run, pack_mode, lines::text FROM (
            SELECT p.container_id AS container, p.operator_id, coalesce(c.zone, p.zone) AS zone, c.run, 'order_bag' AS pack_mode,
                   '[]'::jsonb AS lines
            FROM customer_order o JOIN parcel p ON p.order_id = o.id JOIN container c ON c.id = p.container_id
            WHERE {IS_OPEN} AND p.state NOT IN ('released', 'returned', 'disposed')
            UNION ALL
            SELECT coalesce(k.id, c.container_id), c.operator_id, c.zone, c.run, c.pack_mode, c.lines
            FROM planned_container c LEFT JOIN container k
                ON k.stands_for = c.container_id AND k.stands_for <> '' AND k.state NOT IN ('empty', 'returned_empty', 'lost')
            WHERE c.site_id = %(site)s AND c.pickup_date = %(day)s
        ) AS coming ORDER BY 1, 2, pack_mode DESC
        """,  # noqa: S608  # constants
        values,
    )
    return tuple(
        ExpectedContainer(
            container=row[0], operator=row[1], zone=Zone(row[2]), run=row[3], pack_mode=row[4], lines=_LINES.decode(row[5])
        )
        for row in await cursor.fetchall()
    )


async def _parcels(connection: Connection, values: Mapping[str, object], containers: set[str]) -> tuple[ExpectedParcel, ...]:
    cursor = await connection.execute(
        f"""
        SELECT p.id, {CLAIM}, o.id, p.zone, coalesce(p.container_id, p.planned_container_id, ''),
               json_agg(json_build_object('sku', l.sku, 'quantity', l.quantity - l.short) ORDER BY l.line)
                   FILTER (WHERE l.quantity > l.short), p.goods_container_id IS NOT NULL, p.breached_at IS NOT NULL,
               CASE WHEN p.state IN ('received', 'shelved', 'in_locker', 'returned') THEN coalesce(s.name, '') ELSE '' END,
               p.state = 'returned'
        FROM customer_order o JOIN parcel p ON p.order_id = o.id JOIN order_line l ON l.parcel_id = p.id AND l.order_id = o.id
        LEFT JOIN site s ON s.id = p.at_site_id AND s.id <> o.site_id
        WHERE {IS_OPEN} AND (p.state NOT IN ('released', 'returned', 'disposed') OR p.state = 'returned' AND s.id IS NOT NULL)
        GROUP BY p.id, o.id, s.id ORDER BY p.id
        """,  # noqa: S608  # constants
        values,
    )
    return tuple(
        ExpectedParcel(
            parcel=row[0], claim=row[1], order=row[2], zone=Zone(row[3]), container=row[4] if row[4] in containers else "",
            lines=_lines(row[5]), is_made_here=row[6], is_breached=row[7], seen_at=row[8], is_sent_on=row[9],
        )
        for row in await cursor.fetchall()
        if row[5]  # all of it is short: nothing comes
    )  # fmt: skip


async def _gone(connection: Connection, values: Mapping[str, object]) -> tuple[int, int]:
    """Parcels that were to be here on this day and have left: handed out, and sent back or disposed of."""
    cursor = await connection.execute(
        f"""
        SELECT count(*) FILTER (WHERE p.state = 'released'), count(*) FILTER (WHERE p.state <> 'released')
        FROM customer_order o JOIN operator op ON op.id = o.operator_id JOIN parcel p ON p.order_id = o.id
        WHERE {IS_HERE} AND p.state IN ('released', 'returned', 'disposed') AND (p.state <> 'returned' OR p.at_site_id = o.site_id)
            AND (o.pickup_date = %(day)s OR (p.state_at AT TIME ZONE op.time_zone)::date >= %(day)s)
        """,  # noqa: S608  # constants
        values,
    )
    row: Any = await cursor.fetchone()
    return row[0], row[1]


def _lines(given: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    """One line a SKU: an order may name an article twice."""
    pieces: dict[str, int] = {}
    for one in given:
        pieces[one["sku"]] = pieces.get(one["sku"], 0) + one["quantity"]
    return tuple(Line(sku=sku, quantity=quantity) for sku, quantity in sorted(pieces.items()))


async def _articles(connection: Connection, operators: Sequence[str], skus: set[str]) -> tuple[Article, ...]:
    """What is known of them; of two operators' the first's. An EAN that two articles share finds neither."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT ON (sku) sku, name, eans, weight_g FROM (
            SELECT sku, name, eans, weight_g, 0 AS rank, operator_id FROM article WHERE operator_id = ANY(%(operators)s)
            UNION ALL
            SELECT l.sku, max(l.name), '{}', NULL, 1, '' FROM order_line l WHERE l.sku = ANY(%(skus)s) GROUP BY l.sku
        ) AS known WHERE sku = ANY(%(skus)s) ORDER BY sku, rank, operator_id
        """,
        {"operators": list(operators), "skus": sorted(skus)},
    )
    rows = await cursor.fetchall()
    given = [ean for row in rows for ean in row[2]]
    return tuple(
        Article(sku=row[0], name=row[1], eans=tuple(ean for ean in row[2] if given.count(ean) == 1), weight_g=row[3])
        for row in rows
    )


async def _staff(connection: Connection, site: str) -> tuple[StaffMember, ...]:
    cursor = await connection.execute(
        "SELECT staff, name, role, pin_key, badge_key FROM staff_member WHERE site_id = %s AND disabled_at IS NULL ORDER BY staff",
        [site],
    )
    return tuple(
        StaffMember(staff=row[0], name=row[1], role=row[2], pin_key=_bytes(row[3]), badge_key=_bytes(row[4]))
        for row in await cursor.fetchall()
    )


def _bytes(value: bytes | memoryview | None) -> bytes | None:
    return None if value is None else bytes(value)


async def _shelves(connection: Connection, site: str) -> tuple[Shelf, ...]:
    cursor = await connection.execute("SELECT slot, zone, capacity FROM shelf WHERE site_id = %s ORDER BY place, slot", [site])
    return tuple(Shelf(slot=row[0], zone=Zone(row[1]), capacity=row[2]) for row in await cursor.fetchall())


async def _cells(connection: Connection, site: str) -> tuple[LockerCell, ...]:
    cursor = await connection.execute("SELECT cell, zone, size FROM locker_cell WHERE site_id = %s ORDER BY cell", [site])
    return tuple(LockerCell(cell=row[0], zone=Zone(row[1]), size=Size(row[2])) for row in await cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Newest:
    """The manifest that was made last."""

    sha256: str
    version: int
    content_sha256: str


async def newest(connection: Connection, site: str) -> Newest | None:
    """Of a station; None before its first."""
    cursor = await connection.execute(
        "SELECT sha256, version, content_sha256 FROM manifest WHERE site_id = %s ORDER BY version DESC LIMIT 1", [site]
    )
    row = await cursor.fetchone()
    return None if row is None else Newest(*row)


async def keep(connection: Connection, site: str, day: date, made: Newest, body: bytes, now: datetime) -> None:
    """Keep a manifest and want it in force: `desired` counts on, also past what a site reports from before a restore."""
    await connection.execute(
        """
        INSERT INTO manifest (site_id, sha256, version, day, content_sha256, body, made_at) VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        [site, made.sha256, made.version, day, made.content_sha256, body, now],
    )
    await connection.execute(
        """
        DELETE FROM manifest WHERE site_id = %(site)s AND version NOT IN (
            SELECT version FROM manifest WHERE site_id = %(site)s ORDER BY version DESC LIMIT %(most)s)
        """,
        {"site": site, "most": MANIFESTS_KEPT},
    )
    await connection.execute(
        """
        INSERT INTO desired AS held (site_id, version, manifest_sha256, changed_at)
        SELECT %(site)s, coalesce((SELECT (reported->>'version')::int FROM site_status WHERE site_id = %(site)s), 0) + 1,
               %(sha256)s, %(now)s
        ON CONFLICT (site_id) DO UPDATE SET version = greatest(held.version + 1, excluded.version),
            manifest_sha256 = excluded.manifest_sha256, changed_at = excluded.changed_at
        """,
        {"site": site, "sha256": made.sha256, "now": now},
    )
