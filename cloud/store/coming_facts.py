"""The vans that are to come to each station today, read: by when, how many stops before it, and what they bring."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from cloud.domain.coming import MOST_VANS
from cloud.store.pool import Connection
from edge.wire.clock import to_ms
from edge.wire.presence import ComingVan, ZoneName

_ZONES = msgspec.json.Decoder(dict[ZoneName, int])
_LOOKS_BACK = timedelta(days=2)  # yesterday, wherever the operator's day has begun; for an index, which knows no time zone
_VANS = msgspec.json.Decoder(tuple[ComingVan, ...])


async def coming_vans(connection: Connection, now: datetime) -> Mapping[str, tuple[ComingVan, ...]]:
    """By station, the first to come first. Yesterday's run counts while it is under way; one that never left does not."""
    cursor = await connection.execute(
        """
        SELECT t.site_id, r.name, r.state, t.planned_arrival, e.early, e.late, e.stops_before, e.as_of,
            coalesce(k.is_estimate, false), coalesce(z.zones, '{}')
        FROM run r JOIN operator o ON o.id = r.operator_id JOIN run_stop t ON t.run_id = r.id
            JOIN site s ON s.id = t.site_id AND s.kind = 'station'
            LEFT JOIN eta_stop e ON e.run_id = t.run_id AND e.stop = t.stop AND r.state IN ('departed', 'paused')
            LEFT JOIN eta_run k ON k.run_id = r.id
            LEFT JOIN LATERAL (
                SELECT json_object_agg(c.zone, c.containers)::text AS zones FROM (
                    SELECT p.zone, count(*) AS containers FROM planned_container p
                    WHERE (p.operator_id, p.pickup_date, p.run, p.site_id) = (r.operator_id, r.service_date, r.name, t.site_id)
                    GROUP BY p.zone
                ) AS c
            ) AS z ON true
        WHERE r.service_date >= %(since)s AND t.arrived_at IS NULL AND t.state IN ('pending', 'approaching') AND (
            r.state IN ('departed', 'paused') AND r.service_date >= (%(now)s AT TIME ZONE o.time_zone)::date - 1
            OR r.state IN ('planned', 'assigned', 'loading') AND r.service_date = (%(now)s AT TIME ZONE o.time_zone)::date)
        ORDER BY t.site_id, coalesce(e.expected, t.planned_arrival) NULLS LAST, r.operator_id, r.name
        """,
        {"now": now, "since": now.date() - _LOOKS_BACK},
    )
    found: dict[str, list[ComingVan]] = defaultdict(list)
    for site, run, state, planned, early, late, before, as_of, is_estimate, zones in await cursor.fetchall():
        if len(found[site]) < MOST_VANS:
            found[site].append(
                ComingVan(
                    run=run, state=state, planned_ms=_ms(planned), early_ms=_ms(early), late_ms=_ms(late), stops_before=before,
                    as_of_ms=_ms(as_of), is_estimate=is_estimate, containers=_ZONES.decode(zones),
                )
            )  # fmt: skip
    return {site: tuple(vans) for site, vans in found.items()}


async def said_of_vans(connection: Connection) -> Mapping[str, tuple[tuple[ComingVan, ...], datetime | None]]:
    """What each station was told last, and when; of those that are told anything at all."""
    cursor = await connection.execute(
        "SELECT d.site_id, d.coming::text, d.coming_at FROM desired d JOIN site s ON s.id = d.site_id WHERE s.kind = 'station'"
    )
    return {site: (_VANS.decode(coming), at) for site, coming, at in await cursor.fetchall()}


async def say_vans(connection: Connection, site: str, vans: tuple[ComingVan, ...], before: datetime | None, now: datetime) -> None:
    """To be published. Where another replica has said something meanwhile, its word stands."""
    await connection.execute(
        """
        UPDATE desired SET coming = %(vans)s::jsonb, coming_at = greatest(%(now)s, coming_at + interval '1 millisecond')
        WHERE site_id = %(site)s AND coming_at IS NOT DISTINCT FROM %(before)s
        """,
        {"vans": msgspec.json.encode(vans).decode(), "now": now, "site": site, "before": before},
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)
