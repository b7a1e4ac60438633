"""A station's day at its page, in a browser: thirty parcels come, most are fetched, all of it while the cloud is gone."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from edge.wire.codec import encode
from edge.wire.messages import ComingVan, Desired
from tests.conftest import DatabaseSource, TestBroker, reachable_folder
from tests.e2e.keyboard_scanner import scan_by_keys
from tests.e2e.station_day import (
    AMBIENT,
    BADGE,
    BAG,
    CHILLED,
    EGGS_EAN,
    GOODS,
    NAME,
    PIN,
    StationDay,
    WireToBroker,
    begin_day,
    say_desired,
    wire_to,
)
from tests.e2e.test_every_page import serious
from tests.e2e.town import DIST, Town, running_cloud, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SOON_MS = 20_000
ORDERS = 15  # of two parcels each
LAST = ORDERS - 1
# One grey pixel, and as good as a dented tin's.
DENTED = FilePayload(
    name="dented.png",
    mimeType="image/png",
    buffer=bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49"
        "444154789c636800000082008177cd72b60000000049454e44ae426082"
    ),
)
OpenPage = Callable[..., Page]


class Counter:
    """The page of a station's counter, with who works there."""

    def __init__(self, page: Page, town: Town) -> None:
        self.page = page
        self.town = town

    @property
    def result(self) -> Locator:
        """What stands there in huge type."""
        return self.page.locator("section.last h1")

    def says(self, words: str | re.Pattern[str]) -> None:
        expect(self.result).to_contain_text(words, timeout=SOON_MS)

    def job(self, name: str) -> None:
        button = self.page.get_by_role("group", name="现在做什么").get_by_role("button", name=name)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)

    def tap(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def scan(self, text: str, words: str) -> None:
        """With the scanner that the agent has."""
        self.town.scanner.scan(text)
        expect(self.page.locator("section.last")).to_contain_text(words, timeout=SOON_MS)

    def log_in(self) -> None:
        self.tap("登录")
        for digit in PIN:
            self.page.get_by_role("group", name="PIN").get_by_role("button", name=digit).click()
        self.page.locator("form.pad").get_by_role("button", name="登录").click()
        expect(self.page.locator(".staff .name")).to_have_text(NAME, timeout=SOON_MS)


@pytest.fixture(scope="module")
def wire(_session_broker: TestBroker) -> Iterator[WireToBroker]:
    with wire_to(_session_broker.port) as wire:
        yield wire


@pytest.fixture
def day(database_source: DatabaseSource, _session_broker: TestBroker, wire: WireToBroker) -> Iterator[tuple[Town, StationDay]]:
    """A town whose station has its day."""
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    wire.mend()
    with reachable_folder() as folder, database_source.database() as url:
        town = Town(folder, url, _session_broker)
        town.agents_broker_port = wire.port
        with running_cloud(town):
            yield town, begin_day(town, ORDERS)
            say_desired(town, b"")


@pytest.fixture
def counter(day: tuple[Town, StationDay], open_page: OpenPage) -> Counter:
    page = open_page(day[0].agent_url, width=1280, height=900)
    expect(page.locator(".net")).to_contain_text("在线", timeout=SOON_MS)
    return Counter(page, day[0])


def look(page: Page, name: str) -> None:
    """A screenshot at the three sizes, where they are wanted: TUANTU_SCREENSHOTS names the folder."""
    folder = os.environ.get("TUANTU_SCREENSHOTS")
    if not folder:
        return
    was = page.viewport_size
    for width, height in ((360, 780), (768, 1024), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)
    if was is not None:
        page.set_viewport_size(was)


def stop_cloud(town: Town, wire: WireToBroker) -> None:
    wire.cut()
    for child in (town.ingest, town.api, town.live):
        child.kill()


def start_cloud(town: Town, wire: WireToBroker) -> None:
    town.start_cloud()
    wire.mend()


def test_a_day_without_the_cloud_which_then_shows_the_same_once(
    day: tuple[Town, StationDay], counter: Counter, wire: WireToBroker
) -> None:
    town, today = day
    page = counter.page
    say_a_van_comes(town)
    van = page.get_by_role("region", name="下一趟车")
    expect(van).to_contain_text(re.compile(r"\d\d:\d\d–\d\d:\d\d 到"), timeout=SOON_MS)
    expect(van).to_contain_text("还有 2 站")
    expect(van).to_contain_text("常温 2 箱 · 冷藏 1 箱")
    expect(van).to_contain_text("截至")
    look(page, "receive")
    counter.tap("登录")
    look(page, "log-in")
    counter.tap("关闭")
    counter.log_in()
    stop_cloud(town, wire)
    expect(page.locator(".net")).to_contain_text("离线", timeout=SOON_MS)
    expect(van).to_contain_text("本站离线，之后的变化还不知道")
    expect(van).to_contain_text("还有 2 站")  # as it was heard last

    # Two containers of fifteen; one parcel of each never comes, one is damaged.
    page.get_by_role("button", name=f"签收 {AMBIENT}").click()
    counter.says("已签收")
    page.get_by_role("button", name=f"开箱清点 {AMBIENT}").click()
    counter.says("已开箱")
    for n in range(1, ORDERS):
        counter.scan(today.ambient(n), today.ambient(n))
    expect(page.get_by_text("应到 15 · 实到 14 · 缺 1")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name=f"报异常 {today.ambient(5)}").click()
    page.get_by_label("拍照", exact=True).set_input_files(DENTED)
    expect(page.get_by_text("照片已存")).to_be_visible(timeout=SOON_MS)  # by the box, for the cloud is away
    look(page, "report")
    assert photographs_in_the_cloud(town) == []
    counter.tap("破损")
    counter.says("异常已记录")

    # One bag of rice lacks weight: scales say kilograms, and what can hardly be right is asked about first.
    page.get_by_role("button", name=f"报异常 {today.ambient(6)}").click()
    counter.tap("重量不足…")
    expect(page.get_by_text("五常大米 5kg × 2：标重共 10000 克，少于 9500 克算重量不足")).to_be_visible()
    counter.tap("记下重量")
    expect(page.get_by_role("alert")).to_contain_text("例如 4735 克")
    page.get_by_label("秤上读数").fill("9.2")
    counter.tap("记下重量")
    expect(page.get_by_role("alert")).to_contain_text("差太多")
    look(page, "weigh")
    counter.tap("千克")
    counter.tap("记下重量")
    counter.says("重量不足 9200 / 10000 克")
    look(page, "count")
    counter.tap("清点完成")
    counter.says("清点有缺 14 / 15")
    counter.tap("← 返回筐列表")
    counter.scan(CHILLED, "已签收")
    page.get_by_role("button", name=f"开箱清点 {CHILLED}").click()
    counter.says("已开箱")
    for n in range(2, ORDERS):
        counter.scan(today.chilled(n), today.chilled(n))
    counter.scan(today.chilled(0), today.chilled(0))
    expect(page.get_by_text("应到 15 · 实到 14 · 缺 1")).to_be_visible(timeout=SOON_MS)
    counter.tap("清点完成")
    counter.says("清点有缺 14 / 15")
    counter.tap("← 返回筐列表")

    # The shelf is said and offered, cold first; a shelf's label and then parcels does it too.
    shelve = page.get_by_role("region", name="待上架")
    expect(shelve.locator("li").first).to_contain_text("冷藏", timeout=SOON_MS)
    first = min(today.chilled(2), today.chilled(0))
    shelve.get_by_role("button", name=re.compile(f"放 C1 {first}")).click()
    counter.says("已上架")
    counter.scan("SLOT:A3", "货架已选")
    counter.scan(today.ambient(2), "已上架")
    look(page, "shelve")

    # By QR, shown to the station's scanner: one tap.
    counter.job("提货核销")
    look(page, "ask")
    town.scanner.scan(today.qr(2))
    expect(page.locator("article.claim")).to_contain_text("张*", timeout=SOON_MS)
    expect(page.locator("article.claim")).to_contain_text("五常大米 5kg × 2")
    look(page, "claim")
    page.reload()  # somebody stands there: they are still there, and so is who works here
    expect(page.locator("article.claim")).to_contain_text("张*", timeout=SOON_MS)
    expect(page.locator(".staff .name")).to_have_text(NAME)
    expect(page.locator(".net")).to_contain_text("离线")
    page.get_by_role("button", name="全部交付（2 个包裹）").click()
    counter.says("已出库")

    # By code, from a scanner that types; by the last four, in two taps.
    scan_by_keys(page, today.code(3))
    page.get_by_role("button", name="全部交付（2 个包裹）").click()
    counter.says("已出库")
    page.get_by_label("提货码、二维码或手机后四位").fill(today.tail(4))
    counter.tap("查找")
    page.get_by_role("button", name="全部交付（2 个包裹）").click()
    counter.says("已出库")
    expect(page.locator("section.last .by")).to_contain_text(NAME)
    look(page, "released")

    # That was somebody else: it is taken back, and by whom.
    counter.tap("撤销这一次")
    counter.says("已撤销")
    expect(page.locator("section.last")).to_contain_text(f"{NAME} 已撤销")
    assert serious(page) == []
    unsent = page.locator(".strip dd").first
    expect(unsent).to_have_text(re.compile(r"\d+ 条待上传$"))

    start_cloud(town, wire)
    expect(page.locator(".net")).to_contain_text("在线", timeout=60_000)
    expect(unsent).to_have_text("全部已上传", timeout=60_000)
    released = {label for n in (2, 3) for label in today.orders[n].labels}
    back = set(today.orders[4].labels)
    for label in sorted(released | back):
        seen = cloud_parcel(town, label)
        acts = [one["kind"] for one in seen["events"]]
        assert acts.count("parcel_released") == 1, (label, seen)
        assert (seen["state"] == "released") == (label in released), (label, seen)
    absent = {today.ambient(0), today.chilled(1)}
    for label in (label for order in today.orders for label in order.labels):
        seen = cloud_parcel(town, label)
        assert [one["kind"] for one in seen["events"]].count("parcel_received") == (label not in absent), seen
        assert ("missing" in seen["exceptions"]) == (label in absent), seen
        assert ("damaged" in seen["exceptions"]) == (label == today.ambient(5)), seen
        assert ("underweight" in seen["exceptions"]) == (label == today.ambient(6)), seen
    cases = town.ask("GET", "/api/cases")["cases"]
    (lacks,) = (one for one in cases if one["problem"] == "underweight")
    assert (lacks["parcel"], lacks["sku"], lacks["quantity"]) == (today.ambient(6), "rice", 2)
    (photograph,) = until(lambda: photographs_in_the_cloud(town), "the photograph is in the cloud", 60.0)
    facts = [one["fact"] for one in cloud_parcel(town, today.ambient(5))["events"]]
    (reported,) = (fact for fact in facts if fact.get("photo"))
    assert (reported["problem"], reported["photo"]) == ("damaged", photograph)
    seen_there = town.http.get(f"/api/sites/{town.site}/photos/{photograph}")
    assert (seen_there.status_code, seen_there.headers["content-type"]) == (200, "image/jpeg")


def test_who_is_refused_hears_why_and_some_of_it_may_stay(day: tuple[Town, StationDay], counter: Counter) -> None:
    town, today = day
    page = counter.page
    scan_by_keys(page, BADGE)  # read by a scanner that types; it holds Shift for the colon
    expect(page.locator(".staff .name")).to_have_text(NAME, timeout=SOON_MS)
    for n in (6, LAST - 1, LAST):
        for label in today.orders[n].labels:
            counter.scan(label, label)
    counter.job("提货核销")
    town.scanner.scan(today.qr(6, site="elsewhere"))
    counter.says("非本站")
    town.scanner.scan(today.qr(7, expires_in_s=-3600))
    counter.says("提货凭证已过期")
    scan_by_keys(page, "99999999")
    counter.says("没有这个提货码")
    look(page, "refused")

    # Two people share their last four: choose one, who takes one of two parcels and does not want the other.
    page.get_by_label("提货码、二维码或手机后四位").fill(today.tail(LAST))
    counter.tap("查找")
    expect(page.locator("article.claim")).to_have_count(2, timeout=SOON_MS)
    look(page, "several")
    one = page.locator("article.claim").first
    one.get_by_role("button", name="是这位").click()
    one.get_by_role("checkbox").first.click()
    one.get_by_role("button", name="交付所选（1 个包裹）").click()
    counter.says("部分出库 1 / 2")
    expect(one).to_contain_text("已出库", timeout=SOON_MS)
    one.get_by_role("button", name="不交付…").click()
    one.get_by_role("button", name="本人不要").click()
    counter.says("本人不要")
    expect(page.locator("article.claim")).to_have_count(0)


def test_goods_are_shared_out_the_shelves_counted_and_what_is_left_seen_to(day: tuple[Town, StationDay], counter: Counter) -> None:
    town, today = day
    page = counter.page
    page.get_by_role("button", name=f"签收 {GOODS}").click()  # nobody is logged in: the page asks, and goes on afterwards
    for digit in PIN:
        page.get_by_role("group", name="PIN").get_by_role("button", name=digit).click()
    page.locator("form.pad").get_by_role("button", name="登录").click()
    page.get_by_role("button", name=f"开箱清点 {GOODS}").click()
    counter.says("已开箱")
    town.scanner.scan(EGGS_EAN)
    counter.says("已点 1 / 2")
    page.locator("li", has_text="土鸡蛋").get_by_role("button", name="点数").click()
    counter.says("已点 2 / 2")
    look(page, "goods")
    counter.tap("清点完成")
    counter.says("清点完成")
    page.get_by_role("region", name="分货").get_by_role("button", name="已放 2 件").click()
    counter.says("这包齐了")
    expect(page.locator("section.last")).to_contain_text(BAG)

    for n in (7, 8):
        for label in today.orders[n].labels:
            counter.scan(label, label)
    counter.tap("撤销这一次")  # what was undone may be scanned again at once, and so may all the rest
    counter.says("已撤销")
    counter.job("盘点")
    counter.tap("开始盘点")
    expect(page.get_by_text("已盘 0 / 4")).to_be_visible(timeout=SOON_MS)
    scan_by_keys(page, today.ambient(7))
    expect(page.get_by_text("已盘 1 / 4")).to_be_visible(timeout=SOON_MS)
    look(page, "stock-take")
    page.get_by_role("button", name="盘点完成").click()
    counter.says("盘点有缺 1 / 4")

    counter.job("异常")
    missing = page.get_by_role("region", name="有问题的包裹")
    expect(missing.locator("li")).to_have_count(3, timeout=SOON_MS)
    look(page, "trouble")
    missing.get_by_role("button", name=f"退回 {today.chilled(7)}").click()
    counter.says("冷链商品不退回")
    missing.get_by_role("button", name=f"报损 {today.chilled(7)}").click()
    missing.get_by_role("button", name="过期").click()
    counter.says("已报损")
    missing.get_by_role("button", name=f"退回 {today.ambient(8)}").click()
    counter.says("已退回")
    page.get_by_role("button", name=f"空筐待回收 {GOODS}").click()
    page.get_by_role("button", name=f"交给司机 {GOODS}").click()
    counter.says("已交回司机")
    page.reload()
    expect(page.get_by_role("button", name="异常", exact=True)).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)
    assert serious(page) == []


def say_a_van_comes(town: Town) -> None:
    """As the cloud's jobs do."""
    now_ms = int(time.time()) * 1000
    van = ComingVan(
        run="run-1", state="departed", early_ms=now_ms + 1_200_000, late_ms=now_ms + 2_400_000, stops_before=2, as_of_ms=now_ms,
        containers={"ambient": 2, "chilled": 1},
    )  # fmt: skip
    url = f"{town.url}/manifest"
    say_desired(town, encode(Desired(version=1, hlc=0, manifest_url=url, coming=(van,), coming_at_ms=now_ms)))


def photographs_in_the_cloud(town: Town) -> list[str]:
    with psycopg.connect(town.database_url) as connection:
        return [sha256 for (sha256,) in connection.execute("SELECT sha256 FROM photo WHERE site_id = %s", [town.site])]


def cloud_parcel(town: Town, label: str) -> dict[str, Any]:
    seen: dict[str, Any] = town.ask("GET", f"/api/parcels/{label}")
    return seen
