"""The staff page's local API: what it says, what it refuses and how, and the live stream."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from edge.app import StartError, agent_of
from edge.config import HttpSettings
from edge.http.server import listen
from edge.wire.labels import parcel_label
from tests.edge.agents import NOBODY, Running, running_agent, write_config

pytestmark = pytest.mark.slow


@asynccontextmanager
async def offline_agent(folder: Path) -> AsyncIterator[Running]:
    """Without a broker: the page works with no internet."""
    pages = folder / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "pickup.html").write_text("<title>提货</title>", encoding="utf-8")
    (pages / "assets" / "a.js").write_text("1", encoding="utf-8")
    (pages / "desk-worker.js").write_text("1", encoding="utf-8")
    (pages / "desk-pickup.webmanifest").write_text("{}", encoding="utf-8")
    (pages / "residents-worker.js").write_text("1", encoding="utf-8")
    async with running_agent(write_config(folder, NOBODY, "page-1", 'pages_dir = "pages"')) as running:
        yield running


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Running]:
    """One that nobody has scanned at."""
    async with offline_agent(tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unmoved_agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """For tests that change nothing: all of them ask this one, and none of them has booked anything in the end."""
    async with offline_agent(tmp_path_factory.mktemp("page")) as running:
        yield running
        status = await running.status()
        assert (status["queue"]["event"]["unsent"], status["last_scan"], status["mode"]) == (0, None, "receive")


async def test_the_status_says_what_staff_must_know(agent: Running) -> None:
    await agent.scan(parcel_label(1))
    status = await agent.status()
    assert (status["site"], status["name"], status["mode"], status["manifest"]) == ("page-1", "阳光花园自提点", "receive", 0)
    assert status["uplink"]["online"] is False
    assert status["uplink"]["last_sync_ms"] is None
    assert status["queue"]["event"]["unsent"] == 1
    assert status["queue"]["event"]["oldest_ms"] > 0
    assert status["store"]["state"] == "ok"
    assert status["store"]["synchronous"] is True
    assert status["last_scan"]["parcel"] == parcel_label(1)
    assert status["clock"]["quality"] in ("synced", "unsynced")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_browser_at_an_unknown_address_is_told_so_in_both_languages_with_a_way_home(unmoved_agent: Running) -> None:
    page = await unmoved_agent.http.get("/nosuch", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    for part in ("没有这个页面", "There is no such page", 'href="/"'):
        assert part in page.text
    answer = await unmoved_agent.http.get("/api/nosuch", headers={"Accept": "text/html"})
    assert answer.json()["error"]["code"] == "nothing_here"


async def test_scans_are_listed_newest_first_and_undone_by_id_or_the_last(agent: Running) -> None:
    first, second = await agent.scan(parcel_label(1)), await agent.scan(parcel_label(2))
    by_id = await agent.http.post("/api/undo", json={"id": first["id"], "actor": "staff-3"})
    last = await agent.http.post("/api/undo", json={"actor": "staff-3"})
    assert [by_id.json()["scan"]["parcel"], last.json()["scan"]["parcel"]] == [parcel_label(1), parcel_label(2)]
    scans = (await agent.http.get("/api/scans", params={"limit": 2})).json()["scans"]
    assert [(one["id"], one["undone"], one["can_undo"]) for one in scans] == [
        (second["id"], True, False),
        (first["id"], True, False),
    ]


async def test_the_mode_changes_what_the_next_scan_means(agent: Running) -> None:
    await agent.scan(parcel_label(1))
    assert (await agent.http.post("/api/mode", json={"mode": "release"})).json()["mode"] == "release"
    assert (await agent.scan(parcel_label(2)))["kind"] == "wrong_site"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/api/scan", {}, 422, "text"),
        ("/api/scan", {"text": ""}, 422, "text"),
        ("/api/scan", {"text": "x" * 513}, 422, "text"),
        ("/api/scan", {"text": "x", "more": 1}, 422, "more"),
        ("/api/undo", {"id": "nonsense"}, 422, "id"),
        ("/api/undo", {}, 409, "id"),
        ("/api/undo", {"actor": "Wang Xiaoming"}, 422, "actor"),
        ("/api/scan", {"text": "x", "actor": "tel:13812345678"}, 422, "actor"),
        ("/api/mode", {"mode": "fly"}, 422, "mode"),
    ],
)
async def test_bad_input_is_refused_by_field_with_a_remedy(
    unmoved_agent: Running, path: str, body: dict[str, Any], status: int, field: str
) -> None:
    answer = await unmoved_agent.http.post(path, json=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["field"] == field
    assert error["message"]
    assert error["remedy"]


@pytest.mark.asyncio(loop_scope="module")
async def test_broken_json_an_unknown_path_and_a_silly_limit_are_said_in_the_same_form(unmoved_agent: Running) -> None:
    for answer in (
        await unmoved_agent.http.post("/api/scan", content=b"{", headers={"content-type": "application/json"}),
        await unmoved_agent.http.get("/api/nothing"),
        await unmoved_agent.http.get("/api/scans?limit=0"),
    ):
        assert answer.status_code in (404, 422)
        assert answer.json()["error"]["remedy"]


@pytest.mark.asyncio(loop_scope="module")
async def test_another_sites_page_cannot_book(unmoved_agent: Running) -> None:
    answer = await unmoved_agent.http.post("/api/scan", json={"text": parcel_label(1)}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await unmoved_agent.status())["queue"]["event"]["unsent"] == 0


@pytest.mark.asyncio(loop_scope="module")
async def test_the_page_and_its_parts_are_served_from_here(unmoved_agent: Running) -> None:
    page = await unmoved_agent.http.get("/")
    assert (page.status_code, page.headers["cache-control"], "提货" in page.text) == (200, "no-cache", True)
    assert (await unmoved_agent.http.get("/assets/a.js")).status_code == 200
    worker = await unmoved_agent.http.get("/desk-worker.js")  # a browser takes none of another type, and asks anew each time
    assert (worker.headers["content-type"].partition(";")[0], worker.headers["cache-control"]) == ("text/javascript", "no-cache")
    assert (await unmoved_agent.http.get("/desk-pickup.webmanifest")).headers["content-type"] == "application/manifest+json"
    assert (await unmoved_agent.http.get("/residents-worker.js")).status_code == 404
    assert (await unmoved_agent.http.get("/assets/../page-1.toml")).status_code == 404


async def test_without_a_built_page_it_says_how_to_get_one(tmp_path: Path) -> None:
    async with running_agent(write_config(tmp_path, NOBODY, "page-2")) as agent:
        answer = await agent.http.get("/")
        assert answer.status_code == 404
        assert "make pages" in answer.json()["error"]["remedy"]


async def test_the_stream_begins_with_the_status_and_tells_each_scan(agent: Running) -> None:
    async with agent.http.stream("GET", "/api/live") as stream:
        lines = stream.aiter_lines()
        assert json.loads(await _next_data(lines))["type"] == "status"
        asking = asyncio.create_task(agent.scan(parcel_label(1)))
        told = [json.loads(await _next_data(lines)) for _ in range(2)]
        await asking
    scans = [one["scan"]["parcel"] for one in told if one["type"] == "scan"]
    assert scans == [parcel_label(1)]


async def test_a_socket_hears_the_same(agent: Running) -> None:
    async with websockets.connect(str(agent.http.base_url).replace("http", "ws") + "/api/live") as connection:
        assert json.loads(await connection.recv())["type"] == "status"
        await agent.scan(parcel_label(1))
        told = [json.loads(await connection.recv()) for _ in range(2)]
    assert [one["scan"]["parcel"] for one in told if one["type"] == "scan"] == [parcel_label(1)]


async def test_an_agent_that_stops_says_so_to_the_pages_that_look_on(tmp_path: Path) -> None:
    async with offline_agent(tmp_path) as agent:
        connection = await websockets.connect(str(agent.http.base_url).replace("http", "ws") + "/api/live")
        assert json.loads(await connection.recv())["type"] == "status"
    await connection.wait_closed()
    assert (connection.close_code, connection.close_reason) == (1012, "the agent stops; come back")


def test_an_answers_body_does_not_wait_for_the_acknowledgement_of_its_head() -> None:
    with listen(HttpSettings(port=0)) as listener, socket.create_connection(listener.getsockname()[:2]) as page:
        connection, _ = listener.accept()
        with connection:
            assert page.getpeername() == listener.getsockname()
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def _next_data(lines: AsyncIterator[str]) -> str:
    async with asyncio.timeout(15):
        async for line in lines:
            if line.startswith("data: "):
                return line.removeprefix("data: ")
    raise AssertionError("the stream has ended")


def make_certificate(folder: Path, *names: str) -> None:
    """``cert.pem`` and ``key.pem``, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


async def test_with_a_certificate_the_page_is_served_by_https_alone_and_its_cookie_too(tmp_path: Path) -> None:
    make_certificate(tmp_path, "localhost")
    config = write_config(tmp_path, NOBODY, "page-9", 'cert_file = "cert.pem"\nkey_file = "key.pem"')
    trust = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    url = f"https://localhost:{config.http.port}"
    async with running_agent(config), httpx.AsyncClient(base_url=url, verify=trust) as secure:
        assert (await secure.get("/api/status")).json()["site"] == "page-9"
        logged_in = await secure.post("/api/log-in", json={"secret": "0000"}, headers={"Origin": url})
        assert logged_in.status_code == 200
        assert "secure" in logged_in.headers["set-cookie"].lower()
        with pytest.raises(httpx.TransportError):
            await secure.get(f"http://localhost:{config.http.port}/api/status")


@pytest.mark.parametrize(
    ("cert", "key", "words"),
    [("none.pem", "key.pem", "none.pem: No such file"), ("key.pem", "key.pem", "name PEM files"), ("cert.pem", "text.pem", "PEM")],
)
async def test_a_certificate_that_is_none_stops_the_start_with_the_remedy(tmp_path: Path, cert: str, key: str, words: str) -> None:
    make_certificate(tmp_path, "localhost")
    (tmp_path / "text.pem").write_text("no key")
    config = write_config(tmp_path, NOBODY, "page-9", f'cert_file = "{cert}"\nkey_file = "{key}"')
    with pytest.raises(StartError, match=words):
        await agent_of(config, "", "").run()
