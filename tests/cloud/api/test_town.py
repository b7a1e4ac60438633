"""The simulated town's page and buttons: whom they obey, and that production has none of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from cloud.api.app import create_app, gated
from cloud.api.town_sockets import BOX, TOWN
from cloud.config import CloudConfig
from cloud.trouble import Trouble
from tests.cloud.api.world import SECRET, TestClock, World, order, settle

HERE = "http://127.0.0.1:8080"
STAGE: dict[str, Any] = {
    "operator": "op-a", "pin": "123456", "day": "2026-11-23", "station": "st-a1", "order": "A-1001", "phone_tail": "5678",
    "parcels": [], "scenes": [{"name": "cut", "state": "ahead", "at_ms": 0}],
    "stations": [
        {"id": "st-a1", "name": "站", "url": f"{HERE}0", "is_plugged": True, "is_online": True, "doors": [], "parcels_left": True}
    ],
}  # fmt: skip
Ask = Callable[..., Awaitable[httpx.Response]]


@asynccontextmanager
async def answering(folder: Path, name: str, answer: dict[str, Any], heard: list[Any]) -> AsyncIterator[None]:
    """A socket of the town's folder that says the same to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(json.loads(await reader.readline()))
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(serve, folder / name):
        yield


@pytest.fixture
def town_config(database_url: str, tmp_path: Path) -> CloudConfig:
    (tmp_path / "dist").mkdir()
    for name in ("index", "town"):
        (tmp_path / "dist" / f"{name}.html").write_text(name)
    return CloudConfig(
        database_url=SecretStr(database_url), secret=SecretStr(SECRET), pages_dir=tmp_path / "dist", town_dir=tmp_path,
        public_url=HERE,
    )  # fmt: skip


@pytest.fixture
async def world(town_config: CloudConfig) -> AsyncIterator[World]:
    clock = TestClock(is_simulated=True)
    app = create_app(town_config, clock)
    transport = httpx.ASGITransport(app=gated(app, town_config), raise_app_exceptions=False)
    async with (
        await psycopg.AsyncConnection.connect(town_config.database_url.get_secret_value(), autocommit=True) as connection,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=HERE) as client,
    ):
        yield World(client, connection, clock, await settle(connection))


async def test_production_has_no_such_addresses_and_its_front_page_is_the_plain_one(
    config: CloudConfig, clock: TestClock, tmp_path: Path
) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("plain")
    app = create_app(config, clock)
    transport = httpx.ASGITransport(app=gated(app, config))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=HERE) as client:
        assert (await client.get("/api/town")).status_code == 404
        for path in ("act", "kill", "watch", "log-in"):
            assert (await client.post(f"/api/town/{path}", json={})).status_code in (404, 405)
        front = await client.get("/")
    assert front.text == "plain"
    assert "frame-ancestors 'none'" in front.headers["content-security-policy"]


@pytest.mark.parametrize(("is_simulated", "public_url"), [(False, HERE), (True, "https://tuantu.example")])
def test_a_real_clock_or_a_public_address_with_a_towns_folder_does_not_start(
    town_config: CloudConfig, is_simulated: bool, public_url: str
) -> None:
    with pytest.raises(Trouble, match="TUANTU_TOWN_DIR"):
        create_app(town_config.model_copy(update={"public_url": public_url}), TestClock(is_simulated=is_simulated))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "192.168.1.5:8080"}, "town_elsewhere"),
        ({"Host": "rebound.example"}, "town_elsewhere"),
        ({"X-Forwarded-For": "203.0.113.9"}, "town_elsewhere"),
        ({"Origin": "https://evil.example"}, "foreign_page"),
        ({"Origin": "http://127.0.0.1:9999"}, "foreign_page"),
        ({"Origin": "null"}, "foreign_page"),
        ({"Sec-Fetch-Site": "cross-site"}, "foreign_page"),
        ({"Sec-Fetch-Site": "same-site"}, "foreign_page"),
    ],
)
async def test_only_a_page_of_ours_on_this_machine_is_obeyed(
    world: World, town_config: CloudConfig, headers: dict[str, str], code: str
) -> None:
    heard: list[Any] = []
    async with AsyncExitStack() as stack:
        for name in (TOWN, BOX):
            await stack.enter_async_context(answering(Path(str(town_config.town_dir)), name, {"done": True}, heard))
        for path, body in (("act", {"do": "scan"}), ("kill", {}), ("watch", {}), ("log-in", {"login": "dispatcher"})):
            answer = await world.client.post(f"/api/town/{path}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, code), path
            assert "set-cookie" not in answer.headers
    assert heard == []


async def test_another_machine_is_not_obeyed_whatever_name_it_calls_us_by(town_config: CloudConfig) -> None:
    app = create_app(town_config, TestClock(is_simulated=True))
    transport = httpx.ASGITransport(app=gated(app, town_config), client=("192.168.1.9", 4711))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=HERE) as client:
        assert (await client.get("/api/town")).json()["error"]["code"] == "town_elsewhere"


async def test_the_stage_comes_with_the_link_of_the_order_that_is_followed(world: World, town_config: CloudConfig) -> None:
    heard: list[Any] = []
    async with answering(Path(str(town_config.town_dir)), TOWN, {"done": True, "stage": STAGE}, heard):
        seen = (await world.client.get("/api/town")).json()
        assert (seen["resident"], seen["stage"]["pin"], seen["clock"]["simulated"]) == ("", "123456", True)
        assert (await world.post("admin", "/api/operators/op-a/orders", json=[order()])).status_code == 200
        link = (await world.client.get("/api/town")).json()["resident"]
    assert heard == [{"do": "stage"}, {"do": "stage"}]
    assert (await world.client.get(link.replace("/o/", "/api/links/"))).json()["order"]["state"] == "placed"


async def test_a_button_is_passed_on_and_what_the_town_refuses_comes_back_by_its_code(
    world: World, town_config: CloudConfig
) -> None:
    refused = {"done": False, "text": "scanner: unplugged", "code": "unplugged"}
    heard: list[Any] = []
    async with answering(Path(str(town_config.town_dir)), TOWN, refused, heard):
        answer = await world.client.post("/api/town/act", json={"do": "scan", "site": "st-a1"}, headers={"Origin": HERE})
    assert heard == [{"do": "scan", "site": "st-a1"}]
    assert answer.json() == {"done": False, "text": "scanner: unplugged", "label": "", "code": "unplugged", "hops": None}
    for bad in ({"do": "explode"}, {"do": "pace", "rate": 301}, {"do": "write", "site": "st-a1"}, {"do": "scan", "site": "../x"}):
        assert (await world.client.post("/api/town/act", json=bad)).status_code == 422


async def test_without_a_town_the_page_is_told_to_wait(world: World) -> None:
    for answer in (await world.client.get("/api/town"), await world.client.post("/api/town/kill")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "town_away")


async def test_a_visitor_becomes_somebody_of_the_town_but_no_administrator(world: World) -> None:
    assert (await world.client.post("/api/town/log-in", json={"login": "admin"})).status_code == 422
    assert (await world.client.post("/api/town/log-in", json={"login": "dispatcher"})).json()["error"]["code"] == "town_away"
    await world.connection.execute("UPDATE account SET login = 'dispatcher' WHERE login = 'dispatcher-a'")
    token = (await world.client.post("/api/town/watch")).json()["token"]
    assert (await world.client.get("/api/me")).status_code == 401, "the page's own session is no log-in of the browser"
    me = await world.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["role"] == "dispatcher"
    assert (await world.client.post("/api/town/log-in", json={"login": "dispatcher"})).status_code == 204
    assert (await world.client.get("/api/me")).json()["login"] == "dispatcher"


async def test_the_front_page_is_the_towns_and_frames_nobody_but_this_machine(world: World) -> None:
    front = await world.client.get("/")
    policy = front.headers["content-security-policy"]
    assert front.text == "town"
    assert "frame-ancestors 'self'" in policy
    assert "frame-src 'self' http://127.0.0.1:* http://localhost:*" in policy
    assert (await world.client.get("/index.html")).text == "index"
