from datetime import timedelta

import pytest

from cloud.store.mode import StoreMode
from cloud.store.pool import Connection
from cloud.store.rollup import roll_up
from cloud.store.telemetry import RangeError, Sensor, readings, sensors_of
from tests.cloud.store.telemetry_rows import DAY, MINUTE, Row, ingest, minutely

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)


async def test_a_gap_is_an_empty_bucket(connection: Connection) -> None:
    await ingest(connection, Row(DAY, 4.0), Row(DAY + 2 * MINUTE, None))
    answer = await readings(connection, 1, DAY, DAY + 4 * MINUTE, MINUTE)
    assert [(bucket.readings, bucket.good, bucket.mean) for bucket in answer] == [
        (1, 1, 4.0),
        (0, 0, None),
        (1, 0, None),
        (0, 0, None),
    ]
    assert [bucket.at for bucket in answer] == [DAY + i * MINUTE for i in range(4)]


async def test_coarse_steps_begin_at_the_quarter_and_the_last_may_reach_past_the_end(
    connection: Connection, mode: StoreMode
) -> None:
    await ingest(connection, *minutely(DAY, 180))
    await roll_up(connection, mode, DAY + 2 * HOUR)
    answer = await readings(connection, 1, DAY + 20 * MINUTE, DAY + 121 * MINUTE, HOUR)
    assert [(bucket.at, bucket.readings) for bucket in answer] == [(DAY + 15 * MINUTE, 60), (DAY + 75 * MINUTE, 60)]


async def test_the_mean_weighs_readings_and_not_quarters(connection: Connection, mode: StoreMode) -> None:
    await ingest(connection, Row(DAY, 0.0), Row(DAY + 15 * MINUTE, 6.0), Row(DAY + 16 * MINUTE, 6.0))
    await roll_up(connection, mode, DAY + 3 * HOUR)
    (bucket,) = await readings(connection, 1, DAY, DAY + HOUR, HOUR)
    assert (bucket.low, bucket.mean, bucket.high) == (0.0, 4.0, 6.0)


async def test_one_sensor_says_nothing_of_another(connection: Connection) -> None:
    await ingest(connection, *minutely(DAY, 5, sensor_id=7))
    assert [bucket.readings for bucket in await readings(connection, 8, DAY, DAY + HOUR, HOUR)] == [0]


@pytest.mark.parametrize(
    ("end", "step", "field"),
    [
        (DAY, HOUR, "end"),
        (DAY + HOUR, timedelta(0), "step"),
        (DAY + HOUR, timedelta(milliseconds=1), "step"),
        (DAY + 9999 * HOUR, HOUR, "step"),
    ],
)
async def test_a_question_without_a_sensible_answer_names_its_field(
    connection: Connection, end: object, step: timedelta, field: str
) -> None:
    with pytest.raises(RangeError) as caught:
        await readings(connection, 1, DAY, end, step)  # type: ignore[arg-type]
    assert caught.value.field == field


async def test_the_sensors_of_a_site_come_by_name(connection: Connection) -> None:
    await connection.execute(
        """
        INSERT INTO sensor (site_id, name, operator_id)
        VALUES ('s1', 'fridge.temperature_c', 'op'), ('s1', 'door', 'op'), ('s2', 'x', 'op')
        """
    )
    assert [sensor.name for sensor in await sensors_of(connection, "s1")] == ["door", "fridge.temperature_c"]
    assert all(isinstance(sensor, Sensor) for sensor in await sensors_of(connection, "s1"))
