"""What becomes of messages, in a real database."""

from datetime import timedelta

from cloud.domain.scope import Role, Scope
from cloud.positions.flush import Allowance, Flusher
from cloud.positions.messages import Answer, Caller, Message
from cloud.positions.report import TrackerFix
from cloud.store.pool import Connection
from cloud.store.runs import step
from cloud.store.trackers import TrackerProtocol, broker_user, listed, revoke
from edge.wire.clock import to_ms
from tests.cloud.positions.world import LAT, LON, NOW, fix, phone, rows, run, said, tell, tracker

ADMIN = Scope(Role.ADMIN)


async def test_fixes_are_kept_and_shown_in_the_operators_room(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    flushed = await flusher.flush([said(phone("token-1"), fix(0, 0, speed_m_s=8.0), fix(10, 80, speed_m_s=8.0, battery=0.5))])
    assert flushed.answers == [Answer(kept=2)]
    assert await rows(connection, "SELECT site_id, count(*) FROM position GROUP BY 1") == [("van-1", 2)]
    assert {notice.room for notice in flushed.notices} == {"site:van-1", "vans:op-a"}
    ((body,),) = await rows(connection, "SELECT body FROM room_entry WHERE room = 'vans:op-a'")
    assert (body["site"], body["at"], body["speed_m_s"]) == ("van-1", "2026-11-22T08:00:10.000Z", 8.0)
    (standing,) = await listed(connection, ADMIN)
    assert (standing.fixes, standing.battery, standing.fix_at) == (2, 0.5, NOW + timedelta(seconds=10))


async def test_a_stranger_is_kept_in_quarantine_and_nothing_of_it_is_written(connection: Connection, flusher: Flusher) -> None:
    assert await tell(flusher, said(phone("nobody"), fix(), content=b"id=(token)&lat=1")) == [Answer(is_known=False)]
    assert await rows(connection, "SELECT count(*) FROM position") == [(0,)]
    ((reason, detail, payload),) = await rows(connection, "SELECT reason, detail, payload FROM quarantine")
    assert (reason, payload) == ("relation", b"id=(token)&lat=1")
    assert "not enrolled" in detail


async def test_a_revoked_device_is_a_stranger_from_the_next_flush_on(connection: Connection, flusher: Flusher) -> None:
    number = await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    assert (await tell(flusher, said(phone("token-1"), fix())))[0].kept == 1
    assert await revoke(connection, ADMIN, number, NOW)
    assert not (await tell(flusher, said(phone("token-1"), fix(5))))[0].is_known


async def test_what_cannot_be_true_is_refused_fix_by_fix(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    bad = [
        TrackerFix(0.0, 0.0, to_ms(NOW)),
        TrackerFix(95.0, LON, to_ms(NOW)),
        TrackerFix(LAT, LON, 0),
        TrackerFix(LAT, LON, to_ms(NOW) + 3_600_000),
        TrackerFix(LAT, LON, to_ms(NOW), speed_m_s=500.0),
    ]
    (answer,) = await tell(flusher, said(phone("token-1"), *bad, fix()))
    assert answer.kept == 1
    assert len(answer.refused) == 5
    ((reason, detail, site),) = await rows(connection, "SELECT reason, detail, site_id FROM quarantine")
    assert (reason, site) == ("payload", "van-1")
    for words in ("0, 0", "beyond 90", "30 days ago", "future", "216 km/h"):
        assert words in detail
    (standing,) = await listed(connection, ADMIN)
    assert (standing.fixes, standing.refused) == (1, 5)


async def test_what_is_sent_again_is_kept_once_and_answered_again(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    message = said(phone("token-1"), fix(), fix(1, 5))
    assert await tell(flusher, message, message) == [Answer(kept=2), Answer(repeated=2)]
    assert await tell(flusher, message) == [Answer(repeated=2)]
    assert await rows(connection, "SELECT count(*) FROM position") == [(2,)]
    assert await rows(connection, "SELECT count(*) FROM quarantine") == [(0,)]
    assert (await listed(connection, ADMIN))[0].repeated == 4


async def test_a_late_fix_is_kept_and_never_replaces_a_newer_one(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await tell(flusher, said(phone("token-1"), fix(100, 800, speed_m_s=8.0)))
    flushed = await flusher.flush([said(phone("token-1"), fix(50, 400, speed_m_s=8.0))])
    assert flushed.answers == [Answer(kept=1)]
    assert flushed.notices == []
    assert await rows(connection, "SELECT at FROM position_current") == [(NOW + timedelta(seconds=100),)]


async def test_fixes_of_one_flush_in_any_order_end_at_the_newest(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    messages = [said(phone("token-1"), fix(10 * n, 80 * n, speed_m_s=8.0)) for n in (3, 1, 4, 0, 2)]
    await tell(flusher, *messages)
    assert await rows(connection, "SELECT at FROM position_current") == [(NOW + timedelta(seconds=40),)]
    assert await rows(connection, "SELECT count(*) FROM position") == [(5,)]


async def test_a_jump_waits_for_its_second_fix(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await tell(flusher, said(phone("token-1"), fix(0)))
    jumped = await flusher.flush([said(phone("token-1"), fix(1, 9000))])
    assert jumped.answers == [Answer(kept=1)]
    assert jumped.notices == []
    assert await rows(connection, "SELECT at, round(lat::numeric, 4)::text FROM position_current") == [(NOW, "31.2000")]
    await tell(flusher, said(phone("token-1"), fix(2, 9005)))
    assert await rows(connection, "SELECT at FROM position_current") == [(NOW + timedelta(seconds=2),)]


async def test_a_persons_phone_is_heard_only_while_a_run_is_underway(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1", is_personal=True)
    assert await tell(flusher, said(phone("token-1"), fix())) == [Answer(unheard=1)]
    assert await rows(connection, "SELECT count(*) FROM position") == [(0,)]
    assert await rows(connection, "SELECT count(*) FROM quarantine") == [(0,)]
    number = await run(connection, "st-1")
    assert await tell(flusher, said(phone("token-1"), fix(10))) == [Answer(kept=1)]
    assert await step(connection, number, "completed", NOW)
    assert await tell(flusher, said(phone("token-1"), fix(20))) == [Answer(unheard=1)]


async def test_each_vehicle_is_its_operators(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-a")
    await tracker(connection, TrackerProtocol.JT808, "123", vehicle="van-b", operator="op-b")
    terminal = Caller(TrackerProtocol.JT808, None, "123")
    assert await tell(flusher, said(phone("token-a"), fix()), said(terminal, fix())) == [Answer(kept=1), Answer(kept=1)]
    found = await rows(connection, "SELECT room, key FROM room_entry WHERE room LIKE 'vans:%%' ORDER BY 1")
    assert found == [("vans:op-a", "van/van-1"), ("vans:op-b", "van/van-b")]


async def test_an_owntracks_phone_is_known_by_token_and_by_the_brokers_user(connection: Connection, flusher: Flusher) -> None:
    number = await tracker(connection, TrackerProtocol.OWNTRACKS, "token-1")
    by_broker = Caller(TrackerProtocol.OWNTRACKS, None, broker_user(number))
    assert (await tell(flusher, said(by_broker, fix())))[0].kept == 1
    # A token of one protocol is none of another.
    assert not (await tell(flusher, said(phone("token-1"), fix(1))))[0].is_known
    assert not (await tell(flusher, said(Caller(TrackerProtocol.JT808, None, broker_user(number)), fix(2))))[0].is_known


async def test_what_cannot_be_read_is_kept_with_its_bytes(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.JT808, "123")
    terminal = Caller(TrackerProtocol.JT808, None, "123")
    broken = Message(terminal, to_ms(NOW), b"\x02\x00\x00", "jt808", None, "time: want BCD digits", False)
    noise = Message(terminal, to_ms(NOW), b"\x01\x02", "jt808", None, "bad checksum: 01, want 02", True)
    await tell(flusher, broken, noise, noise)
    found = await rows(connection, "SELECT reason, payload, seen FROM quarantine ORDER BY reason")
    assert found == [("hash", b"\x01\x02", 2), ("payload", b"\x02\x00\x00", 1)]


async def test_a_flood_of_strangers_is_counted_and_not_kept(connection: Connection, flusher: Flusher) -> None:
    flusher.allowance = Allowance(per_s=0.0, most=5, monotonic=lambda: 0.0, _left=5.0)
    answers = await tell(flusher, *(said(phone(f"guess-{n}"), fix(), content=b"%d" % n) for n in range(50)))
    assert [answer.is_known for answer in answers] == [False] * 50
    assert await rows(connection, "SELECT count(*) FROM quarantine") == [(5,)]


async def test_a_device_without_a_clock_is_as_of_now(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await tell(flusher, said(phone("token-1"), TrackerFix(LAT, LON, None)))
    assert await rows(connection, "SELECT at FROM position") == [(NOW,)]


async def test_standing_vans_do_not_wander_on_the_map(connection: Connection, flusher: Flusher) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    for n in range(10):
        await tell(flusher, said(phone("token-1"), fix(10 * n, 8 * (-1) ** n, speed_m_s=0.2)))
    ((lat, speed, body),) = await rows(
        connection,
        "SELECT c.lat, c.speed_m_s, e.body FROM position_current c JOIN room_entry e ON e.key = 'van/van-1'",
    )
    assert abs(lat - LAT) * 111_195 < 3.0
    assert speed == 0.0
    assert body["standing_since"] == "2026-11-22T08:00:00.000Z"
