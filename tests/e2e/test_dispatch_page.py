"""A dispatcher plans a day, moves stops with keys and with the mouse, sees the times change, and commits."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from edge.wire.clock import TownTime, decode_town, encode_town, to_ms, utc
from tests.conftest import DatabaseSource, TestBroker, reachable_folder
from tests.e2e.test_every_page import AXE, serious, too_wide
from tests.e2e.town import OPERATOR, Town, running_cloud, say_place, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SOON_MS = 20_000
PLANNED_MS = 90_000
OpenPage = Callable[..., Page]
ZONE = timezone(timedelta(hours=8))
CLOCK = "clock.json"
# Along a road to the east of the grid warehouse, two kilometres apart; the last lies where nobody has put it on the map.
STATIONS = ("东门", "北苑", "滨河", "云谷", "望江", "大溪地")


@pytest.fixture(scope="module")
def town(database_source: DatabaseSource, _session_broker: TestBroker) -> Iterator[Town]:
    """With the jobs, which plan; no station's agent is needed. It begins at noon, so that there is a rest of the day to plan."""
    with reachable_folder() as folder, database_source.database() as url:
        noon = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0)
        (folder / CLOCK).write_bytes(encode_town(TownTime(to_ms(noon), time.monotonic(), 1.0, "")))
        town = Town(folder, url, _session_broker, {"TUANTU_CLOCK_FILE": str(folder / CLOCK)})
        with running_cloud(town):
            jobs = town.child("jobs", "cloud", "jobs")
            jobs.start()
            try:
                yield town
            finally:
                jobs.kill()


def now(town: Town) -> datetime:
    """Where the stations are."""
    return utc(decode_town((town.folder / CLOCK).read_bytes()).at(time.monotonic())).astimezone(ZONE)


@pytest.fixture(scope="module")
def day(town: Town) -> str:
    """Closed, with goods for every station."""
    day = (now(town) + timedelta(days=3)).date().isoformat()
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
    van, today = "e2e-van-9", now(town).date().isoformat()
    town.ask("POST", "/api/sites", {"id": van, "kind": "van", "name": "九号车", "operators": [OPERATOR]})
    town.ask("POST", "/api/sites", {"id": "e2e-st-9", "kind": "station", "name": "南山里", "operators": [OPERATOR]})
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("UPDATE site SET lat = 31.2, lon = 121.5 WHERE id = 'e2e-st-9'")
    planned = (now(town) + timedelta(minutes=30)).isoformat()
    stops = [{"site": "e2e-st-9", "planned_arrival": planned}]
    run = town.ask("PUT", f"/api/operators/{OPERATOR}/runs/{today}/R9", {"vehicle": van, "stops": stops})
    town.ask("POST", f"/api/runs/{run['id']}/state", {"state": "departed"})
    with town.positions() as at:
        say_place(at, town.phone(van, "王师傅的手机"), 121.45)
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
        # A link to another view, and the browser's way back, lead there.
        page.evaluate("location.hash = '#board'")
        expect(page.get_by_role("button", name="发车看板")).to_have_attribute("aria-current", "page")
        page.go_back()
        expect(page.get_by_role("button", name="在途")).to_have_attribute("aria-current", "page")


@dataclass(frozen=True, slots=True)
class Underway:
    """A committed plan of today that is driven: who drives what, by van."""

    plan: int
    runs: dict[str, dict[str, Any]]
    vehicles: dict[str, str]


@pytest.fixture(scope="module")
def underway(town: Town, day: str) -> Underway:
    """Two vans of three stops each on the road, each heard once at the first of them, which is signed for."""
    del day  # it makes the dock
    today = now(town).date().isoformat()
    vehicles = {str(number): f"e2e-out-{number}" for number in (1, 2)}
    for number, site in vehicles.items():
        town.ask("POST", "/api/sites", {"id": site, "kind": "van", "name": f"配送{number}车", "operators": [OPERATOR]})
    places = {f"e2e-w{n}": (31.2, 121.40 - n * 0.02, f"西{n}里") for n in (1, 2, 3)}
    places |= {f"e2e-o{n}": (31.2, 121.40 + n * 0.02, f"东{n}里") for n in (1, 2, 3)}
    orders = []
    for site, (lat, lon, name) in places.items():
        place = {"lat": lat, "lon": lon}
        town.ask("POST", "/api/sites", {"id": site, "kind": "station", "name": name, "operators": [OPERATOR], **place})
        lines = [{"sku": "milk", "name": "鲜牛奶 950ml", "quantity": 1, "zone": "chilled"}]
        orders.append({"external_id": f"U-{site}", "site": site, "pickup_date": today, "lines": lines})
    town.ask("POST", f"/api/operators/{OPERATOR}/orders", orders)
    town.ask("POST", f"/api/operators/{OPERATOR}/batches/{today}/freeze", {"early": True})
    hours = {"shift_from": "00:00", "shift_to": "23:59"}
    vans = [
        {"id": number, "vehicle": site, "ambient": 9, "chilled": 9, "max_stops": 6, **hours} for number, site in vehicles.items()
    ]
    asked = {
        "service_date": today,
        "depot": "e2e-dock",
        "vans": vans,
        "deliver_from": "00:00",
        "deliver_until": "23:50",
        "seconds": 1,
    }
    plan = town.ask("POST", f"/api/operators/{OPERATOR}/plans", asked)["id"]
    until(lambda: town.ask("GET", f"/api/plans/{plan}")["state"] == "done", "the day is planned", 60.0)
    tours = [
        {"van": "1", "trips": [[f"e2e-w{n}" for n in (1, 2, 3)]]}, {"van": "2", "trips": [[f"e2e-o{n}" for n in (1, 2, 3)]]},
    ]  # fmt: skip
    plan = town.ask("POST", f"/api/plans/{plan}/moves", {"tours": tours})["id"]
    town.ask("POST", f"/api/plans/{plan}/commit")
    by_vehicle = {run["vehicle"]: run for run in town.ask("GET", f"/api/runs?day={today}")["runs"]}
    underway = Underway(plan, {number: by_vehicle[site] for number, site in vehicles.items()}, vehicles)
    with town.positions() as at:
        depart(town, underway, at)
    return underway


def depart(town: Town, underway: Underway, at: str) -> None:
    """Both drive off; each phone tells of its first stop, and that is signed for."""
    for number, vehicle in underway.vehicles.items():
        run = underway.runs[number]
        for state in ("loading", "departed"):
            town.ask("POST", f"/api/runs/{run['id']}/state", {"state": state})
        say_place(at, town.phone(vehicle), 121.38 if number == "1" else 121.42)
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE run_stop SET state = 'signed', arrived_at = %s WHERE stop = 1 AND run_id = ANY(%s)",
            [now(town), [run["id"] for run in underway.runs.values()]],
        )
        connection.execute("UPDATE container SET state = 'loaded' WHERE site_id LIKE 'e2e-w%' OR site_id LIKE 'e2e-o%'")


def replan(page: Page, kind: str, fill: Callable[[Locator], object]) -> Locator:
    """Say what has happened, and take the smallest change; what it showed."""
    page.get_by_role("button", name="改派……").click()
    asking = page.get_by_role("region", name="途中改派")
    asking.get_by_role("button", name=kind, exact=True).click(timeout=SOON_MS)
    fill(asking)
    asking.get_by_role("button", name="计算改派").click()
    smallest = asking.get_by_role("region", name="改动最小")
    smallest.get_by_role("button", name="采用这个").click(timeout=PLANNED_MS)
    return smallest


def test_a_delay_a_closed_station_and_one_more_stop_are_told_and_the_driver_sees_each(
    town: Town, open_page: OpenPage, underway: Underway
) -> None:
    run = underway.runs["2"]
    town.ask(
        "POST",
        "/api/sites",
        {"id": "e2e-more", "kind": "station", "name": "河畔", "operators": [OPERATOR], "lat": 31.2, "lon": 121.45},
    )
    driver = open_page(town.ask("POST", f"/api/runs/{run['id']}/driver-link")["url"], width=360, height=740)
    page = desk(town, open_page, now(town).date().isoformat(), "live")
    page.get_by_role("button", name=re.compile(run["name"])).click(timeout=SOON_MS)

    def stops() -> dict[str, dict[str, Any]]:
        return {stop["site"]: stop for stop in town.ask("GET", f"/api/runs/{run['id']}")["stops"]}

    def confirm(smallest: Locator) -> None:
        smallest.get_by_role("button", name="确认采用").click()
        expect(page.get_by_role("status").filter(has_text="已改派")).to_be_visible(timeout=SOON_MS)
        driver.reload()
        driver.locator("section.head").wait_for(timeout=SOON_MS)

    def row(name: str) -> Locator:
        return driver.get_by_role("region", name="全部站点").locator("li", has_text=name).first

    before = stops()["e2e-o3"]["planned_arrival"]
    confirm(replan(page, "车辆延误", lambda asking: asking.get_by_role("button", name="90 分钟").click()))
    later = stops()["e2e-o3"]["planned_arrival"]
    assert datetime.fromisoformat(later) - datetime.fromisoformat(before) >= timedelta(minutes=60)
    row("东3里").locator("summary").first.click()
    at = datetime.fromisoformat(later).astimezone(ZONE)
    expect(row("东3里")).to_contain_text(f"计划 {at:%H:%M}")

    smallest = replan(page, "自提点未营业", lambda asking: asking.get_by_label("哪个自提点？").first.select_option("e2e-o3"))
    expect(smallest).to_contain_text("东3里")
    confirm(smallest)
    expect(row("东3里")).to_contain_text("跳过")
    row("东3里").locator("summary").first.click()
    expect(row("东3里")).to_contain_text("随车带回")

    def one_more(asking: Locator) -> None:
        asking.get_by_label("哪个自提点？").first.select_option("e2e-more")
        asking.get_by_role("button", name="自己填筐数").click()
        asking.get_by_label("常温").fill("2")
        asking.get_by_label("最晚送达").fill("23:50")
        asking.locator("summary", has_text="固定站点").click()
        asking.get_by_label("哪个自提点？").nth(1).select_option("e2e-more")
        asking.get_by_label("由哪辆车").select_option("2")
        asking.get_by_role("button", name="固定一个站点").click()

    confirm(replan(page, "新增站点", one_more))
    expect(page.get_by_role("region", name="交接清单")).to_contain_text("已交接 0 / 2 筐", timeout=SOON_MS)
    meet = driver.get_by_role("region", name="会合接货")
    expect(meet).to_contain_text("到滨湖网格仓取货")
    expect(meet).to_contain_text(re.compile("河畔.*常温 2.*没有筐号", re.DOTALL))
    expect(row("河畔")).to_contain_text("待配送")
    row("河畔").locator("summary").first.click()
    expect(driver.get_by_text("放下 2 个筐").first).to_be_visible()
    if AXE.is_file():
        assert serious(driver) == []
    assert too_wide(driver) == []
    meet.get_by_role("button", name="确认 2 个筐已上车").click()
    expect(meet).to_contain_text("已全部交接", timeout=SOON_MS)
    expect(page.get_by_role("region", name="交接清单")).to_contain_text("已全部交接", timeout=SOON_MS)
    # It opens after all: what the van has aboard for it is brought.
    confirm(replan(page, "新增站点", lambda asking: asking.get_by_label("哪个自提点？").first.select_option("e2e-o3")))
    expect(row("东3里")).to_contain_text("待配送")


def test_a_van_breaks_down_the_day_is_planned_anew_and_both_drivers_see_where_they_meet(
    town: Town, open_page: OpenPage, underway: Underway
) -> None:
    broken, helper = underway.runs["1"]["name"], underway.runs["2"]["name"]
    today = now(town).date().isoformat()
    page = desk(town, open_page, today, "live")
    row = page.get_by_role("button", name=re.compile(broken))
    row.click(timeout=SOON_MS)

    # The driver's link is made here, and whom to call written down; both drivers look at their runs.
    page.get_by_role("button", name="司机……").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("还没有打开过链接", timeout=SOON_MS)
    expect(dialog).to_contain_text("没有登记这辆车的司机电话")
    dialog.get_by_label("司机电话").fill("13812345678")
    dialog.get_by_role("button", name="登记").click()
    expect(dialog).to_contain_text("1******5678", timeout=SOON_MS)
    dialog.get_by_role("button", name="打电话").click()
    expect(dialog.get_by_role("link", name="拨打")).to_have_attribute("href", "tel:13812345678", timeout=SOON_MS)
    dialog.get_by_role("button", name="生成链接").click()
    giver = open_page(dialog.locator("input.link").input_value(timeout=SOON_MS), width=360, height=740)
    taker = open_page(
        town.ask("POST", f"/api/runs/{underway.runs['2']['id']}/driver-link")["url"], width=360, height=740
    )  # fmt: skip
    for driver in (giver, taker):
        expect(driver.locator(".unsent")).to_have_text("全部已上传", timeout=SOON_MS)
    if AXE.is_file():
        assert serious(page) == []
    dialog.get_by_role("button", name="关闭").click()

    # What cannot be is refused in words with what to do: the other van's stop is pinned to this one.
    page.get_by_role("button", name="改派……").click()
    asking = page.get_by_role("region", name="途中改派")
    asking.get_by_role("button", name="车辆延误").click(timeout=SOON_MS)
    asking.locator("summary", has_text="固定站点").click()
    asking.get_by_label("哪个自提点？").select_option("e2e-o2")
    asking.get_by_label("由哪辆车").select_option("1")
    asking.get_by_role("button", name="固定一个站点").click()
    asking.get_by_role("button", name="计算改派").click()
    expect(asking.get_by_role("alert")).to_contain_text(re.compile("东2里.*在.*2"), timeout=SOON_MS)

    # A station that takes goods at other times: what cannot be is said beside it, here or by the server, which knows the time.
    asking.get_by_role("button", name="收货时间有变").click()
    asking.get_by_label("哪个自提点？").first.select_option("e2e-o3")
    until_field = asking.get_by_label("最晚送达")
    expect(until_field).to_have_value("23:50")
    asking.get_by_label("最早送达").fill("09:00")
    until_field.fill("08:00")
    row = asking.locator("li.row")
    expect(row.get_by_role("alert")).to_contain_text("要晚于", timeout=SOON_MS)
    expect(asking.get_by_role("button", name="计算改派")).to_be_disabled()
    until_field.fill("10:00")
    asking.get_by_role("button", name="计算改派").click()
    expect(row.get_by_role("alert")).to_contain_text(re.compile("东3里 只收到 10:00，现在已经 12:"), timeout=SOON_MS)

    # In three taps: what, and which van is known. The station's new times go with it.
    asking.get_by_role("button", name="车辆故障").click()
    expect(asking.get_by_label("哪辆车？")).to_have_value("1")
    asking.locator("summary", has_text="同时收货时间有变").click()
    asking.get_by_role("button", name="加一个自提点").click()
    asking.get_by_label("哪个自提点？").first.select_option("e2e-o3")
    asking.get_by_label("最早送达").fill("18:00")
    asking.get_by_role("button", name="计算改派").click()
    smallest, best = asking.get_by_role("region", name="改动最小"), asking.get_by_role("region", name="费用最低")
    expect(smallest.locator("[data-sum=crates]")).to_contain_text("2", timeout=PLANNED_MS)
    expect(best.locator("[data-sum=cost]")).to_contain_text("比改动最小", timeout=PLANNED_MS)
    for name in ("西2里", "西3里"):
        expect(smallest).to_contain_text(f"{name}改由2号车：1号车已停驶")
    expect(smallest).to_contain_text(re.compile(f"2号车 {helper} 从 1号车 {broken} 接 2 筐"))
    expect(smallest).to_contain_text("西1里附近")
    expect(smallest.locator(".shift .tag").first).to_contain_text(re.compile("[早晚] \\d+ 分钟"))
    expect(smallest.locator(".shift", has_text="东3里")).to_contain_text(re.compile("→ 18:"))
    if AXE.is_file():
        assert serious(page) == []
    assert too_wide(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    smallest.get_by_role("button", name="采用这个").click()
    smallest.get_by_role("button", name="确认采用").click()
    crates = page.get_by_role("region", name="交接清单")
    expect(crates).to_contain_text("已交接 0 / 2 筐", timeout=SOON_MS)
    expect(page.get_by_role("status").filter(has_text="已改派")).to_be_visible()

    # Both drivers are told; who takes the goods over confirms them, and that is when they have changed vans.
    for driver in (giver, taker):
        driver.reload()
    expect(giver.get_by_role("region", name="会合交货")).to_contain_text(f"把 2 个筐交给 配送2车 {helper}", timeout=SOON_MS)
    meet = taker.get_by_role("region", name="会合接货")
    expect(meet).to_contain_text(f"从 配送1车 {broken} 接过 2 个筐", timeout=SOON_MS)
    expect(meet).to_contain_text("西1里附近")
    if AXE.is_file():
        assert serious(taker) == []
    meet.get_by_role("button", name="确认 2 个筐已上车").click()
    expect(meet).to_contain_text("已全部交接", timeout=SOON_MS)
    expect(crates).to_contain_text("已全部交接", timeout=SOON_MS)
    assert too_wide(taker) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="发车看板").click()
    board = page.get_by_role("region", name="发车看板").locator("tbody tr").filter(has_text=broken)
    expect(board).to_contain_text(re.compile("\\d\\d:\\d\\d 已签到"), timeout=SOON_MS)
    expect(board).to_contain_text("有电话")


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
