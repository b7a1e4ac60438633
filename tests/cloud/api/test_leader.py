"""A leader's page by link: own group only, what was earned, reminders once a day, numbers on record."""

from datetime import timedelta
from typing import Any, LiteralString

import psycopg
import pytest

from cloud.api import leader as leader_module
from cloud.auth.links import LEADER_LINK_LIFE_MS
from cloud.store.pool import Connection
from cloud.store.rooms import change, entry
from tests.cloud.api.groups import LEADERS, ORDERS, TODAY, as_leader, day, leader, placed, states
from tests.cloud.api.world import EPOCH, LABELS, NOW, World, order, scan

pytestmark = pytest.mark.slow

DAY_MS = 24 * 3_600_000


async def received(world: World, labels: list[str], n: int = 1) -> None:
    for at, label in enumerate(labels, n):
        await scan(world.connection, "st-a1", label, "parcel_received", at)


async def test_a_leader_sees_the_group_and_nothing_of_other_groups_stations_or_operators(world: World) -> None:
    mine, other = await leader(world), await leader(world, "L2", None)
    theirs = await leader(world, "L1", "st-b1", "op-b")
    await placed(world, "A-1")  # by its station
    await placed(world, "A-2", leader="L2")  # by its name, at the same station
    await placed(world, "A-3", "st-a2", leader="L1")  # by its name, at another station
    await placed(world, "A-4", "st-a2")  # nobody's
    assert states(await day(world, mine)) == {"A-1": "placed", "A-3": "placed"}
    assert [one["site"] for one in (await day(world, mine))["stations"]] == ["st-a1", "st-a2"]
    assert states(await day(world, other)) == {"A-2": "placed"}
    assert states(await day(world, theirs)) == {}
    for number in ("A-2", "A-4"):
        for path in ("reminders", "phone"):
            assert (await as_leader(world, mine, "POST", path, json={"order": f"op-a/{number}"})).status_code == 404
    assert (await as_leader(world, theirs, "POST", "phone", json={"order": "op-a/A-1"})).status_code == 404
    assert await world.one("SELECT count(*) FROM audit WHERE action IN ('leader.phone', 'leader.remind')") == 0


async def test_names_are_masked_and_numbers_are_tails(world: World) -> None:
    token = await leader(world)
    await placed(world)
    seen = await day(world, token)
    (one,) = seen["orders"]
    assert (one["resident"], one["phone_tail"], one["pieces"], one["may_remind"]) == ("王*明", "5678", 3, False)
    assert "13812345678" not in str(seen)
    assert "王小明" not in str(seen)
    assert (seen["name"], seen["today"], seen["pickup_until"], seen["room"]) == ("L1 团长", TODAY, "21:00", "group:op-a/L1")


async def test_a_link_that_is_good_no_more_says_so_and_shows_nothing(world: World) -> None:
    token = await leader(world)
    for wrong, status, code in (("", 404, "leader_link_invalid"), (token[:-4], 404, "leader_link_invalid")):
        answer = await as_leader(world, wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    await placed(world)
    residents = (await world.post("dispatcher-a", f"{ORDERS}/A-1001/link")).json()["token"]
    assert (await as_leader(world, residents)).json()["error"]["code"] == "leader_link_invalid"
    assert (await world.get(None, f"/api/links/{token}")).status_code == 404, "a leader's link is no resident's"

    world.clock.ms += LEADER_LINK_LIFE_MS - 1
    assert (await as_leader(world, token)).status_code == 200
    world.clock.ms += 1
    expired = await as_leader(world, token)
    assert (expired.status_code, expired.json()["error"]["code"]) == (410, "leader_link_expired")
    assert "operator" in expired.json()["error"]["remedy"]

    fresh = await leader(world)
    assert (await world.call("dispatcher-a", "DELETE", f"{LEADERS}/L1/link")).status_code == 204
    told = "SELECT body->>'version' FROM room_entry WHERE room = 'group:op-a/L1' AND key = 'links'"
    assert await world.one(told) == "2", "pages that are open hear of it"
    gone = await as_leader(world, fresh)
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "leader_link_taken_back")
    assert (await day(world, await leader(world)))["leader"] == "L1", "the next one is good"


async def test_a_hand_out_moves_state_room_and_commission_and_an_undo_takes_it_back(world: World) -> None:
    token = await leader(world)
    labels = await placed(world)
    await received(world, labels)
    before = await day(world, token)
    assert (states(before), before["commission"]["today"]["total_fen"]) == ({"A-1001": "ready"}, 0)
    notices = [*await scan(world.connection, "st-a1", labels[0], "parcel_released", 5)]
    notices += await scan(world.connection, "st-a1", labels[1], "parcel_released", 6)
    assert "group:op-a/L1" in {one.room for one in notices}
    seen = await day(world, token)
    assert states(seen) == {"A-1001": "collected"}
    assert seen["cursor"] == max(one.version for one in notices if one.room == "group:op-a/L1") > before["cursor"]
    assert seen["commission"]["fen_a_piece"] == 50
    assert seen["commission"]["today"] == {
        "pieces": 3, "refunded": 0, "liable_fen": 0, "pending_fen": 150, "due_fen": 0, "total_fen": 150,
    }  # fmt: skip
    await scan(world.connection, "st-a1", labels[0], "event_undone", 7, target=f"st-a1/{EPOCH}/5")
    seen = await day(world, token)
    assert (states(seen), seen["commission"]["today"]["pieces"]) == ({"A-1001": "partially_collected"}, 1)


async def test_a_refund_earns_nothing_and_one_the_station_is_liable_for_is_taken_off(world: World) -> None:
    token = await leader(world)
    labels = await placed(world)
    await received(world, labels)
    for n, label in enumerate(labels, 5):
        await scan(world.connection, "st-a1", label, "parcel_released", n)
    wanted = {
        "operator": "op-a",
        "order": "A-1001",
        "parcel": labels[0],
        "sku": "egg",
        "problem": "damaged",
        "quantity": 1,
        "said": "碎",
    }
    case = (await world.post("staff-a1", "/api/cases", json=wanted)).json()
    assert (await day(world, token))["commission"]["today"]["total_fen"] == 150, "nobody has decided yet"
    acted = await world.post(
        "dispatcher-a", f"/api/cases/{case['id']}/actions", json={"action": "approve", "liability": "station", "refund_fen": 300}
    )
    assert acted.status_code == 200, acted.text
    earned = (await day(world, token))["commission"]["today"]
    assert (earned["pieces"], earned["refunded"], earned["liable_fen"], earned["total_fen"]) == (2, 1, 300, -200)
    # Another leader's group at this station: the station is not theirs, and its liability neither.
    await world.call("dispatcher-a", "PUT", f"{LEADERS}/L1", json={"name": "L1 团长", "keeps": None})
    await world.connection.execute("UPDATE customer_order SET leader_id = 'L1'")
    earned = (await day(world, token))["commission"]["today"]
    assert (earned["pieces"], earned["liable_fen"], earned["total_fen"]) == (2, 0, 100)


async def test_the_month_is_due_once_nobody_can_complain(world: World) -> None:
    token = await leader(world)
    labels = await placed(world)
    await received(world, labels)
    await scan(world.connection, "st-a1", labels[0], "parcel_released", 5)
    world.clock.ms += 8 * DAY_MS
    earned = (await day(world, token))["commission"]
    assert (earned["today"]["total_fen"], earned["this_month"]["due_fen"], earned["this_month"]["pending_fen"]) == (0, 100, 0)
    world.clock.ms += 8 * DAY_MS  # into December
    earned = (await day(world, token))["commission"]
    assert (earned["this_month"]["total_fen"], earned["last_month"]["due_fen"]) == (0, 100)


async def test_a_reminder_is_written_once_a_day_and_stands_on_the_residents_page(world: World) -> None:
    token = await leader(world)
    labels = await placed(world)
    resident = (await world.post("dispatcher-a", f"{ORDERS}/A-1001/link")).json()["token"]
    body = {"order": "op-a/A-1001"}
    early = await as_leader(world, token, "POST", "reminders", json=body)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "nothing_waits")
    await received(world, labels)
    assert (await day(world, token))["orders"][0]["may_remind"]
    done = (await as_leader(world, token, "POST", "reminders", json=body)).json()
    assert (done["outcome"], done["at"]) == ("done", "2026-11-22T08:00:00.000Z")
    world.clock.ms += 60_000
    again = (await as_leader(world, token, "POST", "reminders", json=body)).json()
    assert (again["outcome"], again["at"]) == ("already", done["at"])
    assert (await day(world, token))["orders"][0]["reminded_at"] == done["at"]
    shown = (await world.get(None, f"/api/links/{resident}")).json()["reminder"]
    assert shown == {"at": done["at"], "day": TODAY, "by": "L1 团长", "until": "21:00"}
    world.clock.ms += DAY_MS
    assert (await as_leader(world, token, "POST", "reminders", json=body)).json()["outcome"] == "done"
    assert await world.one("SELECT count(*) FROM audit WHERE action = 'leader.remind'") == 2


async def test_a_residents_page_goes_on_from_what_it_has_read_though_the_room_changes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await placed(world)
    resident = (await world.post("dispatcher-a", f"{ORDERS}/A-1001/link")).json()["token"]
    executes, coming = psycopg.AsyncConnection.execute, ["order", "reminder"]

    async def execute(self: Connection, query: LiteralString, *more: Any) -> Any:
        cursor = await executes(self, query, *more)
        if self is not world.connection and "FROM room_entry" in query:
            while coming:
                await change(world.connection, [entry("order:op-a/A-1001", coming.pop(0), {"is": "newer"})], NOW)
        return cursor

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.AsyncConnection, "execute", execute)
        read = (await world.get(None, f"/api/links/{resident}")).json()
    changed = await world.one("SELECT version FROM room_entry WHERE room = 'order:op-a/A-1001' AND key = 'order'")
    assert read["order"]["external_id"] == "A-1001"
    assert read["cursor"] < changed


async def test_a_number_is_shown_on_demand_on_record_and_not_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await leader(world)
    await placed(world, "A-1")
    await placed(world, "A-2")
    await placed(world, "A-3", resident=None)
    shown = (await as_leader(world, token, "POST", "phone", json={"order": "op-a/A-1"})).json()
    assert (shown["name"], shown["phone"]) == ("王小明", "13812345678")
    assert (
        await world.one("SELECT detail->>'leader' FROM audit WHERE action = 'leader.phone' AND subject = 'op-a/A-1'") == "op-a/L1"
    )
    assert "13812345678" not in str(await world.one("SELECT detail::text FROM audit WHERE action = 'leader.phone'"))
    nobody = await as_leader(world, token, "POST", "phone", json={"order": "op-a/A-3"})
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (409, "no_phone_of_order")
    monkeypatch.setattr(leader_module, "MOST_PHONES_A_DAY", 1)
    refused = await as_leader(world, token, "POST", "phone", json={"order": "op-a/A-2"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_phones")
    assert (await as_leader(world, token, "POST", "phone", json={"order": "op-a/A-1"})).status_code == 200, "the same one again"
    world.clock.ms += DAY_MS + 1
    assert (await as_leader(world, token, "POST", "phone", json={"order": "op-a/A-2"})).status_code == 200


async def test_a_shortage_is_split_by_the_declared_rule_and_the_page_says_which(world: World) -> None:
    token = await leader(world)
    tomorrow = "2026-11-23"
    for number, minute in (("A-1", "00"), ("A-2", "10")):
        lines = [{"sku": "egg", "name": "鸡蛋", "quantity": 3}]
        await placed(world, number, pickup_date=tomorrow, placed_at=f"2026-11-22T07:{minute}:00+00:00", lines=lines)
    batch = f"/api/operators/op-a/batches/{tomorrow}"
    await world.post("dispatcher-a", f"{batch}/freeze", json={"early": True})
    stock = {"stock": [{"sku": "egg", "quantity": 4}]}

    async def shorts() -> list[tuple[str, int]]:
        (one,) = (await day(world, token))["shortages"]
        assert (one["name"], one["short"], one["missing"], one["pickup_date"]) == ("鸡蛋", 2, 0, tomorrow)
        return [(each["external_id"], each["short"]) for each in one["orders"]]

    await world.post("dispatcher-a", f"{batch}/allocation", json=stock)
    assert await shorts() == [("A-2", 2)]
    assert (await day(world, token))["shortage_rule"] == "first"
    rules = {"commission_fen": 30, "shortage": "even"}
    assert (await world.call("dispatcher-a", "PUT", "/api/operators/op-a/leader-rules", json=rules)).json() == rules
    await world.post("dispatcher-a", f"{batch}/allocation", json=stock)
    assert await shorts() == [("A-1", 1), ("A-2", 1)]
    seen = await day(world, token)
    assert (seen["shortage_rule"], seen["commission"]["fen_a_piece"]) == ("even", 30)


async def test_what_a_count_at_the_station_did_not_find_is_missing_too(world: World) -> None:
    token = await leader(world)
    labels = await placed(world)
    await received(world, labels)
    await scan(world.connection, "st-a1", labels[0], "variance_found", 5, problem="short", sku="egg")
    (one,) = (await day(world, token))["shortages"]
    assert (one["sku"], one["short"], one["missing"]) == ("egg", 0, 1)
    assert [(each["phone_tail"], each["wanted"], each["missing"]) for each in one["orders"]] == [("5678", 2, 1)]


async def test_hot_items_and_the_score_are_of_the_week_and_null_where_nothing_was_to_count(world: World) -> None:
    token = await leader(world)
    assert (await day(world, token))["score"] == {"days": 7, "orders": 0, "on_day": None, "short": None, "cases": None}
    yesterday = "2026-11-21"
    fetched = await placed(world, "A-1", pickup_date=yesterday, placed_at="2026-11-20T07:00:00+00:00")
    await placed(world, "A-2", pickup_date=yesterday, placed_at="2026-11-20T07:00:00+00:00")
    await received(world, fetched)
    for n, label in enumerate(fetched, 5):
        await scan(world.connection, "st-a1", label, "parcel_released", n)
    await world.connection.execute("UPDATE parcel SET state_at = %s WHERE state = 'released'", [NOW - timedelta(days=1)])
    await world.connection.execute("UPDATE order_line SET short = 1 WHERE order_id = 'op-a/A-2' AND sku = 'milk'")
    seen = await day(world, token)
    assert (seen["score"]["orders"], seen["score"]["on_day"]) == (2, 0.5)
    assert seen["score"]["short"] == pytest.approx(1 / 6)
    assert seen["score"]["cases"] == 0.0
    assert [(one["sku"], one["pieces"], one["orders"]) for one in seen["hot_items"]] == [("egg", 4, 2), ("milk", 2, 2)]


async def test_what_is_cancelled_or_long_over_is_not_there(world: World) -> None:
    token = await leader(world)
    await placed(world, "A-1", pickup_date="2026-11-23")
    await placed(world, "A-2", pickup_date="2026-11-01", placed_at="2026-10-30T07:00:00+00:00")
    assert states(await day(world, token)) == {"A-1": "placed"}
    cancelled = await world.post("dispatcher-a", f"{ORDERS}/A-1/cancel", json={"reason": "错了"})
    assert cancelled.status_code == 200, cancelled.text
    assert states(await day(world, token)) == {}


async def test_an_order_that_changes_its_group_before_anybody_scanned_it_leaves_the_old_room(world: World) -> None:
    await leader(world)
    await leader(world, "L2", None)
    line = {"sku": "egg", "name": "鸡蛋", "quantity": 1, "parcel": LABELS[0]}
    for of in ({}, {"leader": "L2"}):
        await world.post("dispatcher-a", ORDERS, json=[order("A-1", pickup_date=TODAY, lines=[line], **of)])
    rooms = "SELECT body->>'external_id' FROM room_entry WHERE room = %s AND key = 'order/op-a/A-1'"
    assert await world.one(rooms, "group:op-a/L2") == "A-1"
    assert await world.one(rooms, "group:op-a/L1") is None
