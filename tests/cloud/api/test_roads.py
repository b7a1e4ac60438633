"""Roads and map by REST, on the town's imported roads and without any."""

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from cloud.api.app import create_app, gated
from cloud.config import CloudConfig
from cloud.roads.pace import Pace
from cloud.roads.paces import keep_learned
from cloud.roads.versions import MAP, Versions
from cloud.store.pool import connect
from edge.wire.clock import utc
from firmware_sim.driving import drive, way_of
from firmware_sim.map.places import station_places
from tests.cloud.api.world import SECRET, TestClock, World, settle
from tests.cloud.roads.maps import SEED

pytestmark = pytest.mark.slow
PLACES = station_places(SEED)
A, B = ({"lat": place.lat, "lon": place.lon} for place in PLACES[:2])
SEA = {"lat": 29.9, "lon": 114.29}


@pytest.fixture
def config(database_url: str, town_roads: Versions) -> CloudConfig:
    return CloudConfig(database_url=SecretStr(database_url), secret=SecretStr(SECRET), roads_dir=town_roads.folder)


async def _placed(world: World) -> None:
    for site, place in (("st-a1", A), ("st-a2", B), ("st-both", SEA)):
        assert (await world.call("admin", "PUT", f"/api/sites/{site}/place", json=place)).status_code == 200


async def test_the_map_is_named_and_read_in_ranges_without_a_log_in(world: World, town_roads: Versions) -> None:
    told = (await world.get(None, "/api/map")).json()
    assert (told["kind"], told["attribution"], told["crs"]) == ("pmtiles", "generated", "wgs84")
    about = town_roads.current()
    assert about is not None
    whole = town_roads.path(about.version, MAP).read_bytes()
    answer = await world.get(None, told["url"], headers={"Range": "bytes=0-126"})
    assert (answer.status_code, answer.content) == (206, whole[:127])
    assert answer.headers["content-range"] == f"bytes 0-126/{len(whole)}"
    assert "immutable" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers
    answer = await world.get(None, told["url"], headers={"Range": f"bytes={len(whole) - 10}-"})
    assert answer.content == whole[-10:]
    assert (await world.get(None, told["url"], headers={"Range": f"bytes={len(whole) + 5}-"})).status_code == 416
    for other in ("nothing", "..", "%2e%2e%2fcurrent"):
        assert (await world.get(None, f"/api/map/{other}.pmtiles")).status_code == 404


async def test_a_route_has_turns_in_two_languages_and_can_be_driven(world: World) -> None:
    answer = await world.post("dispatcher-a", "/api/roads/route", json={"points": [A, B]})
    assert answer.status_code == 200
    route = answer.json()
    assert not route["is_estimate"]
    assert any("转" in turn["zh"] and "Turn" in turn["en"] for turn in route["turns"])
    from random import Random

    driven = drive(way_of(route), Random(1))
    assert driven.metres == pytest.approx(route["metres"], rel=0.02)
    rushed = (await world.call("admin", "PUT", "/api/roads/pace", json={"factor": 2.4, "by_hour": [1.0] * 24})).json()
    assert rushed["factor"] == 2.4
    slower = (await world.post("dispatcher-a", "/api/roads/route", json={"points": [A, B], "hour": 8})).json()
    assert slower["seconds"] == pytest.approx(2 * route["seconds"], rel=0.01)
    assert slower["metres"] == route["metres"]


async def test_a_matrix_names_what_it_cannot_reach(world: World) -> None:
    await _placed(world)
    answer = await world.post("dispatcher-a", "/api/roads/matrix", json={"sites": ["st-a1", "st-both", "st-a2"]})
    found = answer.json()
    assert found["unreachable"] == [{"site": "st-both", "why": "off_road"}]
    assert found["seconds"][0][0] == 0
    assert found["seconds"][0][1] is None
    assert found["seconds"][0][2] > 0
    assert not found["is_estimate"]


async def test_bad_questions_are_refused_with_a_remedy(world: World) -> None:
    await _placed(world)
    for login, path, body, status, code in (
        ("leader-a1", "route", {"points": [A, B]}, 403, "role_may_not"),
        ("dispatcher-a", "route", {"points": [A]}, 422, None),
        ("dispatcher-a", "route", {"points": [A, {"lat": 95, "lon": 0}]}, 422, None),
        ("dispatcher-a", "route", {"points": [A, SEA]}, 422, "off_road"),
        ("dispatcher-a", "matrix", {"sites": ["st-b1"]}, 404, "no_site"),
        ("admin", "matrix", {"sites": ["st-b1"]}, 422, "no_place"),
    ):
        answer = await world.post(login, f"/api/roads/{path}", json=body)
        assert answer.status_code == status, (path, body, answer.text)
        assert answer.json()["error"]["remedy"]
        assert code is None or answer.json()["error"]["code"] == code
    assert (await world.call("dispatcher-a", "PUT", "/api/roads/pace", json={"factor": 1, "by_hour": [1] * 24})).status_code == 403
    assert (await world.call("admin", "PUT", "/api/roads/pace", json={"factor": 9, "by_hour": [1] * 24})).status_code == 422


async def test_the_roads_in_use_are_told_with_the_pace_and_where_it_is_from(
    world: World, town_roads: Versions, database_url: str
) -> None:
    told = (await world.get("leader-a1", "/api/roads")).json()
    about = town_roads.current()
    assert about is not None
    assert (told["is_estimate"], told["graph"], told["ratio"]) == (False, about.version, about.ratio)
    assert told["pace"]["factor"] == pytest.approx(1.2)
    assert (told["pace_from"], told["pace_at"], told["pace_legs"]) == ("guess", None, None)
    await world.call("admin", "PUT", "/api/roads/pace", json={"factor": 1.4, "by_hour": [1.0] * 24})
    told = (await world.get("dispatcher-a", "/api/roads")).json()
    assert (told["pace_from"], told["pace_at"] is not None, told["pace_legs"]) == ("set", True, None)
    async with await connect(database_url, "test") as connection:
        await keep_learned(connection, Pace(1.5), 812, utc(world.clock.now_ms()))
    told = (await world.get("dispatcher-a", "/api/roads")).json()
    assert (told["pace_from"], told["pace_legs"], told["pace"]["factor"]) == ("learned", 812, pytest.approx(1.5))


async def test_without_roads_everything_says_that_it_is_an_estimate(database_url: str, clock: TestClock) -> None:
    config = CloudConfig(database_url=SecretStr(database_url), secret=SecretStr(SECRET))
    app = create_app(config, clock)
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=gated(app, config)), base_url="http://tuantu.test") as client,
    ):
        world = World(client, connection, clock, await settle(connection))
        await _placed(world)
        told = (await world.get("admin", "/api/roads")).json()
        assert told["is_estimate"]
        assert "roads import" in told["why"]
        assert (await world.post("admin", "/api/roads/route", json={"points": [A, B]})).json()["is_estimate"]
        assert (await world.post("admin", "/api/roads/matrix", json={"sites": ["st-a1", "st-a2"]})).json()["is_estimate"]
        assert (await world.get(None, "/api/map")).json()["kind"] == "none"


def test_a_map_of_somebody_else_may_be_loaded_where_it_is_configured() -> None:
    url = "https://tiles.example/{z}/{x}/{y}.png"
    config = CloudConfig(database_url=SecretStr("postgresql://x/y"), secret=SecretStr(SECRET), map_url=url)
    from cloud.api.gate import content_policy

    assert "img-src 'self' data: blob: https://tiles.example;" in content_policy(config)
    assert "https://tiles" not in content_policy(CloudConfig(database_url=SecretStr("postgresql://x/y")))
