"""Readings on their way into batches: columns at once for the live lane, rows in a table for what an outage leaves.

When the disk is full only these rows are thinned; what is sealed never is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from edge.outbox.records import Position, Reading, Sample
from edge.outbox.transaction import Execute
from edge.wire.codec import encode
from edge.wire.ids import SensorId
from edge.wire.messages import MAX_BATCH_BYTES, MAX_BATCH_READINGS, ClockQuality, Series, TelemetryBatch, Track

_SENSOR, _POSITION = 1, 2
_THIN_AT_ONCE = 2_000  # rows a transaction: about 200 KB of WAL


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A sample with its origin and how often its neighbours were thinned out."""

    sample: Sample
    thinned: int = 0


def compile_batch(samples: Sequence[StoredSample], boot: int, clock: ClockQuality) -> TelemetryBatch:
    """Columns, one series a sensor; readings keep the order they came in. At least one sample."""
    series: dict[tuple[str, int], list[Reading]] = {}
    tracks: dict[int, list[Position]] = {}
    for stored in samples:
        match stored.sample:
            case Reading() as reading:
                series.setdefault((reading.sensor, stored.thinned), []).append(reading)
            case Position() as position:
                tracks.setdefault(stored.thinned, []).append(position)
    return TelemetryBatch(
        boot=boot,
        clock=clock,
        series=[_series(sensor, readings, thinned) for (sensor, thinned), readings in series.items()],
        tracks=[_track(positions, thinned) for thinned, positions in tracks.items()],
    )


def cut(samples: Sequence[StoredSample], boot: int, clock: ClockQuality) -> tuple[bytes, int]:
    """The bytes of one batch and how many samples are in it: at most 500, at most 64 KiB."""
    count = min(len(samples), MAX_BATCH_READINGS)
    while True:
        payload = encode(compile_batch(samples[:count], boot, clock))
        if len(payload) <= MAX_BATCH_BYTES or count == 1:
            return payload, count
        count //= 2


def insert(execute: Execute, samples: Sequence[Sample], boot: int, clock: ClockQuality) -> None:
    """Keep readings for the backfill lane."""
    for sample in samples:
        row: tuple[int | float | str | None, ...]
        match sample:
            case Reading():
                row = (_SENSOR, sample.sensor, sample.at_ms, boot, clock, sample.value, sample.quality, None, None, None, None)
            case Position():
                row = (
                    _POSITION, "", sample.at_ms, boot, clock, None, 0,
                    sample.lat, sample.lon, sample.speed_m_s, sample.heading_deg,
                )  # fmt: skip
            case _:
                assert_never(sample)
        execute(
            """INSERT INTO reading (kind, sensor, at_ms, boot, clock, value, quality, lat, lon, speed_m_s, heading_deg)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            row,
        )


@dataclass(frozen=True, slots=True)
class OldestReadings:
    """What the next backfill batch is made of: one boot, one clock quality."""

    ids: list[int]
    samples: list[StoredSample]
    boot: int
    clock: ClockQuality


def oldest(execute: Execute) -> OldestReadings | None:
    """The oldest readings that may share a batch; None where none are left."""
    ids: list[int] = []
    samples: list[StoredSample] = []
    origin: tuple[int, str] | None = None
    for row in execute(
        """SELECT id, kind, sensor, at_ms, boot, clock, value, quality, lat, lon, speed_m_s, heading_deg, thinned
           FROM reading ORDER BY id LIMIT ?""",
        (MAX_BATCH_READINGS,),
    ).fetchall():
        row_id, kind, sensor, at_ms, boot, clock, value, quality, lat, lon, speed_m_s, heading_deg, thinned = row
        if origin is None:
            origin = (boot, clock)
        elif origin != (boot, clock):
            break
        ids.append(row_id)
        sample: Sample
        sample = Position(at_ms, lat, lon, speed_m_s, heading_deg) if kind == _POSITION else Reading(sensor, at_ms, value, quality)
        samples.append(StoredSample(sample, thinned))
    if origin is None:
        return None
    return OldestReadings(ids, samples, origin[0], ClockQuality(origin[1]))


def delete(execute: Execute, first_id: int, last_id: int) -> None:
    """Readings went into a sealed batch of the same transaction."""
    execute("DELETE FROM reading WHERE id BETWEEN ? AND ?", (first_id, last_id))


def first_at_ms(execute: Execute) -> int | None:
    """The time of the oldest reading that waits unsealed."""
    for (at_ms,) in execute("SELECT at_ms FROM reading ORDER BY id LIMIT 1").fetchall():
        return int(at_ms)
    return None


def count(execute: Execute) -> tuple[int, int | None]:
    """How many readings wait unsealed, and the time of the first."""
    ((number,),) = execute("SELECT count(*) FROM reading").fetchall()
    return number, first_at_ms(execute)


def thin(execute: Execute, above_id: int) -> int | None:
    """Drop every second reading of each sensor among the next rows above an id, and mark the rest.

    The rows that stay are written anew: holes in every page would free no page for anybody else. Returns the id to go on
    from, None at the end. Chunk by chunk, for the room it needs is the room that is missing.
    """
    ((last_id, rows),) = execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM reading WHERE id > ? ORDER BY id LIMIT ?)", (above_id, _THIN_AT_ONCE)
    ).fetchall()
    if rows < 2:
        return None
    stay = execute(
        """SELECT id, kind, sensor, at_ms, boot, clock, value, quality, lat, lon, speed_m_s, heading_deg, thinned + 1
           FROM (SELECT *, row_number() OVER (PARTITION BY kind, sensor ORDER BY id) AS place
                 FROM reading WHERE id > ? AND id <= ?) WHERE place % 2 = 1 ORDER BY id""",
        (above_id, last_id),
    ).fetchall()
    execute("DELETE FROM reading WHERE id > ? AND id <= ?", (above_id, last_id))
    for row in stay:
        execute(
            """INSERT INTO reading (id, kind, sensor, at_ms, boot, clock, value, quality, lat, lon, speed_m_s, heading_deg, thinned)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            row,
        )
    return int(last_id)


def _series(sensor: str, readings: Sequence[Reading], thinned: int) -> Series:
    t0 = readings[0].at_ms
    qualities = [reading.quality for reading in readings]
    return Series(
        sensor=SensorId(sensor),
        t0=t0,
        dt=[reading.at_ms - t0 for reading in readings],
        v=[reading.value for reading in readings],
        q=qualities[0] if len(set(qualities)) == 1 else qualities,
        thinned=thinned,
    )


def _track(positions: Sequence[Position], thinned: int) -> Track:
    t0 = positions[0].at_ms
    return Track(
        t0=t0,
        dt=[position.at_ms - t0 for position in positions],
        lat=[position.lat for position in positions],
        lon=[position.lon for position in positions],
        speed_m_s=[position.speed_m_s for position in positions],
        heading_deg=[position.heading_deg for position in positions],
        thinned=thinned,
    )
