"""What a leader sees of the stations: vans that carry goods there, coarsely, and their boxes."""

from datetime import timedelta

import pytest

from cloud.store.site_boxes import keep_boxes
from edge.wire.clock import to_ms
from edge.wire.messages import ColdBox
from tests.cloud.api.groups import as_leader, leader, placed
from tests.cloud.api.test_etas import run_with_windows
from tests.cloud.api.vans import van
from tests.cloud.api.world import NOW, World

pytestmark = pytest.mark.slow

FRIDGE = ColdBox(name="冷藏柜", goods="chilled", sensor="fridge.1.temperature_c")


async def loaded(world: World) -> int:
    """A van under way, two kilometres north of st-a1, with a container for it and one for st-a2."""
    number = await run_with_windows(world)
    await van(world)
    await world.connection.execute("UPDATE run SET vehicle_id = 'van-1'")
    await world.connection.execute("UPDATE site SET lat = 31.2, lon = 121.4 WHERE id = 'st-a1'")
    for label, site in (("C1", "st-a1"), ("C2", "st-a2")):
        await world.connection.execute(
            """
            INSERT INTO container (id, operator_id, site_id, run, state, created_at)
            VALUES (%s, 'op-a', %s, 'R1122-1', 'loaded', %s)
            """,
            [label, site, NOW],
        )
    await world.connection.execute(
        """
        INSERT INTO position_current (site_id, operator_id, at, received_at, lat, lon)
        VALUES ('van-1', 'op-a', %s, %s, 31.21812, 121.40107)
        """,
        [NOW, NOW],
    )
    return number


async def test_a_leader_sees_when_the_van_comes_and_where_it_about_is(world: World) -> None:
    token = await leader(world)
    await loaded(world)
    (seen,) = (await as_leader(world, token, path="vans")).json()["vans"]
    assert (seen["name"], seen["vehicle"], seen["site"], seen["stops_before"], seen["containers"]) == (
        "R1122-1", "一号车", "st-a1", 1, 1,
    )  # fmt: skip
    assert seen["window"] == {
        "early": "2026-11-22T08:20:00.000Z", "late": "2026-11-22T08:32:00.000Z", "as_of": "2026-11-22T08:00:00.000Z",
        "is_estimate": False,
    }  # fmt: skip
    assert seen["place"] == {"lat": 31.218, "lon": 121.402, "at": "2026-11-22T08:00:00.000Z", "distance_km": 2.0}


async def test_a_van_nobody_has_heard_yet_has_its_plan_and_the_stops_that_are_left(world: World) -> None:
    token = await leader(world)
    await loaded(world)
    await world.connection.execute("DELETE FROM eta_stop")
    await world.connection.execute("DELETE FROM position_current")
    (seen,) = (await as_leader(world, token, path="vans")).json()["vans"]
    assert (seen["window"], seen["place"], seen["stops_before"]) == (None, None, 1)
    assert seen["planned_arrival"] == "2026-11-22T08:00:00.000Z"
    await world.connection.execute("UPDATE run_stop SET state = 'signed' WHERE stop = 1")
    assert (await as_leader(world, token, path="vans")).json()["vans"][0]["stops_before"] == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE container SET state = 'sealed' WHERE id = 'C1'",
        "UPDATE container SET run = 'R1122-2' WHERE id = 'C1'",
        "UPDATE run SET state = 'loading'",
        "UPDATE run SET state = 'completed'",
        "UPDATE run SET operator_id = 'op-b'",
        "UPDATE run_stop SET arrived_at = now() WHERE stop = 2",
        "UPDATE leader SET keeps_site_id = 'st-both'",
    ],
)
async def test_a_van_that_brings_nothing_there_is_not_shown(world: World, change: str) -> None:
    token = await leader(world)
    await loaded(world)
    await world.connection.execute(change.encode())
    assert (await as_leader(world, token, path="vans")).json()["vans"] == []


async def test_each_leader_sees_the_own_station_and_nobody_elses(world: World) -> None:
    mine, other, theirs = await leader(world), await leader(world, "L2", "st-a2"), await leader(world, "B1", "st-b1", "op-b")
    await loaded(world)
    await keep_boxes(world.connection, "st-a1", [FRIDGE], to_ms(NOW) - 86_400_000)
    sites = {
        token: [one["site"] for one in (await as_leader(world, token, path="vans")).json()["vans"]]
        for token in (mine, other, theirs)
    }
    assert sites == {mine: ["st-a1"], other: ["st-a2"], theirs: []}
    boxes = {token: len((await as_leader(world, token, path="cold")).json()["boxes"]) for token in (mine, other, theirs)}
    assert boxes == {mine: 1, other: 0, theirs: 0}
    assert (await as_leader(world, "nonsense", path="vans")).status_code == 404
    assert (await as_leader(world, "nonsense", path="cold")).status_code == 404


async def test_a_boxs_day_has_its_limits_and_its_gaps(world: World) -> None:
    token = await leader(world, keeps=None)
    await placed(world, leader="L1")  # the group fetches there, though its leader does not keep it
    await keep_boxes(world.connection, "st-a1", [FRIDGE], to_ms(NOW) - 86_400_000)
    await world.connection.execute("INSERT INTO sensor (site_id, name, operator_id) VALUES ('st-a1', %s, 'op-a')", [FRIDGE.sensor])
    await world.connection.execute(
        """
        INSERT INTO reading (at, received_at, sensor_id, quality, value)
        SELECT at, at, id, 0, 4 FROM sensor, generate_series(%s::timestamptz, %s, interval '1 min') AS at
        """,
        [NOW - timedelta(hours=6), NOW - timedelta(hours=1, minutes=1)],
    )
    (box,) = (await as_leader(world, token, path="cold")).json()["boxes"]
    assert (box["box"], box["zone"], box["site_name"], box["limits"]) == (
        "冷藏柜",
        "chilled",
        "站 st-a1",
        {"low_c": 0.0, "high_c": 5.0},
    )
    assert (box["last_c"], box["is_silent"]) == (4.0, True)
    means = [one["mean"] for one in box["series"]]
    assert (len(means), means[:70].count(None), means[72:92].count(4.0), means[-3:]) == (96, 70, 20, [None, None, None])
