"""Operations in a browser: who is heard, what was put aside, orders that come in, links that go out."""

import asyncio
import os
import re
import secrets
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from playwright.sync_api import Page, expect

from edge.wire.codec import MSGPACK, encode
from edge.wire.messages import Birth, ClockQuality
from tests.e2e.test_every_page import serious
from tests.e2e.town import OPERATOR, Town, today

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]


def logged_in(town: Town, open_page: OpenPage) -> Page:
    page = open_page(f"{town.url}/ops.html", width=1280, height=900)
    page.get_by_label("账号").fill("admin")
    page.get_by_label("密码").fill(town.password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="站点")).to_be_visible(timeout=SOON_MS)
    return page


@pytest.fixture
def ops(town: Town, open_page: OpenPage) -> Page:
    return logged_in(town, open_page)


def publish(town: Town, payload: bytes, topic: str = "") -> None:
    """To the station's event lane, or another topic of the operator, as no edge of ours would."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, f"e2e-{secrets.token_hex(4)}", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(town.broker.username, town.broker.password)
    client.connect(town.broker.host, town.broker.port)
    client.loop_start()
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = MSGPACK
    place = f"tt/v1/{OPERATOR}/{topic or f'{town.site}/up/event'}"
    client.publish(place, payload, qos=1, properties=properties).wait_for_publish(10.0)
    client.disconnect()
    client.loop_stop()


def test_a_wrong_password_is_refused_in_words(town: Town, open_page: OpenPage) -> None:
    page = open_page(f"{town.url}/")
    page.get_by_label("账号").fill("admin")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("账号或密码不对", timeout=SOON_MS)


def test_a_site_is_shown_with_when_it_was_last_heard(town: Town, ops: Page) -> None:
    row = ops.get_by_role("row", name=town.site)
    expect(row).to_contain_text("阳光花园自提点")
    expect(row).to_contain_text("在线", timeout=SOON_MS)
    expect(row).to_contain_text("前")
    expect(ops.locator(".as-of")).to_contain_text("实时", timeout=SOON_MS)
    expect(ops.locator(".as-of")).to_contain_text("截至")


def test_a_site_that_comes_is_shown_by_the_socket_not_by_asking(town: Town, open_page: OpenPage) -> None:
    site = f"e2e-second-{secrets.token_hex(3)}"
    town.ask("POST", "/api/sites", {"id": site, "kind": "station", "name": "二号店", "operators": [OPERATOR]})
    page = logged_in(town, open_page)
    row = page.get_by_role("row", name=site)
    expect(row).to_contain_text("从未连接", timeout=SOON_MS)
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=SOON_MS)
    page.route("**/api/sites", lambda route: route.abort())
    birth = Birth(
        version="1", boot=1, connect=1, nonce="n", epoch="e", at_ms=time.time_ns() // 1_000_000, clock=ClockQuality.SYNCED,
        devices={"gun": "lost"},
    )  # fmt: skip
    publish(town, encode(birth), f"{site}/status")
    expect(row).to_contain_text("在线", timeout=SOON_MS)
    expect(row).to_contain_text("gun 已拔出")


def test_a_site_is_registered_with_its_key_and_its_staff_get_pins_that_are_shown_once(town: Town, ops: Page) -> None:
    site = f"e2e-third-{secrets.token_hex(3)}"
    desk = ops.get_by_role("region", name="店员与密钥")
    desk.get_by_label("新编号").fill(site)
    desk.get_by_label("新名称").fill("三号店")
    desk.get_by_role("button", name="登记并生成密钥").click()
    toml = desk.locator("pre")
    expect(toml).to_contain_text(f'id = "{site}"', timeout=SOON_MS)
    key = tomllib.loads(toml.inner_text())["broker"]["password"]
    manifest = f"{town.url}/api/sites/{site}/manifest/{'0' * 64}"
    assert httpx.get(manifest, auth=(site, key)).status_code == 404  # it is the site, and has no manifest yet

    desk.get_by_label("选择一处").select_option(site)
    expect(toml).to_have_count(0)
    desk.get_by_label("店员编号").fill("wang")
    desk.get_by_label("店员姓名").fill("王姐")
    desk.get_by_role("button", name="添加，并发 PIN").click()
    expect(desk.locator(".pin")).to_have_text(re.compile(r"王姐 的 PIN：\d{6}"), timeout=SOON_MS)
    assert [one["has_pin"] for one in town.ask("GET", f"/api/sites/{site}/staff")["staff"]] == [True]
    desk.get_by_role("button", name="停用 王姐").click()
    desk.get_by_role("button", name="确认停用 王姐").click()
    expect(desk.get_by_text("王姐 已停用")).to_be_visible(timeout=SOON_MS)
    assert town.ask("GET", f"/api/sites/{site}/staff")["staff"] == []

    desk.get_by_role("button", name="作废全部密钥").click()
    desk.get_by_role("button", name="确认作废").click()
    expect(desk.get_by_text("密钥已全部作废")).to_be_visible(timeout=SOON_MS)
    assert httpx.get(manifest, auth=(site, key)).status_code == 401
    assert serious(ops) == []
    if folder := os.environ.get("TUANTU_SCREENSHOTS"):
        for width in (360, 768, 1280, 1920):
            ops.set_viewport_size({"width": width, "height": 900})
            desk.screenshot(path=f"{folder}/setup-{width}.png")


def test_what_was_put_aside_is_looked_at_replayed_and_discarded(town: Town, ops: Page) -> None:
    noise = secrets.token_hex(4)
    publish(town, f"no batch {noise}".encode())
    items = ops.get_by_role("region", name="隔离消息").locator(
        "li"
    )  # a station's birth may be there too, from before it was registered
    item = items.filter(has_text="不知道是哪一批").first
    expect(item).to_contain_text("待处理", timeout=SOON_MS)
    item.get_by_role("button", name="查看").click()
    expect(item.locator("pre").last).to_contain_text("no batch")
    item.get_by_role("button", name="重放").click()
    expect(item).to_contain_text("重放结果", timeout=SOON_MS)  # it is as unreadable as before, and the page says so
    item.get_by_role("button", name="放弃").click()
    expect(item).to_contain_text("已放弃", timeout=SOON_MS)


def test_what_is_lost_is_a_reason_to_worry_until_an_administrator_takes_note_of_it(town: Town, ops: Page) -> None:
    with psycopg.connect(town.database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO lane_floor (site_id, epoch, lane, lost) VALUES ('gone', gen_random_uuid(), 1, 7)")
        lost = ops.get_by_text("7 批数据丢失")
        expect(lost).to_be_visible(timeout=SOON_MS)
        ops.get_by_label("丢失的原因").fill("存储卡坏了")
        ops.get_by_role("button", name="已查明，确认").click()
        expect(lost).not_to_be_visible(timeout=SOON_MS)
        assert connection.execute("SELECT kind, total, note FROM loss_acknowledged").fetchall() == [("batches", 7, "存储卡坏了")]


def test_an_import_takes_the_good_rows_and_names_the_faulty_ones(town: Town, ops: Page) -> None:
    day = today()
    rows = [
        "external_id,site,pickup_date,sku,name,quantity,zone",
        f"C{int(time.time())},{town.site},{day},rice,五常大米,1,ambient",
        f"C{int(time.time())}-2,no-such-site,{day},rice,五常大米,1,ambient",
    ]
    section = ops.get_by_role("region", name="导入订单")
    section.get_by_label("CSV 文件").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode("gbk")}
    )
    expect(section).to_contain_text("orders.csv")
    section.get_by_role("button", name="导入").click()
    expect(section.get_by_role("status")).to_contain_text("新增 1", timeout=SOON_MS)
    expect(section.locator("tbody tr")).to_have_count(1)
    expect(section.locator("tbody tr")).to_contain_text("3")
    expect(section.locator("tbody tr")).to_contain_text("自提点")
    expect(section.locator("tbody tr")).to_contain_text("no-such-site 不是这个运营方的自提点")


def test_a_link_made_here_opens_the_residents_page(town: Town, ops: Page) -> None:
    order = town.order()
    section = ops.get_by_role("region", name="查订单")
    section.get_by_label("订单号、标签或后四位").fill(order.external_id)
    section.get_by_role("button", name="查找").click()
    section.locator("li", has_text=order.external_id).get_by_role("button", name="生成链接").click()
    link = section.locator("li a")
    expect(link).to_be_visible(timeout=SOON_MS)
    with ops.expect_popup() as opened:
        link.click()
    expect(opened.value.locator("h1")).to_have_text("已下单", timeout=SOON_MS)


def contents_of(page: Page) -> list[str]:
    """Their words; each leads to a heading that is there."""
    links = page.get_by_role("navigation", name="目录").get_by_role("link")
    for link in links.all():
        expect(page.locator(link.get_attribute("href") or "#none")).to_have_count(1)
    return links.all_inner_texts()


def test_the_contents_lead_to_all_that_the_role_has_and_nothing_is_said_of_the_rest(town: Town, open_page: OpenPage) -> None:
    page = logged_in(town, open_page)
    assert len(contents_of(page)) == 22
    page.get_by_role("link", name="打印标签").click()
    expect(page.get_by_role("heading", name="打印标签")).to_be_in_viewport()
    with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
        thread.submit(lambda: asyncio.run(town.add_staff())).result()
    own = open_page(f"{town.url}/ops.html", width=1280, height=900)
    own.get_by_label("账号").fill("staff")
    own.get_by_label("密码").fill(town.password)
    own.get_by_role("button", name="登录").click()
    expect(own.get_by_role("heading", name="站点")).to_be_visible(timeout=SOON_MS)
    assert contents_of(own) == ["告警", "站点", "地图", "传感器", "温度", "售后", "查包裹"]
    expect(own.get_by_text("看不到")).to_have_count(0)
    expect(own.get_by_text("隔离消息")).to_have_count(0)


def test_a_dates_books_say_what_is_open_and_name_the_parcels(town: Town, open_page: OpenPage) -> None:
    """The last one here: no order of today is taken after it."""
    order = town.order()
    town.ask("POST", f"/api/operators/{OPERATOR}/batches/{today()}/freeze", {"early": True})
    section = logged_in(town, open_page).get_by_role("region", name="对账")
    line = section.get_by_role("listitem").first
    expect(line).to_contain_text("件商品还在路上或待提", timeout=SOON_MS)
    expect(line).to_contain_text("发出")
    line.locator("summary").click()
    for label in order.labels:
        expect(line).to_contain_text(label, timeout=SOON_MS)
    expect(line).to_contain_text("待到货 · ")
