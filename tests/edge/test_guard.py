"""Who may talk to the station's page: the names it answers to, pages of elsewhere, and how much anybody may say."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import websockets

from edge.config import ConfigError
from edge.http.guard import MAX_BODY_BYTES, is_same, own_names
from edge.wire.labels import parcel_label
from tests.edge.agents import NOBODY, Running, running_agent, write_config

LABEL = {"text": parcel_label(1)}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("guard")
    config = write_config(folder, NOBODY, "guard-1", 'names = ["Station.Example"]\nframed_by = ["https://pages.example"]')
    async with running_agent(config) as running:
        yield running


async def post(agent: Running, path: str, **headers: str) -> tuple[int, str]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await agent.http.post(path, json={"mode": "receive"}, headers=names)
    return answer.status_code, "" if answer.is_success else answer.json()["error"]["code"]


@pytest.mark.parametrize(
    "host", ["rebound.test:18090", "rebound.test", "localhost.rebound.test", "127.0.0.1.rebound.test", "a@localhost", ""]
)
async def test_a_name_that_was_made_to_point_here_is_not_answered(agent: Running, host: str) -> None:
    assert await post(agent, "/api/mode", host=host) == (421, "other_host")
    read = await agent.http.get("/api/status", headers={"host": host})
    assert (read.status_code, "[http] names" in read.json()["error"]["remedy"]) == (421, True)


async def test_only_its_own_pages_and_those_its_file_names_may_show_it_in_a_frame(agent: Running) -> None:
    policy = (await agent.http.get("/api/status")).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://pages.example")


async def test_how_long_a_scan_took_to_the_disk_is_said_with_it(agent: Running) -> None:
    scan = (await agent.http.post("/api/scan", json={"text": parcel_label(77)})).json()["scan"]
    assert 0.0 < scan["heard_s"] <= scan["booked_s"]


@pytest.mark.parametrize(
    "host", ["localhost:8090", "LOCALHOST", "127.0.0.1", "192.168.3.4:8090", "[::1]:8090", "station.example", socket.gethostname()]
)
async def test_its_addresses_its_own_name_and_the_names_of_its_file_are_answered(agent: Running, host: str) -> None:
    assert await post(agent, "/api/mode", host=host) == (200, "")


async def test_a_page_of_elsewhere_does_nothing_here_whatever_its_browser_leaves_out(agent: Running) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"):
        assert await post(agent, "/api/mode", origin=origin) == (403, "other_site")
    ours = str(agent.http.base_url).rstrip("/")
    assert await post(agent, "/api/mode", origin=ours) == (200, "")
    assert await post(agent, "/api/mode", origin=ours, sec_fetch_site="cross-site") == (403, "other_site")
    answer = await agent.http.post("/api/log-out", headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


async def test_the_live_socket_is_for_pages_of_ours(agent: Running) -> None:
    ours = str(agent.http.base_url).rstrip("/")
    url = ours.replace("http", "ws") + "/api/live"
    for origin in ("http://evil.example", "null"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(url, origin=websockets.Origin(origin))
        assert refused.value.response.status_code == 403
    async with websockets.connect(url, origin=websockets.Origin(ours)) as connection:
        assert "status" in str(await connection.recv())


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 1024


async def test_a_body_that_is_too_large_is_refused_with_the_remedy_also_in_pieces(agent: Running) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for one in pieces(80):
            yield one

    contents: list[Any] = [b" " * (MAX_BODY_BYTES + 1), in_pieces()]
    for content in contents:
        answer = await agent.http.post("/api/scan", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        assert answer.json()["error"]["remedy"]
    bodyless = await agent.http.post("/api/log-out", content=b" " * (MAX_BODY_BYTES + 1))
    assert bodyless.status_code == 413
    most = await agent.http.post(
        "/api/mode", content=b'{"mode": "receive"}'.ljust(MAX_BODY_BYTES), headers={"content-type": "application/json"}
    )
    assert most.status_code == 200


async def test_names_in_the_sites_file_are_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="host names without scheme or port"):
        write_config(tmp_path, NOBODY, "guard-2", 'names = ["http://station.example"]')


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://pi.local", "pi.local:80", True),
        ("https://pi.local", "pi.local", True),
        ("https://pi.local", "pi.local:80", False),
        ("http://pi.local:8090", "pi.local", False),
        ("http://[::1]:8090", "[::1]:8090", True),
        ("file://", "pi.local", False),
        ("null", "null", False),
    ],
)
async def test_an_origin_is_ours_where_name_and_port_are(origin: str, host: str, *, same: bool) -> None:
    assert is_same(origin, host) is same


async def test_a_machine_is_known_by_its_short_name_too() -> None:
    assert own_names("Pi-7.lan", ["x.example"]) == {"localhost", "pi-7.lan", "pi-7", "pi-7.local", "x.example"}
