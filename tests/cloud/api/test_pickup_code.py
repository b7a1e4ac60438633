"""The resident's code by REST: many at once, its one QR, and those who may come instead."""

import asyncio
from datetime import timedelta
from typing import cast

import pytest
from fastapi import FastAPI

from cloud.api.context import Services
from cloud.auth import claims
from cloud.auth.claims import OpenClaim
from cloud.store.pool import Connection
from tests.cloud.api.test_cases import TAIL, TODAY
from tests.cloud.api.world import NOW, World, order

pytestmark = pytest.mark.slow


async def link_of_new_order(world: World) -> str:
    """The token of its link."""
    imported = await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(pickup_date=TODAY)])
    assert imported.json()["created"] == 1, imported.text
    return str((await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"])


async def waits_for_a_lock(world: World, task: asyncio.Task[object]) -> bool:
    """Until the task is over (False), or somebody in this database waits for a lock (True)."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not task.done():
        if await world.one(waiting):
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.mark.parametrize("connections", [1, 2])
async def test_as_many_residents_at_once_as_there_are_connections_all_see_their_code(
    world: World, app: FastAPI, connections: int
) -> None:
    token = await link_of_new_order(world)
    await cast(Services, app.state.services).pool.resize(1, connections)
    asked = [world.post(None, f"/api/links/{token}/pickup", json=TAIL) for _ in range(2)]
    answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    # The first token of a claim is made by one of them, and is the other's too.
    assert answers[0].json()["qr"] == answers[1].json()["qr"]
    assert await world.one("SELECT count(*) FROM login_attempt WHERE failures > 0") == 0


async def test_a_claim_has_one_qr_though_two_look_at_it_in_the_same_moment(world: World, app: FastAPI) -> None:
    token = await link_of_new_order(world)
    services = cast(Services, app.state.services)
    order_id = "op-a/A-1001"
    async with services.pool.connection() as first, services.pool.connection() as second:
        claim = await claims.claim_of(first, order_id, NOW.date())
        assert claim is not None, token
        async with first.transaction():
            mine, _ = await claims.own_token(first, claim, NOW)
            theirs = asyncio.create_task(own_token(second, claim))
            assert await waits_for_a_lock(world, theirs)
        assert await theirs == mine
    assert await world.one("SELECT count(*) FROM pickup_token WHERE NOT is_proxy") == 1


async def own_token(connection: Connection, claim: OpenClaim) -> object:
    async with connection.transaction():
        return (await claims.own_token(connection, claim, NOW + timedelta(seconds=1)))[0]


async def test_no_more_may_come_instead_though_all_are_sent_for_at_once(world: World) -> None:
    token = await link_of_new_order(world)
    sent = await asyncio.gather(
        *[world.post(None, f"/api/links/{token}/proxies", json=TAIL) for _ in range(claims.MAX_PROXIES + 3)]
    )
    assert sorted(answer.status_code for answer in sent) == [201] * claims.MAX_PROXIES + [409] * 3
    assert await world.one("SELECT count(*) FROM pickup_token WHERE is_proxy") == claims.MAX_PROXIES


async def test_who_comes_instead_is_told_when_nothing_is_left_and_looking_makes_no_code(world: World) -> None:
    token = await link_of_new_order(world)
    url = (await world.post(None, f"/api/links/{token}/proxies", json=TAIL)).json()["url"]
    page = f"/api/proxies/{url.rsplit('/', 1)[1]}"
    seen = (await world.get(None, page)).json()
    assert (seen["state"], len(seen["code"])) == ("ready", 9)
    await world.connection.execute("UPDATE customer_order SET state = 'collected'")
    seen = (await world.get(None, page)).json()
    assert (seen["state"], seen["code"], seen["qr_rows"]) == ("nothing_left", "", [])
    # Something of it is undone after the job has taken the code back: by looking there comes no other.
    await world.connection.execute("UPDATE customer_order SET state = 'ready'")
    await world.connection.execute("UPDATE pickup_code SET revoked_at = %s", [NOW])
    assert (await world.get(None, page)).json()["state"] == "nothing_left"
    assert await world.one("SELECT count(*) FROM pickup_code WHERE revoked_at IS NULL") == 0
