"""The books of a pickup date, from facts as ingest writes them."""

from typing import Any

import pytest

from cloud.api import books_tool
from cloud.config import CloudConfig
from cloud.trouble import Trouble
from tests.cloud.api.world import EPOCH, World, order, scan

pytestmark = pytest.mark.slow

BOOKS = "/api/operators/op-a/books?date=2026-11-23"


async def settled(world: World, *orders: dict[str, Any]) -> list[str]:
    """Orders that are frozen and allocated (an egg too few); their parcels' labels by order and zone."""
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=list(orders))
    batch = "/api/operators/op-a/batches/2026-11-23"
    assert (await world.post("dispatcher-a", f"{batch}/freeze", json={"early": True})).status_code == 200
    stock = {"stock": [{"sku": "egg", "quantity": 2 * len(orders) - 1}]}
    assert (await world.post("dispatcher-a", f"{batch}/allocation", json=stock)).status_code == 200
    cursor = await world.connection.execute("SELECT id FROM parcel ORDER BY order_id, zone")
    return [row[0] for row in await cursor.fetchall()]


async def books(world: World) -> dict[str, Any]:
    answer = await world.get("dispatcher-a", BOOKS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_piece_is_followed_from_allocation_to_where_it_went(world: World, config: CloudConfig) -> None:
    eggs, milk, eggs_2, milk_2 = await settled(world, order(), order("A-1002"))
    begun = await books(world)
    assert (begun["total"]["sent"], begun["total"]["open"], begun["total"]["balanced"]) == (5, 5, False)
    assert {one["parcel"] for one in begun["unresolved"]} == {eggs, milk, eggs_2, milk_2}

    for n, (parcel, kind, more) in enumerate(
        [
            (eggs, "parcel_received", {}), (milk, "parcel_received", {}), (eggs_2, "parcel_received", {}),
            (eggs, "variance_found", {"problem": "damaged", "sku": "egg"}), (eggs, "parcel_released", {}),
            (milk_2, "variance_found", {"problem": "missing"}), (milk, "parcel_disposed", {"reason": "expired"}),
        ],
        start=1,
    ):  # fmt: skip
        await scan(world.connection, "st-a1", parcel, kind, n, **more)
    found = await books(world)
    assert found["unresolved"] == [{"parcel": eggs_2, "site": "st-a1", "state": "received", "pieces": 1}]
    assert [(line["sku"], line["zone"], line["sent"], line["released"], line["disposed"], line["in_cases"], line["open"])
            for line in found["lines"]] == [("egg", "ambient", 3, 1, 0, 1, 1), ("milk", "chilled", 2, 0, 1, 1, 0)]  # fmt: skip
    assert await books_tool.main(["op-a"], config, world.clock) == 1

    await scan(world.connection, "st-a1", eggs_2, "parcel_returned", 8)
    dates = (await world.get("admin", "/api/operators/op-a/books/dates")).json()["dates"]
    assert dates == [
        {"pickup_date": "2026-11-23", "balanced": True, "unresolved": 0, "sent": 5, "released": 1, "returned": 1, "disposed": 1,
         "in_cases": 2, "open": 0},
    ]  # fmt: skip
    assert await books_tool.main(["op-a"], config, world.clock) == 0


async def test_a_report_that_was_taken_back_is_no_case(world: World) -> None:
    eggs, *_ = await settled(world, order(), order("A-1002"))
    await scan(world.connection, "st-a1", eggs, "parcel_received", 1)
    await scan(world.connection, "st-a1", eggs, "variance_found", 2, problem="spoiled", sku="egg")
    await world.connection.execute("INSERT INTO event_undo VALUES ('st-a1', %(epoch)s, 2, 'st-a1', %(epoch)s, 3)", {"epoch": EPOCH})
    await scan(world.connection, "st-a1", eggs, "parcel_released", 4)
    (line,) = [line for line in (await books(world))["lines"] if line["sku"] == "egg"]
    assert (line["released"], line["in_cases"]) == (2, 0)


async def test_a_parcel_handed_out_twice_is_a_case(world: World) -> None:
    eggs, *_ = await settled(world, order(), order("A-1002"))
    await scan(world.connection, "st-a1", eggs, "parcel_received", 1)
    await scan(world.connection, "st-a1", eggs, "parcel_released", 2)
    await scan(world.connection, "st-a1", eggs, "parcel_released", 3)
    (line,) = [line for line in (await books(world))["lines"] if line["sku"] == "egg"]
    assert (line["released"], line["in_cases"]) == (0, 2)


async def test_a_residents_complaint_is_a_case_until_it_is_refused(world: World) -> None:
    eggs, *_ = await settled(world, order(), order("A-1002"))
    await scan(world.connection, "st-a1", eggs, "parcel_received", 1)
    await scan(world.connection, "st-a1", eggs, "parcel_released", 2)
    said = {
        "operator": "op-a",
        "order": "A-1001",
        "parcel": eggs,
        "sku": "egg",
        "quantity": 1,
        "problem": "damaged",
        "said": "碎了",
    }
    opened = await world.post("dispatcher-a", "/api/cases", json=said)
    assert opened.status_code == 201, opened.text

    async def eggs_out() -> tuple[int, int]:
        (line,) = [line for line in (await books(world))["lines"] if line["sku"] == "egg"]
        return line["released"], line["in_cases"]

    assert await eggs_out() == (1, 1)
    refused = await world.post(
        "dispatcher-a", f"/api/cases/{opened.json()['id']}/actions", json={"action": "refuse", "said": "没有照片"}
    )
    assert refused.json()["state"] == "refused", refused.text
    assert await eggs_out() == (2, 0)


async def test_what_is_not_frozen_was_not_sent_and_a_cancelled_order_counts_once_somebody_saw_it(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    assert (await books(world))["total"]["sent"] == 0
    eggs, *_ = await settled(world, order(), order("A-1002"))
    await world.connection.execute("UPDATE customer_order SET cancelled_at = placed_at WHERE external_id = 'A-1001'")
    assert (await books(world))["total"]["sent"] == 2, "of the other order, which the egg is short in"
    await scan(world.connection, "st-a1", eggs, "parcel_received", 1)
    assert [one["parcel"] for one in (await books(world))["unresolved"] if one["state"] == "received"] == [eggs]


async def test_books_are_their_operators_planners_only(world: World, config: CloudConfig) -> None:
    await settled(world, order())
    assert (await world.get("dispatcher-b", BOOKS)).status_code == 404
    assert (await world.get("leader-a1", BOOKS)).status_code == 403
    assert (await world.get("dispatcher-b", "/api/operators/op-a/books/dates")).status_code == 404
    assert (await world.get("admin", "/api/operators/op-z/books?date=2026-11-23")).status_code == 404
    assert (await world.get("admin", "/api/operators/op-a/books?date=yesterday")).status_code == 422
    with pytest.raises(Trouble, match="no operator 'op-z'"):
        await books_tool.main(["op-z"], config, world.clock)


async def test_the_tool_names_the_parcels_that_do_not_balance(
    world: World, config: CloudConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = await settled(world, order())
    assert await books_tool.main(["op-a", "--date", "2026-11-23"], config, world.clock) == 1
    said = capsys.readouterr().out
    assert "2026-11-23  sent 2" in said
    assert all(f"{label} at st-a1: expected, 1 pieces open" in said for label in labels)
    assert await books_tool.main(["op-b"], config, world.clock) == 0
    assert "no pickup date is frozen yet" in capsys.readouterr().out
