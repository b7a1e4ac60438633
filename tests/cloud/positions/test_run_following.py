"""Arrivals, departures and alarms from what vehicles told, in a real database."""

from datetime import datetime, timedelta

import msgspec

from cloud.jobs.silent_sites import watch_sites
from cloud.positions.flush import Flusher
from cloud.store.pool import Connection
from cloud.store.run_following import Looked, look
from cloud.store.trackers import TrackerProtocol
from edge.wire.clock import to_ms
from tests.cloud.positions.world import LAT, LON, NOW, TestClock, fix, phone, rows, run, said, tell, tracker


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def drive(flusher: Flusher, clock: TestClock, *places: tuple[float, float]) -> None:
    """Seconds and metres to the north; told as the last of them is measured, or later."""
    clock.ms = max(clock.ms, to_ms(after(places[-1][0])))
    await tell(flusher, *(said(phone("token-1"), fix(second, north), at_ms=clock.ms) for second, north in places))


async def visits(connection: Connection) -> list[tuple[object, ...]]:
    return await rows(connection, "SELECT stop, state, arrived_at, departed_at FROM run_stop ORDER BY stop")


async def test_a_van_arrives_and_departs_by_itself(connection: Connection, flusher: Flusher, clock: TestClock) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await run(connection, "st-1", "st-2")
    await drive(flusher, clock, (0, 0), (60, 500), (120, 1000), (180, 1000), (240, 1005))
    looked = await look(connection, after(240))
    assert (looked.runs, looked.arrivals, looked.departures) == (1, 1, 0)
    assert await visits(connection) == [(1, "at_stop", after(120), None), (2, "pending", None, None)]
    await drive(flusher, clock, (300, 1400), (360, 2000), (420, 2000))
    looked = await look(connection, after(420))
    assert (looked.arrivals, looked.departures) == (1, 1)
    assert await visits(connection) == [(1, "at_stop", after(120), after(240)), (2, "at_stop", after(360), None)]
    ((body,),) = await rows(connection, "SELECT body FROM room_entry WHERE room = 'vans:op-a' AND key LIKE 'run/%%'")
    assert [(stop["site"], stop["state"]) for stop in body["stops"]] == [("st-1", "at_stop"), ("st-2", "at_stop")]
    assert await look(connection, after(430)) == Looked(runs=1)


async def test_what_comes_late_is_folded_in_its_place(connection: Connection, flusher: Flusher, clock: TestClock) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await run(connection, "st-1", "st-2")
    await drive(flusher, clock, (0, 0), (600, 1500), (660, 2000), (720, 2000))
    await look(connection, after(720))
    assert (await visits(connection))[0] == (1, "pending", None, None)
    await drive(flusher, clock, (200, 1000), (260, 1000), (320, 1000))
    assert await rows(connection, "SELECT is_stale FROM run") == [(True,)]
    looked = await look(connection, after(730))
    assert (looked.arrivals, looked.departures) == (1, 1)
    assert await visits(connection) == [(1, "at_stop", after(200), after(320)), (2, "at_stop", after(660), None)]
    assert await rows(connection, "SELECT is_stale FROM run") == [(False,)]


async def test_what_a_scan_said_of_a_stop_stands(connection: Connection, flusher: Flusher, clock: TestClock) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await run(connection, "st-1")
    await connection.execute("UPDATE run_stop SET state = 'signed'")
    await drive(flusher, clock, (0, 1000), (60, 1000))
    await look(connection, after(60))
    assert await visits(connection) == [(1, "signed", after(0), None)]


async def test_a_station_without_coordinates_is_nobodys_geofence(
    connection: Connection, flusher: Flusher, clock: TestClock
) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await run(connection, "st-3")
    await drive(flusher, clock, (0, 1000), (60, 1000))
    await look(connection, after(60))
    assert await visits(connection) == [(1, "pending", None, None)]


async def alarms(connection: Connection) -> list[tuple[object, ...]]:
    return await rows(connection, "SELECT rule, since, cleared_at IS NOT NULL FROM alarm ORDER BY rule, since")


async def test_a_silent_van_is_an_alarm_that_clears_when_it_is_heard_again(
    connection: Connection, flusher: Flusher, clock: TestClock
) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await run(connection, "st-1")
    await drive(flusher, clock, (0, 0))
    await look(connection, after(200))
    assert await alarms(connection) == []
    looked = await look(connection, after(400))
    assert looked.alarms == 1
    assert {notice.room for notice in looked.notices} == {"site:van-1", "sites:op-a", "vans:op-a"}
    assert (await look(connection, after(500))).alarms == 0
    assert await alarms(connection) == [("van_silent", after(0), False)]
    clock.ms = to_ms(after(600))
    await tell(flusher, said(phone("token-1"), fix(600, 300), at_ms=clock.ms))
    await look(connection, after(600))
    assert await alarms(connection) == [("van_silent", after(0), True)]


async def test_a_van_last_heard_long_before_it_left_is_silent_since_it_left(
    connection: Connection, flusher: Flusher, clock: TestClock
) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    number = await run(connection, "st-1")
    await drive(flusher, clock, (0, 0))
    await connection.execute("UPDATE run SET departed_at = %s WHERE id = %s", [after(3600), number])
    await look(connection, after(3610))
    assert await alarms(connection) == []
    await look(connection, after(3600 + 301))
    assert await alarms(connection) == [("van_silent", after(3600), False)]
    ((body,),) = await rows(connection, "SELECT body FROM room_entry WHERE room = 'vans:op-a' AND key LIKE 'run/%%'")
    assert datetime.fromisoformat(body["silent_since"]) == after(3600)


async def test_a_van_beside_its_planned_way_is_an_alarm(connection: Connection, flusher: Flusher, clock: TestClock) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    number = await run(connection, "st-2")
    path = [[LAT, LON + 0.01], [LAT + 0.1, LON + 0.01]]  # 950 m to the east
    await connection.execute("UPDATE run SET path = %s::jsonb WHERE id = %s", [msgspec.json.encode(path).decode(), number])
    await drive(flusher, clock, *((20 * n, 30 * n) for n in range(12)))
    looked = await look(connection, after(220))
    assert looked.alarms == 1
    assert await alarms(connection) == [("off_route", after(0), False)]
    ((body,),) = await rows(connection, "SELECT body FROM room_entry WHERE key LIKE 'run/%%'")
    assert 900 < body["off_route_m"] < 1000


async def test_the_clouds_alarms_of_sites_leave_those_of_runs_alone(
    connection: Connection, flusher: Flusher, clock: TestClock
) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await run(connection, "st-1")
    await drive(flusher, clock, (0, 0))
    await look(connection, after(400))
    await connection.execute(
        "INSERT INTO site_status (site_id, operator_id, boot, connect, online, heard_at) VALUES ('van-1', 'op-a', 1, 1, true, %s)",
        [after(390)],
    )
    await watch_sites(connection, after(400))
    assert await alarms(connection) == [("van_silent", after(0), False)]
    await connection.execute("UPDATE site_status SET online = false")
    await watch_sites(connection, after(3000))
    assert [alarm[0] for alarm in await alarms(connection)] == ["site_silent", "van_silent"]


async def test_a_run_that_is_not_underway_is_not_followed(connection: Connection, flusher: Flusher, clock: TestClock) -> None:
    await tracker(connection, TrackerProtocol.OSMAND, "token-1")
    await run(connection, "st-1", state="loading")
    await drive(flusher, clock, (0, 1000), (60, 1000))
    assert (await look(connection, after(60))).runs == 0
