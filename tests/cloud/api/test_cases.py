"""After-sales cases by REST: a resident's report by the link, what the operator's people make of it, who may see which."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud.jobs.housekeeping import PHOTOS_KEPT, delete_served
from edge.wire.clock import to_ms
from tests.cloud.api.world import EPOCH, LABELS, NOW, World, order, scan

pytestmark = pytest.mark.slow

TODAY = "2026-11-22"
JPEG = b"\xff\xd8\xff\xe0 a broken egg"
TAIL = {"tail": "5678"}


async def settle_order(world: World, **more: Any) -> tuple[str, list[str]]:
    """An order for today; returns its link's token and its parcels' labels."""
    imported = await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(pickup_date=TODAY, **more)])
    assert imported.json()["created"] == 1, imported.text
    shown = (await world.get("dispatcher-a", "/api/operators/op-a/orders/A-1001")).json()["order"]
    token = (await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"]
    return token, [parcel["id"] for parcel in shown["parcels"]]


async def report(world: World, token: str, parcel: str, photos: int = 0, **more: str) -> httpx.Response:
    files = [("photos", (f"{n}.jpg", JPEG + bytes([n]), "image/jpeg")) for n in range(photos)]
    fields = {**TAIL, "parcel": parcel, "sku": "egg", "problem": "damaged", **more}
    return await world.post(None, f"/api/links/{token}/cases", data=fields, files=files or None)


async def act(world: World, case: int, action: str, login: str = "dispatcher-a", **more: object) -> httpx.Response:
    return await world.post(login, f"/api/cases/{case}/actions", json={"action": action, **more})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_a_report_with_a_photograph_goes_its_whole_way(world: World) -> None:
    token, (egg, _) = await settle_order(world)
    said = await report(world, token, egg, photos=2, text="两个都碎了", quantity="2")
    assert said.status_code == 201, said.text
    case = said.json()["id"]
    (listed,) = (await world.get("dispatcher-a", "/api/cases")).json()["cases"]
    assert (listed["origin"], listed["problem"], listed["name"], listed["quantity"], listed["said"]) == (
        "resident", "damaged", "鸡蛋", 2, "两个都碎了",
    )  # fmt: skip
    seen = (await world.get("dispatcher-a", f"/api/cases/{case}")).json()
    picture = await world.get("dispatcher-a", seen["photos"][0])
    assert (picture.content, picture.headers["content-type"]) == (JPEG + b"\0", "image/jpeg")
    assert (await world.get("dispatcher-b", seen["photos"][0])).status_code == 404
    assert set(seen["actions"]) >= {"ask_evidence", "approve", "refuse"}
    assert code(await act(world, case, "ask_evidence")) == "case_text"
    assert (await act(world, case, "ask_evidence", said="请拍一下标签")).json()["state"] == "evidence_needed"
    (own,) = (await world.get(None, f"/api/links/{token}/cases")).json()["cases"]
    assert (own["state"], own["asks_evidence"]) == ("evidence_needed", True)
    assert not {"said", "answer"} & set(own), "a forwarded link shows no words"
    look = f"/api/links/{token}/cases/look"
    assert (await world.post(None, look, json=TAIL)).json()["cases"][0]["answer"] == "请拍一下标签"
    assert code(await world.post(None, look, json={"tail": "0000"})) == "wrong_tail"
    more = {"data": {**TAIL, "text": "标签在这里"}, "files": [("photos", ("a.jpg", JPEG, "image/jpeg"))]}
    given = await world.post(None, f"/api/links/{token}/cases/{case}/evidence", **more)
    assert given.json()["state"] == "reviewing", given.text
    assert code(await act(world, case, "approve")) == "case_liability"
    paying = (await act(world, case, "approve", liability="driver", refund_fen=1280, said="这就退款")).json()
    assert (paying["state"], paying["liability"], paying["refund_fen"]) == ("refunding", "driver", 1280)
    assert code(await act(world, case, "refunded")) == "case_reference"
    done = (await act(world, case, "refunded", reference="wx-1")).json()
    assert [(step["by"], step["action"]) for step in done["steps"]] == [
        ("resident", "open"), ("account", "ask_evidence"), ("resident", "give_evidence"), ("account", "approve"),
        ("account", "refund"), ("account", "refunded"),
    ]  # fmt: skip
    assert done["steps"][1]["who"] == "dispatcher-a"
    assert code(await act(world, case, "approve", liability="grid")) == "case_state"
    assert (await world.get("dispatcher-a", "/api/cases")).json() == {"cases": []}
    assert (await world.get("dispatcher-a", "/api/cases", params={"state": "over"})).json()["cases"][0]["reference"] == "wx-1"
    assert await world.one("SELECT detail->>'reference' FROM audit WHERE action = 'case.refunded'") == "wx-1"


async def test_what_a_resident_may_not_report_is_refused_by_its_reason(world: World) -> None:
    token, (egg, milk) = await settle_order(world)
    assert code(await report(world, token, egg, tail="1234")) == "wrong_tail"
    assert code(await report(world, token, LABELS[0])) == "no_parcel"
    assert code(await report(world, token, milk)) == "not_in_order"
    assert code(await report(world, token, egg, quantity="3")) == "more_than_ordered"
    assert code(await report(world, token, egg, problem="other")) == "case_text"
    assert (await report(world, token, egg, problem="haunted")).status_code == 422
    assert code(await report(world, token, egg, photos=4)) == "too_many_photos"
    no_picture = {"data": {**TAIL, "parcel": egg, "problem": "damaged"}, "files": [("photos", ("a.svg", b"<svg/>", "image/svg"))]}
    assert code(await world.post(None, f"/api/links/{token}/cases", **no_picture)) == "no_picture"
    assert await world.one("SELECT count(*) FROM after_sales_case") == 0
    assert await world.one("SELECT count(*) FROM case_photo") == 0, "nothing is kept of what was refused"


async def test_the_same_thing_is_reported_once_and_reports_have_a_limit(world: World) -> None:
    token, (egg, _) = await settle_order(world)
    assert (await report(world, token, egg)).status_code == 201
    assert code(await report(world, token, egg)) == "reported_before"
    answers = [await report(world, token, egg) for _ in range(9)]
    assert (answers[-1].status_code, code(answers[-1])) == (429, "too_many_attempts")


async def test_an_order_takes_reports_from_its_pickup_day_on_for_a_week(world: World) -> None:
    token, (egg, _) = await settle_order(world)
    world.clock.ms = to_ms(NOW - timedelta(days=1))
    assert code(await report(world, token, egg)) == "report_too_early"
    assert (await world.get(None, f"/api/links/{token}/cases")).json()["may_report"] is False
    world.clock.ms = to_ms(NOW + timedelta(days=6))
    assert (await world.get(None, f"/api/links/{token}/cases")).json()["may_report"] is True
    await world.connection.execute("UPDATE customer_order SET pickup_date = pickup_date - 8")
    assert code(await report(world, token, egg)) == "report_too_late"
    await world.connection.execute("UPDATE customer_order SET cancelled_at = now()")
    assert code(await report(world, token, egg)) == "order_cancelled"


async def test_an_order_without_a_phone_takes_no_reports_by_the_link_alone(world: World) -> None:
    token, (egg, _) = await settle_order(world, resident=None)
    assert code(await report(world, token, egg)) == "no_phone_known"
    opened = {"operator": "op-a", "order": "A-1001", "parcel": egg, "sku": "egg", "problem": "damaged", "said": "来店里说的"}
    assert (await world.post("staff-a1", "/api/cases", json=opened)).status_code == 201


async def test_one_resident_adds_nothing_to_anothers_case(world: World) -> None:
    token, (egg, _) = await settle_order(world)
    case = (await report(world, token, egg)).json()["id"]
    other = order("A-1002", pickup_date=TODAY, resident={"name": "李四", "phone": "13900000000"})
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[other])
    theirs = (await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1002/link")).json()["token"]
    answer = await world.post(None, f"/api/links/{theirs}/cases/{case}/evidence", data={"tail": "0000", "text": "me too"})
    assert (answer.status_code, code(answer)) == (404, "no_case")
    assert (await world.get(None, f"/api/links/{theirs}/cases")).json()["cases"] == []


async def test_who_stands_at_the_counter_opens_cases_and_who_plans_decides_them(world: World) -> None:
    _, (egg, _) = await settle_order(world)
    wanted = {"operator": "op-a", "order": "A-1001", "parcel": egg, "sku": "egg", "problem": "short", "said": "少一个"}
    opened = await world.post("staff-a1", "/api/cases", json=wanted)
    assert (opened.status_code, opened.json()["origin"]) == (201, "staff")
    case = opened.json()["id"]
    assert opened.json()["actions"] == ["give_evidence"]
    assert (await act(world, case, "approve", "staff-a1", liability="grid")).status_code == 403
    assert (await act(world, case, "approve", "leader-a1", liability="grid")).status_code == 403
    assert (await act(world, case, "approve_return", liability="supplier")).json()["state"] == "return_required"
    assert (await act(world, case, "take_back", "staff-a1")).json()["state"] == "returned_to_grid"
    assert (await world.post("leader-a2", "/api/cases", json=wanted)).status_code == 404
    assert (await world.post("dispatcher-b", "/api/cases", json=wanted)).status_code == 404
    for login, seen in {"leader-a2": 404, "dispatcher-b": 404, "leader-b1": 404, "leader-a1": 200, "admin": 200}.items():
        assert (await world.get(login, f"/api/cases/{case}")).status_code == seen, login


async def test_a_double_release_is_seen_by_both_stations_and_shows_both_events(world: World) -> None:
    _, (egg, _) = await settle_order(world)
    await scan(world.connection, "st-a1", egg, "parcel_released", 1, how="code")
    await scan(world.connection, "st-b1", egg, "parcel_released", 2)
    (case,) = (await world.get("leader-b1", "/api/cases")).json()["cases"]
    assert (case["origin"], case["order"], case["parcel"]) == ("conflict", None, egg), "another operator's order is not shown"
    seen = (await world.get("leader-a1", f"/api/cases/{case['id']}")).json()
    assert [(event["site"], event["kind"], event["how"], event["undone"]) for event in seen["events"]] == [
        ("st-a1", "parcel_released", "code", False),
        ("st-b1", "parcel_released", "", False),
    ]
    assert seen["order"] == "op-a/A-1001"
    decided = (await world.get("dispatcher-a", f"/api/cases/{case['id']}")).json()
    assert decided["actions"] == ["review", "close"]
    assert code(await act(world, case["id"], "approve", liability="grid")) == "case_conflict"
    assert code(await act(world, case["id"], "close")) == "case_text"
    assert (await act(world, case["id"], "close", said="两边都问过了")).json()["state"] == "closed"
    assert (await world.get("leader-a2", "/api/cases")).json()["cases"] == []


async def test_shortages_of_an_allocation_are_refunded_by_the_operators_rule(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    batch = "/api/operators/op-a/batches/2026-11-23"
    await world.post("dispatcher-a", f"{batch}/freeze", json={"early": True})
    await world.post("dispatcher-a", f"{batch}/allocation", json={"stock": [{"sku": "egg", "quantity": 0}]})
    (case,) = (await world.get("dispatcher-a", "/api/cases")).json()["cases"]
    assert (case["origin"], case["state"], case["quantity"], case["liability"]) == ("allocation", "refunding", 2, "supplier")
    await world.post("dispatcher-a", f"{batch}/allocation", json={"stock": [{"sku": "egg", "quantity": 1}]})
    (case,) = (await world.get("dispatcher-a", "/api/cases")).json()["cases"]
    assert case["quantity"] == 1
    await world.post("dispatcher-a", f"{batch}/allocation", json={"stock": []})
    assert (await world.get("dispatcher-a", "/api/cases")).json()["cases"] == []
    rules = "/api/operators/op-a/case-rules"
    assert (await world.get("dispatcher-a", rules)).json() == {"refunds_at_once": ["short"]}
    assert (await world.call("leader-a1", "PUT", rules, json={"refunds_at_once": []})).status_code == 403
    assert (await world.call("dispatcher-b", "PUT", rules, json={"refunds_at_once": []})).status_code == 404
    assert (await world.call("dispatcher-a", "PUT", rules, json={"refunds_at_once": ["surplus"]})).status_code == 422
    assert (await world.call("dispatcher-a", "PUT", rules, json={"refunds_at_once": []})).status_code == 200
    await world.post("dispatcher-a", f"{batch}/allocation", json={"stock": [{"sku": "milk", "quantity": 0}]})
    (case,) = (await world.get("dispatcher-a", "/api/cases")).json()["cases"]
    assert (case["sku"], case["state"]) == ("milk", "submitted")


async def test_a_shortage_that_grew_after_its_refund_is_a_case_of_its_own(world: World) -> None:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order()])
    batch = "/api/operators/op-a/batches/2026-11-23"
    await world.post("dispatcher-a", f"{batch}/freeze", json={"early": True})
    await world.post("dispatcher-a", f"{batch}/allocation", json={"stock": [{"sku": "egg", "quantity": 1}]})
    (case,) = (await world.get("dispatcher-a", "/api/cases")).json()["cases"]
    assert (await act(world, case["id"], "refunded", reference="wx-1")).json()["state"] == "refunded"
    for _ in range(2):
        await world.post("dispatcher-a", f"{batch}/allocation", json={"stock": [{"sku": "egg", "quantity": 0}]})
    (more,) = (await world.get("dispatcher-a", "/api/cases")).json()["cases"]
    assert (more["origin"], more["state"], more["sku"], more["quantity"]) == ("allocation", "submitted", "egg", 1)
    assert await world.one("SELECT quantity FROM after_sales_case WHERE id = %s", case["id"]) == 1


async def at_counter(world: World, parcel: str, **more: object) -> httpx.Response:
    wanted = {"operator": "op-a", "order": "A-1001", "parcel": parcel, "sku": "egg", "problem": "damaged", **more}
    return await world.post("staff-a1", "/api/cases", json=wanted)


def fault_of(answer: httpx.Response) -> tuple[str, int]:
    """The code, and the case that it names."""
    return code(answer), answer.json()["error"]["params"]["case"]


async def test_no_piece_is_paid_back_twice_whoever_reports_it(world: World) -> None:
    token, (egg, _) = await settle_order(world)
    first = (await at_counter(world, egg)).json()["id"]
    assert fault_of(await at_counter(world, egg)) == ("reported_before", first), "pressed twice"
    assert fault_of(await report(world, token, egg)) == ("reported_before", first), "and said at home once more"
    assert fault_of(await report(world, token, egg, problem="short", quantity="2")) == ("covered_before", first)
    second = (await report(world, token, egg, problem="short")).json()["id"]
    assert fault_of(await at_counter(world, egg, problem="spoiled")) == ("covered_before", second), "both eggs are spoken for"
    assert fault_of(await at_counter(world, egg, sku="", problem="missing", quantity=2)) == ("covered_before", first)
    await act(world, first, "approve", liability="grid")
    await act(world, first, "refunded", reference="wx-1")
    assert fault_of(await at_counter(world, egg)) == ("covered_before", second), "what was paid stays spoken for"
    await act(world, second, "refuse", said="称过了，够数")
    assert (await at_counter(world, egg)).status_code == 201, "what was refused does not"


async def test_a_parcel_that_is_missing_as_a_whole_leaves_no_piece_to_report(world: World) -> None:
    token, (egg, _) = await settle_order(world)
    whole = (await at_counter(world, egg, sku="", problem="missing")).json()["id"]
    assert fault_of(await report(world, token, egg)) == ("covered_before", whole)


async def test_of_two_who_open_the_same_in_one_moment_one_is_told_of_the_others(world: World) -> None:
    _, (egg, _) = await settle_order(world)
    answers = await asyncio.gather(*[at_counter(world, egg) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_photographs_of_cases_go_in_their_time(world: World) -> None:
    token, (egg, _) = await settle_order(world)
    await report(world, token, egg, photos=1)
    assert (await delete_served(world.connection, NOW + PHOTOS_KEPT))["case_photos"] == 0
    assert (await delete_served(world.connection, NOW + PHOTOS_KEPT + timedelta(days=1)))["case_photos"] == 1


async def test_one_of_two_contradicting_scans_is_undone_from_afar_by_who_plans_for_its_station(world: World) -> None:
    _, (egg, _) = await settle_order(world)
    await scan(world.connection, "st-a1", egg, "parcel_released", 1)
    await scan(world.connection, "st-b1", egg, "parcel_released", 2)
    (case,) = (await world.get("dispatcher-a", "/api/cases")).json()["cases"]
    path = f"/api/cases/{case['id']}/undo"
    ours, theirs = (f"{site}/{EPOCH}/{n}" for site, n in (("st-a1", 1), ("st-b1", 2)))
    wanted = {"event": ours, "reason": "店员点错了"}
    assert code(await world.post("dispatcher-a", path, json=wanted)) == "site_away"
    await world.connection.execute(
        """INSERT INTO site_status (site_id, operator_id, boot, connect, online, nonce, heard_at)
           VALUES ('st-a1', 'op-a', 1, 1, true, 'n1', now())"""
    )
    assert (await world.post("leader-a1", path, json=wanted)).status_code == 403
    assert (await world.post("dispatcher-b", path, json=wanted)).status_code == 404
    assert code(await world.post("dispatcher-a", path, json={**wanted, "event": theirs})) == "role_may_not"
    assert code(await world.post("dispatcher-a", path, json={**wanted, "event": f"st-a1/{EPOCH}/9"})) == "not_of_case"
    assert (await world.post("dispatcher-a", path, json={**wanted, "reason": ""})).status_code == 422
    sent = await world.post("dispatcher-a", path, json=wanted)
    assert (sent.status_code, sent.json()["action"], sent.json()["reason"]) == (202, "undo", "店员点错了")
    assert await world.one("SELECT detail FROM command") == {"event": ours, "note": "店员点错了"}
    assert await world.one("SELECT detail->>'event' FROM audit WHERE action = 'command.undo'") == ours
