"""A dispatcher plans a day, moves stops with keys and with the mouse, sees the times change, and commits."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import DatabaseSource, TestBroker, find_free_port, reachable_folder
from tests.e2e.test_every_page import AXE, serious, too_wide
from tests.e2e.town import OPERATOR, Town, running_cloud

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SOON_MS = 20_000
PLANNED_MS = 90_000
OpenPage = Callable[..., Page]
# Along a road to the east of the grid warehouse, two kilometres apart; the last lies where nobody has put it on the map.
STATIONS = ("东门", "北苑", "滨河", "云谷", "望江", "大溪地")


@pytest.fixture(scope="module")
def town(database_source: DatabaseSource, _session_broker: TestBroker) -> Iterator[Town]:
    """With the jobs, which plan; no station's agent is needed."""
    with reachable_folder() as folder, database_source.database() as url:
        town = Town(folder, url, _session_broker)
        with running_cloud(town):
            jobs = town.child("jobs", "cloud", "jobs")
            jobs.start()
            try:
                yield town
            finally:
                jobs.kill()


@pytest.fixture(scope="module")
def day(town: Town) -> str:
    """Closed, with goods for every station."""
    day = (datetime.now(UTC) + timedelta(days=3, hours=8)).date().isoformat()
    town.ask("POST", "/api/sites", {"id": "e2e-dock", "kind": "dock", "name": "滨湖网格仓", "operators": [OPERATOR]})
    for number, name in ((1, "一号车"), (2, "二号车")):
        town.ask("POST", "/api/sites", {"id": f"e2e-van-{number}", "kind": "van", "name": name, "operators": [OPERATOR]})
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("UPDATE site SET lat = 31.2, lon = 121.4 WHERE id = 'e2e-dock'")
        orders: list[dict[str, Any]] = []
        for number, name in enumerate(STATIONS, 1):
            site = f"e2e-st-{number}"
            town.ask("POST", "/api/sites", {"id": site, "kind": "station", "name": name, "operators": [OPERATOR]})
            if number < len(STATIONS):
                connection.execute("UPDATE site SET lat = %s, lon = %s WHERE id = %s", [31.2, 121.4 + number * 0.021, site])
            lines = [
                {"sku": "rice", "name": "五常大米 5kg", "quantity": 1, "zone": "ambient"},
                {"sku": "milk", "name": "鲜牛奶 950ml", "quantity": 1, "zone": "chilled"},
            ]
            orders.append({"external_id": f"D{number}", "site": site, "pickup_date": day, "lines": lines})
    assert town.ask("POST", f"/api/operators/{OPERATOR}/orders", orders)["created"] == len(STATIONS)
    town.ask("POST", f"/api/operators/{OPERATOR}/batches/{day}/freeze", {"early": True})
    return day


def desk(town: Town, open_page: OpenPage, day: str, view: str, **look: Any) -> Page:
    page = open_page(f"{town.url}/dispatch.html?day={day}", width=1280, height=900, **look)
    page.locator("input[name=login]").fill("admin")
    page.locator("input[name=password]").fill(town.password)
    page.locator("form button").click()
    page.locator(".as-of.is-live").wait_for(timeout=SOON_MS)
    page.get_by_role("navigation").get_by_role("button").nth(("board", "plan", "live").index(view)).click()
    return page


def names(tour: Locator) -> list[str]:
    return tour.locator(".name").all_inner_texts()


def times(page: Page) -> list[str]:
    return page.locator("li.row .time").all_inner_texts()


def test_a_day_is_planned_a_stop_is_moved_by_key_and_by_drag_and_the_plan_is_committed(
    town: Town, open_page: OpenPage, day: str
) -> None:
    page = desk(town, open_page, day, "plan")
    expect(page.get_by_text("这一天还没有方案。")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="新方案").click()
    cold = page.get_by_label("冷藏")
    expect(cold).to_have_count(2, timeout=SOON_MS)
    cold.nth(0).fill("3")
    cold.nth(1).fill("3")
    page.get_by_label("计算时间（秒）").fill("2")
    page.get_by_role("button", name="开始计算").click()
    first, second = page.get_by_role("region", name="1号车"), page.get_by_role("region", name="2号车")
    expect(first.locator("li.row").or_(second.locator("li.row"))).to_have_count(5, timeout=PLANNED_MS)
    expect(page.get_by_text("没有路网：路线和时间按直线估算。")).to_be_visible()
    left = page.get_by_role("region", name=re.compile("未安排的自提点"))
    expect(left).to_contain_text("大溪地")
    expect(left).to_contain_text("没有坐标")
    if AXE.is_file():
        assert serious(page) == []

    # By key: the second stop of the fuller van goes up, and back.
    tour, other = (first, second) if len(names(first)) > len(names(second)) else (second, first)
    before, clock = names(tour), times(page)
    assert len(before) == 3
    pick(tour, before[1]).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    bar = page.get_by_role("region", name="调整")
    expect(bar).to_contain_text("可行：费用", timeout=SOON_MS)
    assert names(tour) == [before[1], before[0], before[2]]
    assert times(page) != clock, "other times are shown before anything is kept"
    expect(page.locator(":focus")).to_contain_text(before[1])
    bar.get_by_role("button", name="撤销一步").click()
    expect(page.get_by_role("region", name="调整")).to_have_count(0)
    assert (names(tour), times(page)) == (before, clock)

    # By drag: a fourth cold box is one too many.
    crowded = other.locator("li.row").first
    drag(page, crowded, tour.locator("li.row").nth(1))
    expect(bar).to_contain_text("不可行：", timeout=SOON_MS)
    expect(bar).to_contain_text(re.compile("[12]号车的冷藏箱超出 1 个"))
    expect(tour.locator(".zones .trouble")).to_contain_text("冷藏 4 / 3")
    expect(bar.get_by_role("button", name="保留为新方案")).to_be_disabled()
    bar.get_by_role("button", name="全部撤销").click()
    # The other way it holds.
    moved = before[2]
    drag(page, tour.locator("li.row").nth(2), other.locator("li.row").first)
    expect(bar).to_contain_text("可行：费用", timeout=SOON_MS)
    expect(bar).to_contain_text(re.compile(f"{moved}改由[12]号车："))
    assert moved in names(other)
    expect(page.locator("li.row .tag", has_text=re.compile("[早晚] \\d+ 分钟")).first).to_be_visible()
    bar.get_by_role("button", name="保留为新方案").click()
    expect(page.get_by_text(re.compile("由 #\\d+ 手工调整"))).to_be_visible(timeout=SOON_MS)

    # By key to the other van, and back: the menu.
    expect(page.get_by_role("region", name="调整")).to_have_count(0, timeout=SOON_MS)
    pick(page, moved).click()
    page.get_by_label(f"移到车辆…… {moved}").select_option(index=1)
    expect(bar).to_contain_text("可行：费用", timeout=SOON_MS)
    bar.get_by_role("button", name="全部撤销").click()

    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_role("alertdialog")).to_contain_text("提交后生成 2 个车次")
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("region", name=re.compile("^方案 #"))).to_contain_text("已提交", timeout=SOON_MS)
    runs = town.ask("GET", f"/api/runs?day={day}")["runs"]
    assert sorted(len(run["stops"]) for run in runs) == [2, 3]
    assert too_wide(page) == []

    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="发车看板").click()
    rows = page.get_by_role("region", name="发车看板").locator("tbody tr")
    expect(rows).to_have_count(2, timeout=SOON_MS)
    expect(rows.first).to_contain_text(re.compile("冷藏 0 / [23] 已装车"))
    rows.first.get_by_role("button", name="开始装车").click()
    expect(rows.filter(has_text="装车中")).to_have_count(1, timeout=SOON_MS)
    # A run that is being loaded is not replaced, and the page says why.
    page.get_by_role("button", name="排线", exact=True).click()
    page.get_by_role("button", name=re.compile("#\\d+.*待提交")).click()
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("alert")).to_contain_text("正在装车、在途或已结束", timeout=SOON_MS)


def pick(where: Page | Locator, name: str) -> Locator:
    """The button that picks a stop."""
    return where.locator("[data-pick]").filter(has_text=name)


def drag(page: Page, row: Locator, to: Locator) -> None:
    """By its grip, to the upper half of another row."""
    row.evaluate("row => row.scrollIntoView({block: 'center'})")
    grip, there = row.locator(".grip").bounding_box(), to.bounding_box()
    assert grip is not None
    assert there is not None
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(there["x"] + 40, there["y"] + 12, steps=6)
    page.mouse.up()


def test_a_van_under_way_is_seen_where_it_is_with_its_stops_and_its_track(town: Town, open_page: OpenPage) -> None:
    van, today = "e2e-van-9", (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
    town.ask("POST", "/api/sites", {"id": van, "kind": "van", "name": "九号车", "operators": [OPERATOR]})
    town.ask("POST", "/api/sites", {"id": "e2e-st-9", "kind": "station", "name": "南山里", "operators": [OPERATOR]})
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("UPDATE site SET lat = 31.2, lon = 121.5 WHERE id = 'e2e-st-9'")
    planned = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    stops = [{"site": "e2e-st-9", "planned_arrival": planned}]
    run = town.ask("PUT", f"/api/operators/{OPERATOR}/runs/{today}/R9", {"vehicle": van, "stops": stops})
    town.ask("POST", f"/api/runs/{run['id']}/state", {"state": "departed"})
    phone = {"operator": OPERATOR, "vehicle": van, "protocol": "osmand", "name": "王师傅的手机", "is_personal": False}
    link = town.ask("POST", "/api/trackers", phone)["set_ups"][0]["link"]
    http = find_free_port()
    positions = town.child("positions", "cloud", "positions")
    positions.start(TUANTU_POSITIONS_PORT=str(http), TUANTU_JT808_PORT="0")
    try:
        town.wait_for(positions, f"http://127.0.0.1:{http}/health")
        token = parse_qs(urlsplit(link).query)["id"][0]
        said = httpx.get(f"http://127.0.0.1:{http}/?id={token}&lat=31.2&lon=121.45&batt=87", timeout=20)
        assert said.status_code == 200, said.text
        page = desk(town, open_page, today, "live")
        row = page.get_by_role("button", name=re.compile("R9"))
        row.click(timeout=SOON_MS)
        expect(row).to_contain_text("九号车", timeout=SOON_MS)
        expect(row).to_contain_text(re.compile("\\d+ (秒|分钟)前定位"), timeout=SOON_MS)
        expect(row).to_contain_text("已到 0 / 1 站")
        stop = page.get_by_role("region", name="R9 的站点").locator("tbody tr").first
        expect(stop).to_contain_text("南山里")
        expect(stop).to_contain_text("待配送")
        page.get_by_role("button", name="当天轨迹").click()
        expect(page.get_by_label("轨迹时间")).to_be_visible(timeout=SOON_MS)
        if AXE.is_file():
            assert serious(page) == []
    finally:
        positions.kill()


@pytest.mark.parametrize("look", [{"language": "zh"}, {"language": "en", "dark": True}], ids=["zh-light", "en-dark"])
@pytest.mark.parametrize("view", ["board", "live"])
def test_the_board_and_the_live_view_shut_nobody_out(
    town: Town, open_page: OpenPage, day: str, view: str, look: dict[str, Any]
) -> None:
    page = desk(town, open_page, day, view, **look)
    page.locator("section h2").first.wait_for(timeout=SOON_MS)
    if AXE.is_file():
        assert serious(page) == []
    assert too_wide(page) == []
