"""The roads' pace, learned from what vans drove: in a real database, by the job, seen where plans ask."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import numpy as np
import pytest

from cloud.domain.visits import ENTER_M, LEAVE_M
from cloud.eta.estimates import Estimates
from cloud.eta.experience import Experience, learned
from cloud.eta.journey import Driven
from cloud.eta.kept import Knowledge, keep_knowledge, knowledge_of
from cloud.eta.pace_lessons import LEAST_LEGS
from cloud.jobs.schedule import JOBS, Moment
from cloud.roads import legs, paces
from cloud.roads.blocks import key_of
from cloud.roads.pace import DRIVEN, Pace
from cloud.roads.ways import Point
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection, connect
from cloud.store.runs import WantedStop, plan_run, step
from tests.cloud.eta.test_estimates import Roads, hear
from tests.cloud.positions.world import LAT, LON, NOW, rows, settle

pytestmark = pytest.mark.slow
STOPS = 9
LEG_S, LEG_M = 300.0, 2_000.0
HERE = [Point(LAT + n / 100, LON) for n in range(STOPS)]
PACE = next(job for job in JOBS if job.name == "pace")
DAY = timedelta(days=1)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url, "test") as opened:
        await settle(opened)
        for n, place in enumerate(HERE):
            await opened.execute(
                "INSERT INTO site (id, kind, name, lat, lon, created_at) VALUES (%s, 'station', '站', %s, %s, %s)",
                [f"road-{n}", place.lat, place.lon, NOW],
            )
        yield opened


async def know_roads(connection: Connection, *, metres: float = LEG_M) -> None:
    keys = [key_of(point) for point in HERE]
    graph = await legs.graph_id(connection, "town", NOW)
    await legs.keep(connection, graph, keys, keys, np.full((STOPS, STOPS), LEG_S), np.full((STOPS, STOPS), metres))


async def drive(connection: Connection, left: datetime, times: float, name: str = "R", *, meal_s: float = 0.0) -> None:
    """All stops in a row, each way so many ``times`` what the engine says of it, seen from circle to circle."""
    run = await plan_run(connection, "op-a", left.date(), name, "van-1", [WantedStop(f"road-{n}") for n in range(STOPS)], left)
    assert run is not None
    assert await step(connection, run, "departed", left)
    seen_s, at = LEG_S * times * (LEG_M - ENTER_M - LEAVE_M) / LEG_M, left
    for stop in range(1, STOPS + 1):
        arrived = at + timedelta(seconds=seen_s + (meal_s if stop == STOPS else 0.0))
        at = arrived + timedelta(minutes=4)
        await connection.execute(
            "UPDATE run_stop SET arrived_at = %s, departed_at = %s WHERE run_id = %s AND stop = %s", [arrived, at, run, stop]
        )
    assert await step(connection, run, "completed", at)


async def learn(connection: Connection, now: datetime = NOW) -> int:
    done = await PACE.work(connection, StoreMode.PLAIN, Moment(now, 1.0))
    return done["legs"]


async def drive_days(connection: Connection, times: float, days: int = 8) -> None:
    for ago in range(1, days + 1):
        await drive(connection, NOW - ago * DAY, times)


async def test_what_vans_drove_becomes_the_pace_of_the_day_and_of_its_hours(connection: Connection) -> None:
    await know_roads(connection)
    for ago in range(1, 9):
        await drive(connection, NOW - ago * DAY, 1.5, "R-morning")  # 16:00 in Shanghai
        await drive(connection, NOW - ago * DAY + timedelta(hours=4), 2.0, "R-evening")
    assert await learn(connection) == 2 * 8 * (STOPS - 1)
    pace, origin = await paces.read_pace(connection), await paces.read_origin(connection)
    assert pace.factor == pytest.approx(1.75, abs=0.05)
    assert pace.at(16) == pytest.approx(1.5, abs=0.05)
    assert pace.at(20) == pytest.approx(2.0, abs=0.05)
    assert pace.by_hour[3] == 1.0
    assert (origin.source, origin.at, origin.legs) == ("learned", NOW, 2 * 8 * (STOPS - 1))


async def test_a_few_legs_teach_nothing(connection: Connection) -> None:
    await know_roads(connection)
    await drive_days(connection, 2.0, (LEAST_LEGS - 1) // (STOPS - 1))
    assert await learn(connection) == 0
    assert (await paces.read_pace(connection), (await paces.read_origin(connection)).source) == (Pace(DRIVEN), "guess")


async def test_ways_the_roads_do_not_know_or_that_are_all_kerb_teach_nothing(connection: Connection) -> None:
    await drive_days(connection, 2.0)
    assert await learn(connection) == 0, "straight lines have no pace"
    await know_roads(connection, metres=300.0)
    assert await learn(connection, NOW + DAY) == 0


async def test_it_is_looked_at_once_a_day_and_forgets_after_a_month(connection: Connection) -> None:
    await know_roads(connection)
    await drive_days(connection, 1.5)
    assert await learn(connection) == 8 * (STOPS - 1)
    assert await learn(connection, NOW + timedelta(hours=19)) == 0
    assert await learn(connection, NOW + timedelta(hours=21)) == 8 * (STOPS - 1)
    assert await learn(connection, NOW + 40 * DAY) == 0
    assert (await paces.read_pace(connection)).factor == pytest.approx(1.5, abs=0.05), "what was learned stands"
    assert (await paces.read_origin(connection)).legs == 8 * (STOPS - 1)


async def test_what_no_van_drives_does_not_count_and_the_pace_stays_one_that_vans_drive(connection: Connection) -> None:
    await know_roads(connection)
    await drive_days(connection, 1.4)
    for ago in range(1, 9):
        await drive(connection, NOW - ago * DAY, 1.4, "R-meal", meal_s=7_200.0)
    await learn(connection)
    assert (await paces.read_pace(connection)).factor == pytest.approx(1.4, abs=0.05)


async def test_a_persons_word_counts_from_then_on(connection: Connection) -> None:
    await know_roads(connection)
    await drive_days(connection, 1.5)
    await paces.set_pace(connection, Pace(2.2), NOW)
    assert (await paces.read_origin(connection)).source == "set"
    assert await learn(connection, NOW + timedelta(minutes=1)) == 0, "what was driven before it does not count"
    assert (await paces.read_pace(connection)).factor == pytest.approx(2.2)


async def test_what_arrivals_have_learned_is_reckoned_over_the_new_pace(connection: Connection) -> None:
    """A van that is under way is expected as before: the pace moves from one to the other, and is not counted twice."""
    await know_roads(connection)
    await drive_days(connection, 1.8)
    slow = [Driven("r", 8, "st-1", 600.0 * DRIVEN, 600.0 * 1.8)] * 3_000
    known = learned(Experience(), slow, ())
    await keep_knowledge(connection, "op-a", Knowledge(known, (await knowledge_of(connection, "op-a")).errors, 300), NOW)
    run = await plan_run(connection, "op-a", NOW.date(), "R-now", "van-2", [WantedStop("st-1"), WantedStop("st-2")], NOW)
    assert run is not None
    assert await step(connection, run, "departed", NOW)
    await hear(connection, 0, 0, "van-2")
    await Estimates(Roads()).look(connection, NOW + timedelta(seconds=6))
    before = await rows(connection, "SELECT expected FROM eta_stop ORDER BY stop")
    assert await learn(connection) > 0
    now_factor = (await paces.read_pace(connection)).factor
    assert now_factor == pytest.approx(1.8, rel=0.05)
    await connection.execute("DELETE FROM eta_stop")  # what was shown is not held on to
    await Estimates(Roads()).look(connection, NOW + timedelta(seconds=7))
    after = await rows(connection, "SELECT expected FROM eta_stop ORDER BY stop")
    assert len(after) == 2
    for (one,), (other,) in zip(before, after, strict=True):
        assert abs((one - other).total_seconds()) < 30
    factor = (await knowledge_of(connection, "op-a")).experience.drive.over(1.0, 0.0)
    assert factor == pytest.approx(known.drive.over(1.0, 0.0) * DRIVEN / now_factor, rel=0.01)
