"""What bears on parcels' cold-chain accounts, read: events, containers, boxes, limits, and the readings of their time.

Leaves what follows from it to `cloud.domain.cold_account`, and writing to `cold_accounts`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from cloud.domain.boxes import Boxes, Leg, most_gap_s
from cloud.domain.breach import Breach, WarmPlace
from cloud.domain.cold_account import SensorKey
from cloud.domain.events import RecordedEvent
from cloud.domain.stays import containers_of
from cloud.store.fold_facts import EventRow, recorded
from cloud.store.goods_limits import limits_by_operator
from cloud.store.pool import Connection
from cloud.store.site_boxes import boxes_of
from edge.rules.alarm_limits import Goods, Limits, limits_of
from edge.wire.clock import utc
from edge.wire.messages import GoodsLimits


@dataclass(frozen=True, slots=True)
class Breached:
    """Since when a parcel has been out of range for too long, and where; ``breach`` None: a release before this did not say."""

    ms: int
    breach: Breach | None


@dataclass(frozen=True, slots=True)
class ColdParcel:
    """A parcel to be accounted for. ``classes``: of each article in it, None where it has its zone's.

    ``judged_by``: the class and limits of the account it has, where that was settled: what was in force then. None where it has
    lain nowhere yet: what was in force when its order came in says nothing.
    """

    id: str
    operator: str
    zone: str
    planned_container: str
    breached: Breached | None
    classes: tuple[str | None, ...]
    judged_by: tuple[str, Limits] | None


@dataclass(frozen=True, slots=True)
class ColdFacts:
    """All about some parcels but the readings. ``closed_to``: readings before it that arrive from now on are noted as late.

    ``vans``: of an operator's runs, by name.
    """

    parcels: tuple[ColdParcel, ...]
    events: Mapping[str, Sequence[RecordedEvent]]
    of_containers: Mapping[str, Sequence[RecordedEvent]]
    boxes: Mapping[str, Sequence[Boxes]]
    vans: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str]
    limits: Mapping[str, Mapping[Goods, Limits]]
    closed_to: datetime | None

    def containers(self, parcel: ColdParcel) -> dict[str, Sequence[RecordedEvent]]:
        """Events of those it may have been in."""
        named = containers_of(self.events.get(parcel.id, ()), parcel.planned_container)
        return {name: self.of_containers.get(name, ()) for name in named}

    def vans_for(self, parcel: ColdParcel) -> Mapping[str, str]:
        """The van of each of its operator's runs, where that is known."""
        return self.vans.get(parcel.operator, {})

    def limits_for(self, parcel: ColdParcel, goods: Goods) -> Limits:
        """Its operator's, or what it was judged by as goods of the same class."""
        if parcel.judged_by is not None and parcel.judged_by[0] == goods:
            return parcel.judged_by[1]
        return self.limits.get(parcel.operator, _DEFAULTS)[goods]


_DEFAULTS = limits_of({})
# A run's name is its operator's own for a day; two that share one name neither's van.
_PLANNED_AROUND = timedelta(days=1)


async def read_facts(connection: Connection, parcel_ids: Collection[str]) -> ColdFacts:
    """Before any reading is read: what was noted as late was then noted after this."""
    cursor = await connection.execute("SELECT closed_to FROM reading_rolled")
    row = await cursor.fetchone()
    closed_to = None if row is None else row[0]
    parcels = await _parcels(connection, sorted(parcel_ids))
    events = await _events(connection, "parcel", [one.id for one in parcels])
    named = {(one.operator, name) for one in parcels for name in containers_of(events.get(one.id, ()), one.planned_container)}
    of_containers = await _events(connection, "container", sorted({name for _, name in named}))
    vans = await _vans(connection, sorted(named))
    sites = {str(one.site) for history in (*events.values(), *of_containers.values()) for one in history}
    sites |= {van for runs in vans.values() for van in runs.values()}
    boxes = await boxes_of(connection, sites)
    cursor = await connection.execute("SELECT id, kind FROM site WHERE id = ANY(%s)", [sorted(sites)])
    kinds: dict[str, str] = dict(await cursor.fetchall())
    limits = {operator: limits_of(wanted) for operator, wanted in (await limits_by_operator(connection)).items()}
    return ColdFacts(parcels, events, of_containers, boxes, vans, kinds, limits, closed_to)


async def _parcels(connection: Connection, ids: Sequence[str]) -> tuple[ColdParcel, ...]:
    """Those that are to be kept cold."""
    cursor = await connection.execute(
        """
        SELECT p.id, coalesce(p.operator_id, ''), p.zone,
               coalesce(p.container_id, p.planned_container_id, p.goods_container_id, ''),
               (extract(epoch FROM p.breached_at) * 1000)::bigint,
               ARRAY(SELECT a.goods FROM order_line l
                     LEFT JOIN article a ON a.operator_id = p.operator_id AND a.sku = l.sku
                     WHERE l.parcel_id = p.id AND l.order_id = p.order_id AND l.quantity > l.short ORDER BY l.line),
               c.goods, CASE WHEN c.is_settled AND EXISTS (SELECT FROM cold_stay t WHERE t.parcel_id = p.id) THEN c.limits::text
               END, p.breached_in, p.breached_site
        FROM parcel p LEFT JOIN cold_account c ON c.parcel_id = p.id
        WHERE p.id = ANY(%s) AND p.zone IN ('chilled', 'frozen') ORDER BY p.id
        """,
        [ids],
    )
    return tuple(
        ColdParcel(
            id=row[0], operator=row[1], zone=row[2], planned_container=row[3], breached=_breached(row[4], row[8], row[9]),
            classes=tuple(row[5]), judged_by=None if row[7] is None else (row[6], _limits(row[7])),
        )
        for row in await cursor.fetchall()
    )  # fmt: skip


def _breached(ms: int | None, place: str | None, site: str) -> Breached | None:
    return None if ms is None else Breached(ms, None if place is None else Breach(WarmPlace(place), site))


def _limits(text: str) -> Limits:
    return Limits(**msgspec.structs.asdict(msgspec.json.decode(text, type=GoodsLimits)))


_ROWS = msgspec.json.Decoder(list[EventRow])


async def _events(connection: Connection, entity: str, ids: Sequence[str]) -> dict[str, list[RecordedEvent]]:
    if not ids:
        return {}
    cursor = await connection.execute(
        """
        SELECT json_agg(json_build_array(
            s.entity_id, e.site_id, e.epoch, e.n, e.hlc, (extract(epoch FROM e.measured_at) * 1000)::bigint,
            (extract(epoch FROM e.received_at) * 1000)::bigint, e.clock, e.fact, coalesce(c.offset_ms, 0), e.boot, NULL,
            NULL))::text
        FROM event_subject s
        JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
        LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
        WHERE s.entity = %s AND s.entity_id = ANY(%s)
        """,
        [entity, ids],
    )
    row: Any = await cursor.fetchone()
    return {} if row[0] is None else recorded(_ROWS.decode(row[0]))[0]


async def _vans(connection: Connection, named: Sequence[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """By operator, the van of each run: the one whose own agent said that a container was loaded for it, or else the planned one.

    Of runs of one name on several days, each with a van of its own, nobody's: no data is better than another driver's blame.
    ``named``: operators, each with a container of theirs.
    """
    cursor = await connection.execute(
        """
        WITH said AS (
            SELECT asked.operator_id, e.fact->>'run' AS run, max(v.id) AS van, count(DISTINCT v.id) AS vans,
                min((e.measured_at AT TIME ZONE 'UTC')::date) AS first, max((e.measured_at AT TIME ZONE 'UTC')::date) AS last
            FROM unnest(%(operators)s::text[], %(containers)s::text[]) AS asked (operator_id, container)
            JOIN event_subject s ON s.entity = 'container' AND s.entity_id = asked.container
            JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n) AND e.kind = 'container_loaded'
            LEFT JOIN site v ON v.id = e.site_id AND v.kind = 'van'
            WHERE e.fact->>'run' <> '' GROUP BY 1, 2
        )
        SELECT said.operator_id, said.run, coalesce(said.van, planned.van) FROM said LEFT JOIN LATERAL (
            SELECT min(r.vehicle_id) AS van FROM run r
            WHERE r.operator_id = said.operator_id AND r.name = said.run AND r.vehicle_id IS NOT NULL
                AND r.service_date BETWEEN said.first - %(around)s AND said.last + %(around)s
            HAVING count(DISTINCT r.vehicle_id) = 1
        ) AS planned ON true
        WHERE said.vans <= 1 AND coalesce(said.van, planned.van) IS NOT NULL
        """,
        {"operators": [one for one, _ in named], "containers": [one for _, one in named], "around": _PLANNED_AROUND.days},
    )
    vans: dict[str, dict[str, str]] = {}
    for operator, run, van in await cursor.fetchall():
        vans.setdefault(operator, {})[run] = van
    return vans


async def read_readings(
    connection: Connection, legs: Collection[tuple[str, Leg]]
) -> dict[SensorKey, list[tuple[int, float | None]]]:
    """Of every sensor that may have measured on the legs, over all the time they ask for. Values that are bad are none.

    ``legs``: each with the site whose sensors measured, as `site_of` says.
    """
    wanted: dict[SensorKey, tuple[int, int]] = {}
    for site, leg in legs:
        for box in leg.boxes:
            key, from_ms = (site, box.sensor), leg.from_ms - int(most_gap_s(box) * 1000)
            before = wanted.get(key, (from_ms, leg.to_ms))
            wanted[key] = (min(before[0], from_ms), max(before[1], leg.to_ms))
    found: dict[SensorKey, list[tuple[int, float | None]]] = {key: [] for key in wanted}
    if not wanted:
        return found
    keys = sorted(wanted)
    cursor = await connection.execute(
        """
        SELECT asked.site_id, asked.name, (extract(epoch FROM r.at) * 1000)::bigint, CASE WHEN r.quality < 2 THEN r.value END
        FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[]) AS asked (site_id, name, from_at, to_at)
        JOIN sensor s ON (s.site_id, s.name) = (asked.site_id, asked.name)
        CROSS JOIN LATERAL (
            SELECT at, quality, value FROM reading WHERE sensor_id = s.id AND at >= asked.from_at AND at < asked.to_at
        ) AS r
        """,
        [
            [site for site, _ in keys], [sensor for _, sensor in keys], [utc(wanted[key][0]) for key in keys],
            [utc(wanted[key][1]) for key in keys],
        ],
    )  # fmt: skip
    for site, sensor, at_ms, value in await cursor.fetchall():
        found[site, sensor].append((at_ms, value))
    return found
