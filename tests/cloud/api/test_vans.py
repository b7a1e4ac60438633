"""A van's manifest: its runs with their stops, and what goes where; made again when a run is another. And what signs its stops."""

import asyncio
from datetime import timedelta

import pytest

from cloud.config import CloudConfig
from cloud.store.manifest_facts import stamps
from cloud.store.pool import connect
from cloud.store.stop_signing import sign_stops
from edge.wire.clock import to_ms
from edge.wire.manifest import Manifest, decode_manifest
from tests.cloud.api.test_batches import BATCH, import_orders
from tests.cloud.api.test_stations import basic, maker
from tests.cloud.api.vans import van
from tests.cloud.api.world import NOW, World, order

pytestmark = pytest.mark.slow

RUN = "/api/operators/op-a/runs/2026-11-23/r1"


async def planned(world: World, vehicle: str | None = "van-1") -> int:
    """Two stations' orders, packed for one run, and the run's number."""
    await van(world)
    await world.connection.execute("UPDATE site SET lat = 31.2, lon = 121.4 WHERE id = 'st-a1'")
    await import_orders(world, *(order(f"A-{n}", site) for n, site in enumerate(("st-a1", "st-a2"), start=1)))
    await world.post("dispatcher-a", f"{BATCH}/freeze", json={"early": True})
    await world.post("dispatcher-a", f"{BATCH}/allocation", json={"stock": []})
    plan = {"routes": [{"run": "r1", "stops": ["st-a1", "st-a2"]}]}
    assert (await world.post("dispatcher-a", f"{BATCH}/plan", json=plan)).status_code == 200
    stops = [{"site": station} for station in ("st-a1", "st-a2")]
    run = await world.call("dispatcher-a", "PUT", RUN, json={"vehicle": vehicle, "stops": stops})
    assert run.status_code == 200, run.text
    return int(run.json()["id"])


async def step(world: World, number: int, *states: str) -> None:
    for state in states:
        assert (await world.post("dispatcher-a", f"/api/runs/{number}/state", json={"state": state})).status_code == 200


async def newest(world: World) -> Manifest:
    return decode_manifest(
        bytes(await world.one("SELECT body FROM manifest WHERE site_id = 'van-1' ORDER BY version DESC LIMIT 1"))
    )


async def test_a_van_is_told_its_runs_its_stops_and_what_is_left_where(world: World) -> None:
    await planned(world)
    await maker().make_all(world.connection, NOW)
    manifest = await newest(world)
    (run,) = manifest.runs
    assert (run.operator, run.day, run.run, run.state) == ("op-a", "2026-11-23", "r1", "assigned")
    assert run.ends_ms > to_ms(NOW)
    assert [(one.stop, one.station, one.lat, one.lon) for one in run.stops] == [(1, "st-a1", 31.2, 121.4), (2, "st-a2", None, None)]
    assert [(one.stop, one.station, one.zone, one.run) for one in manifest.loads] == [
        (2, "st-a2", "ambient", "r1"), (2, "st-a2", "chilled", "r1"), (1, "st-a1", "ambient", "r1"), (1, "st-a1", "chilled", "r1"),
    ]  # fmt: skip
    assert (manifest.claims, manifest.parcels, manifest.codes) == ((), (), ())
    key = "the-vans-password-at-the-broker"
    assert (await world.post("dispatcher-a", "/api/sites/van-1/credentials", json={"key": key})).status_code == 201
    sha256 = await world.one("SELECT manifest_sha256 FROM desired WHERE site_id = 'van-1'")
    fetched = await world.get(None, f"/api/sites/van-1/manifest/{sha256}", headers=basic("van-1", key))
    assert decode_manifest(fetched.content) == manifest
    assert (await world.post("dispatcher-b", "/api/sites/van-1/credentials", json={"key": key})).status_code == 404


async def test_it_is_made_again_when_its_run_is_another_and_a_run_that_is_over_is_none(world: World) -> None:
    number, making = await planned(world), maker()
    await making.make_all(world.connection, NOW)
    assert (await making.make_all(world.connection, NOW + timedelta(seconds=20)))["made"] == 0
    for seconds, state in ((40, "loading"), (60, "departed"), (80, "completed")):
        world.clock.ms += 1000
        await step(world, number, state)
        assert (await making.make_all(world.connection, NOW + timedelta(seconds=seconds)))["made"] == 1
        assert [one.state for one in (await newest(world)).runs] == ([] if state == "completed" else [state])
    assert (await newest(world)).loads == ()


async def test_a_run_of_long_ago_that_nobody_ended_is_no_part_of_what_its_manifest_is_stamped_by(world: World) -> None:
    await planned(world)
    before = await stamps(world.connection, NOW)
    assert next(one.plans for one in before if one.site == "van-1")
    await world.connection.execute(
        """
        INSERT INTO run (operator_id, service_date, name, vehicle_id, state, state_at)
        VALUES ('op-a', '2026-10-01', 'r-old', 'van-1', 'assigned', %(now)s),
            ('op-a', '2026-11-23', 'r-of-a-station', 'st-a1', 'assigned', %(now)s)
        """,
        {"now": NOW},
    )
    assert await stamps(world.connection, NOW) == before


async def test_a_container_that_stands_in_is_named_instead_of_the_planned_one(world: World) -> None:
    await planned(world)
    stood_for = await world.one("SELECT container_id FROM planned_container WHERE site_id = 'st-a1' AND zone = 'chilled'")
    await world.connection.execute(
        "INSERT INTO container (id, operator_id, state, run, stands_for, created_at) "
        "VALUES ('TTC00000ZZZZ0', 'op-a', 'sealed', 'r1', %s, %s)",
        [stood_for, NOW],
    )
    await maker().make_all(world.connection, NOW)
    assert [one.container for one in (await newest(world)).loads if one.station == "st-a1" and one.zone == "chilled"] == [
        "TTC00000ZZZZ0"
    ]


async def test_a_container_aboard_of_another_runs_van_comes_from_that_run(world: World) -> None:
    """As goods do that change vans: also one that stands in for a planned one, under its own label."""
    await planned(world)
    await world.connection.execute(
        "INSERT INTO run (operator_id, service_date, name, state, state_at) VALUES ('op-a', '2026-11-23', 'r9', 'paused', %s)",
        [NOW],
    )
    chilled = await world.one("SELECT container_id FROM planned_container WHERE site_id = 'st-a1' AND zone = 'chilled'")
    ambient = await world.one("SELECT container_id FROM planned_container WHERE site_id = 'st-a1' AND zone = 'ambient'")
    await world.connection.execute("UPDATE container SET state = 'loaded', run = 'r9' WHERE id = %s", [ambient])
    await world.connection.execute(
        "INSERT INTO container (id, operator_id, state, run, stands_for, created_at) "
        "VALUES ('TTC00000ZZZZ0', 'op-a', 'loaded', 'r9', %s, %s), ('TTC00000YYYY0', 'op-a', 'loaded', 'r-long-ago', %s, %s)",
        [chilled, NOW, chilled, NOW],
    )
    await maker().make_all(world.connection, NOW)
    told = {one.container: one.comes_from for one in (await newest(world)).loads if one.station == "st-a1"}
    assert told == {ambient: "r9", "TTC00000ZZZZ0": "r9"}
    await world.connection.execute("UPDATE container SET run = 'r1' WHERE id = %s", [ambient])
    await maker().make_all(world.connection, NOW)
    assert {one.container: one.comes_from for one in (await newest(world)).loads}[ambient] == ""


async def test_another_operators_run_is_nothing_for_it(world: World) -> None:
    await planned(world)
    await world.connection.execute("UPDATE site_operator SET valid = daterange(NULL, '2026-11-01') WHERE site_id = 'van-1'")
    await maker().make(world.connection, "van-1", NOW)
    assert (await newest(world)).runs == ()


async def stops(world: World) -> list[str]:
    cursor = await world.connection.execute("SELECT state FROM run_stop ORDER BY stop")
    return [row[0] for row in await cursor.fetchall()]


async def put(world: World, site: str, state: str, *, is_signed: bool = False, zone: str = "%") -> None:
    """As a fold of scans would leave the containers of a station."""
    await world.connection.execute(
        """
        UPDATE container SET state = %s, is_signed = %s, run = 'r1', state_at = %s
        WHERE id IN (SELECT container_id FROM planned_container WHERE site_id = %s AND zone LIKE %s)
        """,
        [state, is_signed, NOW, site, zone],
    )


async def test_a_stop_is_signed_once_all_that_was_brought_is_signed_for(world: World) -> None:
    number = await planned(world)
    await put(world, "st-a1", "loaded")
    await put(world, "st-a2", "loaded")
    await step(world, number, "loading", "departed")
    assert await sign_stops(world.connection, NOW) == []
    await put(world, "st-a1", "delivered", is_signed=True, zone="chilled")
    (told,) = await sign_stops(world.connection, NOW)
    assert (told.room, await stops(world)) == ("vans:op-a", ["unloading", "pending"])
    await put(world, "st-a1", "opened", is_signed=True)
    await sign_stops(world.connection, NOW)
    assert await stops(world) == ["signed", "pending"]
    assert await sign_stops(world.connection, NOW) == []
    body = await world.one("SELECT body FROM room_entry WHERE room = 'vans:op-a' AND key = %s", f"run/{number}")
    assert [one["state"] for one in body["stops"]] == ["signed", "pending"]


async def test_what_was_left_at_a_closed_door_is_dropped_until_somebody_signs_though_the_run_is_over(world: World) -> None:
    number = await planned(world)
    await put(world, "st-a1", "delivered")
    await step(world, number, "loading", "departed")
    await sign_stops(world.connection, NOW)
    assert (await stops(world))[0] == "unloading"
    await world.connection.execute("UPDATE run_stop SET departed_at = %s WHERE stop = 1", [NOW])
    await sign_stops(world.connection, NOW)
    assert (await stops(world))[0] == "dropped"
    await step(world, number, "completed")
    await put(world, "st-a1", "delivered", is_signed=True)
    await sign_stops(world.connection, NOW)
    assert (await stops(world))[0] == "signed"


async def test_a_stop_that_lacks_a_container_is_signed_with_a_variance(world: World) -> None:
    number = await planned(world)
    await put(world, "st-a1", "lost", zone="ambient")
    await put(world, "st-a1", "delivered", is_signed=True, zone="chilled")
    await step(world, number, "loading", "departed")
    await sign_stops(world.connection, NOW)
    assert (await stops(world))[0] == "signed_with_variance"


async def test_what_a_driver_has_settled_is_not_opened_again(world: World) -> None:
    number = await planned(world)
    await step(world, number, "loading", "departed")
    await world.connection.execute("UPDATE run_stop SET state = CASE stop WHEN 1 THEN 'skipped' ELSE 'failed' END")
    await put(world, "st-a1", "delivered")
    await put(world, "st-a2", "delivered")
    assert await sign_stops(world.connection, NOW) == []
    assert await stops(world) == ["skipped", "failed"]


async def test_what_a_driver_settles_while_scans_are_looked_at_stands(world: World, config: CloudConfig) -> None:
    number = await planned(world)
    await put(world, "st-a1", "delivered")
    await step(world, number, "loading", "departed")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with await connect(config.database_url.get_secret_value(), "test") as other:
        async with world.connection.transaction():
            await world.connection.execute("UPDATE run_stop SET state = 'skipped' WHERE stop = 1")
            signing = asyncio.create_task(sign_stops(other, NOW))
            async with asyncio.timeout(10):
                while await world.one(waiting) == 0:
                    await asyncio.sleep(0.01)
        assert await signing == []
    assert (await stops(world))[0] == "skipped"
