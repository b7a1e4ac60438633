"""What is known of a resident is given out and erased on request, their words by schedule too; who did it, when and why stays."""

from datetime import timedelta
from typing import Any

import pytest

from cloud.jobs.housekeeping import CASE_WORDS_KEPT, delete_served
from tests.cloud.api.test_cases import act, report, settle_order
from tests.cloud.api.world import NOW, World

pytestmark = pytest.mark.slow

PHONE = {"phone": "138 1234 5678"}
RESIDENTS = "/api/operators/op-a/residents"
ASKED = {**PHONE, "reason": "居民来电要求"}


async def with_case(world: World) -> tuple[str, int]:
    token, (egg, _) = await settle_order(world)
    said = await report(world, token, egg, photos=2, text="两个都碎了", quantity="2")
    return token, int(said.json()["id"])


async def seen(world: World, case: int) -> dict[str, Any]:
    found: dict[str, Any] = (await world.get("dispatcher-a", f"/api/cases/{case}")).json()
    return found


async def test_an_export_holds_who_they_are_what_they_ordered_said_and_showed_and_is_on_record(world: World) -> None:
    _, case = await with_case(world)
    given = (await world.post("dispatcher-a", f"{RESIDENTS}/export", json=PHONE)).json()
    assert (given["name"], given["phone"]) == ("王小明", "13812345678")
    assert [line["name"] for line in given["orders"][0]["lines"]] == ["鸡蛋", "牛奶"]
    (own,) = given["cases"]
    assert (own["id"], [word["said"] for word in own["words"]], len(own["photos"])) == (case, ["两个都碎了"], 2)
    assert (await world.get("dispatcher-a", own["photos"][0])).status_code == 200
    assert await world.one("SELECT count(*) FROM audit WHERE action = 'resident.export' AND subject LIKE 'op-a/%%'") == 1


async def test_an_erasure_takes_words_and_photographs_and_leaves_the_decision_with_who_erased_when(world: World) -> None:
    _, case = await with_case(world)
    await act(world, case, "approve", liability="driver", refund_fen=500, said="已退款，抱歉")
    photo = (await seen(world, case))["photos"][0]
    done = (await world.post("dispatcher-a", f"{RESIDENTS}/erase", json=ASKED)).json()
    assert done == {"cases": 1, "photos": 2, "is_unnamed": False}, "the order is still open: staff have to find its owner"
    after = await seen(world, case)
    assert (after["said"], after["photos"], after["state"], after["refund_fen"]) == ("", [], "refunding", 500)
    assert [step["said"] for step in after["steps"]] == ["", "已退款，抱歉", ""], "what the operator wrote is not theirs"
    assert after["words_erased"] == {"at": "2026-11-22T08:00:00.000Z", "by": "dispatcher-a"}
    assert (await world.get("dispatcher-a", photo)).status_code == 404
    (told,) = (await world.get("dispatcher-a", "/api/operators/op-a/erasures")).json()["erasures"]
    assert (told["by"], told["reason"], told["cases"], told["photos"]) == ("dispatcher-a", ASKED["reason"], 1, 2)


async def test_name_and_phone_go_too_once_no_order_of_theirs_is_open(world: World) -> None:
    await with_case(world)
    await world.connection.execute("UPDATE customer_order SET state = 'collected'")
    assert (await world.post("dispatcher-a", f"{RESIDENTS}/erase", json=ASKED)).json()["is_unnamed"]
    assert await world.one("SELECT count(*) FROM resident") == 0
    shown = (await world.get("dispatcher-a", "/api/operators/op-a/orders/A-1001")).json()
    assert (shown["resident"], shown["order"]["external_id"]) == (None, "A-1001"), "the books stay"
    again = await world.post("dispatcher-a", f"{RESIDENTS}/erase", json=ASKED)
    assert again.json()["error"]["code"] == "no_resident"


async def test_only_the_operators_planners_ask_and_only_of_their_own_residents(world: World) -> None:
    await with_case(world)
    for what, body in (("export", PHONE), ("erase", ASKED)):
        assert (await world.post("leader-a1", f"{RESIDENTS}/{what}", json=body)).status_code == 403
        assert (await world.post("dispatcher-b", f"{RESIDENTS}/{what}", json=body)).status_code == 404
        other = await world.post("dispatcher-b", f"/api/operators/op-b/residents/{what}", json=body)
        assert other.json()["error"]["code"] == "no_resident"
    assert (await world.get("dispatcher-b", "/api/operators/op-a/erasures")).status_code == 404
    assert (await world.post("dispatcher-a", f"{RESIDENTS}/erase", json={**PHONE, "reason": " "})).status_code == 422
    assert (await world.post("dispatcher-a", f"{RESIDENTS}/erase", json={**ASKED, "phone": "12"})).status_code == 422


async def test_half_a_year_after_a_case_is_over_its_words_go_by_schedule(world: World) -> None:
    _, case = await with_case(world)
    much_later = NOW + CASE_WORDS_KEPT + timedelta(days=1)
    assert (await delete_served(world.connection, much_later))["case_words"] == 0, "nobody has decided it yet"
    await act(world, case, "refuse", said="照片看不出破损")
    assert (await delete_served(world.connection, NOW + CASE_WORDS_KEPT))["case_words"] == 0
    assert (await delete_served(world.connection, much_later))["case_words"] == 1
    after = await seen(world, case)
    assert (after["said"], after["words_erased"]["by"], after["state"]) == ("", "", "refused")
    (told,) = (await world.get("dispatcher-a", "/api/operators/op-a/erasures")).json()["erasures"]
    assert (told["by"], told["cases"]) == ("", 1)
    assert (await delete_served(world.connection, much_later))["case_words"] == 0
