"""The staff page opens while its agent restarts, says that nobody is there, and takes a newer page when somebody asks for it."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import TestBroker
from tests.e2e import heard
from tests.e2e.keyboard_scanner import scan_by_keys
from tests.e2e.lone_station import LoneStation, lone_station
from tests.e2e.test_every_page import serious, too_wide
from tests.e2e.test_station_day import look
from tests.e2e.test_station_locker import a_day
from tests.e2e.town import DIST, until
from tests.edge.station.days import LI_1

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 40_000
OpenPage = Callable[..., Page]
PATHS = "caches.open('tt-desk-1').then(async (cache) => (await cache.keys()).map((one) => new URL(one.url).pathname))"
BREAK = "Object.defineProperty(self, 'caches', { value: { open: () => Promise.reject(new Error('broken')) } })\n"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    return Path(shutil.copytree(DIST, tmp_path / "pages"))


@pytest.fixture
def station(tmp_path: Path, pages: Path, _session_broker: TestBroker) -> Iterator[LoneStation]:
    with lone_station(tmp_path, _session_broker, make_day=a_day, pages=pages) as station:
        yield station


def kept(page: Page) -> list[str]:
    paths: list[str] = page.evaluate(PATHS)
    return paths


def wait_until_kept(page: Page) -> None:
    until(lambda: "/" in kept(page), "the page is kept", SOON_MS / 1000)


def release_anew(pages: Path) -> str:
    """The page of another release: its script has another name, and the former one is gone. Returns the name."""
    html = (pages / "pickup.html").read_text(encoding="utf-8")
    name = re.search(r'src="/assets/(pickup-[\w-]+\.js)"', html)
    assert name is not None
    (pages / "assets" / name[1]).rename(pages / "assets" / "pickup-another.js")
    (pages / "pickup.html").write_text(html.replace(name[1], "pickup-another.js"), encoding="utf-8")
    return "pickup-another.js"


def test_it_opens_without_its_agent_and_works_again_with_it(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url, width=390, height=844)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    wait_until_kept(page)
    paths = kept(page)
    assert all(path == "/" or path.startswith("/assets/") for path in paths), paths
    assert any(path.endswith(".js") for path in paths)
    assert any(path.endswith(".webm") for path in paths)  # what it speaks with, before anybody asked for it

    station.agent.kill()
    page.reload()
    expect(page.get_by_role("alert").filter(has_text="本机程序没有应答")).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".net")).to_have_count(0)  # nothing old is shown as if it were so
    look(page, "agent-away")
    heard.listen(page)
    page.get_by_role("button", name="开始上班").click()
    expect(page.get_by_text("语音：本页自带")).to_be_visible(timeout=SOON_MS)
    for count in (1, 2):  # each try is told of, also of the same label
        scan_by_keys(page, LI_1)
        expect(page.locator("section.last")).to_contain_text("没有登记，请再扫一次", timeout=SOON_MS)
        expect(page.get_by_role("region", name="最近扫描").locator("li")).to_have_count(count, timeout=SOON_MS)
    heard.wait_until_said(page, 1, SOON_MS)
    assert set(heard.words(page)) == {"存储失败"}
    assert serious(page) == []
    station.start()
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("alert").filter(has_text="本机程序没有应答")).to_have_count(0, timeout=SOON_MS)
    scan_by_keys(page, LI_1)
    expect(page.locator("section.last h1")).to_contain_text("已入库", timeout=SOON_MS)
    look(page, "kept")


def test_a_newer_page_waits_until_somebody_takes_it(station: LoneStation, pages: Path, open_page: OpenPage) -> None:
    page = open_page(station.url, width=390, height=844)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    wait_until_kept(page)
    take = page.get_by_role("button", name="更新本页")
    expect(take).to_have_count(0)

    station.agent.kill()
    page.evaluate("window.isSame = true")
    script = release_anew(pages)
    station.start()
    expect(take).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("window.isSame")  # nobody's work was cut short
    look(page, "newer")
    assert serious(page) == []
    assert too_wide(page) == []

    take.click()
    expect(page.locator(f"script[src$='{script}']")).to_have_count(1, timeout=SOON_MS)
    expect(take).to_have_count(0)
    until(
        lambda: (
            [path for path in kept(page) if path.startswith("/assets/pickup-") and path.endswith(".js")] == [f"/assets/{script}"]
        ),
        "only the newer page is kept",
        SOON_MS / 1000,
    )


def test_an_older_page_that_opened_without_its_agent_is_told_of_the_newer(
    station: LoneStation, pages: Path, open_page: OpenPage
) -> None:
    page = open_page(station.url, width=390, height=844)
    wait_until_kept(page)
    station.agent.kill()
    script = release_anew(pages)
    page.reload()
    expect(page.get_by_role("alert").filter(has_text="本机程序没有应答")).to_be_visible(timeout=SOON_MS)
    station.start()
    page.get_by_role("button", name="更新本页").click(timeout=SOON_MS)
    expect(page.locator(f"script[src$='{script}']")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("button", name="更新本页")).to_have_count(0)


def test_a_broken_store_on_the_device_keeps_the_page_from_nothing(station: LoneStation, pages: Path, open_page: OpenPage) -> None:
    worker = pages / "desk-worker.js"
    worker.write_text(BREAK + worker.read_text(encoding="utf-8"), encoding="utf-8")
    page = open_page(station.url, width=390, height=844)
    expect(page.get_by_text("本页没有存到这台设备上")).to_be_visible(timeout=SOON_MS)
    page.reload()  # through the worker now
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)


def test_on_an_address_that_is_not_encrypted_it_says_why_there_is_none(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url_on_the_lan, width=390, height=844)
    expect(page.get_by_text("盒子重启时本页不能刷新")).to_be_visible(timeout=SOON_MS)
    assert too_wide(page) == []
    assert page.evaluate("'serviceWorker' in navigator") is False


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
