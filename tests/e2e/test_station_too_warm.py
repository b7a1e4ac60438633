"""What was too warm, at a station's page: said where it is found out, and handed out only by an act of its own."""

from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, expect

from edge.wire.manifest import Manifest
from tests.conftest import TestBroker
from tests.e2e.lone_station import lone_station
from tests.edge.station.days import CODE_OF, LI_1, WANG_1, WANG_2
from tests.edge.test_acts_page import for_site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SOON_MS = 20_000
TOLD = "交付（已告知超温）"


def warm_day(site: str) -> Manifest:
    day = for_site(site)
    parcels = tuple(
        msgspec.structs.replace(one, is_breached=one.parcel in (WANG_2, LI_1), is_made_here=False) for one in day.parcels
    )
    return msgspec.structs.replace(day, parcels=parcels, staff=())


def test_it_stays_behind_until_staff_say_that_they_told_the_resident(
    tmp_path: Path, broker: TestBroker, open_page: Callable[..., Page]
) -> None:
    with lone_station(tmp_path, broker, make_day=warm_day) as station, httpx.Client(base_url=station.url) as http:
        for label in (WANG_1, WANG_2, LI_1):
            http.post("/api/scan", json={"text": label}).raise_for_status()
        http.post("/api/mode", json={"mode": "release"}).raise_for_status()
        page = open_page(station.url, width=768, height=1024)
        expect(page.locator("#ask")).to_be_visible(timeout=SOON_MS)
        page.fill("#ask", CODE_OF["c-wang"])
        page.keyboard.press("Enter")
        expect(page.locator(".claim")).to_contain_text("温度超限", timeout=SOON_MS)
        expect(page.locator(".claim .warm")).to_contain_text("先告知本人")
        page.get_by_role("button", name="交付所选（1 个包裹）").click()
        expect(page.locator("section.last h1")).to_contain_text("部分出库", timeout=SOON_MS)
        page.get_by_role("checkbox", name=f"交付 {WANG_2}").click()
        page.locator(".claim").get_by_role("button", name=TOLD).click()
        expect(page.locator("section.last h1")).to_contain_text("已出库", timeout=SOON_MS)

        http.post("/api/scan", json={"text": LI_1}).raise_for_status()
        expect(page.locator("section.last h1")).to_contain_text("超温或变质，先别交付", timeout=SOON_MS)
        page.locator("section.last").get_by_role("button", name=TOLD).click()
        expect(page.locator("section.last h1")).to_contain_text("已出库", timeout=SOON_MS)
