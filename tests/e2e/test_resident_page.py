"""The resident's page in a browser, from a scanner's bytes to the words on the phone."""

import gzip
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.kept import until_kept
from tests.e2e.town import Town

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SOON_MS = 20_000  # on a busy machine; what it really took is printed
# Shorter than the 10 s after which an edge that nobody woke looks by itself: a scan that waits for that is a fault.
MOVES_WITHIN_MS = 8_000
OpenPage = Callable[..., Page]


def test_the_timeline_moves_by_itself_when_the_parcel_is_scanned(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    page = open_page(order.url)
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=SOON_MS)
    expect(page.locator("h1")).to_have_text("已下单")
    expect(page.locator("li.step")).to_have_count(1)
    page.evaluate("window.stillTheSamePage = true")
    took_ms = []
    for count, label in enumerate(order.labels, start=1):
        began_s = time.monotonic()
        town.scanner.scan(label)
        page.wait_for_function(
            "n => document.querySelectorAll('.card .tag.tone-move').length >= n", arg=count, timeout=MOVES_WITHIN_MS
        )
        took_ms.append((time.monotonic() - began_s) * 1000)
        expect(page.locator("li.step.fresh").first).to_contain_text("已入库" if count < len(order.labels) else "待提货")
    print(f"scan → the resident's screen: {', '.join(f'{ms:.0f} ms' for ms in took_ms)}")
    expect(page.locator("h1")).to_have_text("待提货")
    expect(page.locator("li.step.fresh").first).to_contain_text("阳光花园自提点")
    expect(page.locator("p[aria-live]")).to_contain_text("新进展")
    assert page.evaluate("window.stillTheSamePage"), "the page was loaded again"


def test_the_pickup_day_is_said_with_its_time_and_nothing_is_promised_that_is_over(town: Town, open_page: OpenPage) -> None:
    page = open_page(town.order().url)
    expect(page.locator(".deadline")).to_contain_text(
        re.compile("(最晚 今天 21:00 前提货|提货时间到 今天 21:00 为止)"), timeout=SOON_MS
    )
    expect(page.locator(".say")).to_contain_text("没有扫到您的货")  # not that packing will start
    expect(page.locator(".say")).not_to_contain_text("截单")


def test_an_undone_scan_leaves_the_timeline(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    page = open_page(order.url)
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=SOON_MS)
    town.scanner.scan(order.labels[0])
    expect(page.locator("li.step").first).to_contain_text("已入库", timeout=SOON_MS)
    station = open_page(town.agent_url)
    station.locator("section.last").get_by_role("button", name="撤销这一次").click()
    expect(page.locator("li.step")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator("h1")).to_have_text("已下单")


def test_the_shelf_code_stands_large_once_the_parcel_is_shelved(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    page = open_page(order.url)
    town.scanner.scan("SLOT:A12")
    for label in order.labels:
        town.scanner.scan(label)
    expect(page.locator(".codes")).to_have_text("A12", timeout=SOON_MS)
    english = open_page(order.url, language="en", width=360).locator(".shelf-label")
    expect(english).to_have_text("Shelf", timeout=SOON_MS)
    assert english.evaluate("one => one.offsetHeight < 1.8 * parseFloat(getComputedStyle(one).fontSize)"), "the word is torn in two"
    # An open shelf would take the next test's parcels as well.
    station = open_page(town.agent_url)
    station.get_by_role("button", name="盘点", exact=True).click()
    expect(station.get_by_role("button", name="盘点", exact=True)).to_have_attribute("aria-pressed", "true")
    station.get_by_role("button", name="收货", exact=True).click()
    expect(station.get_by_role("button", name="收货", exact=True)).to_have_attribute("aria-pressed", "true")


def test_while_the_gateway_is_gone_the_page_says_so_asks_by_itself_and_comes_back(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    page = open_page(order.url)
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=SOON_MS)
    town.live.kill()
    try:
        expect(page.locator(".as-of")).to_contain_text(re.compile("正在重连|每 15 秒更新"), timeout=SOON_MS)
        expect(page.locator(".as-of")).to_contain_text(re.compile(r"截至 \d\d:\d\d"))
        town.scanner.scan(order.labels[0])
        expect(page.locator("li.step").first).to_contain_text("已入库", timeout=40_000)
        expect(page.locator(".as-of")).to_contain_text("每 15 秒更新")
    finally:
        town.start_cloud()
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=60_000)
    town.scanner.scan(order.labels[1])
    expect(page.locator("h1")).to_have_text("待提货", timeout=SOON_MS)


def test_a_page_opened_again_without_network_shows_what_was_last_seen_with_its_time(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    page = open_page(order.url)
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=SOON_MS)
    town.scanner.scan(order.labels[0])
    expect(page.locator("li.step").first).to_contain_text("已入库", timeout=SOON_MS)
    until_kept(page, "tt-residents-1")
    town.api.kill()
    town.live.kill()
    try:
        page.reload()
        expect(page.locator("li.step").first).to_contain_text("已入库", timeout=SOON_MS)
        expect(page.locator(".as-of")).to_contain_text(re.compile(r"已离线.*截至 \d\d:\d\d"))
    finally:
        town.start_cloud()
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=60_000)


def test_a_link_that_was_taken_back_says_what_to_do_and_shows_nothing_of_the_order(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    page = open_page(order.url)
    expect(page.locator("h1")).to_have_text("已下单", timeout=SOON_MS)
    town.ask("DELETE", f"/api/operators/e2e-operator/orders/{order.external_id}/link")
    page.reload()
    expect(page.locator("h1")).to_have_text("链接已过期", timeout=SOON_MS)
    assert order.external_id not in page.content()
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('tt-order')).length") == 0


def test_a_mangled_link_says_what_to_do(town: Town, open_page: OpenPage) -> None:
    page = open_page(f"{town.order().url[:-6]}")
    expect(page.locator("h1")).to_have_text("链接打不开", timeout=SOON_MS)
    page.get_by_role("button", name="EN").click()
    expect(page.locator("h1")).to_have_text("This link does not work")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_page_weighs_little(town: Town, open_page: OpenPage) -> None:
    bodies: list[bytes] = []
    page = open_page(town.order().url)
    page.on("response", lambda response: bodies.append(response.body()) if "/api/" not in response.url else None)
    page.reload()
    expect(page.locator("h1")).to_have_text("已下单", timeout=SOON_MS)
    packed = sum(len(gzip.compress(body)) for body in bodies)
    print(f"resident page, gzipped: {packed / 1000:.1f} kB in {len(bodies)} files")
    assert len(bodies) >= 3
    assert packed < 120_000
