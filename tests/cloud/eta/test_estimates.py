"""Arrivals of runs in a real database: from fixes to windows, from windows to lessons."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest

from cloud.eta.estimates import Estimates
from cloud.eta.kept import knowledge_of
from cloud.eta.lessons import learn_lessons
from cloud.eta.run_facts import route_of
from cloud.eta.ways import StraightWays
from cloud.roads.ways import Matrix, Point, RoadsError
from cloud.store.pool import Connection, connect
from cloud.store.runs import WantedStop, plan_run, step
from tests.cloud.positions.world import LAT, LON, NOW, rows, settle


class Roads:
    """Ten minutes from each place to each other, unless they are away."""

    def __init__(self, *, are_away: bool = False, hole: bool = False) -> None:
        self.asked, self.are_away, self.hole = 0, are_away, hole

    async def matrix(self, points: Sequence[Point]) -> Matrix:
        self.asked += 1
        if self.are_away:
            raise RoadsError("the engine is away")
        seconds = np.full((len(points), len(points)), 600.0)
        if self.hole:
            seconds[0, 1] = np.inf
        return Matrix(seconds, seconds * 7, (), is_estimate=False, graph="town")


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url, "test") as opened:
        await settle(opened)
        yield opened


async def depart(connection: Connection, name: str = "R1122-1", vehicle: str = "van-1") -> int:
    stops = [
        WantedStop("st-1", after(10), after(15)),
        WantedStop("st-2", after(25), after(30)),
        WantedStop("st-3", after(40), after(45)),  # has no coordinates
    ]
    number = await plan_run(connection, "op-a", NOW.date(), name, vehicle, stops, NOW)
    assert number is not None
    assert await step(connection, number, "departed", NOW)
    return number


async def hear(connection: Connection, minutes: float, north_km: float, vehicle: str = "van-1") -> None:
    place = [after(minutes), vehicle, LAT + north_km / 111.195, LON]
    await connection.execute("INSERT INTO position (at, received_at, site_id, lat, lon) VALUES (%s, now(), %s, %s, %s)", place)
    await connection.execute(
        """
        INSERT INTO position_current (at, site_id, lat, lon, operator_id, received_at) VALUES (%s, %s, %s, %s, 'op-a', now())
        ON CONFLICT (site_id) DO UPDATE SET at = excluded.at, lat = excluded.lat, lon = excluded.lon
        """,
        place,
    )


async def visit(connection: Connection, run: int, stop: int, arrived: float, departed: float | None = None) -> None:
    await connection.execute(
        "UPDATE run_stop SET state = 'at_stop', arrived_at = %s, departed_at = %s WHERE run_id = %s AND stop = %s",
        [after(arrived), None if departed is None else after(departed), run, stop],
    )


async def expected_min(connection: Connection) -> dict[int, float]:
    found = await rows(connection, "SELECT stop, expected FROM eta_stop ORDER BY stop")
    return {stop: round((expected - NOW).total_seconds() / 60, 1) for stop, expected in found}


async def test_of_a_van_on_its_way_each_stop_ahead_has_a_window(connection: Connection) -> None:
    run, roads = await depart(connection), Roads()
    await hear(connection, 0, 0)
    notices = await Estimates(roads).look(connection, after(0.1))
    assert await expected_min(connection) == {1: pytest.approx(10, abs=0.3), 2: pytest.approx(25, abs=0.5)}
    windows = await rows(connection, "SELECT early < expected AND expected < late, as_of, stops_before FROM eta_stop ORDER BY stop")
    assert windows == [(True, NOW, 0), (True, NOW, 1)]
    assert [(notice.room, notice.entries[0][0]) for notice in notices] == [("vans:op-a", f"eta/{run}")]
    ((body,),) = await rows(connection, "SELECT body FROM room_entry WHERE key = %s", f"eta/{run}")
    assert (body["is_estimate"], [stop["stop"] for stop in body["stops"]]) == (False, [1, 2])


async def test_each_fix_moves_the_windows_and_the_roads_are_asked_once(connection: Connection) -> None:
    await depart(connection)
    roads = Roads()
    estimates = Estimates(roads)
    await hear(connection, 0, 0)
    await estimates.look(connection, after(0.1))
    assert await estimates.look(connection, after(0.2)) == []  # nothing new is nothing to tell
    await hear(connection, 9, 0.5)
    await estimates.look(connection, after(9))
    assert (await expected_min(connection))[1] == pytest.approx(14, abs=0.5)
    assert roads.asked == 1


async def test_a_slow_van_makes_the_rest_of_its_run_late(connection: Connection) -> None:
    run, estimates = await depart(connection), Estimates(Roads())
    await hear(connection, 0, 0)
    await visit(connection, run, 1, 20, 30)
    await hear(connection, 30, 1)
    await estimates.look(connection, after(30))
    assert (await expected_min(connection))[2] > 41.5  # ten minutes of road, and as slow as it was
    assert list(await expected_min(connection)) == [2]


async def test_without_a_fix_nobody_knows_where_it_left_from(connection: Connection) -> None:
    await depart(connection)
    assert await Estimates(Roads()).look(connection, after(1)) == []
    assert await expected_min(connection) == {}


@pytest.mark.parametrize("roads", [Roads(are_away=True), Roads(hole=True), StraightWays()])
async def test_where_roads_do_not_answer_it_is_an_estimate(connection: Connection, roads: Roads) -> None:
    await depart(connection)
    await hear(connection, 0, 0)
    await Estimates(roads).look(connection, after(0.1))
    assert await rows(connection, "SELECT is_estimate FROM eta_run") == [(True,)]
    assert len(await expected_min(connection)) == 2


async def test_a_silent_van_is_not_expected_in_the_past(connection: Connection) -> None:
    run, estimates = await depart(connection), Estimates(Roads())
    await hear(connection, 0, 0)
    await estimates.look(connection, after(0.1))
    await visit(connection, run, 1, 10, 15)
    await estimates.look(connection, after(15))
    await estimates.look(connection, after(90))
    assert await rows(connection, "SELECT as_of, expected >= %s FROM eta_stop WHERE stop = 2", after(90)) == [(after(15), True)]


async def test_a_run_that_is_over_leaves_the_room(connection: Connection) -> None:
    run, estimates = await depart(connection), Estimates(Roads())
    await hear(connection, 0, 0)
    await estimates.look(connection, after(0.1))
    assert await step(connection, run, "completed", after(40))
    notices = await Estimates(Roads()).look(connection, after(41))
    assert [notice.entries for notice in notices] == [((f"eta/{run}", None),)]
    assert await estimates.look(connection, after(42)) == []


async def drive_day(connection: Connection) -> int:
    """Twice as slow as the plan says; looked at every minute."""
    run, estimates = await depart(connection), Estimates(Roads())
    await hear(connection, 0, 0)
    for minute in range(52):
        if minute == 20:
            await visit(connection, run, 1, 20)
        if minute == 30:
            await visit(connection, run, 1, 20, 30)
        if minute == 50:
            await visit(connection, run, 2, 50)
        await estimates.look(connection, after(minute))
    return run


async def test_what_was_said_is_held_against_arrivals_and_widens_the_day(connection: Connection) -> None:
    await drive_day(connection)
    missed = await rows(connection, "SELECT stop, missed_late FROM eta_stop ORDER BY stop")
    assert [stop for stop, _ in missed] == [1, 2]
    assert all(late > 0.2 for _, late in missed)
    assert await rows(connection, "SELECT count(*) FROM eta_said WHERE at <= %s", after(50)) == [(10,)]


async def test_a_run_that_is_over_teaches_once(connection: Connection) -> None:
    run = await drive_day(connection)
    assert await step(connection, run, "completed", after(60))
    assert await learn_lessons(connection, after(65)) == {"runs": 0}  # late fixes may yet come
    assert await learn_lessons(connection, after(71)) == {"runs": 1}
    assert await learn_lessons(connection, after(72)) == {"runs": 0}
    known = await knowledge_of(connection, "op-a")
    assert known.runs == 1
    assert known.experience.drive_factor("R-1", 16, "st-1") > 1.1
    assert known.errors.groups[0].sum() > 0
    said = await rows(
        connection, "SELECT route, stops_before, said > 0, off_s > 0, schedule_off_s / planned FROM eta_accuracy ORDER BY 2"
    )
    assert [row[:4] for row in said] == [("R-1", 0, True, True), ("R-1", 1, True, True)]
    assert said[1][4] == pytest.approx(25 * 60)
    assert await rows(connection, "SELECT count(*) FROM eta_said") == [(0,)]


async def test_what_the_day_has_taught_is_used_the_next_time(connection: Connection) -> None:
    run = await drive_day(connection)
    await step(connection, run, "completed", after(60))
    await learn_lessons(connection, after(71))
    await connection.execute("UPDATE run SET departed_at = %s WHERE id = %s", [after(-24 * 60), run])
    await depart(connection, "R1122-2", "van-2")
    await hear(connection, 0, 0, "van-2")
    await Estimates(Roads()).look(connection, after(0.1))
    ((expected,),) = await rows(
        connection, "SELECT expected FROM eta_stop e JOIN run r ON r.id = run_id WHERE name = 'R1122-2' AND stop = 1"
    )
    assert expected > after(11)


async def test_a_run_nobody_ended_teaches_a_day_later(connection: Connection) -> None:
    await drive_day(connection)
    assert await learn_lessons(connection, after(19 * 60)) == {"runs": 0}
    assert await learn_lessons(connection, after(21 * 60)) == {"runs": 1}


@pytest.mark.parametrize(
    ("name", "route"),
    [("R1122-1", "R-1"), ("20261122-东线", "-东线"), ("东线", "东线"), ("R1122-1122", "R-1122"), ("R1121-1", "R1121-1")],
)
def test_a_route_is_a_runs_name_without_its_day(name: str, route: str) -> None:
    assert route_of(name, NOW.date()) == route
