"""The staff page opens while its agent restarts, says that nobody is there, and takes a newer page when somebody asks for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import TestBroker
from tests.e2e.lone_station import LoneStation, lone_station
from tests.e2e.test_every_page import serious, too_wide
from tests.e2e.test_station_day import look
from tests.e2e.test_station_locker import a_day
from tests.e2e.town import DIST
from tests.edge.station.days import LI_1

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 40_000
OpenPage = Callable[..., Page]
IS_KEPT = "caches.open('tt-desk-1').then(async (cache) => (await cache.match('/')) !== undefined)"
PATHS = "caches.open('tt-desk-1').then(async (cache) => (await cache.keys()).map((one) => new URL(one.url).pathname))"
MAKE_OLD = "caches.open('tt-desk-1').then((cache) => cache.put('/', new Response('an older page')))"


@pytest.fixture
def station(tmp_path: Path, _session_broker: TestBroker) -> Iterator[LoneStation]:
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with lone_station(tmp_path, _session_broker, "", a_day) as station:
        yield station


def test_it_opens_without_its_agent_and_works_again_with_it(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url, width=390, height=844)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    page.wait_for_function(IS_KEPT, timeout=SOON_MS)
    paths: list[str] = page.evaluate(PATHS)
    assert all(path == "/" or path.startswith("/assets/") for path in paths), paths
    assert any(path.endswith(".js") for path in paths)

    station.agent.kill()
    page.reload()
    expect(page.get_by_role("alert").filter(has_text="本机程序没有应答")).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".net")).to_have_count(0)  # nothing old is shown as if it were so
    look(page, "agent-away")
    assert serious(page) == []
    station.start()
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("alert").filter(has_text="本机程序没有应答")).to_have_count(0, timeout=SOON_MS)
    page.keyboard.type(LI_1)
    page.keyboard.press("Enter")
    expect(page.locator("section.last h1")).to_contain_text("已入库", timeout=SOON_MS)


def test_a_newer_page_waits_until_somebody_takes_it(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url, width=390, height=844)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    page.wait_for_function(IS_KEPT, timeout=SOON_MS)
    page.evaluate("window.isSame = true")
    page.evaluate(MAKE_OLD)  # as if this page were of an older release than the agent's
    station.agent.kill()
    expect(page.get_by_role("alert").filter(has_text="本机程序没有应答")).to_be_visible(timeout=SOON_MS)
    station.start()
    take = page.get_by_role("button", name="更新本页")
    expect(take).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("window.isSame")  # nobody's work was cut short
    look(page, "newer")
    assert serious(page) == []
    assert too_wide(page) == []
    take.click()
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    expect(take).to_have_count(0)
    assert page.evaluate("window.isSame === undefined")


def test_on_an_address_that_is_not_encrypted_it_says_why_there_is_none(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url_on_the_lan, width=390, height=844)
    expect(page.get_by_text("盒子重启时本页不能刷新")).to_be_visible(timeout=SOON_MS)
    assert too_wide(page) == []


def test_it_can_be_put_on_a_home_screen(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url, width=390, height=844)
    href = page.locator("link[rel=manifest]").get_attribute("href")
    manifest = page.evaluate("href => fetch(href).then((answer) => answer.json())", href)
    assert manifest["name"] == "团途 · 自提点"
    for icon in manifest["icons"]:
        size = page.evaluate(
            "src => new Promise((done) => { const i = new Image(); i.onload = () => done(`${i.width}x${i.height}`); i.src = src })",
            icon["src"],
        )
        assert size == icon["sizes"]
