"""Orders come in once, change while nothing was scanned, and meet parcels that were scanned before them."""

import asyncio
import json
import time
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from cloud.config import CloudConfig
from edge.wire.labels import classify, container_label, parcel_label
from tests.cloud.api.world import LABELS, World, order, scan

pytestmark = pytest.mark.slow

ORDERS = "/api/operators/op-a/orders"


def line(**more: Any) -> dict[str, Any]:
    return {"sku": "egg", "name": "鸡蛋", "quantity": 1, **more}


async def bring(world: World, *orders: dict[str, Any]) -> dict[str, Any]:
    answer = await world.post("dispatcher-a", ORDERS, json=list(orders))
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def parcels_of(world: World, external_id: str) -> list[str]:
    answer = await world.get("dispatcher-a", f"{ORDERS}/{external_id}")
    return [parcel["id"] for parcel in answer.json()["order"]["parcels"]]


async def test_a_new_order_gets_one_labelled_bag_a_zone(world: World) -> None:
    assert (await bring(world, order()))["created"] == 1
    parcels = await parcels_of(world, "A-1001")
    assert len(parcels) == 2
    assert {classify(parcel).kind.value for parcel in parcels} == {"parcel"}
    seen = (await world.get("leader-a1", f"{ORDERS}/A-1001")).json()
    assert seen["order"]["state"] == "placed"
    assert seen["resident"] == {"name": "王*明", "phone": "1******5678"}


async def test_the_same_order_again_changes_nothing(world: World) -> None:
    await bring(world, order())
    parcels = await parcels_of(world, "A-1001")
    version = await world.one("SELECT version FROM room WHERE name = 'order:op-a/A-1001'")
    report = await bring(world, order())
    assert (report["imported"], report["unchanged"], report["errors"]) == (0, 1, [])
    assert await parcels_of(world, "A-1001") == parcels
    assert await world.one("SELECT version FROM room WHERE name = 'order:op-a/A-1001'") == version


async def test_a_changed_order_is_updated_and_keeps_its_bags(world: World) -> None:
    await bring(world, order())
    before = await parcels_of(world, "A-1001")
    report = await bring(world, order(lines=[line(quantity=5)], site="st-a2"))
    assert (report["created"], report["updated"]) == (0, 1)
    after = await parcels_of(world, "A-1001")
    assert after == before[:1]
    # A scan of it may be on its way: it stays, as a parcel of no order.
    assert await world.one("SELECT num_nonnulls(operator_id, order_id, site_id, zone) FROM parcel WHERE id = %s", before[1]) == 0
    left = await world.one("SELECT count(*) FROM room_entry WHERE room = 'site:st-a1' AND body IS NULL")
    assert left == 2
    assert (
        await world.one("SELECT body->>'site' FROM room_entry WHERE room = 'site:st-a2' AND key = %s", f"parcel/{after[0]}")
        == "st-a2"
    )


async def until_waiting(connection: psycopg.AsyncConnection[tuple[Any, ...]], most: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        cursor = await connection.execute(
            """
            SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE NOT granted AND datname = current_database()
            """
        )
        if await cursor.fetchone() == (most,):
            return
        assert time.monotonic() < deadline, "nobody waits for a lock"
        await asyncio.sleep(0.02)


async def test_a_scan_that_waits_for_an_import_which_drops_its_parcel_keeps_the_parcel(world: World, config: CloudConfig) -> None:
    await bring(world, order())
    dropped = (await parcels_of(world, "A-1001"))[1]
    async with await psycopg.AsyncConnection.connect(config.database_url.get_secret_value()) as holding:
        # The import has locked the parcel by then and not yet let go of it.
        await holding.execute("SELECT FROM customer_order WHERE id = 'op-a/A-1001' FOR UPDATE")
        importing = asyncio.create_task(bring(world, order(lines=[line(quantity=5)])))
        await until_waiting(holding, 1)
        scanning = asyncio.create_task(scan(world.connection, "st-a1", dropped, "parcel_received", 1))
        await until_waiting(holding, 2)
    assert (await importing)["updated"] == 1
    await scanning
    assert await world.one("SELECT state FROM parcel WHERE id = %s AND order_id IS NULL", dropped) == "received"


async def test_once_scanned_an_order_changes_no_more_and_is_named(world: World) -> None:
    await bring(world, order())
    parcels = await parcels_of(world, "A-1001")
    await scan(world.connection, "st-a1", parcels[0], "parcel_received", 1)
    report = await bring(world, order(lines=[line(quantity=7)]), order("A-2"))
    assert (report["created"], report["updated"], report["refused"]) == (1, 0, 1)
    (error,) = report["errors"]
    assert (error["line"], error["field"]) == (1, "external_id")
    assert "A-1001" in error["message"]
    assert (await bring(world, order()))["unchanged"] == 1


async def test_a_parcel_scanned_before_its_order_came_is_attached_and_folded(world: World) -> None:
    await scan(world.connection, "st-a1", LABELS[0], "parcel_received", 1)
    await scan(world.connection, "st-a1", LABELS[0], "parcel_shelved", 2, slot="A12")
    assert (await bring(world, order(lines=[line(parcel=LABELS[0].lower())])))["created"] == 1
    seen = (await world.get("leader-a1", f"{ORDERS}/A-1001")).json()["order"]
    assert (seen["state"], seen["parcels"][0]["slot"]) == ("ready", "A12")
    room = await world.one("SELECT body->>'state' FROM room_entry WHERE room = 'order:op-a/A-1001'")
    assert room == "ready"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"site": "st-b1"}, "site"),
        ({"site": "nowhere"}, "site"),
        ({"site": "ST A1"}, "site"),
        ({"external_id": "a/b"}, "external_id"),
        ({"external_id": "a\0b"}, "external_id"),
        ({"external_id": ""}, "external_id"),
        ({"external_id": 7}, "external_id"),
        ({"lines": []}, "lines"),
        ({"lines": [line(quantity=0)]}, "lines[0].quantity"),
        ({"lines": [line(quantity=True)]}, "lines[0].quantity"),
        ({"lines": [line(), line(name="a\0b")]}, "lines[1].name"),
        ({"lines": [line(name="\ud800")]}, "lines[0].name"),
        ({"lines": [line(sku="  ")]}, "lines[0].sku"),
        ({"lines": [line(zone="hot")]}, "lines[0].zone"),
        ({"lines": [line(parcel="TTP000000000A")]}, "lines[0].parcel"),
        ({"lines": [line(parcel=container_label(3))]}, "lines[0].parcel"),
        ({"lines": [line(parcel=LABELS[0]), line(parcel=LABELS[0], zone="frozen")]}, "lines[1].zone"),
        ({"pickup_date": "1970-01-01"}, "pickup_date"),
        ({"pickup_date": "2101-01-01"}, "pickup_date"),
        ({"pickup_date": 5e12}, "pickup_date"),
        ({"placed_at": "2026-11-22T07:00:00"}, "placed_at"),
        ({"placed_at": "1969-01-01T00:00:00Z"}, "placed_at"),
        ({"resident": {"name": "王", "phone": "12"}}, "resident.phone"),
        ({"resident": {"name": "", "phone": "13812345678"}}, "resident.name"),
        ({"gift": True}, "gift"),
    ],
    ids=str,
)
async def test_an_order_with_a_fault_is_named_and_the_others_are_imported(world: World, change: dict[str, Any], field: str) -> None:
    # Escaped, as a client's JSON writer does: half a surrogate pair could not be sent otherwise.
    body = json.dumps([order("A-0"), order(**change) if "external_id" not in change else {**order(), **change}, order("A-2")])
    answer = await world.post("dispatcher-a", ORDERS, content=body.encode(), headers={"Content-Type": "application/json"})
    report = answer.json()
    assert answer.status_code == 200, report
    assert (report["created"], report["refused"]) == (2, 1)
    assert [(error["line"], error["field"]) for error in report["errors"]] == [(2, field)]
    assert report["errors"][0]["message"]
    assert report["errors"][0]["remedy"]


@pytest.mark.parametrize("item", [None, 7, "order", [], [[]]])
async def test_something_that_is_no_order_is_named(world: World, item: object) -> None:
    report = (await world.post("dispatcher-a", ORDERS, json=[item, order()])).json()
    assert (report["created"], report["errors"][0]["line"]) == (1, 1)


async def test_a_label_belongs_to_one_order(world: World) -> None:
    await bring(world, order("A-1", lines=[line(parcel=LABELS[0])]))
    report = await bring(world, order("A-2", lines=[line(parcel=LABELS[0])]), order("A-3", lines=[line(parcel=LABELS[1])]))
    assert [(error["line"], error["field"]) for error in report["errors"]] == [(1, "lines[0].parcel")]
    assert "op-a/A-1" in report["errors"][0]["message"]
    twice = await bring(world, order("A-4", lines=[line(parcel=LABELS[2])]), order("A-5", lines=[line(parcel=LABELS[2])]))
    assert (twice["created"], [error["line"] for error in twice["errors"]]) == (1, [2])
    other = (
        await world.post("dispatcher-b", "/api/operators/op-b/orders", json=[order("B", "st-b1", lines=[line(parcel=LABELS[0])])])
    ).json()
    assert other["errors"][0]["message"] == f"{LABELS[0]} belongs to another operator"


async def test_one_number_with_two_contents_in_one_list_is_named(world: World) -> None:
    report = await bring(world, order(), order(site="st-a2"), order())
    assert (report["created"], [(error["line"], error["field"]) for error in report["errors"]]) == (1, [(2, "external_id")])


async def test_a_label_that_somebody_printed_already_is_not_given_out_again(world: World) -> None:
    await scan(world.connection, "st-a1", parcel_label(0), "parcel_received", 1)
    await scan(world.connection, "st-a1", parcel_label(2), "parcel_received", 2)
    await bring(world, order())
    assert await parcels_of(world, "A-1001") == [parcel_label(1), parcel_label(3)]


@pytest.mark.parametrize("how", ["body", "form"])
async def test_a_csv_is_imported_with_a_report(world: World, how: str) -> None:
    rows = [
        "订单号,自提点,提货日期,收货人,电话,货号,商品,数量,温区",
        "C-1,st-a1,2026-11-23,王小明,13812345678,egg,鸡蛋,2,常温",
        "C-1,st-a1,2026-11-23,王小明,13812345678,milk,牛奶,1,冷藏",
        "C-2,nowhere,2026-11-23,李雷,13912345678,egg,鸡蛋,1,常温",
        "C-3,st-a2,2026-11-23,李雷,13912345678,egg,鸡蛋,viele,常温",
        "C-4,st-a2,2026-11-23,李雷,13912345678,egg,鸡蛋,1,常温",
    ]
    data = "\r\n".join(rows).encode("gbk")
    sent: dict[str, Any] = {"content": data} if how == "body" else {"files": {"file": ("orders.csv", data, "text/csv")}}
    report = (await world.post("dispatcher-a", f"{ORDERS}/csv", **sent)).json()
    assert (report["created"], report["refused"]) == (2, 2)
    assert [(error["line"], error["field"]) for error in report["errors"]] == [(4, "site"), (5, "quantity")]
    again = (await world.post("dispatcher-a", f"{ORDERS}/csv", **sent)).json()
    assert (again["created"], again["unchanged"], again["refused"]) == (0, 2, 2)


async def test_all_that_is_wrong_with_a_row_is_said_at_once_with_the_headings_of_the_file(world: World) -> None:
    rows = [
        "订单编号,站点,提货日期,收货人,电话,货号,商品,件数,温区,团号",
        "C-1,nowhere,2026-11-23,王小明,12,egg,鸡蛋,0,常温,t-none",
        "C-2,nowhere,2026-11-23,李雷,12,egg,鸡蛋,viele,常热,",
        "C-3,nowhere,2026-11-23,李雷,13912345678,egg,鸡蛋,1,常温,t-none",
        "C-4,st-a1,2026-11-23,李雷,13912345678,egg,鸡蛋,1,常温,",
    ]
    report = (await world.post("dispatcher-a", f"{ORDERS}/csv", content="\n".join(rows).encode())).json()
    assert (report["created"], report["refused"]) == (1, 3)
    assert {(one["line"], one["heading"]) for one in report["errors"]} == {
        *((2, heading) for heading in ("站点", "电话", "件数", "团号")),
        *((3, heading) for heading in ("站点", "电话", "件数", "温区")),
        *((4, heading) for heading in ("站点", "团号")),
    }
    assert len(report["errors"]) == 10


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["A-1", "A-2", "B-3"]), ("?site=st-a1", ["A-1", "B-3"]), ("?date=2026-11-24", ["A-2"]), ("?state=ready", ["A-1"]),
        ("?q=A-", ["A-1", "A-2"]), ("?q=5678", ["A-1", "A-2"]), (f"?q={LABELS[0].lower()}", ["A-1"]), ("?q=%25", []),
        ("?after=A-1", ["A-2", "B-3"]), ("?limit=1", ["A-1"]), ("?site=st-b1", []),
    ],
)  # fmt: skip
async def test_orders_are_found(world: World, query: str, found: list[str]) -> None:
    await bring(
        world,
        order("A-1", lines=[line(parcel=LABELS[0])]),
        order("A-2", "st-a2", pickup_date="2026-11-24"),
        order("B-3", resident=None),
    )
    await scan(world.connection, "st-a1", LABELS[0], "parcel_received", 1)
    answer = (await world.get("dispatcher-a", ORDERS + query)).json()
    assert [one["external_id"] for one in answer["orders"]] == found


async def test_nothing_personal_lies_readable_in_the_database_or_the_audit(world: World) -> None:
    await bring(world, order())
    everything = ""
    for table in ("resident", "customer_order", "order_line", "parcel", "room_entry", "audit"):
        cursor = await world.connection.execute(f"SELECT t::text FROM {table} t".encode())
        everything += "".join(row[0] for row in await cursor.fetchall())
    assert "王小明" not in everything
    assert "王小明".encode().hex() not in everything
    assert "13812345678" not in everything
    assert b"13812345678".hex() not in everything


async def test_an_import_that_fails_leaves_nothing(world: World) -> None:
    await world.connection.execute("ALTER TABLE order_line ADD CHECK (sku <> 'poison')")
    with capture_logs() as lines:
        answer = await world.post("dispatcher-a", ORDERS, json=[order("A-1"), order("A-2", lines=[line(sku="poison")])])
    assert answer.status_code == 500
    assert [one["event"] for one in lines] == ["request failed", "request"]
    assert set(answer.json()["error"]) == {"field", "message", "remedy", "code", "params"}
    assert await world.one("SELECT count(*) FROM customer_order") == 0


async def waits_for_a_lock(world: World) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(await world.one(waiting))


async def test_an_import_that_a_scan_locks_out_the_other_way_round_is_tried_again(world: World, config: CloudConfig) -> None:
    """The import holds the parcel and wants the order; the other holds the order and wants the parcel."""
    await bring(world, order(lines=[line(parcel=LABELS[0])]))
    url = config.database_url.get_secret_value()
    with capture_logs() as lines:
        async with await psycopg.AsyncConnection.connect(url) as other:
            await other.execute("SELECT FROM customer_order WHERE id = 'op-a/A-1001' FOR UPDATE")
            importing = asyncio.create_task(bring(world, order(lines=[line(parcel=LABELS[0], quantity=7)])))
            async with asyncio.timeout(10):
                while not await waits_for_a_lock(world):
                    await asyncio.sleep(0.02)
            # Waits in turn: PostgreSQL ends whoever has waited for a second first, which is the import.
            await other.execute("SELECT FROM parcel WHERE id = %s FOR UPDATE", [LABELS[0]])
        assert (await importing)["updated"] == 1
    assert [one["sqlstate"] for one in lines if one["event"].startswith("an import met")] == ["40P01"]
    assert await world.one("SELECT quantity FROM order_line WHERE order_id = 'op-a/A-1001'") == 7
    assert await world.one("SELECT count(*) FROM audit WHERE action = 'order.import'") == 2


async def test_an_import_that_is_always_locked_out_says_so_and_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        raise psycopg.errors.DeadlockDetected

    monkeypatch.setattr("cloud.api.order_import.refold", never)
    monkeypatch.setattr("cloud.api.order_import._MAX_RETRY_DELAY_S", 0.0)
    answer = await world.post("dispatcher-a", ORDERS, json=[order()])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    said = answer.json()["error"]
    assert (said["code"], said["params"]) == ("import_busy", {"times": 5})
    assert "nothing was imported" in said["message"]
    assert "again in a minute" in said["remedy"]
    assert await world.one("SELECT count(*) FROM customer_order") == 0


async def test_a_fault_of_an_import_has_a_code_and_parameters_a_page_can_say_in_its_own_words(world: World) -> None:
    report = await bring(
        world,
        order("A-1", site="st-b1"),
        order("A-2", resident={"name": "王", "phone": "12"}),
        order("A-3", lines=[line(name="x" * 300)]),
    )
    said = {one["line"]: (one["field"], one["code"], one["params"]) for one in report["errors"]}
    assert said == {
        1: ("site", "no_station", {"site": "st-b1", "operator": "op-a"}),
        2: ("resident.phone", "invalid.phone", {"wanted": "want a phone number of 7 to 15 digits"}),
        3: ("lines[0].name", "invalid.string_too_long", {"max_length": 200}),
    }
