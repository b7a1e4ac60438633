"""Raises an alarm of the cloud's own where a site has gone and stays away, and clears it when the site is back.

A site says nothing of its own silence. By the domain clock; a site that stopped on purpose says so, and is looked after too.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from cloud.domain.alarm import Alarm
from cloud.store.alarm_folding import SITE_SILENT, AlarmKey, keep_own, lock_site
from cloud.store.pool import Connection
from cloud.store.rooms import change
from edge.wire.clock import to_ms

# A router that restarts is back in a minute. The median outage is 20 min: that one is told of, in case it becomes a longer one.
WARN_AFTER = timedelta(minutes=15)
# Agents take their time to start by the real clock, however fast the town's runs.
REAL_LEAST = timedelta(minutes=2)
CRITICAL_AFTER = timedelta(hours=2)  # nobody can see what a fridge does, and counting may wait no longer


async def watch_sites(connection: Connection, now: datetime, rate: float = 1.0) -> Mapping[str, int]:
    """One transaction a site; returns how many alarms were raised (or became worse) and how many are over."""
    raised = cleared = 0
    for site, since, began, severity, is_back in await _changed(connection, now, max(WARN_AFTER, REAL_LEAST * rate)):
        if not is_back and began is not None:
            severity = "critical" if now - since >= CRITICAL_AFTER else "warning"
        async with connection.transaction():
            await lock_site(connection, site)
            silence = Alarm(
                subject=site, rule=SITE_SILENT, severity=severity, raised_ms=to_ms(began or now), since_ms=to_ms(since),
                raised_by=severity, cleared_ms=to_ms(now) if is_back else None,
            )  # fmt: skip
            await change(connection, await keep_own(connection, {_key(site, since): silence}, now), now)
        raised, cleared = (raised, cleared + 1) if is_back else (raised + 1, cleared)
    return {"raised": raised, "cleared": cleared}


def _key(site: str, since: datetime) -> AlarmKey:
    return AlarmKey(site, f"{site}/{SITE_SILENT}/{to_ms(since)}")


async def _changed(
    connection: Connection, now: datetime, warn_after: timedelta
) -> list[tuple[str, datetime, datetime | None, str, bool]]:
    """Site, silent since when, when that was raised (None: not yet), how severe it is, whether the site is back.

    ``heard_at`` of a site that is away is when its will came; batches that came since by a connection of which the birth was lost
    say that it lives.
    """
    cursor = await connection.execute(
        """
        WITH heard AS (
            SELECT t.site_id, t.online, date_trunc('milliseconds', greatest(t.heard_at,
                (SELECT max(f.heard_at) FROM lane_floor f WHERE f.site_id = t.site_id))) AS heard_at
            FROM site_status t JOIN site s ON s.id = t.site_id
        )
        SELECT h.site_id, h.heard_at, NULL::timestamptz, 'warning', false FROM heard h
        WHERE NOT h.online AND h.heard_at <= %(warn)s
            AND NOT EXISTS (
                SELECT FROM alarm a WHERE a.site_id = h.site_id AND a.is_of_cloud AND a.rule = %(rule)s AND a.cleared_at IS NULL
            )
        UNION ALL
        SELECT a.site_id, a.since, a.raised_at, a.severity, h.online OR h.heard_at > a.since
        FROM alarm a JOIN heard h USING (site_id)
        WHERE a.is_of_cloud AND a.rule = %(rule)s AND a.cleared_at IS NULL
            AND (h.online OR h.heard_at > a.since OR a.severity = 'warning' AND a.since <= %(critical)s)
        ORDER BY 1
        """,
        {"warn": now - warn_after, "critical": now - CRITICAL_AFTER, "rule": SITE_SILENT},
    )
    return list(await cursor.fetchall())
