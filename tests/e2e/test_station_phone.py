"""The staff page on a telephone: whoever stands in front of the counter is served without a search on the screen."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import TestBroker
from tests.e2e.keyboard_scanner import scan_by_keys
from tests.e2e.lone_station import LoneStation, lone_station
from tests.e2e.test_station_day import look
from tests.e2e.test_station_locker import a_day
from tests.e2e.town import DIST
from tests.edge.station.days import CODE_OF, WANG_1, WANG_2

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SOON_MS = 20_000
OpenPage = Callable[..., Page]


@pytest.fixture
def station(tmp_path: Path, _session_broker: TestBroker) -> Iterator[LoneStation]:
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with lone_station(tmp_path, _session_broker, "", a_day) as station:
        yield station


def is_in_sight(one: Locator) -> bool:
    expect(one).to_be_visible(timeout=SOON_MS)
    inside: bool = one.evaluate(
        "one => { const { top, bottom } = one.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight }"
    )
    return inside


def test_from_the_job_to_the_parcels_nobody_scrolls(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url, width=360, height=720)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    for label in (WANG_1, WANG_2):
        scan_by_keys(page, label)
        expect(page.locator("section.last .label")).to_have_text(label, timeout=SOON_MS)
    page.get_by_role("button", name="提货核销").click()
    find = page.get_by_role("button", name="查找")
    expect(find).to_be_visible(timeout=SOON_MS)
    page.wait_for_function("scrollY > 0")
    assert is_in_sight(find)
    for digit in CODE_OF["c-wang"]:
        page.get_by_role("group", name="数字键").get_by_role("button", name=digit).click()
    find.click()
    hand_out = page.get_by_role("button", name="全部交付（2 个包裹）")
    expect(hand_out).to_be_visible(timeout=SOON_MS)
    assert is_in_sight(hand_out)
    look(page, "phone-claim")
    hand_out.click()
    expect(page.locator("section.last h1")).to_contain_text("已出库", timeout=SOON_MS)
