"""A dispatcher enrols a courier's phone by its QR, sees it heard, and takes it back."""

import json
import secrets
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_every_page import AXE, operations, serious, too_wide
from tests.e2e.town import OPERATOR, Town, phone_of, say_place

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]


def test_a_phone_is_enrolled_heard_and_revoked(town: Town, open_page: OpenPage) -> None:
    van = f"van-{secrets.token_hex(3)}"
    town.ask("POST", "/api/sites", {"id": van, "kind": "van", "name": "一号车", "operators": [OPERATOR]})
    page = operations(town, open_page, width=1280, height=900)
    card = page.get_by_role("region", name="定位设备")
    card.get_by_role("button", name="添加设备").click()
    card.get_by_label("车辆").select_option(van)
    card.get_by_label("名称").fill("王师傅的手机")
    card.get_by_label("个人手机").uncheck()
    card.get_by_role("button", name="添加", exact=True).click()
    expect(card.get_by_role("img", name="Traccar Client")).to_be_visible(timeout=SOON_MS)
    link = card.locator(".link").first.inner_text()
    if AXE.is_file():
        assert serious(page) == []
    assert too_wide(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    card.get_by_role("button", name="设置好了").click()
    row = card.locator("li").filter(has_text="王师傅的手机")
    expect(row).to_contain_text("还没有位置")

    with town.positions() as at:
        token = phone_of(link)
        say_place(at, token, 121.5)
        refused = httpx.get(f"{at}/?id={token}&lat=0&lon=0", timeout=20)
        assert json.loads(refused.content)["kept"] == 0
    expect(row).to_contain_text("1 个位置", timeout=30_000)
    expect(row).to_contain_text("电量 87 %")
    expect(row).to_contain_text("拒收 1")
    row.get_by_role("button", name="停用").click()
    row.get_by_role("button", name="再按一次停用").click()
    expect(row).to_contain_text("已停用", timeout=SOON_MS)
