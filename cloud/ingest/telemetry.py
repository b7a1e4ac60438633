"""Applies telemetry: readings by one merged binary COPY, positions, and where each van is now.

Leaves the transaction to `flush`. A sensor is a skeleton made before the transaction: one without a reading does no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from cloud.domain.events import believed_at_ms, offset_for
from cloud.domain.order import iso
from cloud.domain.rooms import operator_room, site_room
from cloud.ingest.batch import Sealed
from cloud.ingest.clocks import Boot, known_offsets
from cloud.ingest.columns import COPY_READINGS, SensorReadings, copy_data, count
from cloud.store.late import note_late
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry
from edge.wire.clock import utc
from edge.wire.ids import OperatorId, SiteId
from edge.wire.messages import TelemetryBatch, Track


@dataclass(frozen=True, slots=True)
class Applied:
    """What a step wrote: rows, and entries for the rooms."""

    rows: int = 0
    entries: tuple[RoomEntry, ...] = ()


@dataclass(slots=True)
class SensorIds:
    """The numbers of the sensors this connection has met; empty again on another connection, for that may be another database."""

    known: dict[tuple[SiteId, str], int] = field(default_factory=dict)

    async def learn(self, connection: Connection, batches: Sequence[Sealed]) -> None:
        """Make or look up the sensors these batches name. Outside any transaction, so that what is known is there to stay."""
        missing = {
            (batch.topic.site, series.sensor): batch.topic.operator
            for batch in batches
            if isinstance(batch.body, TelemetryBatch)
            for series in batch.body.series
            if (batch.topic.site, series.sensor) not in self.known
        }
        if not missing:
            return
        names = sorted(missing)
        columns = ([site for site, _ in names], [name for _, name in names], [missing[name] for name in names])
        async with connection.transaction():
            await connection.execute(
                """
                INSERT INTO sensor (site_id, name, operator_id)
                SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (site_id, name, operator_id)
                WHERE NOT EXISTS (SELECT FROM sensor s WHERE (s.site_id, s.name) = (given.site_id, given.name))
                ORDER BY 1, 2
                ON CONFLICT DO NOTHING
                """,
                columns,
            )
            cursor = await connection.execute(
                """
                SELECT site_id, name, id FROM sensor
                WHERE (site_id, name) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
                """,
                columns[:2],
            )
            self.known.update({(SiteId(site), name): sensor_id for site, name, sensor_id in await cursor.fetchall()})


@dataclass(frozen=True, slots=True)
class Fix:
    """One position, placed in time (ms since 1970)."""

    site: SiteId
    operator: OperatorId
    at_ms: int
    measured_at_ms: int
    received_at_ms: int
    lat: float
    lon: float
    speed_m_s: float | None
    heading_deg: float | None


class PositionEntry(msgspec.Struct, frozen=True):
    """Body of ``position`` in a site's room and of ``position/{site}`` in the operator's. ``at``: as of when."""

    site: str
    at: str
    lat: float
    lon: float
    speed_m_s: float | None
    heading_deg: float | None


async def apply_telemetry(connection: Connection, batches: Sequence[Sealed], sensors: SensorIds) -> Applied:
    """Write the batches' readings and positions. All are new; `sensors` has learnt them."""
    offsets = await known_offsets(connection, {_boot(batch) for batch in batches if isinstance(batch.body, TelemetryBatch)})
    parts: list[SensorReadings] = []
    fixes: list[Fix] = []
    for batch in batches:
        body = batch.body
        if not isinstance(body, TelemetryBatch):
            continue
        offset_ms = offset_for(body.clock, offsets.get(_boot(batch), 0))
        received_at_ms = batch.arrival.received_at_ms
        site = batch.topic.site
        parts += [SensorReadings(sensors.known[site, one.sensor], one, received_at_ms, offset_ms) for one in body.series]
        for track in body.tracks:
            fixes += _fixes(batch, track, offset_ms)
    if parts:
        await _copy_readings(connection, parts)
    entries = await _write_fixes(connection, fixes) if fixes else ()
    return Applied(count(parts) + len(fixes), entries)


def _boot(batch: Sealed) -> Boot:
    return Boot(batch.topic.site, batch.envelope.epoch, batch.body.boot if isinstance(batch.body, TelemetryBatch) else 0)


async def _copy_readings(connection: Connection, parts: Sequence[SensorReadings]) -> None:
    data = copy_data(parts)
    await note_late(connection, data.touched)
    async with connection.cursor() as cursor, cursor.copy(COPY_READINGS) as copy:
        await copy.write(data.buffer)


def _fixes(batch: Sealed, track: Track, offset_ms: int) -> list[Fix]:
    fixes: list[Fix] = []
    received_at_ms = batch.arrival.received_at_ms
    for index, dt in enumerate(track.dt):
        measured_at_ms = track.t0 + dt
        fixes.append(
            Fix(
                batch.topic.site,
                batch.topic.operator,
                believed_at_ms(measured_at_ms + offset_ms, received_at_ms),
                measured_at_ms,
                received_at_ms,
                track.lat[index],
                track.lon[index],
                track.speed_m_s[index],
                track.heading_deg[index],
            )
        )
    return fixes


_COPY_POSITIONS = (
    "COPY position (at, received_at, site_id, lat, lon, speed_m_s, heading_deg, measured_at) FROM STDIN (FORMAT BINARY)"
)
_POSITION_TYPES = ["timestamptz", "timestamptz", "text", "float8", "float8", "float4", "float4", "timestamptz"]

# The newest by measured time stands; a late fix changes nothing, and of two at one time the first stands.
_MOVE = """
INSERT INTO position_current (site_id, operator_id, at, received_at, lat, lon, speed_m_s, heading_deg)
SELECT * FROM unnest(
    %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::float8[], %s::float4[], %s::float4[]
) AS given (site_id, operator_id, at, received_at, lat, lon, speed_m_s, heading_deg)
ORDER BY site_id
ON CONFLICT (site_id) DO UPDATE SET
    operator_id = excluded.operator_id, at = excluded.at, received_at = excluded.received_at,
    lat = excluded.lat, lon = excluded.lon,
    speed_m_s = excluded.speed_m_s, heading_deg = excluded.heading_deg, version = position_current.version + 1
WHERE position_current.at < excluded.at
RETURNING site_id
"""


async def _write_fixes(connection: Connection, fixes: Sequence[Fix]) -> tuple[RoomEntry, ...]:
    async with connection.cursor() as cursor, cursor.copy(_COPY_POSITIONS) as copy:
        copy.set_types(_POSITION_TYPES)
        for fix in fixes:
            measured_at = None if fix.at_ms == fix.measured_at_ms else utc(fix.measured_at_ms)
            await copy.write_row(
                (utc(fix.at_ms), utc(fix.received_at_ms), fix.site, fix.lat, fix.lon, fix.speed_m_s, fix.heading_deg, measured_at)
            )
    newest: dict[SiteId, Fix] = {}
    for fix in fixes:
        if fix.site not in newest or newest[fix.site].at_ms < fix.at_ms:
            newest[fix.site] = fix
    moved = await _move(connection, list(newest.values()))
    return tuple(made for site in moved for made in _entries(newest[site]))


async def _move(connection: Connection, newest: Sequence[Fix]) -> list[SiteId]:
    cursor = await connection.execute(
        _MOVE,
        (
            [fix.site for fix in newest],
            [fix.operator for fix in newest],
            [utc(fix.at_ms) for fix in newest],
            [utc(fix.received_at_ms) for fix in newest],
            [fix.lat for fix in newest],
            [fix.lon for fix in newest],
            [fix.speed_m_s for fix in newest],
            [fix.heading_deg for fix in newest],
        ),
    )
    return [SiteId(row[0]) for row in await cursor.fetchall()]


def _entries(fix: Fix) -> tuple[RoomEntry, RoomEntry]:
    body = PositionEntry(fix.site, iso(fix.at_ms), fix.lat, fix.lon, fix.speed_m_s, fix.heading_deg)
    return entry(site_room(fix.site), "position", body), entry(operator_room(fix.operator), f"position/{fix.site}", body)
