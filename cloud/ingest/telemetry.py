"""Applies telemetry: readings by one merged binary COPY; positions.

Leaves the transaction to `flush`, and where each van is now to `cloud.store.positions`. A sensor
is a skeleton made before the transaction: one without a reading does no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud.domain.events import believed_at_ms, offset_for
from cloud.ingest.batch import Sealed
from cloud.ingest.clocks import Boot, known_offsets
from cloud.ingest.columns import COPY_READINGS, SensorReadings, copy_data, count
from cloud.store.late import note_late
from cloud.store.pool import Connection
from cloud.store.positions import Fix, write_fixes
from cloud.store.rooms import RoomEntry
from edge.wire.ids import SiteId
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
    entries = (await write_fixes(connection, fixes, once=True)).entries if fixes else ()
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
