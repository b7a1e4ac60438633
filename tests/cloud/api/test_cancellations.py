"""An order is cancelled until its cut-off, once, with who and why; and is nowhere afterwards but where its resident reads it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cloud.store.manifest_facts import day_facts, stamps
from edge.wire.clock import to_ms
from tests.cloud.api.world import NOW, World, order, scan

pytestmark = pytest.mark.slow

ORDERS = "/api/operators/op-a/orders"
BATCH = "/api/operators/op-a/batches/2026-11-23"
WHY = {"reason": "居民打电话取消"}


async def bring(world: World, *orders: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = (await world.post("dispatcher-a", ORDERS, json=list(orders))).json()
    return report


async def cancelled(world: World, external_id: str = "A-1001", login: str = "dispatcher-a") -> dict[str, Any]:
    answer = await world.post(login, f"{ORDERS}/{external_id}/cancel", json=WHY)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def refusal(world: World, external_id: str = "A-1001") -> dict[str, Any]:
    answer = await world.post("dispatcher-a", f"{ORDERS}/{external_id}/cancel", json=WHY)
    assert answer.status_code == 409, answer.text
    error: dict[str, Any] = answer.json()["error"]
    return error


async def test_an_order_is_cancelled_with_who_when_and_why_and_its_resident_reads_it(world: World) -> None:
    await bring(world, order())
    said = await cancelled(world)
    assert said["order"]["state"] == "cancelled"
    label = said["order"]["parcels"][0]["id"]
    parcel = (await world.get("dispatcher-a", f"/api/parcels/{label}")).json()
    assert (parcel["state"], parcel["order_state"]) == ("expected", "cancelled"), "what never comes is not said to be on its way"
    assert said["cancelled"] == {"at": "2026-11-22T08:00:00.000Z", "by": "dispatcher-a", "reason": WHY["reason"]}
    assert await world.one("SELECT body->>'state' FROM room_entry WHERE room = 'order:op-a/A-1001'") == "cancelled"
    assert [step["state"] for step in said["order"]["timeline"]] == ["placed", "cancelled"]
    assert await world.one("SELECT detail->>'reason' FROM audit WHERE action = 'order.cancel'") == WHY["reason"]


async def test_cancelling_twice_is_the_same_once(world: World) -> None:
    await bring(world, order())
    first = await cancelled(world)
    world.clock.ms += 60_000
    assert await cancelled(world, login="admin") == first
    assert await world.one("SELECT count(*) FROM audit WHERE action = 'order.cancel'") == 1


async def test_from_the_cut_off_on_it_is_refused_by_server_time_with_the_remedy(world: World) -> None:
    await bring(world, order())
    cut_off = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 there
    row = (await world.get("dispatcher-a", ORDERS)).json()["orders"][0]
    assert row["cancel_until"] == "2026-11-22T15:00:00.000Z"
    world.clock.ms = to_ms(cut_off)
    error = await refusal(world)
    assert (error["code"], "case" in error["remedy"]) == ("cancel_too_late", True)
    assert (await world.get("dispatcher-a", ORDERS)).json()["orders"][0]["cancel_until"] is None
    world.clock.ms = to_ms(cut_off) - 1
    await cancelled(world)


async def test_what_was_frozen_early_or_scanned_is_not_cancelled(world: World) -> None:
    await bring(world, order(), order("A-2", pickup_date="2026-11-24"))
    await world.post("dispatcher-a", f"{BATCH}/freeze", json={"early": True})
    assert (await refusal(world))["code"] == "cancel_too_late"
    parcel = await world.one("SELECT id FROM parcel WHERE order_id = 'op-a/A-2' ORDER BY id LIMIT 1")
    await scan(world.connection, "st-a1", parcel, "parcel_received", 1)
    assert (await refusal(world, "A-2"))["code"] == "cancel_scanned"


async def test_a_cancelled_order_is_in_no_batch_manifest_label_list_or_books(world: World) -> None:
    await bring(world, order(), order("A-2"))
    labels = [row["id"] for row in (await world.get("dispatcher-a", f"{ORDERS}/A-1001")).json()["order"]["parcels"]]
    before = {one.site: one.room_version for one in await stamps(world.connection, NOW)}
    await cancelled(world)
    after = {one.site: one.room_version for one in await stamps(world.connection, NOW)}
    assert after["st-a1"] > before["st-a1"], "the station's manifest is made again"
    facts = await day_facts(world.connection, "st-a1", datetime(2026, 11, 23, tzinfo=UTC).date(), NOW, lambda *_: "")
    assert {one.order for one in facts.parcels} == {"op-a/A-2"}
    assert {order for claim in facts.claims for order in claim.orders} == {"op-a/A-2"}
    gone = await world.one(
        "SELECT count(*) FROM room_entry WHERE room = 'site:st-a1' AND body IS NULL AND key = ANY(%s)",
        [f"parcel/{label}" for label in labels],
    )
    assert gone == len(labels)
    await world.post("dispatcher-a", f"{BATCH}/freeze", json={"early": True})
    await world.post("dispatcher-a", f"{BATCH}/allocation", json={"stock": [{"sku": "egg", "quantity": 2}]})
    wall = (await world.post("dispatcher-a", f"{BATCH}/plan", json={"routes": [{"run": "r1", "stops": ["st-a1"]}]})).json()
    planned = {parcel for lane in wall["lanes"] for one in lane["containers"] for parcel in one["parcels"]}
    assert len(planned) == 2
    assert not planned & set(labels)
    assert (await world.get("dispatcher-a", BATCH)).json()["orders"] == 1
    picks = (await world.get("dispatcher-a", f"{BATCH}/pick-list")).json()["picks"]
    assert {one["sku"]: one["quantity"] for one in picks} == {"egg": 2, "milk": 1}, "what was cancelled takes nobody's goods"
    books = (await world.get("dispatcher-a", "/api/operators/op-a/books?date=2026-11-23")).json()
    assert books["total"]["sent"] == 3
    checked = (await world.post("dispatcher-a", "/api/labels/check", json={"kind": "parcel", "ids": labels})).json()
    assert checked["good"] == []
    assert {one["code"] for one in checked["refused"]} == {"label_cancelled"}


async def test_the_shops_feed_says_a_cancelled_order_again_and_it_stays_cancelled(world: World) -> None:
    await bring(world, order())
    await cancelled(world)
    assert (await bring(world, order()))["unchanged"] == 1
    report = await bring(world, order(lines=[{"sku": "egg", "name": "鸡蛋", "quantity": 9}]))
    assert [one["code"] for one in report["errors"]] == ["order_withdrawn"]
    assert await world.one("SELECT state FROM customer_order") == "cancelled"


@pytest.mark.parametrize("login", ["leader-a1", "staff-a1"])
async def test_only_the_operators_planners_cancel(world: World, login: str) -> None:
    await bring(world, order())
    assert (await world.post(login, f"{ORDERS}/A-1001/cancel", json=WHY)).status_code == 403


async def test_another_operators_order_or_none_or_no_reason_cancels_nothing(world: World) -> None:
    await bring(world, order())
    assert (await world.post("dispatcher-b", f"{ORDERS}/A-1001/cancel", json=WHY)).status_code == 404
    assert (await world.post("dispatcher-a", f"{ORDERS}/A-7/cancel", json=WHY)).status_code == 404
    assert (await world.post("dispatcher-a", f"{ORDERS}/A-1001/cancel", json={"reason": " "})).status_code == 422
    assert await world.one("SELECT state FROM customer_order") == "placed"
