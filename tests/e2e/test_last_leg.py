"""A resident's sketch of the van's last leg, painted on a real map by a phone: what stands on it, and all that the phone loads."""

import gzip
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Page, Response, expect

from cloud.roads.importing import import_extract
from cloud.roads.versions import Versions
from firmware_sim.map.ground import MIDDLE_LAT, MIDDLE_LON
from firmware_sim.map.pbf import write_map
from tests.conftest import DatabaseSource, TestBroker, reachable_folder
from tests.e2e.test_leader_page import station_with_van
from tests.e2e.town import Order, Town, running_cloud, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 40_000
MOST_CODE_B = 120_000  # packed; 91 kB were measured
MOST_MAP_B = 60_000  # as sent; 39 kB were measured
ATTRIBUTION = "示例地图"
OpenPage = Callable[..., Page]
COLOURS = """() => {
  const canvas = document.querySelector('.van canvas')
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  return new Set(new Uint32Array(data.buffer)).size
}"""


@pytest.fixture(scope="module")
def town(database_source: DatabaseSource, _session_broker: TestBroker) -> Iterator[Town]:
    """With the town's own map."""
    with reachable_folder() as folder, database_source.database() as url:
        town = Town(folder, url, _session_broker, {"TUANTU_ROADS_DIR": str(folder / "roads")})
        write_map(1, folder / "town.osm.pbf")
        import_extract(
            Versions(folder / "roads"), folder / "town.osm.pbf", datetime.now(UTC), lambda _: None, attribution=ATTRIBUTION
        )
        with running_cloud(town):
            yield town


def on_the_last_leg(town: Town, name: str, lon: float) -> Order:
    """An order whose van left ten minutes ago straight to its station, and was at ``lon`` two minutes ago: as the positions service
    and the job of arrivals leave it, which take a minute for that.
    """
    _, run, orders, _ = station_with_van(town, name, MIDDLE_LON + 0.01, MIDDLE_LAT)
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("UPDATE run SET departed_at = now() - interval '10 min' WHERE name = %s", [run])
        connection.execute(
            "INSERT INTO eta_run (run_id, places, legs, is_estimate) SELECT id, '[]', '[]', false FROM run WHERE name = %s", [run]
        )
        connection.execute(
            """
            INSERT INTO eta_stop (run_id, stop, stops_before, early, expected, late, as_of)
            SELECT id, 1, 0, now() + interval '2 min', now() + interval '3 min', now() + interval '5 min', now() FROM run
            WHERE name = %s
            """,
            [run],
        )
        connection.execute(
            """
            INSERT INTO position (site_id, at, received_at, lat, lon)
            SELECT vehicle_id, now() - interval '2 min', now(), %s, %s FROM run WHERE name = %s
            """,
            [MIDDLE_LAT, lon, run],
        )
    return orders[0]


def test_a_phone_paints_the_ground_and_loads_little_for_it(town: Town, open_page: OpenPage) -> None:
    order = on_the_last_leg(town, "望江里", MIDDLE_LON - 0.01)
    page = open_page("about:blank", width=360)
    heard: list[Response] = []
    page.on("response", lambda response: heard.append(response))
    page.goto(order.url)
    sketch = page.locator(".van figure")
    expect(sketch.get_by_role("img", name=re.compile(r"配送车大致位置：离自提点直线约 (1\.\d|2\.\d) 公里"))).to_be_visible(
        timeout=SOON_MS
    )
    expect(sketch.locator("figcaption")).to_contain_text(ATTRIBUTION)
    expect(sketch.locator("figcaption")).to_contain_text("300 米范围内")
    until(lambda: page.evaluate(COLOURS) > 3, "land, ways and their edges are painted")

    code = [one.body() for one in heard if "/api/" not in one.url]
    assert len(code) >= 5
    assert sum(len(gzip.compress(body)) for body in code) < MOST_CODE_B
    tiles = [one for one in heard if urlsplit(one.url).path.endswith(".pmtiles")]
    assert {one.status for one in tiles} == {206}, "ranges of the file, not the whole"
    assert sum(int(one.headers["content-length"]) for one in tiles) < MOST_MAP_B


def test_where_the_maps_file_cannot_be_read_the_picture_is_plain_and_says_so(town: Town, open_page: OpenPage) -> None:
    order = on_the_last_leg(town, "云谷里", MIDDLE_LON - 0.01)
    page = open_page("about:blank", width=360)
    page.route("**/*.pmtiles", lambda route: route.abort())
    page.goto(order.url)
    expect(page.locator(".van figcaption")).to_contain_text("地图打不开，上面只是大概方位。", timeout=SOON_MS)
    assert page.evaluate(COLOURS) == 1
    expect(page.locator(".van svg .area")).to_be_visible()

    # What failed is read anew for the next picture.
    page.unroute("**/*.pmtiles")
    page.set_viewport_size({"width": 400, "height": 800})
    until(lambda: page.evaluate(COLOURS) > 3, "the ground is painted", SOON_MS / 1000)
    expect(page.locator(".van figcaption")).to_contain_text(ATTRIBUTION)
