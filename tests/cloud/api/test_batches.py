"""From orders to containers: the cut-off, what there is, the plan."""

from datetime import timedelta

import pytest

from cloud.jobs.cut_off import freeze_due
from tests.cloud.api.world import NOW, World, order

pytestmark = pytest.mark.slow

BATCH = "/api/operators/op-a/batches/2026-11-23"


async def import_orders(world: World, *orders: dict[str, object]) -> dict[str, object]:
    answer = await world.post("dispatcher-a", "/api/operators/op-a/orders", json=list(orders))
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_the_cut_off_freezes_a_batch_and_nothing_of_it_changes_any_more(world: World) -> None:
    await import_orders(world, order(), order("A-1002", "st-a2"))
    assert await freeze_due(world.connection, NOW) == {"orders": 0}
    error = (await world.post("dispatcher-a", f"{BATCH}/freeze", json={})).json()["error"]
    assert (error["code"], error["params"]["at"][10:]) == ("cut_off_ahead", "T23:00:00+08:00"), "by the operator's clock"
    after = NOW + timedelta(hours=8)  # 16:00 UTC: midnight there
    assert await freeze_due(world.connection, after) == {"orders": 2}
    assert await freeze_due(world.connection, after) == {"orders": 0}
    assert await world.one("SELECT state FROM customer_order WHERE id = 'op-a/A-1001'") == "locked"
    assert (await world.get("dispatcher-a", BATCH)).json()["frozen_at"] == "2026-11-22T16:00:00.000Z"
    late = order("A-1003", placed_at="2026-11-22T16:00:01+00:00")
    changed = await import_orders(world, order(lines=[{"sku": "egg", "name": "鸡蛋", "quantity": 9}]), late, order())
    assert [fault["code"] for fault in changed["errors"]] == ["order_locked", "batch_frozen", "order_twice"]  # type: ignore[attr-defined]
    assert (await import_orders(world, order("A-1004")))["created"] == 1, "placed in time, and only heard of now"
    assert await freeze_due(world.connection, after) == {"orders": 1}
    await world.post("dispatcher-a", f"{BATCH}/allocation", json={"stock": []})
    assert (await import_orders(world, order("A-1005")))["refused"] == 1, "the goods are given out"


async def test_what_cannot_be_had_is_short_and_the_rest_is_packed_along_the_routes(world: World) -> None:
    many = [
        order(f"A-{n}", site, placed_at=f"2026-11-22T07:0{n}:00+00:00")
        for n, site in enumerate(["st-a1", "st-a1", "st-a2", "st-both"], start=1)
    ]
    await import_orders(world, *many)
    for path, needs in (("allocation", "stock"), ("plan", "routes")):
        assert (await world.post("dispatcher-a", f"{BATCH}/{path}", json={needs: []})).json()["error"]["code"] == "batch_open"
    frozen = await world.post("dispatcher-a", f"{BATCH}/freeze", json={"early": True})
    assert (frozen.status_code, frozen.json()["orders"]) == (200, 4)
    told = (await world.post("dispatcher-a", f"{BATCH}/allocation", json={"stock": [{"sku": "egg", "quantity": 5}]})).json()
    assert told["shortages"] == [{"order": "op-a/A-3", "line": 1, "short": 1}, {"order": "op-a/A-4", "line": 1, "short": 2}]
    assert await world.one("SELECT state FROM customer_order WHERE id = 'op-a/A-4'") == "partially_short"
    assert await world.one("SELECT state FROM customer_order WHERE id = 'op-a/A-1'") == "allocating"
    picks = (await world.get("dispatcher-a", f"{BATCH}/pick-list")).json()["picks"]
    assert [(pick["sku"], pick["quantity"], pick["stations"]) for pick in picks] == [("egg", 5, 2), ("milk", 4, 3)]

    twice = {"routes": [{"run": "r1", "stops": ["st-a1"]}, {"run": "r2", "stops": ["st-a1"]}]}
    assert (await world.post("dispatcher-a", f"{BATCH}/plan", json=twice)).json()["error"]["code"] == "routes_contradict"
    routes = {"routes": [{"run": "r1", "stops": ["st-a1", "st-a2"]}]}
    wall = (await world.post("dispatcher-a", f"{BATCH}/plan", json=routes)).json()
    assert [(lane["lane"], lane["site"], [len(one["parcels"]) for one in lane["containers"]]) for lane in wall["lanes"]] == [
        ("A1", "st-a1", [2, 2]),
        ("A2", "st-a2", [1, 1]),
    ]
    assert {(one["site"], one["zone"]) for one in wall["unrouted"]} == {("st-both", "chilled")}
    loadings = (await world.get("dispatcher-a", f"{BATCH}/loading-list/r1")).json()["loadings"]
    assert [loading["site"] for loading in loadings] == ["st-a2", "st-a1"]
    again = (await world.post("dispatcher-a", f"{BATCH}/plan", json=routes)).json()
    assert {one["container"] for lane in again["lanes"] for one in lane["containers"]} <= {
        one["container"] for one in [*wall["unrouted"], *(one for lane in wall["lanes"] for one in lane["containers"])]
    }
    assert (await world.get("dispatcher-a", f"{BATCH}/loading-list/r9")).status_code == 404


async def test_a_batch_is_its_operators_planners_only(world: World) -> None:
    await import_orders(world, order())
    assert (await world.get("dispatcher-b", BATCH)).status_code == 404
    assert (await world.get("leader-a1", BATCH)).status_code == 403
    assert (await world.get("dispatcher-a", "/api/operators/op-a/batches/2026-12-24")).status_code == 404
    assert [one["pickup_date"] for one in (await world.get("admin", "/api/operators/op-a/batches")).json()["batches"]] == [
        "2026-11-23"
    ]


async def test_a_station_without_goods_is_on_no_route_and_one_without_a_route_is_told(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(), order("A-2", site="st-both")])
    await world.post("dispatcher-a", "/api/operators/op-a/batches/2026-11-23/freeze", json={"early": True})
    routes = {"routes": [{"run": "r1", "stops": ["st-a2", "st-a1"]}, {"run": "r2", "stops": ["st-a2x"]}]}
    wall = (await world.post("dispatcher-a", "/api/operators/op-a/batches/2026-11-23/plan", json=routes)).json()
    assert [(lane["lane"], lane["stop"], lane["site"]) for lane in wall["lanes"]] == [("A1", 1, "st-a1")], (
        "the empty one is no stop"
    )
    assert {one["site"] for one in wall["unrouted"]} == {"st-both"}
    assert wall["idle"] == ["st-a2"]
    loading = await world.get("dispatcher-a", "/api/operators/op-a/batches/2026-11-23/loading-list/r1")
    assert [one["site"] for one in loading.json()["loadings"]] == ["st-a1"]
    assert (await world.get("dispatcher-a", "/api/operators/op-a/batches/2026-11-23/loading-list/r2")).status_code == 404
    twice = {"routes": [{"run": "r1", "stops": ["st-a2"]}, {"run": "r2", "stops": ["st-a2"]}]}
    refused = await world.post("dispatcher-a", "/api/operators/op-a/batches/2026-11-23/plan", json=twice)
    assert refused.json()["error"]["code"] == "routes_contradict", "also where nothing goes there today"
