"""A resident's code behind the phone's last four, who comes instead, and a report on its whole way: phone, ops, phone."""

import re
import secrets
from collections.abc import Callable

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from playwright.sync_api import Page, expect

from edge.wire.messages import AnyFact, ParcelReleased
from tests.cloud.ingest.sites import TestSite
from tests.e2e.kept import until_kept
from tests.e2e.test_every_page import AXE, serious
from tests.e2e.test_ops_page import logged_in
from tests.e2e.town import OPERATOR, Town, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]
# The smallest JPEG that a browser reads: one grey pixel.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "10" * 64 + "ffc0000b080001000101011100ffc40014000100000000000000"
    "00000000000000000009ffc40014100100000000000000000000000000000000ffda0008010100003f0054ffd9"
)


def ready(town: Town, open_page: OpenPage, **look: object) -> Page:
    """An order that lies at the station, on its resident's phone."""
    order = town.order()
    page = open_page(order.url, **look)
    expect(page.locator(".as-of")).to_contain_text(re.compile("实时|Live"), timeout=SOON_MS)
    for label in order.labels:
        town.scanner.scan(label)
    expect(page.locator("h1")).to_have_text(re.compile("待提货|Ready"), timeout=SOON_MS)
    return page


def show_code(page: Page, tail: str = "5678") -> None:
    section = page.get_by_role("region", name="提货码")
    section.get_by_label("请输入订单手机号的后四位").fill(tail)
    section.get_by_role("button", name="查看").click()


def test_the_code_appears_after_the_last_four_and_stays_on_the_phone_without_network(town: Town, open_page: OpenPage) -> None:
    page = ready(town, open_page, width=360)
    section = page.get_by_role("region", name="提货码")
    expect(section.locator(".code")).to_have_count(0)
    show_code(page, "0000")
    expect(section.get_by_role("alert")).to_contain_text("手机尾号不对", timeout=SOON_MS)
    show_code(page)
    expect(section.locator(".code")).to_have_text(re.compile(r"^\d{4} \d{4}$"), timeout=SOON_MS)
    code = section.locator(".code").inner_text()
    assert section.locator(".code").bounding_box()["width"] <= 330  # type: ignore[index]
    expect(section.get_by_role("img", name="提货二维码")).to_be_visible()
    until_kept(page, "tt-residents-1")
    town.api.kill()
    try:
        page.reload()
        expect(section.locator(".code")).to_have_text(code, timeout=SOON_MS)
        expect(section).to_contain_text(re.compile(r"现在连不上，这是 \d\d:\d\d 看到的提货码"))
    finally:
        town.start_cloud()
    page.reload()
    expect(section.get_by_role("button", name="请别人代提")).to_be_visible(timeout=SOON_MS)
    section.get_by_role("button", name="不在这部手机上显示").click()
    expect(section.locator(".code")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage).filter(key => /^tt-(code|tail)/.test(key)).length") == 0


def test_who_comes_instead_gets_a_link_that_is_taken_back(town: Town, open_page: OpenPage) -> None:
    page = ready(town, open_page)
    show_code(page)
    section = page.get_by_role("region", name="提货码")
    section.get_by_role("button", name="请别人代提").click()
    link = section.get_by_role("status").locator("a")
    expect(link).to_be_visible(timeout=SOON_MS)
    friend = open_page(str(link.get_attribute("href")), width=360)
    expect(friend.locator(".code")).to_have_text(re.compile(r"^\d{4} \d{4}$"), timeout=SOON_MS)
    assert friend.locator(".code").inner_text() != section.locator(".code").inner_text()
    expect(friend.locator("main")).to_contain_text("阳光花园自提点")
    assert serious_of(friend) == []
    section.get_by_role("button", name="撤回").click()
    expect(section.get_by_role("button", name="撤回")).to_have_count(0, timeout=SOON_MS)
    friend.reload()
    expect(friend.locator("h1")).to_have_text("这个代提凭证已被撤回", timeout=SOON_MS)
    mangled = open_page(f"{town.url}/p/none")
    expect(mangled.locator("h1")).to_have_text("链接打不开", timeout=SOON_MS)


def test_a_report_goes_from_the_phone_to_the_desk_and_its_answer_back(town: Town, open_page: OpenPage) -> None:
    page = ready(town, open_page, width=360)
    after = page.get_by_role("region", name="售后")
    after.get_by_role("button", name="反映问题").click()
    after.get_by_label("请输入订单手机号的后四位").fill("5678")
    after.get_by_role("button", name="查看").click()
    after.get_by_label(re.compile("五常大米")).check(timeout=SOON_MS)
    after.get_by_label("破损").check()
    after.get_by_label(re.compile("有几件")).fill("2")
    after.get_by_label(re.compile("想说的话")).fill("袋子破了, 米漏了一半")
    after.locator("input[type=file]").set_input_files({"name": "rice.jpg", "mimeType": "image/jpeg", "buffer": JPEG})
    expect(after.get_by_role("img", name="照片 1")).to_be_visible()
    assert serious_of(page) == []
    town.api.kill()
    after.get_by_role("button", name="提交").click()
    expect(after.get_by_role("alert")).to_contain_text("没有发出去，内容还在", timeout=SOON_MS)
    town.start_cloud()
    after.get_by_role("button", name="提交").click()
    expect(after.locator("li").first).to_contain_text("已申请", timeout=SOON_MS)
    expect(after.locator("li").first).to_contain_text("袋子破了")

    desk = logged_in(town, open_page)
    cases = desk.get_by_role("region", name="售后")
    row = cases.locator("li", has_text="五常大米").first
    expect(row).to_contain_text("破损", timeout=30_000)
    row.get_by_role("button", name="查看").click()
    expect(row.locator(".said").first).to_have_text("袋子破了, 米漏了一半", timeout=SOON_MS)
    desk.wait_for_function("() => document.querySelector('.file img')?.naturalWidth > 0", timeout=SOON_MS)
    assert serious_of(desk) == []
    row.get_by_role("button", name="要求补凭证").click()
    row.get_by_label("给居民的答复（必填）").fill("请拍一下包装上的标签")
    row.get_by_role("button", name="确定").click()
    expect(row.locator(".row")).to_contain_text("待补凭证", timeout=SOON_MS)

    page.reload()
    expect(after.locator("li").first).to_contain_text("答复：请拍一下包装上的标签", timeout=SOON_MS)
    after.get_by_role("button", name="补充照片或说明").click()
    after.get_by_label(re.compile("想说的话")).fill("标签在袋子背面")
    after.get_by_role("button", name="提交").click()
    expect(after.locator("li").first).to_contain_text("审核中", timeout=SOON_MS)

    desk.reload()
    row.get_by_role("button", name="查看").click(timeout=SOON_MS)
    row.get_by_role("button", name="同意退款").click()
    row.get_by_label("责任方").select_option("driver")
    row.get_by_label(re.compile("退款金额")).fill("12.80")
    row.get_by_role("button", name="确定").click()
    expect(row.locator(".row")).to_contain_text("退款中", timeout=SOON_MS)
    row.get_by_role("button", name="已退款").click()
    row.get_by_label("退款流水号").fill("wx-20261122-7")
    row.get_by_role("button", name="确定").click()
    expect(cases.locator("li", has_text="五常大米")).to_have_count(0, timeout=SOON_MS)
    cases.get_by_role("button", name="已处理").click()
    expect(cases.locator("li", has_text="五常大米").first).to_contain_text("司机", timeout=SOON_MS)

    page.reload()
    expect(after.locator("li").first).to_contain_text("已退款", timeout=SOON_MS)
    expect(after.locator("li").first).to_contain_text("12.80 元")


def test_a_case_is_opened_for_who_calls_and_the_rule_is_kept(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    desk = logged_in(town, open_page)
    cases = desk.get_by_role("region", name="售后")
    cases.locator("summary", has_text="代居民登记").click()
    form = cases.locator("details", has_text="代居民登记")
    form.get_by_label("订单号、包裹标签或手机后四位").fill("nothing")
    form.get_by_role("button", name="查找").click()
    expect(form.get_by_role("alert")).to_contain_text("没有这个订单", timeout=SOON_MS)
    form.get_by_label("订单号、包裹标签或手机后四位").fill(order.external_id)
    form.get_by_role("button", name="查找").click()
    form.get_by_label("问题").select_option("spoiled", timeout=SOON_MS)
    form.get_by_label("居民的说法").fill("打电话来的")
    form.get_by_role("button", name="登记").click()
    opened = cases.locator(":scope > .told")
    expect(opened).to_contain_text("已登记：售后单 #", timeout=SOON_MS)
    item = cases.locator("li", has_text=opened.inner_text().split("售后单 ")[1])
    expect(item).to_contain_text("变质")
    expect(item).to_contain_text("店员登记")
    # Who has only the parcel in hand finds its order by the label.
    form.get_by_label("订单号、包裹标签或手机后四位").fill(order.labels[0].lower())
    form.get_by_role("button", name="查找").click()
    expect(form.get_by_label("订单号、包裹标签或手机后四位")).to_have_value(order.external_id, timeout=SOON_MS)
    # What is over leaves the list, and it is said where it went.
    item.get_by_role("button", name="查看").click()
    item.get_by_role("button", name="结案").click()
    item.get_by_label("原因（必填").fill("居民说弄错了")
    item.get_by_role("button", name="确定：结案").click()
    expect(opened).to_contain_text("已移到“已处理”", timeout=SOON_MS)
    cases.locator("summary", has_text="自动退款").click()
    rules = cases.locator("details", has_text="自动退款")
    expect(rules.get_by_label("少货")).to_be_checked(timeout=SOON_MS)
    rules.get_by_label("丢失").check()
    rules.get_by_role("button", name="保存").click()
    expect(rules.get_by_role("status")).to_have_text("已保存", timeout=SOON_MS)
    assert town.ask("GET", "/api/operators/e2e-operator/case-rules") == {"refunds_at_once": ["missing", "short"]}


def set_mode(town: Town, mode: str) -> None:
    assert httpx.post(f"{town.agent_url}/api/mode", json={"mode": mode}, timeout=10).is_success


def say_elsewhere(town: Town, site: str, fact: AnyFact) -> None:
    """A second station's agent says something, sealed as any."""
    batch = TestSite(site, OPERATOR).scans(fact)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(town.broker.username, town.broker.password)
    client.connect(town.broker.host, town.broker.port)
    client.loop_start()
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.UserProperty = list(batch.envelope.properties())
    properties.ContentType = batch.content_type
    client.publish(batch.topic, batch.payload, qos=1, properties=properties).wait_for_publish(10)
    client.loop_stop()
    client.disconnect()


def test_of_two_hand_outs_of_one_parcel_the_wrong_one_is_undone_from_the_desk(town: Town, open_page: OpenPage) -> None:
    other = f"e2e-other-{secrets.token_hex(3)}"
    town.ask("POST", "/api/sites", {"id": other, "kind": "station", "name": "对门自提点", "operators": [OPERATOR]})
    label = town.order().labels[0]
    town.scanner.scan(label)
    set_mode(town, "release")
    try:
        town.scanner.scan(label)
        until(lambda: town.ask("GET", f"/api/parcels/{label}")["state"] == "released", "the cloud hears of the hand-out")
    finally:
        set_mode(town, "receive")
    say_elsewhere(town, other, ParcelReleased(parcel=label))
    jobs = town.child("jobs", "cloud", "jobs")  # which send commands
    jobs.start()
    try:
        desk = logged_in(town, open_page)
        cases = desk.get_by_role("region", name="售后")
        row = cases.locator("ul > li", has_text=label).first
        expect(row).to_contain_text("重复出库", timeout=40_000)
        row.get_by_role("button", name="查看").click()
        events = row.locator(".events > li")
        expect(events).to_have_count(2, timeout=SOON_MS)
        assert serious_of(desk) == []
        own = events.filter(has_text="阳光花园自提点")
        own.get_by_role("button", name="这一次扫错了，撤销").click()
        own.get_by_label(re.compile("撤销原因")).fill("店员点错了")
        own.get_by_role("button", name="让自提点撤销").click()
        expect(cases.locator("ul > li", has_text=label)).to_have_count(0, timeout=60_000)
        cases.get_by_role("button", name="已处理").click()
        expect(cases.locator("ul > li", has_text=label).first).to_contain_text("已结案", timeout=SOON_MS)
    finally:
        jobs.kill()


def serious_of(page: Page) -> list[str]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm --prefix dashboards ci")
    return serious(page)
