"""A queue at the counter: a lock holds one device only, a label is typed in small letters, and two shelves are fetched from."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import reachable_folder
from tests.e2e.lone_station import LoneStation, lone_station
from tests.e2e.town import DIST
from tests.edge.station.days import BADGE, CODE_OF, WANG_1, WANG_2
from tests.edge.test_acts_page import NOBODY, for_site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SOON_MS = 20_000
UNPLUGGED = """[[scanner]]
name = "gun-1"
port = "/dev/serial/by-id/usb-none"
"""


@pytest.fixture
def station() -> Iterator[LoneStation]:
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built")
    with reachable_folder() as folder, lone_station(folder, NOBODY, UNPLUGGED, for_site) as station:
        yield station


def typed(page: Page, text: str) -> None:
    page.get_by_placeholder("手动输入标签号").fill(text)
    page.keyboard.press("Enter")


def log_in(page: Page, secret: str) -> None:
    if not page.get_by_placeholder("PIN").is_visible():
        page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_placeholder("PIN").fill(secret)
    page.keyboard.press("Enter")


def test_a_lock_counts_down_where_it_is_and_the_colleague_hands_out_from_two_shelves(
    station: LoneStation, open_page: Callable[..., Page]
) -> None:
    guesser, colleague = open_page(station.url), open_page(station.url, width=1280, height=800)
    for n in range(5):
        log_in(guesser, "0000")
        expect(guesser.locator(".recent li")).to_have_count(n + 1, timeout=SOON_MS)
    pad = guesser.locator("form.pad")
    expect(pad.get_by_role("timer")).to_contain_text("还要等", timeout=SOON_MS)
    expect(pad.get_by_role("button", name="登录", exact=True)).to_be_disabled()
    log_in(colleague, BADGE)
    expect(colleague.locator(".staff .name")).to_have_text("陈姐", timeout=SOON_MS)
    expect(colleague.locator("section.last h1")).to_have_text("已登录")

    unplugged = colleague.locator(".device", has_text="gun-1")
    expect(unplugged).to_contain_text("扫码枪已拔出")
    expect(unplugged.locator(".exactly")).to_be_hidden()
    unplugged.get_by_text("详情").click()
    expect(unplugged.locator(".exactly")).to_contain_text("/dev/serial", timeout=SOON_MS)

    colleague.get_by_role("button", name="收货").click()
    for slot, parcel in (("A2", WANG_1), ("C1", WANG_2)):
        typed(colleague, f"slot:{slot.lower()}")
        expect(colleague.locator("section.last h1")).to_contain_text("货架已选", timeout=SOON_MS)
        typed(colleague, parcel.lower())
        expect(colleague.locator("section.last h1")).to_contain_text(f"已上架 {slot}", timeout=SOON_MS)
        expect(colleague.locator("section.last .label")).to_have_text(parcel)
    colleague.get_by_role("button", name="提货核销").click()
    colleague.locator("#ask").fill(CODE_OF["c-wang"])
    colleague.keyboard.press("Enter")
    expect(colleague.locator("article.claim .chip")).to_have_count(2, timeout=SOON_MS)
    colleague.locator("button.hand").click()
    expect(colleague.locator("section.last h1")).to_contain_text("2 件", timeout=SOON_MS)
    expect(colleague.locator("section.last .chip .place")).to_have_text(["A2", "C1"])
    expect(colleague.locator("section.last .chip").nth(1)).to_contain_text("冷藏")
