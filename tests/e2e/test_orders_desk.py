"""Orders on the ops page: cancelled until the cut-off, imported with a template, printed as far as labels are right.

And one parcel's whole life, limits of temperature, and what a dock sorts for.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from cloud.api.order_columns import template_csv
from edge.wire.labels import container_label
from tests.e2e.test_every_page import serious
from tests.e2e.test_ops_page import logged_in
from tests.e2e.town import OPERATOR, Town

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]


def order_ahead(town: Town, external_id: str) -> str:
    """One whose cut-off is days away; returns its resident's link."""
    day = (datetime.now(UTC) + timedelta(days=4, hours=8)).date().isoformat()
    lines = [{"sku": "rice", "name": "五常大米 5kg", "quantity": 2}]
    order = {"external_id": external_id, "site": town.site, "pickup_date": day, "lines": lines}
    assert town.ask("POST", f"/api/operators/{OPERATOR}/orders", [order])["created"] == 1
    return str(town.ask("POST", f"/api/operators/{OPERATOR}/orders/{external_id}/link")["url"])


def test_an_order_is_cancelled_with_a_reason_and_its_resident_reads_so_at_once(town: Town, open_page: OpenPage) -> None:
    resident = open_page(order_ahead(town, "CANCEL-1"))
    expect(resident.locator("h1")).to_have_text("已下单", timeout=SOON_MS)
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="查订单")
    section.get_by_label("订单号、标签或后四位").fill("CANCEL-1")
    section.get_by_role("button", name="查找").click()
    item = section.locator("li", has_text="CANCEL-1")
    item.get_by_role("button", name="取消订单").click()
    expect(item).to_contain_text("截单前可以取消", timeout=SOON_MS)
    item.get_by_label("取消的原因").fill("居民打电话取消")
    assert serious(desk) == []
    item.get_by_role("button", name="确认取消这个订单").click()
    expect(item).to_contain_text("已取消", timeout=SOON_MS)
    expect(item).to_contain_text("管理员 于")
    expect(item).to_contain_text("居民打电话取消")
    expect(item.get_by_role("button", name="取消订单")).to_have_count(0)
    expect(resident.locator("h1")).to_have_text("已取消", timeout=SOON_MS)
    expect(resident.get_by_text("订单已取消，不用来提货。")).to_be_visible()
    expect(resident.get_by_text("待到货")).to_have_count(0)
    # Looked for again, who did it is told again.
    section.get_by_role("button", name="查找").click()
    expect(item).to_contain_text("居民打电话取消", timeout=SOON_MS)


def test_after_the_cut_off_no_cancelling_is_offered_and_a_case_is(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="查订单")
    section.get_by_label("订单号、标签或后四位").fill(order.external_id)
    section.get_by_role("button", name="查找").click()
    item = section.locator("li", has_text=order.external_id)
    expect(item).to_contain_text("不能取消", timeout=SOON_MS)
    expect(item.get_by_role("button", name="取消订单")).to_have_count(0)
    # Its pickup code is taken back in two taps, and a new one is made.
    item.get_by_role("button", name=f"作废提货码 {order.external_id}").click()
    item.get_by_role("button", name=f"确认作废 {order.external_id}").click()
    expect(item).to_contain_text("提货码、二维码和代提码都已作废", timeout=SOON_MS)
    item.get_by_role("button", name="登记售后").click()
    cases = desk.get_by_role("region", name="售后")
    expect(cases.get_by_role("combobox", name="商品")).to_be_visible(timeout=SOON_MS)
    expect(cases.locator("details[open] input").first).to_have_value(order.external_id)


def test_the_columns_of_an_import_are_shown_with_a_template(town: Town, open_page: OpenPage) -> None:
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="导入订单")
    section.locator("summary").click()
    first = section.locator("details li").first
    expect(first).to_contain_text("订单号 / 订单编号", timeout=SOON_MS)
    expect(first).to_contain_text("必填")
    expect(first).to_contain_text("A-1001")
    expect(section.locator("details li", has_text="温区")).to_contain_text("可不填")
    with desk.expect_download() as download:
        section.get_by_role("link", name="下载模板").click()
    assert download.value.path().read_bytes() == template_csv("zh")
    section.get_by_label("CSV 文件").set_input_files(
        {"name": "x.csv", "mimeType": "text/csv", "buffer": "订单号,货号\nA,b\n".encode()}
    )
    section.get_by_role("button", name="导入").click()
    expect(section.get_by_role("alert")).to_contain_text("表头缺少：site (自提点)", timeout=SOON_MS)
    expect(section.get_by_role("alert")).to_contain_text("下载模板")
    assert serious(desk) == []


def test_labels_that_are_right_are_printed_and_the_wrong_ones_named(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="打印标签")
    section.get_by_label("编号").fill(f"{order.labels[0]} {container_label(3)} TTP00000ABCDE {order.labels[1]}")
    with desk.expect_download() as download:
        section.get_by_role("button", name="生成标签").click()
    assert download.value.path().read_bytes().count(b"/Type /Page\n") == 2
    expect(section.get_by_role("status")).to_contain_text("已生成 2 张", timeout=SOON_MS)
    expect(section.get_by_role("alert")).to_contain_text("2 个没有打印")
    expect(section.get_by_role("alert")).to_contain_text(f"{container_label(3)} 不是这一种标签")
    expect(section.get_by_role("alert")).to_contain_text("TTP00000ABCDE 不是本系统的标签，或抄错了")


def test_one_parcels_life_is_found_by_its_label_and_half_an_order_is_told_by_count(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    resident = open_page(order.url)
    expect(resident.locator("h1")).to_have_text("已下单", timeout=SOON_MS)
    town.scanner.scan(order.labels[1])
    expect(resident.locator("h1")).to_have_text("1/2 个包裹已到", timeout=SOON_MS)
    expect(resident.get_by_text("2 个包裹到了 1 个")).to_be_visible()
    assert resident.title().startswith("1/2 个包裹已到")
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="查包裹")
    section.get_by_label("包裹标签").fill(order.labels[1].lower())
    section.get_by_role("button", name="查找").click()
    found = section.get_by_role("status")
    expect(found).to_contain_text("已入库", timeout=SOON_MS)
    expect(found).to_contain_text(f"订单 {OPERATOR}/{order.external_id}")
    expect(found.get_by_role("heading", name="发生过什么")).to_be_visible()
    expect(found.locator("ol").last).to_contain_text("入库")
    assert serious(desk) == []
    section.get_by_label("包裹标签").fill("TTP000000000X")
    section.get_by_role("button", name="查找").click()
    expect(section.get_by_role("alert")).to_contain_text("没有这个包裹", timeout=SOON_MS)


def test_limits_and_an_articles_class_are_set_here(town: Town, open_page: OpenPage) -> None:
    order_ahead(town, "LIMITS-1")
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="温度限值和商品分类")
    chilled = section.get_by_role("group", name="冷藏（0–5 °C 类）")
    expect(chilled.get_by_label("最高 °C")).to_have_value("5", timeout=SOON_MS)
    chilled.get_by_label("最高 °C").fill("6")
    chilled.get_by_label("超过几分钟预警").fill("8")
    section.get_by_role("button", name="保存限值").click()
    expect(section.get_by_role("status")).to_have_text("已保存", timeout=SOON_MS)
    limits = town.ask("GET", f"/api/operators/{OPERATOR}/goods-limits")
    assert (limits["limits"]["chilled"]["high_c"], limits["limits"]["chilled"]["warn_s"], limits["is_own"]) == (6, 480, ["chilled"])
    chilled.get_by_role("button", name="恢复默认").click()
    expect(chilled.get_by_label("最高 °C")).to_have_value("5", timeout=SOON_MS)
    section.locator("summary").click()
    section.get_by_label("商品编码").fill("rice")
    section.get_by_role("button", name="查找").click()
    section.get_by_role("combobox", name="分类").select_option("chilled_wide")
    section.get_by_role("button", name="保存分类").click()
    expect(section).to_contain_text("已保存：五常大米 5kg", timeout=SOON_MS)
    assert town.ask("GET", f"/api/operators/{OPERATOR}/articles/rice")["goods"] == "chilled_wide"
    assert serious(desk) == []


def test_a_docks_stations_are_chosen_here(town: Town, open_page: OpenPage) -> None:
    town.ask("POST", "/api/sites", {"id": "e2e-dock-1", "kind": "dock", "name": "东网格仓", "operators": [OPERATOR]})
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="网格仓分拣哪些自提点")
    section.get_by_role("combobox", name="网格仓").select_option("e2e-dock-1")
    section.get_by_role("checkbox", name="阳光花园自提点").check()
    section.get_by_role("button", name="保存").click()
    expect(section.get_by_role("status")).to_have_text("已保存：1 个自提点", timeout=SOON_MS)
    assert town.ask("GET", "/api/sites/e2e-dock-1/stations") == {"stations": [town.site]}
    assert serious(desk) == []


def test_what_is_known_of_a_resident_is_given_out_and_erased_here(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    desk = logged_in(town, open_page)
    section = desk.get_by_role("region", name="居民隐私")
    # Whose resident it is comes from the cloud: until it is known there is nobody to ask.
    held: list[Route] = []
    desk.route("**/api/operators", lambda route: held.append(route))
    desk.reload()
    section.get_by_label("居民手机号").fill("138 1234 5678", timeout=SOON_MS)
    expect(section.get_by_role("button", name="导出")).to_be_disabled()
    for route in held:
        route.continue_()
    desk.unroute("**/api/operators")
    with desk.expect_download() as download:
        section.get_by_role("button", name="导出").click()
    assert order.external_id in download.value.path().read_text(encoding="utf-8")
    expect(section.get_by_role("status")).to_contain_text("已导出", timeout=SOON_MS)
    section.get_by_role("button", name="删除…").click()
    section.get_by_label("依据").fill("居民来电要求")
    section.get_by_role("button", name="确认删除").click()
    expect(section.get_by_role("status")).to_contain_text("姓名和手机号暂时保留", timeout=SOON_MS)
    section.locator("summary", has_text="删除记录").click()
    expect(section.locator("details li").first).to_contain_text("管理员")
    expect(section.locator("details li").first).to_contain_text("居民来电要求")
    assert serious(desk) == []
