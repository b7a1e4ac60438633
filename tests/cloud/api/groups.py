"""Leaders and their links in the world of the api's tests."""

from typing import Any

import httpx

from tests.cloud.api.world import World, order

TODAY = "2026-11-22"
LEADERS = "/api/operators/op-a/leaders"
ORDERS = "/api/operators/op-a/orders"


async def leader(world: World, number: str = "L1", keeps: str | None = "st-a1", operator: str = "op-a") -> str:
    """A leader, and the token of a link to the group."""
    dispatcher = f"dispatcher-{operator[-1]}"
    path = f"/api/operators/{operator}/leaders/{number}"
    put = await world.call(dispatcher, "PUT", path, json={"name": f"{number} 团长", "keeps": keeps})
    assert put.status_code == 200, put.text
    made = await world.post(dispatcher, f"{path}/link")
    assert made.status_code == 201, made.text
    return str(made.json()["url"]).rsplit("/g/", 1)[1]


async def placed(world: World, external_id: str = "A-1001", site: str = "st-a1", **more: Any) -> list[str]:
    """An order for today; its parcels, ambient and chilled."""
    answer = await world.post("dispatcher-a", ORDERS, json=[order(external_id, site, **{"pickup_date": TODAY, **more})])
    assert answer.json()["created"] == 1, answer.text
    shown = await world.get("dispatcher-a", f"{ORDERS}/{external_id}")
    return [parcel["id"] for parcel in shown.json()["order"]["parcels"]]


async def as_leader(world: World, token: str, method: str = "GET", path: str = "day", **more: Any) -> httpx.Response:
    return await world.call(None, method, f"/api/leader/{path}", headers={"Authorization": f"Bearer {token}"}, **more)


async def day(world: World, token: str) -> dict[str, Any]:
    answer = await as_leader(world, token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    seen: dict[str, Any] = answer.json()
    return seen


def states(seen: dict[str, Any]) -> dict[str, str]:
    return {one["external_id"]: one["state"] for one in seen["orders"]}
