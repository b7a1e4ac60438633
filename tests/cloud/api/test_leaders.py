"""An operator's leaders as planners keep them, and the import's column of them."""

import pytest

from tests.cloud.api.groups import LEADERS, ORDERS, TODAY, leader, placed
from tests.cloud.api.world import PEOPLE, World, order

pytestmark = pytest.mark.slow

RULES = "/api/operators/op-a/leader-rules"


async def test_only_planners_of_the_operator_keep_leaders_and_their_links(world: World) -> None:
    await leader(world)
    calls = [
        ("GET", LEADERS, None), ("PUT", f"{LEADERS}/L1", {"name": "王姐", "keeps": "st-a1"}), ("POST", f"{LEADERS}/L1/link", None),
        ("GET", RULES, None), ("PUT", RULES, {"commission_fen": 20, "shortage": "first"}), ("DELETE", f"{LEADERS}/L1/link", None),
    ]  # fmt: skip
    for method, path, body in calls:
        for login in (*PEOPLE, None):
            answer = await world.call(login, method, path, **({} if body is None else {"json": body}))
            if login in ("admin", "dispatcher-a"):
                assert answer.is_success, (login, method, path, answer.text)
            else:
                assert answer.status_code == (401 if login is None else 404 if login == "dispatcher-b" else 403), (login, path)
    assert (await world.get("dispatcher-a", LEADERS)).json()["leaders"] == [{"id": "L1", "name": "王姐", "keeps": "st-a1"}]


async def test_a_station_is_kept_by_one_leader_and_is_the_operators(world: World) -> None:
    await leader(world)
    taken = await world.call("dispatcher-a", "PUT", f"{LEADERS}/L2", json={"name": "李姐", "keeps": "st-a1"})
    assert (taken.status_code, taken.json()["error"]["code"], taken.json()["error"]["field"]) == (
        409,
        "leader_station_taken",
        "keeps",
    )
    assert "L1" in taken.json()["error"]["message"]
    foreign = await world.call("dispatcher-a", "PUT", f"{LEADERS}/L2", json={"name": "李姐", "keeps": "st-b1"})
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (422, "no_station")
    assert (await world.call("dispatcher-a", "PUT", f"{LEADERS}/L2", json={"name": "李姐", "keeps": "st-both"})).status_code == 200
    # Both operators have a leader at the station that they share.
    assert await leader(world, "B1", "st-both", "op-b")
    wrong = await world.call("dispatcher-a", "PUT", f"{LEADERS}/a%20b", json={"name": "李姐"})
    assert wrong.status_code == 422
    assert (await world.post("dispatcher-a", f"{LEADERS}/nobody/link")).json()["error"]["code"] == "no_leader"


async def test_who_keeps_a_station_no_more_follows_its_orders_no_more(world: World) -> None:
    await leader(world)
    await placed(world, "A-1")
    await placed(world, "A-2", leader="L1")
    await world.call("dispatcher-a", "PUT", f"{LEADERS}/L1", json={"name": "L1 团长"})
    cursor = await world.connection.execute(
        "SELECT key FROM room_entry WHERE room = 'group:op-a/L1' AND body IS NOT NULL ORDER BY key"
    )
    assert await cursor.fetchall() == [("order/op-a/A-2",)]


async def test_an_import_names_the_leader_and_an_unknown_one_is_a_fault_with_its_line(world: World) -> None:
    await leader(world)
    refused = (await world.post("dispatcher-a", ORDERS, json=[order("A-1", leader="L9"), order("A-2", leader="L1")])).json()
    assert (refused["created"], refused["refused"]) == (1, 1)
    (fault,) = refused["errors"]
    assert (fault["line"], fault["field"], fault["code"]) == (1, "leader", "no_leader_of_order")
    header = "订单号,自提点,提货日期,货号,商品,数量,团长编号\n"
    rows = f"A-3,st-a2,{TODAY},egg,蛋,1,L1\nA-4,st-a2,{TODAY},egg,蛋,1,\nA-5,st-a2,{TODAY},egg,蛋,1,王 姐\n"
    report = (await world.post("dispatcher-a", f"{ORDERS}/csv", content=(header + rows).encode())).json()
    assert (report["created"], [one["field"] for one in report["errors"]]) == (2, ["leader"])
    assert await world.one("SELECT leader_id FROM customer_order WHERE id = 'op-a/A-3'") == "L1"
    assert await world.one("SELECT leader_id FROM customer_order WHERE id = 'op-a/A-4'") is None
    # Sent again it is the same order; with another leader it is changed.
    again = (await world.post("dispatcher-a", f"{ORDERS}/csv", content=(header + rows).encode())).json()
    assert (again["unchanged"], again["updated"]) == (2, 0)
    moved = (
        await world.post("dispatcher-a", f"{ORDERS}/csv", content=(header + rows.replace("1,\n", "1,L1\n", 1)).encode())
    ).json()
    assert (moved["unchanged"], moved["updated"]) == (1, 1)
