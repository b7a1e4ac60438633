"""A pickup day on the ops page, from closing to the loading list; labels as files; a command to a station with what came of it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_every_page import serious
from tests.e2e.test_ops_page import logged_in
from tests.e2e.town import OPERATOR, Town

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]


def far_orders(town: Town, prefix: str, days: int) -> str:
    """Two orders for a day whose cut-off is far ahead; returns the day."""
    day = (datetime.now(UTC) + timedelta(days=days, hours=8)).date().isoformat()
    lines = [
        {"sku": "rice", "name": "五常大米 5kg", "quantity": 2, "zone": "ambient"},
        {"sku": "milk", "name": "鲜牛奶 950ml", "quantity": 1, "zone": "chilled"},
    ]
    orders = [{"external_id": f"{prefix}{n}", "site": town.site, "pickup_date": day, "lines": lines} for n in (1, 2)]
    assert town.ask("POST", f"/api/operators/{OPERATOR}/orders", orders)["created"] == 2
    return day


def test_a_day_is_closed_given_out_packed_and_loaded(town: Town, open_page: OpenPage) -> None:
    day = far_orders(town, "P", 5)
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="批次")
    row = section.get_by_role("row", name=day)
    expect(row).to_contain_text(re.compile("接单中，.* 截单"), timeout=SOON_MS)
    row.get_by_role("button", name="打开").click()
    file = section.get_by_role("group", name=day)
    file.get_by_role("button", name="截单", exact=True).click()
    expect(file.get_by_role("alert")).to_contain_text("之前仍在接单", timeout=SOON_MS)
    file.get_by_role("button", name="提前截单").click()
    expect(row).to_contain_text("已截单", timeout=SOON_MS)
    file.get_by_label("五常大米 5kg 的库存").fill("3")
    file.get_by_role("button", name="分配").click()
    expect(file).to_contain_text("缺货 1 行", timeout=SOON_MS)
    expect(file).to_contain_text("第 1 行，缺 1")
    expect(row).to_contain_text("已分配", timeout=SOON_MS)
    file.get_by_label("车次").fill("r7")
    file.get_by_label(re.compile("自提点（按送货顺序")).fill(f"{town.site} {town.site}")
    file.get_by_role("button", name="装筐排线").click()
    expect(file.get_by_role("alert")).to_contain_text("线路有冲突", timeout=SOON_MS)
    file.get_by_label(re.compile("自提点（按送货顺序")).fill(town.site)
    file.get_by_role("button", name="装筐排线").click()
    expect(file.get_by_role("heading", name="分拣墙")).to_be_visible(timeout=SOON_MS)
    lane = file.get_by_role("row", name=re.compile("A1.*r7"))
    expect(lane).to_contain_text("2 个包裹")
    file.get_by_role("button", name="装车单 r7").click()
    expect(file.get_by_role("heading", name="装车单 r7")).to_be_visible(timeout=SOON_MS)
    with desk.expect_download() as download:
        file.get_by_role("button", name="打印全部筐标签").click()
    assert download.value.path().read_bytes()[:5] == b"%PDF-"
    assert serious(desk) == []
    # Looked at again it is planned along the same routes.
    row.get_by_role("button", name="收起").click()
    row.get_by_role("button", name="打开").click()
    expect(file.get_by_label("车次")).to_have_value("r7", timeout=SOON_MS)
    expect(file.get_by_label(re.compile("自提点（按送货顺序"))).to_have_value(town.site)
    # Goods by SKU from the next plan on.
    section.locator("summary", has_text="到货方式").click()
    modes = section.locator("details", has_text="到货方式")
    modes.locator("select").first.select_option("sku_bulk")
    modes.get_by_role("button", name="保存").click()
    expect(modes.get_by_role("status")).to_have_text("已保存", timeout=SOON_MS)
    file.get_by_role("button", name="重新装筐排线").click()
    expect(file.get_by_role("row", name=re.compile("A1.*r7"))).to_contain_text("3 件商品", timeout=SOON_MS)
    expect(file).to_contain_text("rice ×3")
    modes.locator("select").first.select_option("order_bag")
    modes.get_by_role("button", name="保存").click()


def test_labels_are_made_as_files_and_a_wrong_one_is_named(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="打印标签")
    section.get_by_label("编号").fill("TTP999999999X")
    section.get_by_role("button", name="生成标签").click()
    expect(section.get_by_role("alert")).to_contain_text("TTP999999999X", timeout=SOON_MS)
    section.get_by_label("编号").fill("\n".join(order.labels))
    section.get_by_label("格式").select_option("zpl")
    with desk.expect_download() as download:
        section.get_by_role("button", name="生成标签").click()
    zpl = download.value.path().read_text(encoding="utf-8")
    assert all(label in zpl for label in order.labels)
    section.locator("summary", has_text="登记新周转筐").click()
    section.get_by_label("数量").fill("3")
    with desk.expect_download():
        section.get_by_role("button", name="登记新周转筐并打印").click()
    expect(section.get_by_role("status")).to_have_text("已生成 3 张", timeout=SOON_MS)


def test_a_command_tells_what_came_of_it(town: Town, open_page: OpenPage) -> None:
    town.ask("POST", "/api/sites", {"id": "e2e-silent", "kind": "station", "name": "没开门的店", "operators": [OPERATOR]})
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="远程指令")
    section.get_by_label("自提点").select_option("e2e-silent", timeout=SOON_MS)
    section.get_by_label("柜格").fill("1-07")
    section.get_by_label("原因").fill("住户在现场, 屏幕坏了")
    section.get_by_role("button", name="发送").click()
    expect(section.get_by_role("alert")).to_contain_text("没有联网", timeout=SOON_MS)
    jobs = town.child("jobs", "cloud", "jobs")  # which send commands
    jobs.start()
    try:
        section.get_by_label("自提点").select_option(town.site)
        section.get_by_role("button", name="发送").click()
        first = section.locator("li").first
        expect(first).to_contain_text("自提点拒绝", timeout=40_000)
        expect(first).to_contain_text("自提点没有这个柜格")
        expect(first).to_contain_text("屏幕坏了")
        section.get_by_label("指令").select_option("identify")
        section.get_by_label("原因").fill("找机器")
        section.get_by_role("button", name="发送").click()
        expect(section.locator("li").first).to_contain_text("已执行", timeout=40_000)
    finally:
        jobs.kill()
    audited = town.ask("GET", f"/api/sites/{town.site}/commands")["commands"]
    assert [(one["action"], one["outcome"]) for one in audited] == [("identify", "done"), ("open_cell", "refused")]
