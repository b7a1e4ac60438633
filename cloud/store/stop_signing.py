"""What stations and vans scanned says of a run's stops: unloading, signed, left at the door. Beside what fixes and drivers say.

Only forwards: a stop that a driver or an earlier look has settled is not opened again; nor one that is settled meanwhile, which
the next look sees. Called with the runs' following.
"""

from datetime import datetime, timedelta

from cloud.domain.notices import RoomNotice
from cloud.store.pool import Connection
from cloud.store.rooms import change
from cloud.store.run_rooms import run_entries

# A shop that was closed signs when it opens: the van may be back by then.
_SIGNED_AFTER = timedelta(hours=12)

# Of a stop's planned containers (or what stands in for one), those of this round: what names the run, or came after it left.
# What never left the dock, or is lost, is not waited for; the stop is then signed with a variance.
_SIGN = """
WITH told AS (
    SELECT t.run_id, t.stop, count(*) AS planned, bool_or(k.problems <> '{}') AS is_odd,
        count(*) FILTER (WHERE k.state = 'loaded') AS aboard,
        count(*) FILTER (WHERE k.state IN ('delivered', 'opened', 'awaiting_return', 'returned_empty')) AS out,
        count(*) FILTER (WHERE k.is_signed AND k.state IN ('delivered', 'opened', 'awaiting_return', 'returned_empty')) AS signed
    FROM run r JOIN run_stop t ON t.run_id = r.id
    JOIN planned_container c ON (c.operator_id, c.pickup_date, c.run, c.site_id)
        = (r.operator_id, r.service_date, r.name, t.site_id)
    JOIN LATERAL (
        SELECT x.state, x.is_signed, x.problems, x.run, x.state_at FROM container x
        WHERE x.id = c.container_id OR (x.stands_for = c.container_id AND x.stands_for <> '')
        ORDER BY x.stands_for = c.container_id DESC, x.id LIMIT 1
    ) AS k ON k.run = r.name OR (k.run = '' AND k.state_at >= coalesce(r.departed_at, r.state_at))
    WHERE (r.state IN ('departed', 'paused') OR (r.state = 'completed' AND r.ended_at > %(since)s))
        AND t.state NOT IN ('signed', 'signed_with_variance', 'skipped')
    GROUP BY t.run_id, t.stop
), said AS (
    SELECT told.run_id, told.stop, t.state AS was, CASE
        WHEN signed > 0 AND signed = out AND aboard = 0 AND (is_odd OR out < planned) THEN 'signed_with_variance'
        WHEN signed > 0 AND signed = out AND aboard = 0 THEN 'signed'
        WHEN out > 0 AND aboard = 0 AND t.departed_at IS NOT NULL THEN 'dropped'
        WHEN out > 0 AND t.state IN ('pending', 'approaching', 'at_stop') THEN 'unloading'
        ELSE t.state END AS state
    FROM told JOIN run_stop t USING (run_id, stop)
)
UPDATE run_stop t SET state = said.state FROM said
WHERE (t.run_id, t.stop) = (said.run_id, said.stop) AND t.state = said.was AND said.was <> said.state RETURNING t.run_id
"""


async def sign_stops(connection: Connection, now: datetime) -> list[RoomNotice]:
    """Of all runs underway, and of those that ended lately. ``connection`` is in autocommit."""
    async with connection.transaction():
        cursor = await connection.execute(_SIGN, {"since": now - _SIGNED_AFTER})
        changed = sorted({int(row[0]) for row in await cursor.fetchall()})
        entries = [entry for run_id in changed for entry in await run_entries(connection, run_id, now)]
        return list(await change(connection, entries, now)) if entries else []
