"""Readings as PostgreSQL's binary COPY wants them, built with numpy: one row shape for each combination of NULLs.

Row, big-endian (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"):
    int16 6 | int32 8, int64 at | int32 8, int64 received_at | int32 4, int32 sensor | int32 2, int16 quality
    | int32 8, float64 value  or  int32 -1 | int32 8, int64 measured_at  or  int32 -1
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from cloud.domain.events import MAX_AGE_MS, MAX_AHEAD_MS
from cloud.store.late import HOUR_MS
from edge.wire.messages import Series

COPY_READINGS = "COPY reading (at, received_at, sensor_id, quality, value, measured_at) FROM STDIN (FORMAT BINARY)"
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
COPY_TRAILER = b"\xff\xff"

# PostgreSQL counts microseconds from 2000-01-01.
_POSTGRES_EPOCH_MS = 946_684_800_000

_HEAD = [
    ("columns", ">i2"),
    ("at_length", ">i4"), ("at", ">i8"),
    ("received_length", ">i4"), ("received_at", ">i8"),
    ("sensor_length", ">i4"), ("sensor_id", ">i4"),
    ("quality_length", ">i4"), ("quality", ">i2"),
    ("value_length", ">i4"),
]  # fmt: skip
_VALUE = [("value", ">f8")]
_MEASURED_LENGTH = [("measured_length", ">i4")]
_MEASURED = [("measured_at", ">i8")]


def _shape(*, has_value: bool, has_measured: bool) -> np.dtype[np.void]:
    return np.dtype(_HEAD + (_VALUE if has_value else []) + _MEASURED_LENGTH + (_MEASURED if has_measured else []))


_SHAPES = {
    (has_value, has_measured): _shape(has_value=has_value, has_measured=has_measured)
    for has_value in (True, False)
    for has_measured in (True, False)
}


@dataclass(frozen=True, slots=True)
class SensorReadings:
    """One series with what the store knows of it. Times in ms since 1970."""

    sensor_id: int
    series: Series
    received_at_ms: int
    offset_ms: int


def count(parts: Sequence[SensorReadings]) -> int:
    """How many rows the parts make."""
    return sum(len(part.series.dt) for part in parts)


@dataclass(frozen=True, slots=True)
class CopyData:
    """A binary COPY stream, and the (sensor id, hour since 1970) its rows lie in."""

    buffer: bytes
    touched: frozenset[tuple[int, int]]


def copy_data(parts: Sequence[SensorReadings]) -> CopyData:
    """All readings as one binary COPY stream with header and trailer.

    A reading lies at its corrected time where that is believed, else at the time of receipt; measured_at is
    NULL where it is the same.
    """
    lengths = np.array([len(part.series.dt) for part in parts])
    # Flat lists first: one conversion for all parts is many times faster than one a part where parts are small.
    measured = _flat([part.series.dt for part in parts], np.int64) + np.repeat([part.series.t0 for part in parts], lengths)
    received = np.repeat(np.array([part.received_at_ms for part in parts], dtype=np.int64), lengths)
    offsets = [part.offset_ms for part in parts]
    corrected = measured + np.repeat(np.array(offsets, dtype=np.int64), lengths) if any(offsets) else measured
    is_believed = (corrected >= received - MAX_AGE_MS) & (corrected <= received + MAX_AHEAD_MS)
    at = np.where(is_believed, corrected, received)
    values = _flat([part.series.v for part in parts], np.float64)  # None becomes NaN, which decoding refuses
    columns: dict[str, npt.NDArray[Any]] = {
        "at": _microseconds(at),
        "received_at": _microseconds(received),
        "sensor_id": np.repeat(np.array([part.sensor_id for part in parts], dtype=np.int32), lengths),
        "quality": _qualities(parts, lengths),
        "value": values,
        "measured_at": _microseconds(measured),
    }
    has_value = ~np.isnan(values)
    has_measured = at != measured
    rows = [_rows(columns, value, when, (has_value == value) & (has_measured == when)) for value, when in _SHAPES]
    return CopyData(b"".join([COPY_HEADER, *rows, COPY_TRAILER]), _touched(parts, lengths, at // HOUR_MS))


def _flat(columns: Sequence[Sequence[float | None]], kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.array(list(chain.from_iterable(columns)), dtype=kind)


def _touched(
    parts: Sequence[SensorReadings], lengths: npt.NDArray[np.int64], hours: npt.NDArray[np.int64]
) -> frozenset[tuple[int, int]]:
    """The hours of each part; a part of one hour, as nearly all are, costs no look at its rows."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    lowest, highest = np.minimum.reduceat(hours, starts).tolist(), np.maximum.reduceat(hours, starts).tolist()
    touched = {(part.sensor_id, hour) for part, hour in zip(parts, lowest, strict=True)}
    for index, (low, high) in enumerate(zip(lowest, highest, strict=True)):
        if low != high:
            sensor_id = parts[index].sensor_id
            touched |= {(sensor_id, hour) for hour in np.unique(hours[starts[index] : ends[index]]).tolist()}
    return frozenset(touched)


def _qualities(parts: Sequence[SensorReadings], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
    qualities = [part.series.q for part in parts]
    if all(isinstance(quality, int) for quality in qualities):
        return np.repeat(np.array(qualities, dtype=np.int16), lengths)
    lists = [[one.series.q] * len(one.series.dt) if isinstance(one.series.q, int) else one.series.q for one in parts]
    return np.array(list(chain.from_iterable(lists)), dtype=np.int16)


def _microseconds(ms: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return (ms - _POSTGRES_EPOCH_MS) * 1000


def _rows(columns: dict[str, npt.NDArray[Any]], has_value: bool, has_measured: bool, chosen: npt.NDArray[np.bool_]) -> bytes:
    size = int(np.count_nonzero(chosen))
    if not size:
        return b""
    rows = np.empty(size, dtype=_SHAPES[has_value, has_measured])
    rows["columns"] = 6
    rows["at_length"] = 8
    rows["received_length"] = 8
    rows["sensor_length"] = 4
    rows["quality_length"] = 2
    rows["value_length"] = 8 if has_value else -1
    rows["measured_length"] = 8 if has_measured else -1
    for name in rows.dtype.names or ():
        if name in columns:
            rows[name] = columns[name] if size == len(chosen) else columns[name][chosen]
    return rows.tobytes()
