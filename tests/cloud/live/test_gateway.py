"""The gateway with real sockets and a real database."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from cloud.auth.links import LEADER_LINKS
from cloud.domain.notices import RoomNotice
from cloud.live import sockets as sockets_module
from cloud.live.rooms import PAGE_ENTRIES
from cloud.store.rooms import change, entry
from edge.wire.clock import utc
from tests.cloud.api.world import LABELS, NOW, scan
from tests.cloud.live.conftest import DEADLINE_S, Client, Live

pytestmark = pytest.mark.slow

HOUR_MS = 3_600_000


async def write(live: Live, room: str, **bodies: object) -> int:
    """Change entries as a fold does; returns the room's version."""
    async with live.connection.transaction():
        versions = await change(live.connection, [entry(room, key, body) for key, body in bodies.items()], NOW)
    return versions[0].version


async def give_order(live: Live, order_id: str = "op-a/A-1", site: str = "st-a1", parcels: Sequence[str] = LABELS[:1]) -> None:
    operator, _, external = order_id.partition("/")
    await live.connection.execute(
        """
        INSERT INTO customer_order (id, operator_id, external_id, site_id, pickup_date, placed_at, state_at)
        VALUES (%s, %s, %s, %s, '2026-11-23', %s, %s)
        """,
        [order_id, operator, external, site, NOW, NOW],
    )
    for parcel in parcels:
        await live.connection.execute(
            "INSERT INTO parcel (id, operator_id, order_id, site_id, zone, created_at) VALUES (%s, %s, %s, %s, 'ambient', %s)",
            [parcel, operator, order_id, site, NOW],
        )


async def give_leader(live: Live) -> None:
    """Who keeps st-a1."""
    await live.connection.execute(
        "INSERT INTO leader (operator_id, id, name, keeps_site_id, created_at) VALUES ('op-a', 'L1', '王姐', 'st-a1', %s)", [NOW]
    )


async def closed_code(client: Client) -> int:
    """Read to the end; the close code."""
    async with asyncio.timeout(DEADLINE_S):
        await client.socket.wait_closed()
    assert client.socket.close_code is not None
    return client.socket.close_code


async def test_a_scan_moves_the_timeline_of_whoever_holds_the_link(live: Live) -> None:
    await give_order(live)
    async with live.client(live.signer.sign("op-a/A-1", 1)) as page:
        first = await page.subscribe("order:op-a/A-1")
        assert (first["snapshot"], first["entries"], first["cursor"]) == (True, [], 0)
        versions = await scan(live.connection, "st-a1", LABELS[0], "parcel_received", 1)
        moved = await page.hear_type("entries")
    body = moved["entries"][0]["body"]
    now = next(one.version for one in versions if one.room == "order:op-a/A-1")
    assert (moved["room"], moved["cursor"], body["state"]) == ("order:op-a/A-1", now, "ready")
    assert [step["state"] for step in body["timeline"]] == ["placed", "received", "ready"]


async def test_a_browser_that_comes_back_after_an_hour_gets_what_it_missed_and_nothing_else(live: Live) -> None:
    room = "site:st-a1"
    for number in range(40):
        await write(live, room, **{f"parcel/{number}": {"n": 0}})
    async with live.client(live.tokens["leader-a1"]) as page:
        cursor = (await page.subscribe(room))["cursor"]
    live.clock.ms += HOUR_MS
    for number in range(3):
        for again in range(5):
            await write(live, room, **{f"parcel/{number}": {"n": again + 1}})
    newest = await write(live, room, **{"parcel/39": None})
    async with live.client(live.tokens["leader-a1"]) as page:
        missed = await page.subscribe(room, cursor)
    assert missed["snapshot"] is False
    assert {one["key"]: one["body"] for one in missed["entries"]} == {
        "parcel/0": {"n": 5}, "parcel/1": {"n": 5}, "parcel/2": {"n": 5}, "parcel/39": None,
    }  # fmt: skip
    assert missed["cursor"] == newest > cursor


async def test_a_cursor_from_a_future_that_a_restore_undid_gets_a_snapshot(live: Live) -> None:
    version = await write(live, "site:st-a1", status={"online": True})
    async with live.client(live.tokens["leader-a1"]) as page:
        frame = await page.subscribe("site:st-a1", version + 9_000)
    assert (frame["snapshot"], frame["cursor"], len(frame["entries"])) == (True, version, 1)


async def test_a_room_that_grows_again_after_a_restore_never_reaches_a_cursor_of_the_lost_time(live: Live) -> None:
    backup = await write(live, "site:st-a1", **{"parcel/1": {"n": 1}})
    lost = await write(live, "site:st-a1", **{"parcel/1": {"n": 2}})
    await live.connection.execute("UPDATE room SET version = %s", [backup])
    await live.connection.execute("UPDATE room_entry SET version = %s", [backup])
    await write(live, "site:st-a1", **{"parcel/2": {"n": 1}})
    async with live.client(live.tokens["leader-a1"]) as page:
        missed = await page.subscribe("site:st-a1", lost)
    assert [one["key"] for one in missed["entries"]] == ["parcel/2"]


async def test_a_database_restored_under_open_sockets_gives_them_a_snapshot(live: Live) -> None:
    for number in range(5):
        await write(live, "site:st-a1", status={"n": number})
    async with live.client(live.tokens["leader-a1"]) as page:
        assert (await page.subscribe("site:st-a1"))["cursor"] > 2
        async with live.connection.transaction():
            await live.connection.execute("UPDATE room SET version = 2")
            await live.connection.execute("""UPDATE room_entry SET version = 2, body = '{"n": 1}'""")
        frame = await page.hear_type("entries")
    assert (frame["snapshot"], frame["cursor"], frame["entries"][0]["body"]) == (True, 2, {"n": 1})


async def test_a_large_room_comes_in_pages_of_which_only_the_first_is_a_snapshot(live: Live) -> None:
    keys = [f"parcel/{number}" for number in range(2 * PAGE_ENTRIES + 7)]
    for key in keys:
        await write(live, "site:st-a1", **{key: {"key": key}})
    newest = await write(live, "site:st-a1", **{f"together/{number}": {} for number in range(PAGE_ENTRIES + 5)})
    async with live.client(live.tokens["leader-a1"]) as page:
        frames = [await page.subscribe("site:st-a1")]
        while frames[-1]["cursor"] < newest:
            frames.append(await page.hear_type("entries"))
    assert [frame["snapshot"] for frame in frames] == [True] + [False] * (len(frames) - 1)
    heard = [one["key"] for frame in frames for one in frame["entries"]]
    assert len(heard) == len(set(heard)) == len(keys) + PAGE_ENTRIES + 5


async def test_a_hint_is_enough_and_an_old_hint_is_nothing(live: Live) -> None:
    async with live.client(live.tokens["leader-a1"]) as page:
        await page.subscribe("site:st-a1")
        version = await write(live, "site:st-a1", status={"online": True})
        live.gateway.hint([RoomNotice("site:st-a1", version), RoomNotice("site:nobody-is-here", 4)])
        assert (await page.hear_type("entries"))["cursor"] == version
        live.gateway.hint([RoomNotice("site:st-a1", 0), RoomNotice("site:st-a1", version)])
    assert live.meters.hints.labels("no")._value.get() >= 3


async def test_what_a_notice_tells_is_not_read_again(live: Live) -> None:
    room = "site:st-a1"
    first = await write(live, room, status={"n": 1})
    told = (("told", b'{"n":2}'), ("status", None))
    async with live.client(live.tokens["leader-a1"]) as page:
        await page.subscribe(room)
        reads = live.meters.fetch_seconds._sum.get()
        live.gateway.hint([RoomNotice(room, first + 9, first, "2026-11-22T08:00:00.000Z", told)])
        frame = await page.hear_type("entries")
        assert (frame["cursor"], frame["snapshot"]) == (first + 9, False)
        assert [(one["key"], one["at"], one["body"]) for one in frame["entries"]] == [
            ("told", "2026-11-22T08:00:00.000Z", {"n": 2}),
            ("status", "2026-11-22T08:00:00.000Z", None),
        ]
        assert live.meters.fetch_seconds._sum.get() == reads


@pytest.mark.parametrize(
    ("who", "room"),
    [
        ("leader-a1", "site:st-a2"), ("leader-a1", "site:st-b1"),
        ("leader-a1", "operator:op-a"), ("leader-a1", "operator:op-b"),
        ("staff-a1", "site:st-a2"), ("dispatcher-a", "site:st-b1"), ("dispatcher-a", "operator:op-b"),
        ("dispatcher-b", "order:op-a/A-1"),
        ("leader-b1", "order:op-a/A-1"), ("link", "order:op-a/A-2"), ("link", "site:st-a1"), ("link", "operator:op-a"),
        ("group", "group:op-a/L2"), ("group", "group:op-b/L1"), ("group", "site:st-a1"), ("group", "order:op-a/A-1"),
        ("group", "operator:op-a"), ("group", "vans:op-a"), ("link", "group:op-a/L1"), ("dispatcher-b", "group:op-a/L1"),
        ("admin", "nonsense:x"), ("admin", "order:"),
    ],
)  # fmt: skip
async def test_a_room_of_others_is_refused_and_the_socket_stays(live: Live, who: str, room: str) -> None:
    await give_order(live)
    await give_order(live, "op-a/A-2", parcels=LABELS[1:2])
    await give_leader(live)
    links = {"link": live.signer, "group": live.signer.of_kind(LEADER_LINKS)}
    token = links[who].sign("op-a/A-1" if who == "link" else "op-a/L1", 1) if who in links else live.tokens[who]
    async with live.client(token) as page:
        await page.say(type="subscribe", rooms=[{"room": room}])
        refused = await page.hear()
        assert (refused["type"], refused["field"]) == ("error", "rooms[0]")
        await page.say(type="ping")
        assert (await page.hear())["type"] == "pong"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b", "x" * 900, "WyJvcC1hL0EtMSIsMSwxXQ.AAAA"])
async def test_a_bad_token_is_refused(live: Live, token: str) -> None:
    async with live.client() as page:
        await page.say(type="hello", token=token)
        assert (await page.hear())["field"] == "token"
        assert await closed_code(page) == 4401


async def test_the_session_cookie_of_the_handshake_stands_for_a_token(live: Live) -> None:
    headers = {"Cookie": f"other=1; tt_session={live.tokens['leader-a1']}"}
    async with live.client(additional_headers=headers) as page:
        await page.say(type="hello")
        assert (await page.hear())["type"] == "welcome"


async def test_logging_out_ends_the_socket(live: Live) -> None:
    async with live.client(live.tokens["leader-a1"]) as page, live.client(live.tokens["leader-a2"]) as other:
        await live.connection.execute("DELETE FROM session USING account WHERE account.id = account_id AND login = 'leader-a1'")
        assert await closed_code(page) == 4401
        await other.say(type="ping")
        assert (await other.hear())["type"] == "pong"


async def test_a_link_that_expires_or_is_taken_back_ends_its_sockets(live: Live) -> None:
    await give_order(live)
    await give_order(live, "op-a/A-2", parcels=LABELS[1:2])
    expiring, revoked = live.signer.sign("op-a/A-1", 1, life_ms=HOUR_MS), live.signer.sign("op-a/A-2", 1)
    async with live.client(expiring) as first, live.client(revoked) as second:
        await live.connection.execute("UPDATE customer_order SET link_version = 2 WHERE id = 'op-a/A-2'")
        assert await closed_code(second) == 4401
        live.clock.ms += HOUR_MS
        assert await closed_code(first) == 4401


async def test_a_leaders_link_follows_the_own_group_until_it_is_taken_back(live: Live) -> None:
    await give_leader(live)
    await give_order(live)
    links = live.signer.of_kind(LEADER_LINKS)
    token = links.sign("op-a/L1", 1)
    async with live.client(token) as page, live.client(links.sign("op-a/L1", 1, life_ms=HOUR_MS)) as expiring:
        await page.subscribe("group:op-a/L1")
        await scan(live.connection, "st-a1", LABELS[0], "parcel_received", 1)
        moved = await page.hear_type("entries")
        assert [(one["key"], one["body"]["state"]) for one in moved["entries"]] == [("order/op-a/A-1", "ready")]
        live.clock.ms += HOUR_MS
        assert await closed_code(expiring) == 4401
        await live.connection.execute("UPDATE leader SET link_version = 2")
        assert await closed_code(page) == 4401
    async with live.client() as page:
        await page.say(type="hello", token=token)
        assert "taken back" in (await page.hear())["message"]


async def test_a_leader_who_loses_a_station_loses_its_room(live: Live) -> None:
    async with live.client(live.tokens["leader-a1"]) as page:
        await page.subscribe("site:st-a1")
        await live.connection.execute("DELETE FROM account_site WHERE site_id = 'st-a1'")
        assert (await page.hear_type("error"))["field"] == "rooms"
        await write(live, "site:st-a1", status={"online": True})
        await page.say(type="subscribe", rooms=[{"room": "site:st-a1"}])
        assert (await page.hear())["field"] == "rooms[0]"


async def test_a_dispatcher_whose_operator_gains_a_station_sees_it_without_a_new_log_in(live: Live) -> None:
    async with live.client(live.tokens["dispatcher-a"]) as page:
        await page.subscribe("operator:op-a")
        await live.connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('st-new', 'station', 'N', now())")
        await live.connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES ('st-new', 'op-a')")
        async with asyncio.timeout(DEADLINE_S):
            while True:
                await page.say(type="subscribe", rooms=[{"room": "site:st-new"}])
                if (await page.hear())["type"] == "entries":
                    break
                await asyncio.sleep(0.1)


async def test_a_dispatcher_leaves_the_room_of_a_station_that_another_operator_begins_to_use(live: Live) -> None:
    async with live.client(live.tokens["dispatcher-a"]) as page, live.client(live.tokens["leader-a1"]) as station:
        await page.say(type="subscribe", rooms=[{"room": "site:st-both"}])
        assert (await page.hear())["field"] == "rooms[0]"
        await page.subscribe("site:st-a1")
        await station.subscribe("site:st-a1")
        await live.connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES ('st-a1', 'op-b')")
        assert (await page.hear_type("error"))["field"] == "rooms"
        await write(live, "site:st-a1", **{"parcel/X": {"id": "X"}})
        assert (await station.hear_type("entries"))["entries"][0]["key"] == "parcel/X"
        await page.say(type="ping")
        assert (await page.hear())["type"] == "pong"  # and nothing before it


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ("", "frame"), ("{", "frame"), ("null", "frame"), ("[]", "frame"), ('{"type": 7}', "type"), ('{"type": "shout"}', "type"),
        ("{}", "type"), ('{"type": "subscribe"}', "rooms"), ('{"type": "subscribe", "rooms": []}', "rooms"),
        ('{"type": "subscribe", "rooms": [{"room": "site:st-a1", "cursor": -1}]}', "rooms[0].cursor"),
        ('{"type": "subscribe", "rooms": [{"room": "site:st-a1", "cursor": 1e400}]}', "rooms[0].cursor"),
        ('{"type": "subscribe", "rooms": [{"room": "site:\\u0000"}]}', "rooms[0].room"),
        ('{"type": "subscribe", "rooms": [{"room": "site:\\ud800"}]}', "frame"),
        ('{"type": "hello", "token": "again"}', "type"), ("[" * 10_000, "frame"), (b"\x00\x01", "frame"),
        (json.dumps({"type": "subscribe", "rooms": [{"room": f"site:x{n}"} for n in range(101)]}), "rooms"),
    ],
)  # fmt: skip
async def test_a_bad_frame_is_answered_with_the_field_and_the_socket_stays(live: Live, frame: str | bytes, field: str) -> None:
    async with live.client(live.tokens["leader-a1"]) as page:
        await page.socket.send(frame)
        answer = await page.hear()
        assert (answer["type"], answer["field"]) == ("error", field)
        assert answer["message"]
        assert answer["remedy"]
        assert (await page.subscribe("site:st-a1"))["snapshot"] is True


async def test_a_frame_that_is_too_large_ends_the_socket(live: Live) -> None:
    async with live.client(live.tokens["leader-a1"]) as page:
        await page.socket.send("x" * 20_000)
        assert await closed_code(page) == 1009


async def test_before_hello_nothing_is_shown(live: Live) -> None:
    async with live.client() as page:
        await page.say(type="subscribe", rooms=[{"room": "site:st-a1"}])
        assert (await page.hear())["field"] == "type"


async def test_elsewhere_than_live_there_is_no_socket(live: Live) -> None:
    host, port = live.url.removeprefix("ws://").removesuffix("/live").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /secrets HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")  # fmt: skip
    assert b" 404 " in await reader.readline()
    writer.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def narrow_client(live: Live, room: str) -> AsyncIterator[Client]:
    """Subscribed, its receive buffers as small as the kernel lets them be, and not reading."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2048)
    host, port = live.url.removeprefix("ws://").removesuffix("/live").split(":")
    raw.connect((host, int(port)))
    raw.setblocking(False)
    async with live.client(live.tokens["admin"], sock=raw, max_queue=1) as client:
        await client.subscribe(room)
        client.socket.transport.pause_reading()
        yield client
        client.socket.transport.abort()


async def flood(live: Live, page: Client, room: str, count: int, text: str) -> list[int]:
    """Change one entry again and again, each time waiting until the page has it."""
    heard = []
    for number in range(count):
        live.gateway.hint([RoomNotice(room, await write(live, room, status={"n": number, "text": text}))])
        heard.append((await page.hear_type("entries"))["entries"][0]["body"]["n"])
    return heard


async def test_a_client_that_never_reads_delays_nobody_costs_one_buffer_and_is_cut_off(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, text = "site:st-a1", "x" * 40_000
    async with narrow_client(live, room), live.client(live.tokens["leader-a1"]) as page:
        await page.subscribe(room)
        assert await flood(live, page, room, 60, text) == list(range(60))
        (deaf,) = live.gateway._lagging.sockets
        assert deaf.unsent_bytes < sockets_module.LAGGING_BYTES + 2 * len(text)
        monkeypatch.setattr(sockets_module, "CUT_OFF_S", 0.1)
        await until(lambda: deaf not in live.gateway._sockets)
        assert len(live.gateway._sockets) == 1
        assert not live.gateway._lagging.sockets


async def test_a_client_that_reads_again_gets_the_newest_state_and_not_what_lies_between(live: Live) -> None:
    room, text = "site:st-a1", "x" * 40_000
    async with narrow_client(live, room) as slow, live.client(live.tokens["leader-a1"]) as page:
        await page.subscribe(room)
        await flood(live, page, room, 60, text)
        slow.socket.transport.resume_reading()
        heard: list[int] = []
        while not heard or heard[-1] < 59:
            heard.append((await slow.hear_type("entries"))["entries"][0]["body"]["n"])
    assert heard == sorted(set(heard))
    assert len(heard) < 30


async def test_while_the_database_is_away_sockets_stay_and_are_told_and_then_catch_up(live: Live) -> None:
    name = live.connection.info.dbname
    async with live.client(live.tokens["leader-a1"]) as page:
        await page.subscribe("site:st-a1")
        admin = await type(live.connection).connect(
            live.connection.info.dsn, password=live.connection.info.password, dbname="postgres", autocommit=True
        )
        async with admin:
            await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            stale = await page.hear_type("stale")
            assert stale["since"] == utc(live.clock.ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            await page.say(type="ping")
            assert (await page.hear_type("pong"))["clock"]["now_ms"] == live.clock.ms
            await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        async with await type(live.connection).connect(
            live.connection.info.dsn, password=live.connection.info.password, autocommit=True
        ) as connection:
            live.connection = connection
            await write(live, "site:st-a1", status={"online": True})
        heard = {(await page.hear())["type"], (await page.hear())["type"]}
    assert heard == {"fresh", "entries"}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_the_cookie_counts_for_nothing_where_another_sites_page_opens_the_socket(live: Live, origin: str) -> None:
    cookie = {"Cookie": f"tt_session={live.tokens['leader-a1']}"}
    async with live.client(additional_headers={**cookie, "Origin": origin}) as page:
        await page.say(type="hello")
        assert (await page.hear())["field"] == "token"
        assert await closed_code(page) == 4401
    async with live.client(additional_headers={**cookie, "Origin": "http://127.0.0.1:8080"}) as page:
        await page.say(type="hello")
        assert (await page.hear())["type"] == "welcome"
    async with live.client(live.tokens["leader-a1"], additional_headers={"Origin": origin}):
        pass  # who has the token itself is no stranger
