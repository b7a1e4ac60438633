"""The phones' address, over HTTP, with a real database behind it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from cloud.positions.intake import Intake
from cloud.positions.meters import PositionMeters
from cloud.positions.web import TrackerAddress
from cloud.store.pool import Connection
from cloud.store.trackers import TrackerProtocol
from edge.wire.clock import to_ms
from tests.cloud.positions.world import NOW, TestClock, rows, tracker


@pytest.fixture
async def client(database_url: str, connection: Connection, clock: TestClock) -> AsyncIterator[httpx.AsyncClient]:
    intake = Intake(database_url, clock, PositionMeters(), lambda _notices: None)
    running = asyncio.create_task(intake.run())
    transport = httpx.ASGITransport(app=TrackerAddress(intake, clock).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://phones.test") as opened:
        yield opened
    running.cancel()


async def test_a_query_a_form_and_json_are_kept(client: httpx.AsyncClient, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    at_s = to_ms(NOW) // 1000
    coords = {"latitude": 31.2, "longitude": 121.5}
    said = {"device_id": "token-1", "location": {"timestamp": "2026-11-22T07:59:00.000Z", "coords": coords}}
    answers = [
        await client.get(f"/?id=token-1&lat=31.2&lon=121.5&timestamp={at_s}"),
        await client.post("/", data={"id": "token-1", "lat": "31.2", "lon": "121.5", "timestamp": str(at_s - 10)}),
        await client.post("/", json=said),
        await client.post(f"/?id=token-1&lat=31.2&lon=121.5&timestamp={at_s - 20}"),
    ]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "")] * 4
    assert await rows(connection, "SELECT count(*) FROM position") == [(4,)]


async def test_owntracks_logs_in_and_is_answered_an_empty_list(client: httpx.AsyncClient, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.OWNTRACKS, "token-1")
    said = {"_type": "location", "lat": 31.2, "lon": 121.5, "tst": to_ms(NOW) // 1000}
    assert (await client.post("/owntracks", json=said)).status_code == 401
    assert (await client.post("/owntracks", json=said, auth=("tracker-1", "wrong"))).status_code == 403
    for body in (said, {"_type": "lwt"}):
        answer = await client.post("/owntracks", json=body, auth=("tracker-1", "token-1"))
        assert (answer.status_code, answer.json()) == (200, [])
    assert (await client.post("/owntracks", content=b"", auth=("tracker-1", "token-1"))).json() == []
    assert await rows(connection, "SELECT count(*) FROM position") == [(1,)]


async def test_what_cannot_be_true_is_answered_with_what_is_wrong(client: httpx.AsyncClient, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    answer = await client.get("/?id=token-1&lat=0&lon=0")
    assert (answer.status_code, answer.json()["kept"]) == (200, 0)
    assert "0, 0" in answer.json()["refused"][0]
    ((payload,),) = await rows(connection, "SELECT payload FROM quarantine")
    assert payload == b"id=(token)&lat=0&lon=0", "the token is a secret"


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "field"),
    [
        ("GET", "/?lat=1&lon=2", None, 400, "id"),
        ("GET", "/?id=token-1&lat=x&lon=2", None, 400, "lat"),
        ("GET", "/?id=token-1&lat=%ff&lon=2", None, 400, "query"),
        ("POST", "/", b"{", 400, "body"),
        ("POST", "/", b"x" * 300_000, 413, "body"),
        ("GET", "/?id=stranger&lat=1&lon=2", None, 403, "id"),
        ("GET", "/?id=" + "x" * 9000, None, 400, "query"),
    ],
)
async def test_what_is_wrong_is_named(
    client: httpx.AsyncClient, connection: Connection, method: str, path: str, content: bytes | None, status: int, field: str
) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    answer = await client.request(method, path, content=content)
    assert answer.status_code == status
    error = json.loads(answer.content)["error"]
    assert error["field"] == field
    assert error["remedy"]
    assert (await client.get("/health")).status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic", "Basic ???", "Bearer x", "Basic " + base64.b64encode(b"nopassword").decode(), "Basic /w=="]
)
async def test_a_broken_log_in_is_none(client: httpx.AsyncClient, header: str) -> None:
    assert (await client.post("/owntracks", content=b"{}", headers={"Authorization": header})).status_code == 401


async def test_bad_owntracks_json_of_a_known_phone_is_kept_and_named(client: httpx.AsyncClient, connection: Connection) -> None:
    await tracker(connection, TrackerProtocol.OWNTRACKS, "token-1")
    answer = await client.post("/owntracks", content=b'{"_type": "location", "lat": 1}', auth=("u", "token-1"))
    assert answer.status_code == 400
    assert await rows(connection, "SELECT reason, site_id FROM quarantine") == [("payload", "van-1")]


async def test_while_the_database_is_away_nothing_is_said_to_be_kept(clock: TestClock) -> None:
    intake = Intake("postgresql://nobody@127.0.0.1:1/none", clock, PositionMeters(), lambda _notices: None)
    running = asyncio.create_task(intake.run())
    transport = httpx.ASGITransport(app=TrackerAddress(intake, clock).app())
    async with httpx.AsyncClient(transport=transport, base_url="http://phones.test") as client:
        answer = await client.get("/?id=token-1&lat=31.2&lon=121.5")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert (await client.get("/health")).status_code == 503
    running.cancel()
