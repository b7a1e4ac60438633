"""A driver on a cheap phone: loses the network, hands over two stops, reloads, comes back; the cloud has each once."""

import secrets
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.kept import until_kept
from tests.e2e.test_every_page import AXE, operations, serious, too_wide
from tests.e2e.town import OPERATOR, Town, today

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]
NAMES = ("东门团长店", "西门便利店", "南门水果店")


def run_underway(town: Town) -> tuple[int, str]:
    """Three stations on a run that has set off. Its number, and its driver's link."""
    mark = secrets.token_hex(3)
    van = f"van-{mark}"
    town.ask("POST", "/api/sites", {"id": van, "kind": "van", "name": "一号车", "operators": [OPERATOR]})
    stops = []
    for number, name in enumerate(NAMES):
        site = f"st-{mark}-{number}"
        place = {"address": f"长宁路 {number + 1} 号", "lat": 31.2 + number / 100, "lon": 121.4}
        town.ask("POST", "/api/sites", {"id": site, "kind": "station", "name": name, "operators": [OPERATOR], **place})
        stops.append({"site": site, "planned_arrival": f"{today()}T0{number}:30:00Z"})
    town.ask("PUT", f"/api/sites/{stops[0]['site']}/gate-note", {"gate_note": "走北门，按铃后等保安开门"})
    run = town.ask(
        "PUT", f"/api/operators/{OPERATOR}/runs/{today()}/R{mark}", {"vehicle": van, "stops": stops}
    )["id"]  # fmt: skip
    for state in ("loading", "departed"):
        town.ask("POST", f"/api/runs/{run}/state", {"state": state})
    return run, town.ask("POST", f"/api/runs/{run}/driver-link")["url"]


def states(town: Town, run: int) -> list[str]:
    return [stop["state"] for stop in town.ask("GET", f"/api/runs/{run}")["stops"]]


def test_two_stops_handed_over_without_network_arrive_once(town: Town, open_page: OpenPage) -> None:
    run, url = run_underway(town)
    page = open_page(url, width=360, height=740)
    expect(page.locator(".unsent")).to_have_text("全部已上传", timeout=SOON_MS)
    expect(page.locator(".next h3")).to_have_text(NAMES[0])
    expect(page.locator(".next")).to_contain_text("走北门")
    assert page.locator(".next a", has_text="导航").get_attribute("href", timeout=SOON_MS) == (
        "geo:31.2,121.4?q=31.2,121.4(%E4%B8%9C%E9%97%A8%E5%9B%A2%E9%95%BF%E5%BA%97)"
    )
    until_kept(page, "tt-driver-1")

    town.api.kill()
    page.locator(".next").get_by_role("button", name="到达").click()
    page.locator(".next").get_by_role("button", name="交接完成").click()
    expect(page.locator(".next h3")).to_have_text(NAMES[1])
    page.locator(".next").get_by_role("button", name="交接完成").click()
    expect(page.locator(".unsent")).to_have_text("未上传 3")
    page.reload()
    expect(page.locator(".unsent")).to_have_text("未上传 3", timeout=SOON_MS)
    expect(page.locator(".next h3")).to_have_text(NAMES[2])

    town.start_cloud()
    expect(page.locator(".unsent")).to_have_text("全部已上传", timeout=SOON_MS)
    page.reload()
    expect(page.locator(".next h3")).to_have_text(NAMES[2], timeout=SOON_MS)
    assert states(town, run) == ["signed", "signed", "pending"]
    assert kept(town, run) == [("arrived", 1, ""), ("handed_over", 1, ""), ("handed_over", 2, "")]


def kept(town: Town, run: int) -> list[tuple[str, int, str]]:
    """What the cloud has of the driver, in the order in which it happened."""
    with psycopg.connect(town.database_url) as connection:
        found = connection.execute("SELECT kind, stop, refusal FROM driver_act WHERE run_id = %s ORDER BY at", [run])
        return [(row[0], row[1], row[2]) for row in found.fetchall()]


@pytest.mark.parametrize("look", [{"language": "zh"}, {"language": "en", "dark": True}], ids=["zh-light", "en-dark"])
def test_it_is_usable_by_everybody_and_at_any_size(town: Town, open_page: OpenPage, look: dict[str, Any]) -> None:
    _, url = run_underway(town)
    page = open_page(url, width=360, height=740, **look)
    expect(page.locator(".next h3")).to_have_text(NAMES[0], timeout=SOON_MS)
    page.locator(".all summary").nth(1).click()
    page.locator(".next .button-danger").click()
    if AXE.is_file():
        assert serious(page) == []
    assert too_wide(page) == []


def test_what_is_refused_stays_with_its_reason_until_the_driver_has_read_it(town: Town, open_page: OpenPage) -> None:
    run, url = run_underway(town)
    page = open_page(url, width=360, height=740)
    expect(page.locator(".unsent")).to_have_text("全部已上传", timeout=SOON_MS)
    page.context.set_offline(True)
    page.locator(".next").get_by_role("button", name="无法交付").click()
    page.get_by_label("自提点未营业").check()
    page.get_by_role("button", name="记录无法交付").click()
    expect(page.locator(".unsent")).to_have_text("未上传 1")
    town.ask("POST", f"/api/runs/{run}/state", {"state": "completed"})
    page.wait_for_timeout(50)  # what happens now is after the end
    page.locator(".next").get_by_role("button", name="交接完成").click()
    page.context.set_offline(False)
    refused = page.locator(".refused")
    expect(refused).to_contain_text("已经结束", timeout=SOON_MS)
    expect(page.locator(".unsent")).to_have_text("全部已上传")
    assert states(town, run) == ["failed", "pending", "pending"]
    if AXE.is_file():
        assert serious(page) == []
    refused.get_by_role("button", name="知道了，删除").click()
    refused.get_by_role("button", name="再按一次删除").click()
    expect(refused).to_have_count(0)


def test_a_link_that_is_good_no_more_says_whom_to_ask(town: Town, open_page: OpenPage) -> None:
    run, url = run_underway(town)
    town.ask("DELETE", f"/api/runs/{run}/driver-link")
    page = open_page(url, width=360, height=740)
    expect(page.locator(".notice")).to_contain_text("链接已作废", timeout=SOON_MS)
    expect(page.locator(".notice")).to_contain_text("请向调度员要一个新链接")


def test_a_dispatcher_makes_a_link_and_says_how_to_get_in(town: Town, open_page: OpenPage) -> None:
    run_underway(town)
    page = operations(town, open_page, width=768, height=1024)
    card = page.get_by_role("region", name="司机链接")
    card.get_by_role("button", name="生成链接").first.click()
    expect(card.locator(".link")).to_contain_text("/d/", timeout=SOON_MS)
    card.get_by_label("自提点").select_option(index=0)
    card.get_by_label("进门说明").fill("走东门")
    card.get_by_role("button", name="保存进门说明").click()
    expect(card).to_contain_text("已保存", timeout=SOON_MS)
    card.get_by_role("button", name="作废链接").first.click()
    expect(card).to_contain_text("已全部作废", timeout=SOON_MS)
