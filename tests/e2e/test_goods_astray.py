"""A parcel that is none of the day's, at a station's page; and at its resident's, where it is at another station or comes early."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, Route, expect

from edge.wire.labels import parcel_label
from edge.wire.manifest import Manifest, OtherParcel, Zone
from tests.conftest import TestBroker
from tests.e2e.lone_station import lone_station, put_day
from tests.e2e.town import Town
from tests.edge.station.days import CODE_OF, STRANGE, WANG_1, WANG_2
from tests.edge.test_acts_page import for_site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 20_000
TOMORROW, NOBODYS = parcel_label(50), parcel_label(51)
OpenPage = Callable[..., Page]


def first_day(site: str) -> Manifest:
    day = datetime.now(UTC) + timedelta(hours=8 + 24)  # there
    later = OtherParcel(
        parcel=TOMORROW, why="later", zone=Zone.CHILLED, day=day.date().isoformat(), from_ms=(int(time.time()) + 86_400) * 1000
    )
    return msgspec.structs.replace(for_site(site), staff=(), others=(later,))


def told_day(site: str) -> Manifest:
    """What the cloud says once it has heard of the scans."""
    day = first_day(site)
    strange = OtherParcel(parcel=STRANGE, why="elsewhere", zone=Zone.AMBIENT, station="东门店")
    parcels = tuple(msgspec.structs.replace(one, seen_at="西门店" if one.parcel == WANG_2 else "") for one in day.parcels)
    others = (*day.others, strange, OtherParcel(parcel=NOBODYS, why="unknown"))
    return msgspec.structs.replace(day, version=2, parcels=parcels, others=others)


def test_staff_are_told_whose_it_is_and_what_to_do(tmp_path: Path, broker: TestBroker, open_page: OpenPage) -> None:
    with lone_station(tmp_path, broker, make_day=first_day) as station, httpx.Client(base_url=station.url) as http:
        page = open_page(station.url, width=1280, height=900)
        last, aside = page.locator("section.last"), page.get_by_role("region", name="放在一边的")
        for label in (NOBODYS, STRANGE):
            http.post("/api/scan", json={"text": label}).raise_for_status()
        expect(last.locator("h1")).to_have_text("不在本站清单上", timeout=SOON_MS)
        expect(last).to_contain_text("联网后这里会告诉您是谁的")
        http.post("/api/scan", json={"text": TOMORROW}).raise_for_status()
        expect(last.locator("h1")).to_have_text("明天的包裹", timeout=SOON_MS)
        expect(last).to_contain_text("先单独放好")
        expect(page.get_by_role("region", name="待上架")).to_have_count(0)
        for label in (WANG_1, WANG_2):
            http.post("/api/scan", json={"text": label}).raise_for_status()
        http.post("/api/scan", json={"text": STRANGE}).raise_for_status()
        station.agent.kill()
        put_day(station.file, told_day(station.site))
        station.start()
        page.reload()
        row = aside.locator("li", has_text=STRANGE)
        expect(row).to_contain_text("东门店的包裹", timeout=SOON_MS)
        expect(row).to_contain_text("交给下一趟车转送")
        expect(aside.locator("li", has_text=NOBODYS)).to_contain_text("请问调度")
        expect(aside.locator("li", has_text=TOMORROW)).to_contain_text("明天的包裹")
        expect(row).not_to_contain_text("多货")
        row.get_by_role("button", name=f"交给司机 {STRANGE}").click()
        expect(row).to_have_count(0, timeout=SOON_MS)

        http.post("/api/mode", json={"mode": "release"}).raise_for_status()
        http.post("/api/scan", json={"text": TOMORROW}).raise_for_status()
        expect(last.locator("h1")).to_have_text("明天才可提货", timeout=SOON_MS)
        page.fill("#ask", CODE_OF["c-wang"])
        page.keyboard.press("Enter")
        expect(page.locator(".claim li", has_text=WANG_2)).to_contain_text("在 西门店，等转来", timeout=SOON_MS)
        expect(page.locator(".claim")).to_contain_text("全部交付（1 个包裹）")


Change = Callable[[dict[str, Any]], None]


def with_order_changed(page: Page, change: Change) -> None:
    """What the cloud answers for this page, in one of the ways that tests/cloud/api prove it does."""

    def answer(route: Route) -> None:
        got = route.fetch()
        body = got.json()
        change(body["order"])
        route.fulfill(response=got, body=json.dumps(body))

    page.route("**/api/links/*", answer)
    page.reload()


def test_a_resident_whose_parcel_went_astray_reads_where_it_is_in_their_own_words(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    for label in order.labels:
        town.scanner.scan(label)
    page = open_page(order.url)
    expect(page.locator("h1")).to_have_text("待提货", timeout=SOON_MS)

    def lose_one(seen: dict[str, Any]) -> None:
        lost = seen["parcels"][1]
        lost.update({"elsewhere": "东门店", "exceptions": ["surplus"], "state": "shelved", "slot": "Z9"})
        seen.update({"state": "arrived", "counts": {"total": 2, "here": 1, "collected": 0}})
        at = seen["timeline"][-1]["at"]
        seen["timeline"].append({"at": at, "state": "received", "site_name": "东门店", "parcel": lost["id"]})

    with_order_changed(page, lose_one)
    expect(page.locator("h1")).to_have_text("1/2 个包裹已到", timeout=SOON_MS)
    expect(page.locator(".say")).to_contain_text("另有 1 个送到了别的自提点，正在转送")
    expect(page.locator(".tag.tone-warn")).to_have_text("送到了别的自提点，正在转送")
    expect(page.locator("li.step").first).to_contain_text("送到了别的自提点")
    expect(page.get_by_text("多货")).to_have_count(0)
    expect(page.get_by_text("Z9")).to_have_count(0)
    page.get_by_role("button", name="EN").click()
    expect(page.locator(".say")).to_contain_text("1 went to another one and is being sent on")


def test_goods_that_came_a_day_early_are_there_and_not_to_be_collected_yet(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    for label in order.labels:
        town.scanner.scan(label)
    page = open_page(order.url)
    expect(page.locator("h1")).to_have_text("待提货", timeout=SOON_MS)
    expect(page.get_by_role("region", name="提货码")).to_be_visible()
    tomorrow = (datetime.now(UTC) + timedelta(hours=8 + 24)).date().isoformat()
    with_order_changed(page, lambda seen: seen.update(pickup_date=tomorrow))
    expect(page.locator("h1")).to_have_text("已到自提点", timeout=SOON_MS)
    expect(page.locator(".say")).to_contain_text("货提前到店了，明天来提货")
    expect(page.get_by_role("region", name="提货码")).to_have_count(0)


def test_a_station_that_is_offline_is_told_with_its_time_until_it_is_back(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    page = open_page(order.url)
    expect(page.locator(".as-of")).to_contain_text("实时", timeout=SOON_MS)
    silent = {"is_silent": True, "as_of": "2026-11-22T01:30:00.000Z"}
    page.route("**/api/links/*/station", lambda route: route.fulfill(json=silent))
    town.scanner.scan(order.labels[0])
    expect(page.locator(".silent")).to_contain_text("自提点离线，以下为", timeout=SOON_MS)
    expect(page.locator(".silent")).to_contain_text("09:30 的情况")
    page.unroute("**/api/links/*/station")
    town.scanner.scan(order.labels[1])
    expect(page.locator(".silent")).to_have_count(0, timeout=30_000)


def test_what_the_zones_freezer_measures_is_said_of_no_parcel_that_nobody_put_there(town: Town, open_page: OpenPage) -> None:
    order = town.order()
    for label in order.labels:
        town.scanner.scan(label)
    page = open_page(order.url)
    expect(page.locator("h1")).to_have_text("待提货", timeout=SOON_MS)
    account = {
        "parcel": order.labels[1], "goods": "chilled", "limits": {"low_c": 0.0, "high_c": 5.0}, "verdict": "in_range",
        "basis": "zone", "as_of": "2026-11-22T01:30:00.000Z", "is_settled": False, "coverage": 1.0, "observed_min": 60.0,
        "placed_min": 0.0, "expected_min": 60.0, "above_min": 0.0, "below_min": 0.0, "coldest_c": 3.0, "warmest_c": 3.0,
        "excursions": [], "step_s": 60, "series": [],
    }  # fmt: skip
    answer = {"parcels": [account], "waiting": [], "as_of": "2026-11-22T01:30:00.000Z"}
    page.route("**/api/links/*/cold-chain", lambda route: route.fulfill(json=answer))
    page.reload()
    chain = page.get_by_role("region", name="冷链记录")
    expect(chain).to_contain_text("到店了，还没有放进冷柜的记录", timeout=SOON_MS)
    expect(chain).not_to_contain_text("全程")
    expect(chain.locator(".tone-go")).to_have_count(0)

    def still_away(seen: dict[str, Any]) -> None:
        seen["parcels"][1].update({"state": "packed"})

    account.update(verdict="no_data", basis="none", observed_min=0.0, coverage=0.0)
    with_order_changed(page, still_away)
    expect(chain).to_contain_text("货还没到店，温度记录到站后补全", timeout=SOON_MS)
    expect(chain).not_to_contain_text("无法判断")
