"""Tracks of days whose raw fixes are about to go: as few points as it takes, of vehicles only, never of who carried a phone (PIPL).

Written by a job before retention drops the day; may be killed anywhere, a day is written in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from cloud.domain.track import segments, simplified
from cloud.domain.whereabouts import Sighting, believed
from cloud.store.kept import POSITIONS_KEPT, TRACKS_KEPT
from cloud.store.pool import Connection
from cloud.store.positions import track_of

TOLERANCE_M = 30.0
# Two days before the raw ones go: a job that stands still for a day has lost nothing.
_BEFORE = timedelta(days=2)
_DAY = timedelta(days=1)
_MOST_FIXES = 100_000  # a day at 1 Hz is 86,400
# Vehicles and days of one run of the job; what is more has its turn half an hour later.
AT_ONCE = 500

_Point = tuple[int, float, float, float | None]
_PIECES = msgspec.json.Decoder(list[list[_Point]])


@dataclass(frozen=True, slots=True)
class KeptTrack:
    """What is kept of some days. ``fixes``: how many there were."""

    fixes: int
    pieces: list[list[Sighting]]


async def keep_days(connection: Connection, now: datetime) -> Mapping[str, int]:
    """Write what is not written yet of the days that go next, and drop what is past its age. ``connection`` is in autocommit."""
    last = (now - POSITIONS_KEPT + _BEFORE).astimezone(UTC).date()
    days = [last - timedelta(days=n) for n in range(_BEFORE.days + 1)]
    written = 0
    for site_id, day in await _missing(connection, days):
        fixes, pieces = await _simplified(connection, site_id, day)
        await connection.execute(
            "INSERT INTO track_day (site_id, day, points, fixes) VALUES (%s, %s, %s::jsonb, %s) ON CONFLICT DO NOTHING",
            [site_id, day, msgspec.json.encode(pieces).decode(), fixes],
        )
        written += 1
    cursor = await connection.execute("DELETE FROM track_day WHERE day < %s", [(now - TRACKS_KEPT).date()])
    return {"written": written, "dropped": cursor.rowcount}


async def _missing(connection: Connection, days: list[date]) -> list[tuple[str, date]]:
    cursor = await connection.execute(
        """
        SELECT c.site_id, d.day FROM position_current c CROSS JOIN unnest(%(days)s::date[]) AS d (day)
        WHERE NOT EXISTS (SELECT FROM track_day t WHERE t.site_id = c.site_id AND t.day = d.day)
            AND NOT EXISTS (SELECT FROM tracker p WHERE p.site_id = c.site_id AND p.is_personal)
            AND EXISTS (
                SELECT FROM position p WHERE p.site_id = c.site_id
                    AND p.at >= d.day::timestamp AT TIME ZONE 'UTC' AND p.at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
            )
        ORDER BY 2, 1 LIMIT %(most)s
        """,
        {"days": days, "most": AT_ONCE},
    )
    return list(await cursor.fetchall())


async def _simplified(connection: Connection, site_id: str, day: date) -> tuple[int, list[list[_Point]]]:
    start = datetime.combine(day, time(), UTC)
    raw = await track_of(connection, site_id, start, start + _DAY, _MOST_FIXES)
    pieces = [simplified(piece, TOLERANCE_M) for piece in segments(believed(raw))]
    return len(raw), [[(fix.at_ms, round(fix.lat, 5), round(fix.lon, 5), fix.speed_m_s) for fix in piece] for piece in pieces]


async def days_of(connection: Connection, site_id: str, start: datetime, end: datetime) -> KeptTrack:
    """What is kept of the days these times lie in, whole."""
    cursor = await connection.execute(
        "SELECT points::text, fixes FROM track_day WHERE site_id = %s AND day BETWEEN %s AND %s ORDER BY day",
        [site_id, start.astimezone(UTC).date(), end.astimezone(UTC).date()],
    )
    rows = await cursor.fetchall()
    pieces = [[Sighting(*point) for point in piece] for points, _ in rows for piece in _PIECES.decode(points)]
    return KeptTrack(sum(fixes for _, fixes in rows), pieces)
