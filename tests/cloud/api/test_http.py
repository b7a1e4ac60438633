"""The edge of the api: forms of error, limits, log-in, links, health, pages."""

import asyncio
import contextlib
import socket
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from cloud.api.app import create_app, gated, run
from cloud.api.gate import MAX_BODY_BYTES
from cloud.api.openapi import description
from cloud.api.status_tool import main as status
from cloud.auth.attempts import MAX_PER_ADDRESS, MAX_PER_LOGIN, AttemptCounter
from cloud.config import CloudConfig
from cloud.store.heartbeat import beat
from cloud.trouble import Trouble
from tests.cloud.api.world import PASSWORD, TestClock, World, order
from tests.conftest import find_free_port

ORDERS = "/api/operators/op-a/orders"


def fault(answer: httpx.Response) -> dict[str, str]:
    """The error of an answer, which must have the one form."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"field", "message", "remedy", "code", "params"}
    assert body["error"]["message"]
    error: dict[str, str] = body["error"]
    return error


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "field"),
    [
        ("GET", "/api/nothing", {}, 404, "path"),
        ("GET", "/nothing", {}, 404, "path"),
        ("PUT", "/api/login", {}, 405, "method"),
        ("POST", "/api/login", {"content": b"{"}, 400, "body"),
        ("POST", "/api/login", {"content": b"\xff\xfe{}"}, 400, "body"),
        ("POST", "/api/login", {"content": b"[" * 200_000}, 400, "body"),
        ("POST", "/api/login", {"json": {}}, 422, "login"),
        ("POST", "/api/login", {"json": {"login": "a\0b", "password": "x"}}, 422, "login"),
        ("POST", "/api/login", {"content": b'{"login": "\\ud800", "password": "x"}'}, 422, "login"),
        ("POST", "/api/login", {"json": {"login": "x" * 81, "password": "x"}}, 422, "login"),
        ("GET", "/api/sites/a%00b", {}, 400, "path"),
        ("GET", f"{ORDERS}?q=%00", {}, 400, "path"),
        ("GET", f"{ORDERS}?limit=0", {}, 422, "limit"),
        ("GET", f"{ORDERS}?limit=many", {}, 422, "limit"),
        ("GET", f"{ORDERS}?date=2026-99-01", {}, 422, "date"),
        ("GET", f"{ORDERS}?state=flying", {}, 422, "state"),
        ("GET", "/x" * 2000, {}, 414, "path"),
        ("POST", ORDERS, {"content": b'{"not": "a list"}'}, 422, "body"),
        ("POST", ORDERS, {"content": b"x" * (MAX_BODY_BYTES + 1)}, 413, "body"),
        ("POST", f"{ORDERS}/csv", {"content": b""}, 422, "file"),
        ("POST", f"{ORDERS}/csv", {"content": b"\xff\xff\xff"}, 422, "file"),
        ("POST", f"{ORDERS}/csv", {"data": {"file": "no file"}, "files": {}}, 422, "external_id"),
        ("POST", "/api/sites", {"json": {"id": "St 1", "kind": "station", "name": "x"}}, 422, "id"),
        ("POST", "/api/sites", {"json": {"id": "s", "kind": "shop", "name": "x"}}, 422, "kind"),
        ("POST", "/api/sites", {"content": b'{"id": "s", "kind": "van", "name": "x", "lat": NaN, "lon": 1}'}, 422, "lat"),
        ("POST", "/api/sites", {"json": {"id": "s", "kind": "van", "name": "x", "lat": 91, "lon": 1}}, 422, "lat"),
        ("POST", "/api/sites", {"json": {"id": "s", "kind": "van", "name": "x", "lat": 1}}, 422, "lon"),
        ("POST", "/api/sites", {"json": {"id": "s", "kind": "van", "name": "x", "operators": ["op-b"]}}, 403, "operators"),
        ("POST", "/api/sites", {"json": {"id": "st-b1", "kind": "van", "name": "x"}}, 409, "id"),
        ("POST", "/api/quarantine/99/replay", {}, 404, "quarantine_id"),
        ("GET", f"/api/quarantine/{2**70}", {}, 404, "quarantine_id"),
        ("GET", "/api/quarantine/x", {}, 422, "quarantine_id"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, str) else "",
)
async def test_every_refusal_has_the_one_form(
    world: World, method: str, path: str, sent: dict[str, Any], status: int, field: str
) -> None:
    answer = await world.call(
        "dispatcher-a", method, path, headers={"Content-Type": "application/json"} if "content" in sent else {}, **sent
    )
    assert answer.status_code == status, answer.text
    assert fault(answer)["field"] == field


async def test_a_body_that_grows_past_the_limit_without_saying_so_is_refused(world: World) -> None:
    async def body() -> Any:
        for _ in range(MAX_BODY_BYTES // 100_000 + 2):
            yield b"x" * 100_000

    with capture_logs() as said:
        answer = await world.post("dispatcher-a", f"{ORDERS}/csv", content=body())
        as_json = await world.post("dispatcher-a", ORDERS, content=body())
    assert [one.status_code for one in (answer, as_json)] == [413, 413]
    assert fault(answer)["field"] == "body"
    # Whoever sends too much does not fill the disk with what we write of it.
    assert [(line["event"], line["status"]) for line in said] == [("request", 413), ("request", 413)]


async def test_two_apps_of_a_process_share_routes_and_nothing_else(world: World, config: CloudConfig, clock: TestClock) -> None:
    await world.post("dispatcher-a", ORDERS, json=[order()])
    token = (await world.post("dispatcher-a", f"{ORDERS}/A-1001/link")).json()["token"]
    other = config.model_copy(update={"secret": SecretStr("another secret of thirty-two characters")})
    app = create_app(other, clock)
    transport = httpx.ASGITransport(app=gated(app, other))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://tuantu.test") as client:
        for _ in range(2):  # whoever was asked first, each answers by its own services
            assert (await client.get(f"/api/links/{token}")).status_code == 404
            assert (await world.get(None, f"/api/links/{token}")).status_code == 200
    counted = (await world.get("admin", "/metrics")).text
    assert 'route="/api/links/{token}",status="200"' in counted


async def test_logging_in_gives_a_token_and_a_cookie_that_scripts_and_other_sites_do_not_get(world: World) -> None:
    answer = await world.post(None, "/api/login", json={"login": " Leader-A1 ", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["account"]["sites"] == ["st-a1"]
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert (await world.get(None, "/api/me")).json()["login"] == "leader-a1"
    token = answer.json()["token"]
    kept = await world.one("SELECT string_agg(encode(token_sha256, 'hex') || s::text, ' ') FROM session s")
    assert token not in kept
    assert (await world.post(None, "/api/logout")).status_code == 204
    assert (await world.get(None, "/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401


async def test_under_https_the_cookie_is_secure(world: World, config: CloudConfig) -> None:
    config = config.model_copy(update={"public_url": "https://tuantu.example"})
    app = create_app(config, world.clock)
    async with app.router.lifespan_context(app), httpx.AsyncClient(
        transport=httpx.ASGITransport(app=gated(app, config)), base_url="http://t"
    ) as client:  # fmt: skip
        answer = await client.post("/api/login", json={"login": "admin", "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_log_in_that_is_not_there_and_a_wrong_password_look_alike(world: World) -> None:
    answers = [
        await world.post(None, "/api/login", json={"login": login, "password": password})
        for login, password in (("nobody", PASSWORD), ("admin", "wrong password"))
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text


async def test_too_many_attempts_lock_a_log_in_and_only_that_also_for_the_right_password(world: World) -> None:
    async def attempt(login: str, password: str) -> httpx.Response:
        return await world.post(None, "/api/login", json={"login": login, "password": password})

    # All at once: each is counted before its password is looked at.
    answers = await asyncio.gather(*(attempt("admin", "wrong password") for _ in range(MAX_PER_LOGIN + 3)))
    assert sorted(answer.status_code for answer in answers) == [401] * MAX_PER_LOGIN + [429] * 3
    locked = await attempt("admin", PASSWORD)
    assert (locked.status_code, fault(locked)["field"]) == (429, "login")
    assert 0 < int(locked.headers["retry-after"]) <= 900
    assert (await attempt("leader-a1", PASSWORD)).status_code == 200
    await world.connection.execute("UPDATE login_attempt SET started_at = started_at - interval '16 minutes'")
    assert (await attempt("admin", PASSWORD)).status_code == 200
    assert "admin" not in await world.one("SELECT coalesce(string_agg(a::text, ' '), '') FROM login_attempt a")


async def test_a_link_shows_its_order_until_it_expires_or_is_taken_back(world: World) -> None:
    await world.post("dispatcher-a", ORDERS, json=[order(), order("A-2")])
    made = (await world.post("leader-a1", f"{ORDERS}/A-1001/link")).json()
    assert made["url"] == f"http://127.0.0.1:8080/o/{made['token']}"
    shown = (await world.get(None, f"/api/links/{made['token']}")).json()
    cursor = await world.one("SELECT version FROM room WHERE name = 'order:op-a/A-1001'")
    assert (shown["order"]["external_id"], shown["room"], shown["cursor"]) == ("A-1001", "order:op-a/A-1001", cursor)
    assert shown["live_url"] == "ws://127.0.0.1:8081/live"
    assert shown["clock"] == {"now_ms": world.clock.ms, "rate": 1.0, "simulated": False}
    for token in (made["token"][:-2], "x" + made["token"], "nonsense", "a.b", "x" * 1000):
        answer = await world.get(None, f"/api/links/{token}")
        assert (answer.status_code, fault(answer)["field"]) == (404, "token")
    other = (await world.post("leader-a1", f"{ORDERS}/A-2/link")).json()["token"]
    assert (await world.call("dispatcher-a", "DELETE", f"{ORDERS}/A-2/link")).status_code == 204
    assert (await world.get(None, f"/api/links/{other}")).status_code == 410
    world.clock.ms += 7 * 24 * 3_600_000 - 1
    assert (await world.get(None, f"/api/links/{made['token']}")).status_code == 200
    world.clock.ms += 1
    assert (await world.get(None, f"/api/links/{made['token']}")).status_code == 410


async def test_the_log_names_no_link_and_no_person(world: World) -> None:
    await world.post("dispatcher-a", ORDERS, json=[order()])
    token = (await world.post("leader-a1", f"{ORDERS}/A-1001/link")).json()["token"]
    with capture_logs() as lines:
        await world.get(None, f"/api/links/{token}")
        await world.get(None, f"/o/{token}")
        await world.get("leader-a1", f"{ORDERS}?q=5678")
    assert [line["route"] for line in lines] == ["/api/links/{token}", "/o/{token}", "/api/operators/{operator_id}/orders"]
    assert token not in str(lines)
    assert "5678" not in str(lines)
    assert token not in (await world.get(None, "/metrics")).text


async def test_health_says_what_is_wrong(world: World) -> None:
    found = (await world.get(None, "/health")).json()
    assert found["status"] == "degraded"
    assert found["reasons"] == ["no ingest process runs", "no live process runs"]
    assert found["database"]["reachable"] is True
    assert found["database"]["mode"] in ("plain", "apache", "timescale")
    assert found["database"]["migrations"] > 0


async def test_health_is_ok_with_everybody_alive_and_not_with_a_silent_one(world: World, config: CloudConfig) -> None:
    await beat(world.connection, "ingest", "one")
    await beat(world.connection, "live", "one")
    assert (await world.get(None, "/health")).json()["status"] == "ok"
    await world.connection.execute("UPDATE heartbeat SET beat_at = beat_at - interval '2 minutes' WHERE process = 'ingest'")
    assert await status(["--json"], config, world.clock) == 1


async def test_without_a_database_health_is_down_and_requests_are_refused_kindly(world: World) -> None:
    name = world.connection.info.dbname
    password = world.connection.info.password
    async with await psycopg.AsyncConnection.connect(
        world.connection.info.dsn, password=password, dbname="postgres", autocommit=True
    ) as admin:
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        answer = await world.get("admin", "/api/sites")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "nothing was changed" in fault(answer)["message"]
        down = await world.get(None, "/health")
        assert (down.status_code, down.json()["status"]) == (503, "down")
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


async def test_what_cannot_be_committed_is_not_answered_as_done(world: World) -> None:
    await world.connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'at the commit'; END $$"
    )
    await world.connection.execute(
        "CREATE CONSTRAINT TRIGGER later AFTER INSERT ON site DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    body = {"id": "st-new", "kind": "station", "name": "新站"}
    with capture_logs():
        answer = await world.post("admin", "/api/sites", json=body)
    assert answer.status_code == 500
    assert await world.one("SELECT count(*) FROM site WHERE id = 'st-new'") == 0


async def test_registering_the_same_again_changes_nothing(world: World) -> None:
    operator = {"id": "op-c", "name": "C"}
    site = {"id": "st-c1", "kind": "station", "name": "站", "lat": 30.5, "lon": 114.3, "operators": ["op-c"]}
    for _ in range(2):
        assert (await world.post("admin", "/api/operators", json=operator)).status_code == 201
        assert (await world.post("admin", "/api/sites", json=site)).json()["operators"] == ["op-c"]
    assert (await world.post("admin", "/api/operators", json={**operator, "name": "D"})).status_code == 409
    assert (await world.post("admin", "/api/sites", json={**site, "lat": 30.6})).status_code == 409
    assert (await world.post("admin", "/api/sites", json={**site, "id": "st-c2", "operators": ["op-x"]})).status_code == 422
    assert await world.one("SELECT count(*) FROM site WHERE id = 'st-c2'") == 0


async def test_quarantine_is_turned_once(world: World) -> None:
    await world.connection.execute(
        """
        INSERT INTO quarantine (first_at, last_at, topic, properties, content_type, payload, payload_sha256, payload_bytes, reason,
                                detail)
        VALUES (now(), now(), 'nonsense', '{}', '', '\\x00ff', 'y', 2, 'topic', 'no topic of ours')
        """
    )
    (item,) = (await world.get("admin", "/api/quarantine")).json()["items"]
    path = f"/api/quarantine/{item['id']}"
    assert (await world.get("admin", path)).json()["payload_base64"] == "AP8="
    assert (await world.get("dispatcher-a", path)).status_code == 404
    assert (await world.post("admin", f"{path}/replay")).json()["state"] == "requested"
    assert (await world.post("admin", f"{path}/discard")).json()["state"] == "discarded"
    assert (await world.post("admin", f"{path}/replay")).status_code == 409
    assert (await world.get("admin", "/api/quarantine?state=kept")).json()["items"] == []


async def test_pages_come_from_the_folder_and_from_nowhere_else(world: World, config: CloudConfig) -> None:
    dist = config.pages_dir
    assert dist is not None
    assert "make pages" in (await world.get(None, "/")).text
    assert (await world.get(None, "/o/some.token")).status_code == 503
    (dist / "assets").mkdir(parents=True)
    for name in ("index.html", "residents.html", "driver.html", "ops.html", "assets/app-1f2e.js"):
        (dist / name).write_text(f"<!-- {name} -->")
    (dist.parent / "secret.txt").write_text("secret")
    (dist / "way-out.html").symlink_to(dist.parent / "secret.txt")
    for path, name in (
        ("/", "index.html"),
        ("/ops.html", "ops.html"),
        ("/o/some.token", "residents.html"),
        ("/d/some.token", "driver.html"),
    ):
        answer = await world.get(None, path)
        assert name in answer.text
        assert answer.headers["cache-control"] == "no-cache"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert "immutable" in (await world.get(None, "/assets/app-1f2e.js")).headers["cache-control"]
    for path in (
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/way-out.html",
        "/assets",
        "//etc/passwd",
    ):
        answer = await world.get(None, path)
        assert answer.status_code == 404, path
        assert "secret" not in answer.text


async def test_a_browser_at_an_unknown_address_is_told_so_in_both_languages_with_a_way_home(world: World) -> None:
    page = await world.client.get("/nosuch", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    for part in ("没有这个页面", "There is no such page", 'href="/"'):
        assert part in page.text
    for path, accept in (("/nosuch", "*/*"), ("/api/nosuch", "text/html")):
        answer = await world.client.get(path, headers={"Accept": accept})
        assert (answer.status_code, "error" in answer.json()) == (404, True)


def test_the_description_is_the_same_each_time_and_names_every_resource() -> None:
    text = description()
    assert text == description()
    for path in ("/api/login", "/api/operators/{operator_id}/orders", "/api/links/{token}", "/api/quarantine/{quarantine_id}"):
        assert f'"{path}"' in text
    assert "OrderIn" in text


def test_without_a_secret_nothing_starts(config: CloudConfig) -> None:
    with pytest.raises(Trouble, match="TUANTU_SECRET"):
        create_app(config.model_copy(update={"secret": SecretStr("")}), TestClock())


async def test_the_process_serves_and_stops(config: CloudConfig, world: World) -> None:
    port = find_free_port()
    task = asyncio.create_task(run(config.model_copy(update={"http_port": port}), world.clock))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client, asyncio.timeout(20):
        while True:
            with contextlib.suppress(httpx.ConnectError):
                answer = await client.get("/health")
                break
            await asyncio.sleep(0.02)
    assert answer.json()["database"]["reachable"] is True
    assert "server" not in answer.headers
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_site_was_heard_when_it_last_sent_something(world: World) -> None:
    await world.connection.execute(
        """
        INSERT INTO site_status (site_id, operator_id, boot, connect, online, heard_at)
            VALUES ('st-a1', 'op-a', 1, 1, true, '2026-11-22T07:00:00Z');
        INSERT INTO lane_floor (site_id, epoch, lane, heard_at) VALUES
            ('st-a1', gen_random_uuid(), 1, '2026-11-22T07:58:00Z'), ('st-a1', gen_random_uuid(), 2, '2026-11-22T07:59:00Z')
        """
    )
    seen = (await world.get("leader-a1", "/api/sites/st-a1")).json()
    assert (seen["heard_at"], seen["changed_at"]) == ("2026-11-22T07:59:00.000Z", "2026-11-22T07:00:00.000Z")


async def test_everybody_is_told_the_rooms_of_the_sites_there_are_for_them(world: World) -> None:
    rooms = {login: (await world.get(login, "/api/live")).json()["rooms"] for login in ("admin", "dispatcher-b", "staff-a1")}
    assert rooms == {"admin": ["sites:op-a", "sites:op-b"], "dispatcher-b": ["sites:op-b"], "staff-a1": ["site:st-a1"]}
    assert (await world.get(None, "/api/live")).status_code == 401


async def test_a_resident_is_told_until_when_to_pick_up(world: World) -> None:
    operator = {"id": "op-late", "name": "L", "pickup_until": "22:30"}
    assert (await world.post("admin", "/api/operators", json=operator)).json()["pickup_until"] == "22:30"
    assert (await world.post("admin", "/api/operators", json={**operator, "pickup_until": "21:00"})).status_code == 409
    await world.post("admin", "/api/sites", json={"id": "st-late", "kind": "station", "name": "L", "operators": ["op-late"]})
    await world.post("admin", "/api/operators/op-late/orders", json=[order("L-1", "st-late")])
    link = (await world.post("admin", "/api/operators/op-late/orders/L-1/link")).json()
    assert (await world.get(None, f"/api/links/{link['token']}")).json()["pickup_until"] == "22:30"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example", 403),
        ("null", 403),
        ("http://tuantu.test:8090", 403),  # another program of the same host, to which the browser sends the cookie too
        ("http://tuantu.test", 201),
        ("http://tuantu.test:80", 201),
        ("https://tuantu.test", 201),  # behind a proxy that ends TLS
        ("http://127.0.0.1:8080", 201),  # the public URL
        (None, 201),
    ],
)
async def test_a_cookie_writes_only_for_pages_of_ours(world: World, origin: str | None, status: int) -> None:
    headers = {"Cookie": f"tt_session={world.tokens['admin']}", **({"Origin": origin} if origin else {})}
    site = {"id": "st-new", "kind": "station", "name": "新站", "operators": ["op-a"]}
    answer = await world.post(None, "/api/sites", json=site, headers=headers)
    assert answer.status_code == status, answer.text
    assert await world.one("SELECT count(*) FROM site WHERE id = 'st-new'") == (status == 201)
    if status == 403:
        assert fault(answer)["code"] == "foreign_page"
        csv = await world.post(None, f"{ORDERS}/csv", content=b"x", headers={**headers, "Content-Type": "text/plain"})
        assert fault(csv)["code"] == "foreign_page"
        assert (await world.get(None, "/api/me", headers=headers)).status_code == 200


async def test_a_bearer_token_may_come_from_any_page(world: World) -> None:
    headers = {"Origin": "http://evil.example", "Cookie": f"tt_session={world.tokens['admin']}"}
    site = {"id": "st-new", "kind": "station", "name": "新站", "operators": ["op-a"]}
    assert (await world.post("admin", "/api/sites", json=site, headers=headers)).status_code == 201


@pytest.mark.parametrize(("trusted", "last"), [("", 429), ("127.0.0.1", 401)])
async def test_who_forwards_is_believed_only_where_a_setting_says_so(config: CloudConfig, trusted: str, last: int) -> None:
    port = find_free_port()
    config = config.model_copy(update={"http_port": port, "trusted_proxies": trusted})
    async with await psycopg.AsyncConnection.connect(config.database_url.get_secret_value(), autocommit=True) as connection:
        attempts = AttemptCounter(config.secret)
        for number in range(MAX_PER_ADDRESS):
            await attempts.admit(connection, f"guess-{number}", "127.0.0.1")
        task = asyncio.create_task(run(config, TestClock()))
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                while True:
                    with contextlib.suppress(httpx.ConnectError):
                        wrong = {"login": "nobody", "password": "x"}
                        answer = await client.post("/api/login", json=wrong, headers={"X-Forwarded-For": "203.0.113.7"})
                        break
                    await asyncio.sleep(0.02)
            assert answer.status_code == last, answer.text
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
