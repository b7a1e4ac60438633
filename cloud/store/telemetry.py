"""What a sensor measured, in steps: one query that answers the same in every storage mode.

Hours that are rolled up come from reading_15m; the present, and hours something late arrived for, from the readings
themselves. So an answer is exact at every moment, however late the roll-up is.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud.store.pool import Connection

QUARTER = timedelta(minutes=15)
# A wide screen has fewer columns; a year by the hour has more points than anyone can see.
MAX_BUCKETS = 5_000


class RangeError(ValueError):
    """``field`` of the question is wrong; the text says what is wanted."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field}: {wanted}")
        self.field = field
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Sensor:
    """Its name ends with the unit: ``fridge.1.temperature_c``."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step. ``low``, ``mean``, ``high`` are None where no value could be used: a gap, to be drawn as one.

    ``readings`` counts all that were taken, "asked, no answer" included; ``good`` those with a value of quality 0;
    the values are of qualities 0 and 1.
    """

    at: datetime
    readings: int
    good: int
    low: float | None
    mean: float | None
    high: float | None


async def sensors_of(connection: Connection, site_id: str) -> list[Sensor]:
    """Every sensor a site ever sent a reading of, by name."""
    cursor = await connection.execute("SELECT id, name FROM sensor WHERE site_id = %s ORDER BY name", (site_id,))
    return [Sensor(*row) for row in await cursor.fetchall()]


async def readings(connection: Connection, sensor_id: int, start: datetime, end: datetime, step: timedelta) -> list[Bucket]:
    """One bucket for every step from ``start`` until ``end`` (aware), in order, empty ones included.

    Steps of a multiple of 15 min reach back as far as the roll-ups are kept, and begin at the quarter that holds ``start``;
    finer ones only as far as the raw readings are kept. RangeError where that makes no sense or too many buckets.
    """
    if step < timedelta(seconds=1):
        raise RangeError("step", "want a second or more")
    if end <= start:
        raise RangeError("end", "want a time after start")
    is_coarse = step % QUARTER == timedelta(0)
    begin = _quarter(start) if is_coarse else start
    count = -((begin - end) // step)
    if count > MAX_BUCKETS:
        raise RangeError("step", f"want at most {MAX_BUCKETS} steps between start and end, this makes {count}")
    cursor = await connection.execute(
        _COARSE if is_coarse else _FINE,
        {"sensor_id": sensor_id, "begin": begin, "end": begin + count * step, "step": step},
    )
    found = {at: Bucket(at, *values) for at, *values in await cursor.fetchall()}
    starts = (begin + i * step for i in range(count))
    return [found.get(at) or Bucket(at, 0, 0, None, None, None) for at in starts]


# date_bin everywhere: TimescaleDB's time_bucket is not there in plain mode.
_FINE = """
    SELECT date_bin(%(step)s, at, %(begin)s) AS step_at,
        count(*),
        count(value) FILTER (WHERE quality = 0),
        min(value) FILTER (WHERE quality < 2),
        avg(value) FILTER (WHERE quality < 2),
        max(value) FILTER (WHERE quality < 2)
    FROM reading
    WHERE sensor_id = %(sensor_id)s AND at >= %(begin)s AND at < %(end)s
    GROUP BY 1
"""

_COARSE = """
    WITH edge AS (
        -- The present begins here; a database that never rolled up has only a present.
        SELECT least(greatest(coalesce(rolled_to, '-infinity'), %(begin)s), %(end)s) AS rolled_to,
            coalesce(raw_from, '-infinity') AS raw_from
        FROM reading_rolled
    ), late AS (
        SELECT DISTINCT hour FROM reading_late, edge
        WHERE sensor_id = %(sensor_id)s AND hour > %(begin)s - interval '1 hour' AND hour < edge.rolled_to
            AND hour >= edge.raw_from
    ), raw AS (
        SELECT r.at, r.quality, r.value FROM reading r, edge
        WHERE r.sensor_id = %(sensor_id)s AND r.at >= edge.rolled_to AND r.at < %(end)s AND r.at >= %(begin)s
        UNION ALL
        SELECT r.at, r.quality, r.value FROM late, edge, reading r
        WHERE r.sensor_id = %(sensor_id)s AND r.at >= late.hour AND r.at < late.hour + interval '1 hour'
            AND r.at >= %(begin)s AND r.at < edge.rolled_to
    ), part AS (
        SELECT q.at, q.readings, q.good, q.usable, q.low, q.high, q.total FROM reading_15m q, edge
        WHERE q.sensor_id = %(sensor_id)s AND q.at >= %(begin)s AND q.at < edge.rolled_to
            AND date_bin('1 hour', q.at, timestamptz '2000-01-01 00:00:00+00') NOT IN (SELECT hour FROM late)
        UNION ALL
        SELECT at, 1, (quality = 0 AND value IS NOT NULL)::int, (quality < 2 AND value IS NOT NULL)::int,
            CASE WHEN quality < 2 THEN value END, CASE WHEN quality < 2 THEN value END, CASE WHEN quality < 2 THEN value END
        FROM raw
    )
    SELECT date_bin(%(step)s, at, %(begin)s) AS step_at,
        sum(readings)::bigint, sum(good)::bigint, min(low), sum(total) / nullif(sum(usable), 0), max(high)
    FROM part
    GROUP BY 1
"""


def _quarter(moment: datetime) -> datetime:
    # In UTC: some zones are off by less than a quarter of an hour in old dates.
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)
