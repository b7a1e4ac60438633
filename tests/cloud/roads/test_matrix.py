"""Times and distances between the town's stations: real roads, real database."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from psycopg_pool import AsyncConnectionPool

from cloud.roads.estimate import Estimate, straight_m
from cloud.roads.matrix import MatrixService
from cloud.roads.pace import Pace
from cloud.roads.valhalla_here import ValhallaHere
from cloud.roads.ways import Metres, Point, RoadsError, Route, Seconds, Unreachable, WhyUnreachable
from cloud.store.pool import Connection, open_pool
from firmware_sim.map.places import station_places
from tests.cloud.api.world import TestClock
from tests.cloud.roads.maps import SEED

pytestmark = pytest.mark.slow
STATIONS = [Point(place.lat, place.lon) for place in station_places(SEED)]
SEA = Point(29.9, 114.29)
AS_SAID = Pace(1.0)


@dataclass
class Counted:
    """The town's roads, and how much they were asked; away after ``last`` blocks."""

    roads: ValhallaHere
    graph: str = "town"
    is_estimate: bool = False
    lanes: int = 2
    asked: list[tuple[int, int]] = field(default_factory=list)
    last: int = 10**9

    def off_road(self, points: Sequence[Point]) -> list[bool]:
        return self.roads.off_road(points)

    def block(self, sources: Sequence[Point], targets: Sequence[Point]) -> tuple[Seconds, Metres]:
        if len(self.asked) >= self.last:
            raise RoadsError("the engine is away")
        self.asked.append((len(sources), len(targets)))
        return self.roads.block(sources, targets)

    def route(self, points: Sequence[Point]) -> Route:
        return self.roads.route(points)

    @property
    def ways(self) -> int:
        return sum(sources * targets for sources, targets in self.asked)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    async with open_pool(database_url, "test", max_size=4) as opened:
        yield opened


@pytest.fixture
def roads(valhalla: ValhallaHere) -> Counted:
    return Counted(valhalla)


async def test_all_stations_are_reached_on_roads_and_asked_for_once(roads: Counted, pool: AsyncConnectionPool[Connection]) -> None:
    told: list[tuple[int, int]] = []
    service = MatrixService(lambda: roads, pool, TestClock())
    found = await service.matrix(STATIONS, pace=AS_SAID, tell=lambda known, wanted: told.append((known, wanted)))
    assert found.unreachable == ()
    assert not found.is_estimate
    ratio = found.metres[~np.eye(len(STATIONS), dtype=bool)] / straight_m(STATIONS, STATIONS)[~np.eye(len(STATIONS), dtype=bool)]
    assert 1.2 < np.median(ratio) < 1.7
    assert ratio.min() > 0.95
    assert not np.array_equal(found.metres, found.metres.T), "one-way streets"
    assert max(max(pair) for pair in roads.asked) <= 50
    assert told[-1] == (len(STATIONS) ** 2, len(STATIONS) ** 2)

    before = roads.ways
    again = await MatrixService(lambda: roads, pool, TestClock()).matrix(STATIONS, pace=AS_SAID)
    assert roads.ways == before
    np.testing.assert_allclose(again.seconds, found.seconds, rtol=1e-6)
    np.testing.assert_allclose(again.metres, found.metres, rtol=1e-6)


async def test_a_new_station_costs_its_own_ways_and_a_new_graph_all(
    roads: Counted, pool: AsyncConnectionPool[Connection]
) -> None:  # fmt: skip
    service = MatrixService(lambda: roads, pool, TestClock())
    await service.matrix(STATIONS[:12])
    roads.asked.clear()
    await service.matrix(STATIONS[:13])
    assert roads.ways == 24
    roads.asked.clear()
    await service.matrix(list(reversed(STATIONS[3:9])))
    assert roads.ways == 0, "whatever the order"
    roads.graph = "another"
    await service.matrix(STATIONS[:3])
    assert roads.ways > 0


async def test_what_was_computed_before_the_engine_went_away_is_kept(roads: Counted, pool: AsyncConnectionPool[Connection]) -> None:
    roads.last = 2
    service = MatrixService(lambda: roads, pool, TestClock())
    with pytest.raises(RoadsError, match="away"):
        await service.matrix(STATIONS)
    done, roads.last = roads.ways, 10**9
    await service.matrix(STATIONS)
    assert done > 0
    # Those between a point and itself are known, so what was kept is left out to a way.
    assert len(STATIONS) * (len(STATIONS) - 1) <= roads.ways <= len(STATIONS) ** 2


async def test_a_station_in_the_sea_is_named_and_the_others_are_served(
    roads: Counted, pool: AsyncConnectionPool[Connection]
) -> None:  # fmt: skip
    found = await MatrixService(lambda: roads, pool, TestClock()).matrix([STATIONS[0], SEA, STATIONS[1]])
    assert found.unreachable == (Unreachable(1, WhyUnreachable.OFF_ROAD),)
    assert np.isinf(found.seconds[[0, 1, 1, 2], [1, 0, 2, 1]]).all()
    assert np.isfinite(found.seconds[[0, 2], [2, 0]]).all()
    assert np.diag(found.seconds).tolist() == [0, 0, 0]


async def test_the_same_place_twice_is_one_place(roads: Counted, pool: AsyncConnectionPool[Connection]) -> None:
    found = await MatrixService(lambda: roads, pool, TestClock()).matrix([STATIONS[0], STATIONS[1], STATIONS[0]])
    assert found.seconds[0, 2] == found.seconds[2, 0] == 0
    assert found.seconds[0, 1] == found.seconds[2, 1] > 0
    assert roads.ways <= 4


async def test_the_pace_of_the_hour_is_applied(roads: Counted, pool: AsyncConnectionPool[Connection]) -> None:
    service = MatrixService(lambda: roads, pool, TestClock())
    as_said = await service.matrix(STATIONS[:3], pace=AS_SAID)
    rush = await service.matrix(STATIONS[:3], pace=Pace(1.5, (2.0, *(1.0,) * 23)), hour=0)
    usual = await service.matrix(STATIONS[:3])
    np.testing.assert_allclose(rush.seconds, as_said.seconds * 3.0)
    np.testing.assert_allclose(usual.seconds, as_said.seconds * Pace().factor)
    np.testing.assert_allclose(rush.metres, as_said.metres)


async def test_without_roads_it_is_an_estimate_and_says_so(pool: AsyncConnectionPool[Connection]) -> None:
    found = await MatrixService(Estimate, pool, TestClock()).matrix([*STATIONS[:3], SEA])
    assert found.is_estimate
    assert found.unreachable == ()
    np.testing.assert_allclose(found.metres[0, 1], STATIONS[0].straight_m(STATIONS[1]) * 1.35, rtol=1e-6)
