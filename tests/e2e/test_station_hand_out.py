"""A queue at the counter: a lock holds one device only, a label is typed in small letters, and two shelves are fetched from."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import reachable_folder
from tests.e2e.lone_station import LoneStation, lone_station
from tests.e2e.town import DIST
from tests.edge.agents import NOBODY
from tests.edge.station.days import BADGE, CODE_OF, LI_1, WANG_1, WANG_2
from tests.edge.test_acts_page import for_site

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
    expect(colleague.locator("section.last h1")).to_contain_text("2 个包裹", timeout=SOON_MS)
    expect(colleague.locator("section.last .chip .place")).to_have_text(["A2", "C1"])
    expect(colleague.locator("section.last .chip").nth(1)).to_contain_text("冷藏")


def test_a_card_left_open_by_a_page_that_is_gone_is_seen_and_closed_at_another(
    station: LoneStation, open_page: Callable[..., Page]
) -> None:
    gone = open_page(station.url)
    log_in(gone, BADGE)
    expect(gone.locator(".staff .name")).to_have_text("陈姐", timeout=SOON_MS)
    for parcel in (WANG_1, LI_1):
        typed(gone, parcel)
        expect(gone.locator("section.last .label")).to_have_text(parcel, timeout=SOON_MS)
    gone.get_by_role("button", name="提货核销").click()
    gone.locator("#ask").fill(CODE_OF["c-wang"])
    gone.keyboard.press("Enter")
    expect(gone.locator(".asks .opened")).to_contain_text("陈姐", timeout=SOON_MS)
    gone.close()

    page = open_page(station.url, width=1280, height=800)
    card = page.locator("section.open")
    expect(card).to_contain_text("陈姐 · 页面 打开", timeout=SOON_MS)
    log_in(page, BADGE)
    expect(page.locator(".staff .name")).to_have_text("陈姐", timeout=SOON_MS)
    typed(page, LI_1)
    last = page.locator("section.last")
    expect(last.locator("h1")).to_have_text("不是这个人的包裹", timeout=SOON_MS)
    expect(last.get_by_role("button", name="撤销")).to_have_count(0)
    last.get_by_role("button", name="关闭现在这位的卡片").click()
    expect(card).to_have_count(0, timeout=SOON_MS)
    typed(page, LI_1)
    expect(last.locator("h1")).to_contain_text("已出库", timeout=SOON_MS)


def test_a_scanner_that_is_pulled_is_the_large_thing_until_somebody_scans_by_other_means(
    station: LoneStation, open_page: Callable[..., Page]
) -> None:
    page = open_page(station.url, width=1280, height=800)
    pulled = page.locator("section.pulled")
    expect(pulled).to_contain_text("扫码枪已拔出", timeout=SOON_MS)
    expect(pulled).to_contain_text("把它插回去")
    assert pulled.bounding_box()["height"] >= 170  # type: ignore[index]
    log_in(page, BADGE)
    typed(page, WANG_1)
    expect(page.locator("section.last h1")).to_have_text("已入库", timeout=SOON_MS)
    assert pulled.bounding_box()["height"] < 170  # type: ignore[index]


def test_the_pin_pad_opens_for_who_taps_and_for_nobody_elses_question(station: LoneStation, open_page: Callable[..., Page]) -> None:
    bystander, colleague = open_page(station.url), open_page(station.url, width=1280, height=800)
    pad = bystander.locator("form.pad")
    log_in(colleague, BADGE)
    expect(colleague.locator(".staff .name")).to_have_text("陈姐", timeout=SOON_MS)
    typed(colleague, WANG_1)
    expect(colleague.locator("section.last .label")).to_have_text(WANG_1, timeout=SOON_MS)

    # Whoever taps what scans mean logs in first, and it is done then.
    release = bystander.get_by_role("button", name="提货核销")
    release.click()
    expect(pad).to_be_visible(timeout=SOON_MS)
    expect(bystander.get_by_text("请先登录", exact=True)).to_have_count(0)
    log_in(bystander, BADGE)
    expect(release).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)
    expect(pad).to_have_count(0)
    bystander.get_by_role("button", name="退出").click()
    expect(bystander.locator(".staff .name")).to_have_text("未登录", timeout=SOON_MS)

    colleague.locator("#ask").fill(CODE_OF["c-wang"])
    with bystander.expect_response("**/api/questions/*") as told:
        colleague.keyboard.press("Enter")
    assert told.value.status == 401
    card = bystander.locator("section.open")
    expect(card).to_contain_text("陈姐", timeout=SOON_MS)
    expect(pad).to_have_count(0)
    card.get_by_role("button").first.click()
    expect(pad).to_be_visible(timeout=SOON_MS)
    log_in(bystander, BADGE)
    expect(bystander.locator("article.claim")).to_be_visible(timeout=SOON_MS)
