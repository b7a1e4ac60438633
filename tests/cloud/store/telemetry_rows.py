"""Readings as ingest writes them: rows and the note of what is late, in one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud.store.late import HOUR_MS, note_late
from cloud.store.pool import Connection
from edge.wire.clock import to_ms

DAY = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Row:
    at: datetime
    value: float | None
    sensor_id: int = 1
    quality: int = 0


async def ingest(connection: Connection, *rows: Row) -> int:
    """Returns how many (sensor, hour) pairs were late."""
    async with connection.transaction():
        async with (
            connection.cursor() as cursor,
            cursor.copy("COPY reading (at, received_at, sensor_id, quality, value) FROM STDIN") as copy,
        ):
            for row in rows:
                await copy.write_row((row.at, row.at, row.sensor_id, row.quality, row.value))
        return await note_late(connection, {(row.sensor_id, to_ms(row.at) // HOUR_MS) for row in rows})


def minutely(begin: datetime, count: int, sensor_id: int = 1) -> list[Row]:
    """A reading a minute, the values 0, 1, 2 …"""
    return [Row(begin + i * MINUTE, float(i), sensor_id) for i in range(count)]
