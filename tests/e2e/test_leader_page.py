"""A leader's phone: bound once, moved by a hand-out, reminders, the chat's text; vans are seen by whom they concern."""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.kept import until_kept
from tests.e2e.test_dispatch_page import desk
from tests.e2e.test_every_page import AXE, operations, serious, too_wide
from tests.e2e.test_pickup_and_cases import set_mode
from tests.e2e.town import OPERATOR, Order, Town, say_place, today, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]
LEADERS = f"/api/operators/{OPERATOR}/leaders"
SMALL = """() => [...document.querySelectorAll('main *, header *')]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) && one.offsetParent)
    .filter(one => parseFloat(getComputedStyle(one).fontSize) < 17.99).map(one => one.outerHTML.slice(0, 120))"""

# Numbers apart from their units, or beyond their tile.
TORN = """() => [...document.querySelectorAll('[data-tile] strong')]
    .filter(one => one.offsetHeight > 1.5 * parseFloat(getComputedStyle(one).lineHeight)
        || one.scrollWidth > one.parentElement.clientWidth).map(one => one.textContent)"""


def leader(town: Town, keeps: str | None = None, name: str = "王姐") -> str:
    """A new leader's link."""
    number = f"L-{secrets.token_hex(3)}"
    if keeps is not None:  # whoever kept it in another test does no more
        for one in town.ask("GET", LEADERS)["leaders"]:
            if one["keeps"] == keeps:
                town.ask("PUT", f"{LEADERS}/{one['id']}", {"name": one["name"]})
    town.ask("PUT", f"{LEADERS}/{number}", {"name": name, "keeps": keeps})
    return str(town.ask("POST", f"{LEADERS}/{number}/link")["url"])


def lies_there(town: Town) -> Order:
    """An order whose parcels are at the station."""
    order = town.order()
    for label in order.labels:
        town.scanner.scan(label)
    path = f"/api/operators/{OPERATOR}/orders/{order.external_id}"
    until(lambda: town.ask("GET", path)["order"]["state"] == "ready", "the order is ready")
    return order


def bound(open_page: OpenPage, url: str, **look: Any) -> Page:
    page = open_page(url, **{"width": 360, "height": 740, **look})
    page.locator(".as-of.is-live").wait_for(timeout=SOON_MS)
    return page


def tile(page: Page, name: str) -> Any:
    return page.locator(f"[data-tile={name}] strong")


def with_a_fridge(town: Town) -> None:
    """It measured for six hours with an hour's gap. From tomorrow on, or the agent's own word that it has none would count."""
    boxes = '[{"name": "冷藏柜", "goods": "chilled", "sensor": "fridge.1.temperature_c"}]'
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO site_boxes (site_id, since, boxes) VALUES (%s, now() + interval '1 day', %s)", [town.site, boxes]
        )
        connection.execute(
            "INSERT INTO sensor (site_id, name, operator_id) VALUES (%s, 'fridge.1.temperature_c', %s)", [town.site, OPERATOR]
        )
        connection.execute(
            """
            INSERT INTO reading (at, received_at, sensor_id, quality, value)
            SELECT at, at, s.id, 0, 3.2 + sin(extract(epoch FROM at) / 2000)
            FROM sensor s, generate_series(now() - interval '6 hours', now(), interval '1 min') AS at
            WHERE s.site_id = %s AND at NOT BETWEEN now() - interval '3 hours' AND now() - interval '2 hours'
            """,
            [town.site],
        )


def test_a_hand_out_moves_the_tile_and_a_reminder_stands_on_the_residents_page(town: Town, open_page: OpenPage) -> None:
    mine, other = leader(town, town.site), leader(town, name="李姐")
    fetched, waiting = lies_there(town), lies_there(town)
    page = bound(open_page, mine)
    assert urlsplit(page.url).path == "/g/", "the link stands in the address no more"
    expect(page.locator("h1")).to_have_text("王姐")
    expect(tile(page, "came")).to_have_text(re.compile(r"^(\d+) / \1 单$"))
    before = int(tile(page, "collected").inner_text().split()[0])
    uncollected = int(tile(page, "uncollected").inner_text().split()[0])
    page.evaluate("window.stillTheSamePage = true")

    set_mode(town, "release")
    try:
        for label in fetched.labels:
            town.scanner.scan(label)
        expect(tile(page, "collected")).to_have_text(f"{before + 1} 单", timeout=SOON_MS)
        expect(tile(page, "uncollected")).to_have_text(f"{uncollected - 1} 单")
        expect(tile(page, "commission")).to_have_text(f"¥{(before + 1) * 2.5:.2f}", timeout=SOON_MS)  # five pieces of 0.50
        # A hand-out by mistake earns nothing.
        station = open_page(town.agent_url)
        station.locator("section.last").get_by_role("button", name="撤销这一次").click()
        expect(tile(page, "collected")).to_have_text(f"{before} 单", timeout=SOON_MS)
        town.scanner.scan(fetched.labels[-1])
        expect(tile(page, "collected")).to_have_text(f"{before + 1} 单", timeout=SOON_MS)
    finally:
        set_mode(town, "receive")

    resident = open_page(waiting.url, width=360)
    expect(resident.locator("h1")).to_have_text("待提货", timeout=SOON_MS)
    card = page.locator(f"[data-order={waiting.external_id}]")
    card.get_by_role("button", name="催提").click()
    expect(card.get_by_role("status")).to_contain_text("已显示在居民的订单页", timeout=SOON_MS)
    expect(card.get_by_role("button", name="催提")).to_have_count(0)
    expect(resident.locator(".reminder")).to_contain_text("王姐在", timeout=SOON_MS)
    resident.reload()
    expect(resident.locator(".reminder")).to_contain_text("货已到，请今天来提", timeout=SOON_MS)
    assert "13812345678" not in page.content()
    card.get_by_role("button", name="打电话").click()
    expect(card.get_by_role("link")).to_have_attribute("href", "tel:13812345678", timeout=SOON_MS)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制文字").click()
    expect(page.get_by_text("已复制")).to_be_visible(timeout=SOON_MS)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("【阳光花园自提点】提货提醒\n以下邻居的货已到，请在今天 21:00 前来提：尾号 5678")
    assert "/o/" not in copied
    assert page.evaluate("window.stillTheSamePage"), "the page was loaded again"

    stranger = bound(open_page, other)
    expect(tile(stranger, "uncollected")).to_have_text("0 单")
    expect(stranger.get_by_text("没有待提的订单。")).to_be_visible()
    assert fetched.external_id not in stranger.content()


def test_it_shows_what_was_last_seen_without_network_and_stops_when_its_link_is_taken_back(town: Town, open_page: OpenPage) -> None:
    url = leader(town, town.site, "赵姐")
    order = lies_there(town)
    page = bound(open_page, url)
    seen = tile(page, "uncollected").inner_text()
    until_kept(page, "tt-leader-1")
    town.api.kill()
    town.live.kill()
    try:
        page.reload()
        expect(page.locator(".as-of")).to_contain_text(re.compile(r"已离线.*截至 \d\d:\d\d"), timeout=SOON_MS)
        expect(tile(page, "uncollected")).to_have_text(seen)
        card = page.locator(f"[data-order={order.external_id}]")
        card.get_by_role("button", name="催提").click()
        expect(card.get_by_role("alert")).to_contain_text("连不上服务器", timeout=SOON_MS)
    finally:
        town.start_cloud()
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=60_000)

    board = operations(town, open_page, width=768, height=1024)
    card = board.get_by_role("region", name="团长", exact=True)
    card.get_by_role("button", name="作废链接 赵姐").click()
    expect(card).to_contain_text("赵姐 的链接已全部作废", timeout=SOON_MS)
    expect(page.locator(".notice")).to_contain_text("链接已作废", timeout=SOON_MS)
    expect(page.locator(".notice")).to_contain_text("请向运营方要一个新链接")
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('tt-leader')).length") == 0
    card.get_by_role("button", name="生成链接 赵姐").click()
    fresh = card.locator(".link").inner_text(timeout=SOON_MS)
    again = bound(open_page, fresh)
    expect(tile(again, "uncollected")).to_have_text(seen)
    unbound = open_page(f"{town.url}/g/")
    expect(unbound.locator(".notice")).to_contain_text("还没有绑定团长", timeout=SOON_MS)


def test_a_fridges_day_is_drawn_and_nothing_is_smaller_than_18_px(town: Town, open_page: OpenPage) -> None:
    url = leader(town, town.site)
    lies_there(town)
    with_a_fridge(town)
    page = bound(open_page, url)
    box = page.locator("[data-box=冷藏柜]")
    expect(box).to_contain_text(re.compile(r"\d\.\d °C"), timeout=SOON_MS)
    box.get_by_role("button", name="24 小时曲线").click()
    expect(box.locator("canvas")).to_be_visible(timeout=SOON_MS)
    expect(box).to_contain_text("应在 0.0 °C 至 5.0 °C")
    expect(box).to_contain_text(re.compile(r"图上共有 \d+ 小时没有读数"))
    page.get_by_role("button", name=re.compile("打电话")).first.click()
    expect(page.locator("a[href^=tel]").first).to_be_visible(timeout=SOON_MS)
    if AXE.is_file():
        assert serious(page) == []
    assert page.evaluate(SMALL) == []
    page.evaluate("document.querySelector('[data-tile=came] strong').textContent = '28 / 130 单'")
    for width in (360, 480, 768):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate(TORN) == [], f"at {width} px"
    assert too_wide(page) == []


def station_with_van(town: Town, name: str, lon: float, lat: float = 31.2) -> tuple[str, str, list[Order], str]:
    """A station, its run under way with a van and its container, two orders; the leader's link and the driver's phone's token."""
    mark = secrets.token_hex(3)
    site, van, run = f"st-{mark}", f"van-{mark}", f"R{mark}"
    town.ask("POST", "/api/sites", {"id": site, "kind": "station", "name": name, "operators": [OPERATOR]})
    town.ask("POST", "/api/sites", {"id": van, "kind": "van", "name": f"{name}的车", "operators": [OPERATOR]})
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("UPDATE site SET lat = %s, lon = %s WHERE id = %s", [lat, lon, site])
    orders = [town.order(site), town.order(site)]
    stops = [{"site": site, "planned_arrival": (datetime.now(UTC) + timedelta(minutes=30)).isoformat()}]
    made = town.ask("PUT", f"/api/operators/{OPERATOR}/runs/{today()}/{run}", {"vehicle": van, "stops": stops})
    town.ask("POST", f"/api/runs/{made['id']}/state", {"state": "departed"})
    carry(town, f"K-{mark}", site, run, orders)
    return leader(town, site, f"{name}团长"), run, orders, town.phone(van)


def carry(town: Town, container: str, site: str, run: str, orders: list[Order]) -> None:
    """As a dock's plan and its scans leave it: a container on board, the parcels in it, the orders on their way."""
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO container (id, operator_id, site_id, run, state, state_at, created_at)
            VALUES (%s, %s, %s, %s, 'loaded', now(), now())
            """,
            [container, OPERATOR, site, run],
        )
        labels = [label for order in orders for label in order.labels]
        connection.execute("UPDATE parcel SET planned_container_id = %s WHERE id = ANY(%s)", [container, labels])
        connection.execute(
            """
            UPDATE room_entry SET body = jsonb_set(body, '{state}', '"in_transit"')
            WHERE key = 'order' AND room = ANY(%s)
            """,
            [[f"order:{OPERATOR}/{order.external_id}" for order in orders]],
        )


def test_a_dispatcher_a_leader_and_two_residents_watch_one_van_and_nobody_sees_anothers(town: Town, open_page: OpenPage) -> None:
    mine = station_with_van(town, "望江里", 121.5)
    theirs = station_with_van(town, "云谷里", 121.6)
    with town.positions() as at:
        for token, lon in ((mine[3], 121.4786), (theirs[3], 121.55)):
            say_place(at, token, lon)
        dispatcher = desk(town, open_page, today(), "live")
        for name in ("望江里的车", "云谷里的车"):
            row = dispatcher.get_by_role("button", name=re.compile(mine[1] if name.startswith("望") else theirs[1]))
            expect(row).to_contain_text(name, timeout=SOON_MS)
            expect(row).to_contain_text(re.compile("\\d+ (秒|分钟)前定位"), timeout=SOON_MS)

        for own, other, name, stranger, km in ((mine, theirs, "望江里", "云谷里", 2), (theirs, mine, "云谷里", "望江里", 5)):
            page = bound(open_page, own[0])
            van = page.locator(f"[data-van={own[1]}]")
            expect(van).to_contain_text(f"{name}的车", timeout=SOON_MS)
            expect(van).to_contain_text(f"下一站就是 {name}")
            expect(van).to_contain_text("带来 1 筐")
            expect(van).to_contain_text(re.compile(rf"约 {km}(\.5)? 公里外"))
            expect(van).to_contain_text(re.compile(r"预计 \d\d:\d\d"), timeout=40_000)
            expect(page.locator(f"[data-van={other[1]}]")).to_have_count(0)
            page.get_by_role("button", name="看地图").click()
            expect(page.get_by_role("region", name="车辆和自提点的大致位置")).to_be_visible(timeout=SOON_MS)
            assert stranger not in page.content()
        for order in mine[2]:
            resident = open_page(order.url, width=360)
            expect(resident.locator(".van")).to_contain_text("下一站就是您的自提点", timeout=40_000)
            expect(resident.locator(".van")).to_contain_text(re.compile(r"预计 \d\d:\d\d"))
            assert "云谷里" not in resident.content()
        # One whose goods no van carries sees none.
        stranded = open_page(town.order().url, width=360)
        expect(stranded.locator(".as-of.is-live")).to_be_visible(timeout=SOON_MS)
        expect(stranded.locator(".van")).to_have_count(0)
        # Once the van was there, its leader sees it no more.
        run = next(one for one in town.ask("GET", f"/api/runs?day={today()}")["runs"] if one["name"] == mine[1])
        town.ask("POST", f"/api/runs/{run['id']}/state", {"state": "completed"})
        page = bound(open_page, mine[0])
        expect(page.get_by_text("现在没有车在送货过来。")).to_be_visible(timeout=SOON_MS)
