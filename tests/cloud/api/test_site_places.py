"""Where a site stands, corrected by people."""

import pytest

from tests.cloud.api.world import World

pytestmark = pytest.mark.slow
PLACE = {"lat": 30.58, "lon": 114.29, "address": "阳光路18号"}


async def test_a_station_in_the_sea_is_put_ashore(world: World) -> None:
    moved = await world.call("dispatcher-a", "PUT", "/api/sites/st-a1/place", json=PLACE)
    assert moved.status_code == 200
    site = (await world.get("leader-a1", "/api/sites/st-a1")).json()
    assert {name: site[name] for name in PLACE} == PLACE
    await world.call("dispatcher-a", "PUT", "/api/sites/st-a1/place", json={"lat": 30.6, "lon": 114.3})
    site = (await world.get("leader-a1", "/api/sites/st-a1")).json()
    assert (site["lat"], site["address"]) == (30.6, PLACE["address"])


@pytest.mark.parametrize(
    ("login", "site", "place", "status"),
    [
        ("leader-a1", "st-a1", PLACE, 403),
        ("dispatcher-b", "st-a1", PLACE, 404),
        ("dispatcher-a", "st-both", PLACE, 403),
        ("admin", "st-both", PLACE, 200),
        ("admin", "st-nowhere", PLACE, 404),
        ("admin", "st-a1", {"lat": 91, "lon": 0}, 422),
        ("admin", "st-a1", {"lat": 30}, 422),
    ],
)
async def test_only_its_own_planners_move_a_site_and_only_on_this_globe(
    world: World, login: str, site: str, place: dict[str, float], status: int
) -> None:
    answer = await world.call(login, "PUT", f"/api/sites/{site}/place", json=place)
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["remedy"]
