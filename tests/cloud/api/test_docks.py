"""A dock's manifest: made of the operators' plans, in the order of loading, and made again when a plan or an order is another."""

from datetime import date, timedelta
from typing import Any

import pytest

from cloud.store.manifest_facts import day_facts
from edge.wire.manifest import Manifest, decode_manifest
from tests.cloud.api.test_batches import BATCH, import_orders
from tests.cloud.api.test_stations import basic, maker
from tests.cloud.api.world import NOW, World, order

pytestmark = pytest.mark.slow

ROUTES = {"routes": [{"run": "r1", "stops": ["st-a1", "st-a2"]}]}


async def plan(world: World) -> None:
    """A dock, and three stations' orders of which one is on no route."""
    dock = {"id": "dock-a", "kind": "dock", "name": "西区网格仓", "operators": ["op-a"]}
    assert (await world.post("dispatcher-a", "/api/sites", json=dock)).status_code == 201
    staff = {"name": "王师傅", "pin": "2468"}
    assert (await world.call("dispatcher-a", "PUT", "/api/sites/dock-a/staff/wang", json=staff)).status_code == 200
    assert (await world.call("dispatcher-a", "PUT", "/api/sites/dock-a/shelves", json={"shelves": []})).status_code == 404
    sites = ["st-a1", "st-a1", "st-a2", "st-both"]
    await import_orders(world, *(order(f"A-{n}", site) for n, site in enumerate(sites, start=1)))
    await world.post("dispatcher-a", f"{BATCH}/freeze", json={"early": True})
    await world.post("dispatcher-a", f"{BATCH}/allocation", json={"stock": []})
    assert (await world.post("dispatcher-a", f"{BATCH}/plan", json=ROUTES)).status_code == 200


async def newest(world: World, site: str = "dock-a") -> Manifest:
    return decode_manifest(
        bytes(await world.one("SELECT body FROM manifest WHERE site_id = %s ORDER BY version DESC LIMIT 1", site))
    )


async def test_a_dock_is_told_what_each_container_is_to_carry_and_nobodys_name(world: World) -> None:
    await plan(world)
    assert (await maker().make_all(world.connection, NOW))["made"] >= 1
    manifest = await newest(world)
    assert (manifest.site, manifest.day, manifest.operators) == ("dock-a", "2026-11-22", ("op-a",))
    assert [(one.run, one.stop, one.lane, one.station, one.zone, len(one.parcels)) for one in manifest.loads] == [
        ("", 0, "", "st-both", "ambient", 1),
        ("", 0, "", "st-both", "chilled", 1),
        ("r1", 2, "A2", "st-a2", "ambient", 1),
        ("r1", 2, "A2", "st-a2", "chilled", 1),
        ("r1", 1, "A1", "st-a1", "ambient", 2),
        ("r1", 1, "A1", "st-a1", "chilled", 2),
    ]
    assert {(one.day, one.operator) for one in manifest.loads} == {("2026-11-23", "op-a")}
    assert (manifest.claims, manifest.parcels, manifest.codes, [one.staff for one in manifest.staff]) == ((), (), (), ["wang"])
    key = "the-password-at-the-broker"
    assert (await world.post("dispatcher-a", "/api/sites/dock-a/credentials", json={"key": key})).status_code == 201
    sha256 = await world.one("SELECT manifest_sha256 FROM desired WHERE site_id = 'dock-a'")
    fetched = await world.get(None, f"/api/sites/dock-a/manifest/{sha256}", headers=basic("dock-a", key))
    assert decode_manifest(fetched.content) == manifest


async def test_it_is_made_again_when_a_plan_or_an_order_is_another_and_not_without_a_reason(world: World) -> None:
    await plan(world)
    making = maker()
    await making.make_all(world.connection, NOW)
    first = await newest(world)
    assert (await making.make_all(world.connection, NOW + timedelta(seconds=20)))["made"] == 0
    turned = {"routes": [{"run": "r1", "stops": ["st-a2", "st-a1"]}]}  # at the same moment: the town's time stands still meanwhile
    assert (await world.post("dispatcher-a", f"{BATCH}/plan", json=turned)).status_code == 200
    await making.make_all(world.connection, NOW + timedelta(seconds=40))
    second = await newest(world)
    assert next(one.station for one in second.loads if one.run) == "st-a1"
    assert second.version > first.version
    await world.connection.execute("UPDATE customer_order SET cancelled_at = %s WHERE id = 'op-a/A-3'", [NOW])
    await making.make_all(world.connection, NOW + timedelta(seconds=60))
    assert [one.parcels for one in (await newest(world)).loads if one.station == "st-a2"] == [(), ()]


async def test_the_next_days_plan_is_there_on_the_evening_before_and_yesterdays_no_more(world: World) -> None:
    await plan(world)
    for days, loads in ((1, 6), (2, 0)):
        await maker().make(world.connection, "dock-a", NOW + timedelta(days=days))
        assert len((await newest(world)).loads) == loads


async def test_a_plan_that_is_made_again_leaves_what_is_being_packed_where_it_is(world: World) -> None:
    await plan(world)
    before = {one["container"]: one for lane in (await wall(world))["lanes"] for one in lane["containers"]}
    bound, stood_for = (label for label, one in before.items() if one["site"] == "st-a1")
    await world.connection.execute("UPDATE container SET state = 'bound' WHERE id = %s", [bound])
    await world.connection.execute(
        "INSERT INTO container (id, operator_id, state, stands_for, created_at) VALUES ('TTC00000ZZZZ0', 'op-a', 'sealed', %s, %s)",
        [stood_for, NOW],
    )
    turned = {"routes": [{"run": "r7", "stops": ["st-a2", "st-a1"]}]}
    assert (await world.post("dispatcher-a", f"{BATCH}/plan", json=turned)).status_code == 200
    after = {one["container"]: one for lane in (await wall(world))["lanes"] for one in lane["containers"]}
    for label in (bound, stood_for):
        assert after[label]["parcels"] == before[label]["parcels"]
        assert (after[label]["run"], after[label]["lane"]) == ("r7", "A2")
    packed = [parcel for one in after.values() for parcel in one["parcels"]]
    assert sorted(packed) == sorted(parcel for one in before.values() for parcel in one["parcels"])
    assert len(packed) == len(set(packed))


async def wall(world: World) -> dict[str, Any]:
    return (await world.get("dispatcher-a", f"{BATCH}/sort-wall")).json()  # type: ignore[no-any-return]


async def test_goods_by_sku_are_told_with_their_names_and_a_stand_in_comes_to_the_station(world: World) -> None:
    modes = {"default": "order_bag", "stations": {"st-a1": "sku_bulk"}}
    assert (await world.call("dispatcher-a", "PUT", "/api/operators/op-a/pack-modes", json=modes)).status_code == 200
    await plan(world)
    await maker().make(world.connection, "dock-a", NOW)
    manifest = await newest(world)
    (eggs,) = (one for one in manifest.loads if one.station == "st-a1" and one.zone == "ambient")
    assert ([(line.sku, line.quantity) for line in eggs.lines], eggs.parcels) == ([("egg", 4)], ())
    assert {(one.sku, one.name) for one in manifest.articles} == {("egg", "鸡蛋"), ("milk", "牛奶")}
    await world.connection.execute(
        "INSERT INTO container (id, operator_id, state, stands_for, created_at) VALUES ('TTC00000ZZZZ0', 'op-a', 'loaded', %s, %s)",
        [eggs.container, NOW],
    )
    facts = await day_facts(world.connection, "st-a1", date(2026, 11, 23), NOW, lambda *_: "")
    assert {(one.container, one.pack_mode) for one in facts.containers if one.zone == "ambient"} == {("TTC00000ZZZZ0", "sku_bulk")}


async def test_where_there_are_several_docks_each_is_told_of_its_own_stations_only(world: World) -> None:
    await plan(world)
    making, path = maker(), "/api/sites/dock-a/stations"
    await making.make_all(world.connection, NOW)
    assert (await world.get("dispatcher-a", path)).json() == {"stations": []}
    for stranger in ("st-b1", "dock-a", "nowhere"):
        refused = await world.call("dispatcher-a", "PUT", path, json={"stations": ["st-a2", stranger]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_station")
    assert (await world.call("dispatcher-a", "PUT", path, json={"stations": ["st-a2", "st-a2"]})).json() == {"stations": ["st-a2"]}
    await making.make_all(world.connection, NOW + timedelta(seconds=20))
    assert {one.station for one in (await newest(world)).loads} == {"st-a2"}
    assert (await world.call("dispatcher-a", "PUT", path, json={"stations": []})).status_code == 200
    await making.make_all(world.connection, NOW + timedelta(seconds=40))
    assert len((await newest(world)).loads) == 6
    for login, site, status in (("dispatcher-b", "dock-a", 404), ("leader-a1", "dock-a", 403), ("dispatcher-a", "st-a1", 404)):
        assert (await world.get(login, f"/api/sites/{site}/stations")).status_code == status


async def test_a_station_the_operator_has_left_is_no_docks_to_take_but_holds_up_none_that_has_it(world: World) -> None:
    await plan(world)
    path = "/api/sites/dock-a/stations"
    assert (await world.call("dispatcher-a", "PUT", path, json={"stations": ["st-a1"]})).status_code == 200
    await world.connection.execute("UPDATE site_operator SET valid = daterange(NULL, '2026-11-22') WHERE site_id LIKE 'st-a_'")
    refused = await world.call("dispatcher-a", "PUT", path, json={"stations": ["st-a1", "st-a2"]})
    assert (refused.status_code, refused.json()["error"]["params"]["site"]) == (422, "st-a2")
    assert (await world.call("dispatcher-a", "PUT", path, json={"stations": ["st-a1", "st-both"]})).status_code == 200
