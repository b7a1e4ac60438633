"""The station's page, served by the agent itself."""

import secrets
import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.e2e import heard
from tests.e2e.keyboard_scanner import scan_by_keys
from tests.e2e.town import Town

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]


@pytest.fixture
def station(town: Town, open_page: OpenPage) -> Page:
    httpx.post(f"{town.agent_url}/api/mode", json={"mode": "receive"}).raise_for_status()
    page = open_page(town.agent_url, width=1280, height=800)
    expect(page.locator(".net")).to_contain_text("在线", timeout=SOON_MS)
    return page


def type_label(page: Page, label: str) -> None:
    """As a keyboard-wedge scanner does."""
    scan_by_keys(page, label)


def test_a_scan_stands_in_huge_type_with_its_result_and_can_be_undone(town: Town, station: Page) -> None:
    label = town.order().labels[0]
    began_s = time.monotonic()
    town.scanner.scan(label)
    expect(station.locator("section.last .label")).to_have_text(label, timeout=SOON_MS)
    print(f"scan → the station's screen: {(time.monotonic() - began_s) * 1000:.0f} ms")
    expect(station.locator("section.last h1")).to_have_text("已入库")
    type_label(station, label)  # the same scanner twice within a moment would be one act
    expect(station.locator("section.last h1")).to_have_text("重复", timeout=SOON_MS)
    station.get_by_role("button", name=f"撤销 {label}").click()
    expect(station.locator("li", has_text=label).filter(has_text="已撤销").first).to_be_visible(timeout=SOON_MS)


def test_modes_decide_what_a_scan_means(town: Town, station: Page) -> None:
    label = town.order().labels[0]
    httpx.post(f"{town.agent_url}/api/shelve", json={"parcel": label, "slot": "A1"}).raise_for_status()
    expect(station.locator("section.last h1")).to_contain_text("已上架", timeout=SOON_MS)
    station.get_by_role("button", name="提货核销").click()
    expect(station.get_by_role("button", name="提货核销")).to_have_attribute("aria-pressed", "true")
    type_label(station, label)
    expect(station.locator("section.last h1")).to_contain_text("已出库", timeout=SOON_MS)


def test_a_scanner_that_types_needs_no_focus_and_loses_no_scan(town: Town, station: Page) -> None:
    labels = [label for _ in range(4) for label in town.order().labels]
    station.get_by_role("button", name="EN").focus()
    for label in labels:
        type_label(station, label)
    for label in labels:
        expect(station.get_by_role("region", name="最近扫描").locator("li", has_text=label)).to_contain_text(
            "已入库", timeout=SOON_MS
        )
    expect(station.locator("html")).to_have_attribute("lang", "zh-CN")  # the button that had the focus was not pressed


def test_a_strange_label_is_named_as_such(town: Town, station: Page) -> None:
    town.scanner.scan("HELLO")
    expect(station.locator("section.last h1")).to_have_text("未知标签", timeout=SOON_MS)
    expect(station.locator("section.last .label")).to_have_text("HELLO")


def test_a_scan_stands_though_an_older_list_comes_after_it(town: Town, open_page: OpenPage) -> None:
    httpx.post(f"{town.agent_url}/api/scan", json={"text": "HELLO-BEFORE"}).raise_for_status()
    answers: list[tuple[Route, APIResponse]] = []
    page = open_page(f"{town.agent_url}/api/status")
    page.route("**/api/scans?*", lambda route: answers.append((route, route.fetch())))
    page.goto(f"{town.agent_url}/?lang=zh")
    until_there(page, answers)
    text = f"HELLO-{secrets.token_hex(3)}"
    town.scanner.scan(text)
    expect(page.locator("section.last .label")).to_have_text(text, timeout=SOON_MS)
    for route, answer in answers:
        with page.expect_response("**/api/scans?*"):
            route.fulfill(response=answer)
    expect(page.get_by_role("region", name="最近扫描").locator("li").nth(1)).to_be_visible(
        timeout=SOON_MS
    )  # the older list is here
    expect(page.locator("section.last .label")).to_have_text(text)


def until_there(page: Page, answers: list[tuple[Route, APIResponse]]) -> None:
    until_s = time.monotonic() + SOON_MS / 1000
    while not answers:
        assert time.monotonic() < until_s, "the page did not ask for the list"
        page.wait_for_timeout(50)


def test_results_are_said_by_the_page_itself_and_the_newest_breaks_off_what_is_still_said(town: Town, station: Page) -> None:
    heard.listen(station)
    station.get_by_role("button", name="开始上班").click()
    expect(station.get_by_text("语音：本页自带")).to_be_visible(timeout=SOON_MS)
    label = town.order().labels[0]
    town.scanner.scan(label)
    heard.wait_until_said(station, 1, SOON_MS)
    assert heard.words(station) == ["已入库"]
    heard.forget(station)
    httpx.post(f"{town.agent_url}/api/shelve", json={"parcel": label, "slot": "A12"}).raise_for_status()
    heard.wait_until_said(station, 4, SOON_MS)
    assert heard.words(station) == ["已上架", "A", "十", "二"]
    for one in heard.heard(station):
        assert one["loudest"] > 0.3, one  # the browser has decoded it
        assert one["quiet"] < 0.02, one  # and it lies where it should
        assert not one["isStopped"]

    heard.forget(station)
    for number in range(12):
        type_label(station, f"HELLO-AGAIN-{number}")
    expect(station.locator("section.last .label")).to_have_text("HELLO-AGAIN-11", timeout=SOON_MS)
    station.wait_for_function("() => window.heard.some((one) => one.isEnded && !one.isStopped)", timeout=SOON_MS)
    assert set(heard.words(station)) == {"未知标签"}
    assert all(one["pending"] == 0 for one in heard.heard(station))  # none waits behind another

    station.get_by_role("button", name="EN").click()
    expect(station.get_by_text("Voice: this page’s own")).to_be_visible(timeout=SOON_MS)
    heard.forget(station)
    town.scanner.scan("HELLO")
    heard.wait_until_said(station, 1, SOON_MS)
    assert heard.words(station, "en") == ["unknown label"]
    station.get_by_role("button", name="Sound on").click()
    heard.forget(station)
    town.scanner.scan("HELLO-MUTED")
    expect(station.locator("section.last .label")).to_have_text("HELLO-MUTED", timeout=SOON_MS)
    assert heard.heard(station) == []


def test_an_unplugged_scanner_is_shown_until_it_is_back(town: Town, station: Page) -> None:
    town.scanner.unplug()
    try:
        expect(station.locator(".devices")).to_contain_text("已拔出", timeout=SOON_MS)
    finally:
        town.scanner.plug()
    expect(station.locator(".devices")).to_contain_text("正常", timeout=SOON_MS)


def test_from_the_cloud_the_page_is_never_kept(town: Town, open_page: OpenPage) -> None:
    page = open_page(f"{town.url}/pickup.html")
    expect(page.get_by_role("alert")).to_contain_text("本机程序没有应答", timeout=SOON_MS)
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


def test_without_its_agent_the_page_says_that_nothing_is_booked(town: Town, station: Page) -> None:
    town.agent.kill()
    try:
        expect(station.get_by_role("alert")).to_contain_text("本机程序没有应答", timeout=SOON_MS)
        type_label(station, "TTP000000001X")
        expect(station.locator("section.last")).to_contain_text("没有登记，请再扫一次", timeout=SOON_MS)
    finally:
        town.start_agent()
    expect(station.get_by_role("alert")).to_have_count(0, timeout=SOON_MS)
