"""Goods that come by SKU: set for a station, planned, told to the station, distributed there, and the orders that follow."""

from typing import Any

import pytest

from cloud.domain.packing import CAPACITY, Goods, pack_goods
from cloud.store.container_folding import fold_containers
from cloud.store.folding import ask_refold
from edge.wire.labels import LabelKind, classify
from edge.wire.manifest import Manifest, decode_manifest
from tests.cloud.api.test_stations import maker
from tests.cloud.api.world import NOW, World, order, scan

pytestmark = pytest.mark.slow

TODAY = "2026-11-22"
MODES = "/api/operators/op-a/pack-modes"
ROUTES = {"routes": [{"run": "r1", "stops": ["st-a1", "st-a2"]}]}
BATCH = f"/api/operators/op-a/batches/{TODAY}"


async def planned(world: World, **modes: Any) -> dict[str, Any]:
    """Two orders at st-a1 and one at st-a2, planned under these modes."""
    set_to = await world.call("dispatcher-a", "PUT", MODES, json={"default": "order_bag", **modes})
    assert set_to.status_code == 200, set_to.text
    orders = [order("A-1", pickup_date=TODAY), order("A-2", pickup_date=TODAY), order("A-3", "st-a2", pickup_date=TODAY)]
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=orders)
    await world.post("dispatcher-a", f"{BATCH}/freeze", json={"early": True})
    await world.post("dispatcher-a", f"{BATCH}/allocation", json={"stock": []})
    wall: dict[str, Any] = (await world.post("dispatcher-a", f"{BATCH}/plan", json=ROUTES)).json()
    return wall


async def manifest_of(world: World, site: str) -> Manifest:
    await world.connection.execute("UPDATE station SET code_cost = 1024")
    await maker().make(world.connection, site, NOW)
    body = await world.one("SELECT body FROM manifest WHERE site_id = %s ORDER BY version DESC LIMIT 1", site)
    return decode_manifest(bytes(body))


async def order_state(world: World) -> str:
    return str(await world.one("SELECT state FROM customer_order WHERE id = 'op-a/A-1'"))


async def test_a_station_that_distributes_is_sent_goods_by_sku_and_makes_its_parcels(world: World) -> None:
    wall = await planned(world, stations={"st-a1": "sku_bulk"})
    goods = {one["zone"]: one for lane in wall["lanes"] for one in lane["containers"] if one["site"] == "st-a1"}
    assert {zone: (one["pack_mode"], one["lines"], one["parcels"]) for zone, one in goods.items()} == {
        "ambient": ("sku_bulk", [{"sku": "egg", "quantity": 4}], []),
        "chilled": ("sku_bulk", [{"sku": "milk", "quantity": 2}], []),
    }
    bags = [one for lane in wall["lanes"] for one in lane["containers"] if one["site"] == "st-a2"]
    assert [(one["pack_mode"], len(one["parcels"])) for one in bags] == [("order_bag", 1), ("order_bag", 1)]
    day = await manifest_of(world, "st-a1")
    assert {one.container: [(line.sku, line.quantity) for line in one.lines] for one in day.containers} == {
        goods["ambient"]["container"]: [("egg", 4)],
        goods["chilled"]["container"]: [("milk", 2)],
    }
    assert {one.pack_mode for one in day.containers} == {"sku_bulk"}
    assert {(one.is_made_here, one.container) for one in day.parcels} == {(True, "")}
    assert len(day.parcels) == 4
    other = await manifest_of(world, "st-a2")
    assert {(one.is_made_here, bool(one.container)) for one in other.parcels} == {(False, True)}


async def container_event(world: World, label: str, kind: str, n: int, site: str = "st-a1") -> None:
    """Of a container, with the fold of what follows from it."""
    await world.connection.execute(
        """
        INSERT INTO event (site_id, epoch, n, hlc, boot, kind, measured_at, received_at, clock, operator_id, device, actor, fact)
        VALUES (%s, '11111111-2222-4333-8444-555555555555', %s, %s, 1, %s, %s, %s, 'synced', 'op-a', 'gun', '',
                jsonb_build_object('kind', %s::text, 'container', %s::text, 'expected', 4, 'received', 4))
        """,
        [site, n, (1_800_000_000_000 + n) << 16, kind, NOW, NOW, kind, label],
    )
    await world.connection.execute(
        "INSERT INTO event_subject VALUES ('container', %s, %s, '11111111-2222-4333-8444-555555555555', %s)", [label, site, n]
    )
    async with world.connection.transaction(), world.connection.pipeline():
        folded = await fold_containers(world.connection, {label: "op-a"}, [label], NOW)
        await (await ask_refold(world.connection, [], NOW, folded)).finish()


async def test_an_order_follows_the_goods_its_parcels_are_made_of(world: World) -> None:
    wall = await planned(world, default="sku_bulk")
    containers = [one["container"] for lane in wall["lanes"] for one in lane["containers"] if one["site"] == "st-a1"]
    assert all(classify(one).kind is LabelKind.CONTAINER for one in containers)
    assert await order_state(world) == "allocating"
    n = 0
    for kind, expected in (
        ("container_loaded", "in_transit"), ("container_signed", "arrived"), ("container_opened", "arrived"),
        ("count_finished", "arrived"),
    ):  # fmt: skip
        for one in containers:
            n += 1
            await container_event(world, one, kind, n)
        assert await order_state(world) == expected, kind
    cursor = await world.connection.execute("SELECT id FROM parcel WHERE order_id = 'op-a/A-1' ORDER BY id")
    first, second = [row[0] for row in await cursor.fetchall()]
    await scan(world.connection, "st-a1", first, "parcel_received", 100)
    assert await order_state(world) == "arrived"
    await scan(world.connection, "st-a1", second, "variance_found", 101, problem="short", sku="milk")
    assert await order_state(world) == "ready", "what could not be given is short, and the rest is ready"


async def test_a_plan_keeps_the_mode_it_was_made_with_and_a_new_one_takes_the_new(world: World) -> None:
    await planned(world, default="sku_bulk", stations={"st-a2": "order_bag"})
    assert (await world.get("dispatcher-a", MODES)).json() == {"default": "sku_bulk", "stations": {"st-a2": "order_bag"}}
    await world.call("dispatcher-a", "PUT", MODES, json={"default": "order_bag"})
    assert {one.pack_mode for one in (await manifest_of(world, "st-a1")).containers} == {"sku_bulk"}
    await world.post("dispatcher-a", f"{BATCH}/plan", json={"routes": []})
    day = await manifest_of(world, "st-a1")
    assert {one.pack_mode for one in day.containers} == {"order_bag"}
    assert {one.is_made_here for one in day.parcels} == {False}


async def planned_of(world: World, site: str) -> dict[str, dict[str, Any]]:
    """The newest plan's containers for a station."""
    wall = (await world.get("dispatcher-a", f"{BATCH}/sort-wall")).json()
    return {one["container"]: one for lane in wall["lanes"] for one in lane["containers"] if one["site"] == site}


@pytest.mark.parametrize(("before", "after"), [("order_bag", "sku_bulk"), ("sku_bulk", "order_bag")])
async def test_where_the_dock_has_begun_a_changed_mode_packs_nothing_twice_and_loses_no_parcel(
    world: World, before: str, after: str
) -> None:
    await planned(world, default=before)
    first = await planned_of(world, "st-a1")
    taken = next(label for label, one in first.items() if one["zone"] == "ambient")
    await world.connection.execute("UPDATE container SET state = 'loading' WHERE id = %s", [taken])
    assert (await world.call("dispatcher-a", "PUT", MODES, json={"default": after})).status_code == 200
    await world.post("dispatcher-a", f"{BATCH}/plan", json=ROUTES)
    second = await planned_of(world, "st-a1")
    ambient = {label: one for label, one in second.items() if one["zone"] == "ambient"}
    assert list(ambient) == [taken], "all of the zone is in it already"
    assert (ambient[taken]["pack_mode"], ambient[taken]["parcels"]) == (before, first[taken]["parcels"])
    assert [one["pack_mode"] for one in second.values() if one["zone"] != "ambient"] == [after], "nobody has begun with that zone"
    assert await nowhere(world) == 0


async def nowhere(world: World) -> int:
    """Parcels of st-a1 that no planned container carries, or two ways."""
    return int(
        await world.one(
            """
            SELECT count(*) FROM parcel WHERE site_id = 'st-a1' AND num_nonnulls(
                (SELECT c.container_id FROM planned_container c WHERE c.container_id = planned_container_id),
                (SELECT c.container_id FROM planned_container c WHERE c.container_id = goods_container_id)) <> 1
            """
        )
    )


async def test_goods_planned_again_behind_a_second_container_are_still_what_parcels_are_made_of(world: World) -> None:
    """The dock took number 2 first; number 1 is planned again, behind it."""
    await planned(world, default="sku_bulk")
    label = next(label for label, one in (await planned_of(world, "st-a1")).items() if one["zone"] == "ambient")
    await world.connection.execute("UPDATE container SET state = 'loading' WHERE id = %s", [label])
    await world.connection.execute(
        'UPDATE planned_container SET number = 2, lines = \'[{"sku": "egg", "quantity": 1}]\' WHERE container_id = %s', [label]
    )
    await world.connection.execute("UPDATE parcel SET goods_container_id = NULL WHERE goods_container_id = %s", [label])
    await world.post("dispatcher-a", f"{BATCH}/plan", json=ROUTES)
    again = {one["number"]: one["lines"] for one in (await planned_of(world, "st-a1")).values() if one["zone"] == "ambient"}
    assert again == {2: [{"sku": "egg", "quantity": 1}], 3: [{"sku": "egg", "quantity": 3}]}
    assert await nowhere(world) == 0


async def test_a_station_the_operator_has_left_by_the_pickup_day_has_no_mode(world: World) -> None:
    await planned(world, stations={"st-a1": "sku_bulk"})
    await world.connection.execute("UPDATE site_operator SET valid = daterange(NULL, %s::date) WHERE site_id = 'st-a1'", [TODAY])
    assert (await world.get("dispatcher-a", MODES)).json()["stations"] == {}
    refused = await world.call("dispatcher-a", "PUT", MODES, json={"default": "order_bag", "stations": {"st-a1": "sku_bulk"}})
    assert refused.json()["error"]["code"] == "no_station"
    await world.post("dispatcher-a", f"{BATCH}/plan", json=ROUTES)
    assert {one["pack_mode"] for one in (await planned_of(world, "st-a1")).values()} == {"order_bag"}


async def test_modes_are_the_operators_planners_to_set_for_its_own_stations(world: World) -> None:
    wanted = {"default": "order_bag", "stations": {"st-b1": "sku_bulk"}}
    refused = await world.call("dispatcher-a", "PUT", MODES, json=wanted)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_station")
    assert (await world.call("dispatcher-a", "PUT", MODES, json={"default": "boxes"})).status_code == 422
    assert (await world.get("dispatcher-b", MODES)).status_code == 404
    assert (await world.get("leader-a1", MODES)).status_code == 403
    shared = {"default": "order_bag", "stations": {"st-both": "sku_bulk"}}
    assert (await world.call("dispatcher-a", "PUT", MODES, json=shared)).status_code == 200
    assert await world.one("SELECT pack_mode FROM site_operator WHERE site_id = 'st-both' AND operator_id = 'op-b'") is None


def test_goods_fill_one_container_after_the_other_and_nothing_is_lost() -> None:
    goods = [Goods("s", "chilled", "milk", 11), Goods("s", "chilled", "tofu", 4), Goods("s", "ambient", "rice", 1)]
    loads = pack_goods([*goods, Goods("s", "chilled", "tofu", 2)])
    assert [(one.zone, one.number, one.lines) for one in loads] == [
        ("ambient", 1, (("rice", 1),)),
        ("chilled", 1, (("milk", 8),)),
        ("chilled", 2, (("milk", 3), ("tofu", 5))),
        ("chilled", 3, (("tofu", 1),)),
    ]
    assert all(one.items <= CAPACITY[one.zone] for one in loads)
