"""What the staff page looks up, at a real agent without a network."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.edge.agents import NOBODY, Running, running_agent, write_config
from tests.edge.station import days
from tests.edge.station.days import BAGS, BULK, LI_1, WANG_1, WANG_2, ZHAO_1
from tests.edge.test_acts_page import for_site, put_manifest

pytestmark = pytest.mark.slow


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Running]:
    config = write_config(tmp_path, NOBODY, "acts-2")
    await put_manifest(config, for_site("acts-2"))
    async with running_agent(config) as running:
        assert (await running.http.post("/api/log-in", json={"secret": "1357"})).is_success
        yield running


async def look(agent: Running, path: str, **query: str) -> dict[str, Any]:
    answer = await agent.http.get(f"/api/{path}", params=query)
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


async def do(agent: Running, path: str, **body: object) -> dict[str, Any]:
    answer = await agent.http.post(f"/api/{path}", json=body)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def test_a_container_says_what_it_should_hold_and_what_of_it_is_here(agent: Running) -> None:
    await do(agent, "open", container=BAGS)
    await agent.scan(WANG_1)
    seen = await look(agent, "container", container=BAGS)
    assert (seen["is_expected"], seen["state"], seen["signed"], seen["counted"]) == (True, "opened", True, False)
    assert {one["parcel"]: one["state"] for one in seen["parcels"]} == {WANG_1: "received", WANG_2: "expected", LI_1: "expected"}
    await do(agent, "finish-count", container=BAGS)
    problems = {one["parcel"]: one["problems"] for one in (await look(agent, "container", container=BAGS))["parcels"]}
    assert problems == {WANG_1: [], WANG_2: ["missing"], LI_1: ["missing"]}
    assert (await look(agent, "container", container="TTC0"))["is_expected"] is False
    assert (await look(agent, "parcel", parcel=WANG_2))["problems"] == ["missing"]


async def test_goods_say_what_was_counted_and_who_gets_how_many(agent: Running) -> None:
    await do(agent, "open", container=BULK)
    await do(agent, "count-goods", container=BULK, sku=days.RICE, quantity=2)
    assert (await look(agent, "container", container=BULK))["goods"] == [
        {"sku": days.RICE, "name": "东北大米5kg", "expected": 3, "counted": 2}
    ]
    await do(agent, "give", sku=days.RICE, quantity=1)
    (rice,) = (await look(agent, "goods"))["goods"]
    assert (rice["stock"], rice["bags"]) == (1, [{"parcel": ZHAO_1, "wanted": 3, "given": 1}])


async def test_a_stock_take_names_what_it_has_not_seen(agent: Running) -> None:
    assert await look(agent, "stock-take") == {"scope": None, "expected": 0, "seen": 0, "left": []}
    for label, slot in ((WANG_1, "A1"), (LI_1, "A2")):
        await do(agent, "shelve", parcel=label, slot=slot)
    await do(agent, "begin-stock-take", scope="")
    await do(agent, "mode", mode="count")
    await agent.scan(LI_1)
    seen = await look(agent, "stock-take")
    assert (seen["scope"], seen["expected"], seen["seen"]) == ("", 2, 1)
    assert [one["parcel"] for one in seen["left"]] == [WANG_1]


async def test_an_undo_names_the_person_who_took_it_back_and_a_refusal_has_a_code(agent: Running) -> None:
    staff = (await look(agent, "staff"))["staff"]
    assert {one["staff"]: one["name"] for one in staff} == {"staff-1": "陈姐", "staff-2": "小周"}
    done = await do(agent, "sign", container=BAGS)
    undone = (await do(agent, "undo", id=done["act"]["id"]))["scan"]
    assert (undone["undone"], undone["actor"], undone["undone_by"]) == (True, "staff-1", "staff-1")
    again = await agent.http.post("/api/undo", json={"id": done["act"]["id"]})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "no_scan")
    await do(agent, "log-out")
    nobody = await agent.http.post("/api/sign", json={"container": BAGS})
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "no_log_in")


async def test_what_was_too_warm_on_its_way_has_a_problem_that_nobody_here_has_seen(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOBODY, "acts-3")
    told = for_site("acts-3")
    parcels = tuple(msgspec.structs.replace(one, is_breached=one.parcel == WANG_2) for one in told.parcels)
    await put_manifest(config, msgspec.structs.replace(told, parcels=parcels))
    async with running_agent(config) as agent:
        assert (await agent.http.post("/api/log-in", json={"secret": "1357"})).is_success
        await agent.scan(WANG_2)
        assert (await look(agent, "parcel", parcel=WANG_2))["problems"] == ["temp_breach"]
        assert (await look(agent, "parcel", parcel=WANG_1))["problems"] == []
