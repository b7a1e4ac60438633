from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.domain.events import believed_at_ms
from cloud.ingest.columns import COPY_READINGS, SensorReadings, copy_data, count
from cloud.store.late import HOUR_MS
from edge.wire.clock import to_ms
from edge.wire.messages import Series

pytestmark = pytest.mark.slow
NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url) as connection:
        yield connection


@st.composite
def _parts(draw: st.DrawFn) -> list[SensorReadings]:
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.integers(1, 6))
        t0 = draw(st.sampled_from([0, NOW_MS, NOW_MS - 89 * DAY_MS, NOW_MS - 91 * DAY_MS, NOW_MS + 200_000, 4_102_444_800_000]))
        dt = draw(st.lists(st.integers(0, 400_000), min_size=size, max_size=size))
        values = draw(st.lists(st.none() | st.floats(-1e12, 1e12), min_size=size, max_size=size))
        quality = draw(st.integers(0, 2) | st.lists(st.integers(0, 2), min_size=size, max_size=size))
        offset_ms = draw(st.sampled_from([0, 60_000, -60_000, NOW_MS]))
        series = Series(sensor="t_c", t0=t0, dt=dt, v=values, q=quality)
        parts.append(SensorReadings(draw(st.integers(1, 2**31 - 1)), series, NOW_MS, offset_ms))
    return parts


def _expected(parts: list[SensorReadings]) -> list[tuple[Any, ...]]:
    rows = []
    for part in parts:
        series = part.series
        for index, dt in enumerate(series.dt):
            measured_ms = series.t0 + dt
            at_ms = believed_at_ms(measured_ms + part.offset_ms, part.received_at_ms)
            quality = series.q if isinstance(series.q, int) else series.q[index]
            rows.append(
                (
                    at_ms,
                    part.received_at_ms,
                    part.sensor_id,
                    quality,
                    series.v[index],
                    None if at_ms == measured_ms else measured_ms,
                )
            )
    return sorted(rows, key=str)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=_parts())
def test_what_the_binary_copy_stores_is_what_was_measured(connection: psycopg.Connection[Any], parts: list[SensorReadings]) -> None:
    data = copy_data(parts)
    with connection.transaction(force_rollback=True):
        with connection.cursor() as cursor, cursor.copy(COPY_READINGS) as copy:
            copy.write(data.buffer)
        stored = connection.execute("SELECT at, received_at, sensor_id, quality, value, measured_at FROM reading").fetchall()
    rows = [(to_ms(at), to_ms(received), sensor, q, v, None if m is None else to_ms(m)) for at, received, sensor, q, v, m in stored]
    assert sorted(rows, key=str) == _expected(parts)
    assert len(rows) == count(parts)
    assert data.touched == {(row[2], row[0] // HOUR_MS) for row in rows}
