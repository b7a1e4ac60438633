"""What the site's own file still holds of its readings, for a chart: batches sent and unsent, and what is not sealed yet.

Read backwards and bite by bite, so that no scan waits for it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from edge.outbox.records import LANE_NUMBERS, Reading
from edge.outbox.transaction import Execute
from edge.wire.codec import PayloadError, decode_telemetry
from edge.wire.ids import Lane

_BATCHES_AT_ONCE = 100
_LANES = (Lane.LIVE, Lane.BACKFILL)


class Place(NamedTuple):
    """Where the next bite begins: below this batch of this lane of this epoch."""

    epoch: int
    lane: int
    seq: int


def newest_places(execute: Execute) -> list[Place]:
    """Where reading begins: the end of every lane that holds readings."""
    return [
        Place(epoch, LANE_NUMBERS[lane], 2**62)
        for (epoch,) in execute("SELECT id FROM epoch ORDER BY id DESC").fetchall()
        for lane in _LANES
    ]


def bite(execute: Execute, place: Place, since_ms: int) -> tuple[list[Reading], Place | None]:
    """The readings of the next batches below a place that were sealed since then; where to go on, None at the end."""
    rows = execute(
        """SELECT seq, payload, sealed_at_ms FROM batch WHERE epoch = ? AND lane = ? AND seq < ?
           ORDER BY seq DESC LIMIT ?""",
        (place.epoch, place.lane, place.seq, _BATCHES_AT_ONCE),
    ).fetchall()
    fresh = [(seq, payload) for seq, payload, sealed_at_ms in rows if sealed_at_ms >= since_ms]
    readings = [reading for _, payload in fresh for reading in _of_batch(payload) if reading.at_ms >= since_ms]
    if len(fresh) < _BATCHES_AT_ONCE:
        return readings, None
    return readings, place._replace(seq=fresh[-1][0])


def unsealed(execute: Execute, since_ms: int, limit: int) -> list[Reading]:
    """What waits in the table, the newest of it."""
    rows = execute(
        "SELECT sensor, at_ms, value, quality FROM reading WHERE kind = 1 AND at_ms >= ? ORDER BY id DESC LIMIT ?",
        (since_ms, limit),
    ).fetchall()
    return [Reading(sensor, at_ms, value, quality) for sensor, at_ms, value, quality in rows]


def _of_batch(payload: bytes) -> Iterator[Reading]:
    try:
        batch = decode_telemetry(payload)
    except PayloadError:  # the card has spoilt it: a gap, as it will be in the cloud
        return
    for series in batch.series:
        for dt, value in zip(series.dt, series.v, strict=True):
            yield Reading(series.sensor, series.t0 + dt, value)
