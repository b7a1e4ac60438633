"""A site that is closed: nobody waits for it any more, and its keys open nothing. What it did stays."""

from collections.abc import Sequence
from datetime import datetime

from cloud.domain.alarm import Alarm
from cloud.domain.rooms import sites_room
from cloud.store.alarm_folding import SITE_SILENT, AlarmKey, keep_own, lock_site
from cloud.store.pool import Connection
from cloud.store.rooms import change, entry
from cloud.store.site_keys import revoke_keys
from edge.wire.clock import to_ms


async def retire(connection: Connection, site_id: str, now: datetime) -> Sequence[str] | None:
    """Its operators, under whose names the broker may still keep what it last said; None where there is no such site."""
    cursor = await connection.execute(
        "SELECT ARRAY(SELECT operator_id FROM site_operator WHERE site_id = %(site)s ORDER BY 1) FROM site WHERE id = %(site)s",
        {"site": site_id},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    operators: list[str] = row[0]
    await revoke_keys(connection, site_id, now)
    await lock_site(connection, site_id)
    await connection.execute("DELETE FROM site_status WHERE site_id = %s", [site_id])
    # The broker is to forget it; a site that comes back is told again.
    await connection.execute("UPDATE desired SET published = 0 WHERE site_id = %s", [site_id])
    gone = [entry(sites_room(operator), f"site/{site_id}", None) for operator in operators]
    await change(connection, [*gone, *await keep_own(connection, await _silences(connection, site_id, now), now)], now)
    return operators


async def _silences(connection: Connection, site_id: str, now: datetime) -> dict[AlarmKey, Alarm]:
    """That it is silent is no trouble any more."""
    cursor = await connection.execute(
        """
        SELECT alarm, severity, raised_at, since FROM alarm
        WHERE site_id = %s AND is_of_cloud AND rule = %s AND cleared_at IS NULL
        """,
        [site_id, SITE_SILENT],
    )
    return {
        AlarmKey(site_id, alarm): Alarm(
            subject=site_id, rule=SITE_SILENT, severity=severity, raised_ms=to_ms(raised_at), since_ms=to_ms(since or raised_at),
            raised_by=severity, cleared_ms=to_ms(now),
        )
        for alarm, severity, raised_at, since in await cursor.fetchall()
    }  # fmt: skip
