"""The landing page of a really started town: each button does what it says and all recovers; the storyboard plays by itself.

One town for both: it is the whole one box, and takes its time to start. Its day has no accidents but those that are asked for.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from tests.e2e.test_every_page import AXE, serious, too_wide
from tests.e2e.town import DIST
from tests.integration.test_run import Box, new_box, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SOON_MS = 20_000
SCENE_MS = 90_000  # at the fastest a scene is seconds away; a loaded machine's scans are what it waits for
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """`make run`, from half past six on."""
    if not (DIST / "town.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with new_box() as one:
        # Without vans: what they bring comes by itself, and the night is not planned for most of a minute first.
        one.start(TOWN="1", PAGES="1", RATE="10", VANS="0", TUANTU_TOWN_TROUBLE="0")
        yield one
        one.stop()


def stage(box: Box, open_page: OpenPage, **look: object) -> Page:
    """The page, once its town is there."""
    page = open_page(f"http://127.0.0.1:{box.port}/", width=1280, height=900, **look)
    expect(page.locator("[data-place=scan] button")).to_be_enabled(timeout=60_000)
    return page


def staff_of(page: Page) -> FrameLocator:
    return page.frame_locator("#staff iframe")


def phone_of(page: Page) -> FrameLocator:
    return page.frame_locator("#resident iframe")


def press(page: Page, place: str, label: str) -> Locator:
    """A button by its present name; what is told beside it."""
    button = page.locator(f"[data-place={place}]").get_by_role("button", name=label, exact=True)
    expect(button).to_be_enabled(timeout=SOON_MS)
    button.click()
    told = page.locator(f"[data-place={place}] .told")
    expect(told).to_contain_text("刚才", timeout=SOON_MS)
    return told


def set_pace(page: Page, name: str) -> None:
    page.locator(".pace").get_by_role("button", name=name, exact=True).click()


def test_each_button_does_what_it_says_and_everything_recovers(box: Box, open_page: OpenPage) -> None:
    page = stage(box, open_page)
    if AXE.is_file():
        assert serious(page) == []
    # At another station than that of the order which the story follows.
    stations = page.locator(".head select")
    others = [one for one in ("st-0001", "st-0002", "st-0003") if one != stations.input_value()]
    stations.select_option(others[-1])
    staff = staff_of(page)
    expect(staff.locator(".net")).to_contain_text("在线", timeout=SOON_MS)

    # One scan, followed from its bytes to this browser.
    told = press(page, "scan", "扫一件")
    expect(told).to_contain_text(re.compile("扫了 TTP"))
    way = page.locator(".way")
    expect(way.locator("[data-hop=socket] .took")).to_contain_text("毫秒", timeout=SOON_MS)
    expect(way.locator(".bytes")).to_contain_text("5d 43 30 54 54 50")
    expect(way.locator("[data-hop=booked]")).to_contain_text(re.compile("发件箱第 \\d+ 条，封成批次 \\d+"))
    expect(way).to_contain_text("parcel_received", timeout=SOON_MS)
    label = way.locator(".label").inner_text()
    expect(staff.locator("body")).to_contain_text(label, timeout=SOON_MS)

    # The scanner's plug.
    press(page, "plug", "拔扫码枪")
    expect(staff.locator("body")).to_contain_text("扫码枪已拔出", timeout=SOON_MS)
    expect(page.locator("[data-place=scan] button")).to_be_disabled(timeout=SOON_MS)
    expect(page.locator("[data-place=scan]")).to_contain_text("先插回去")
    press(page, "plug", "插回扫码枪")
    expect(staff.locator("body")).not_to_contain_text("扫码枪已拔出", timeout=SOON_MS)

    # The network: what is scanned meanwhile waits in the outbox, and comes.
    press(page, "line", "断网")
    expect(staff.locator(".net")).to_contain_text("离线", timeout=SOON_MS)
    press(page, "scan", "扫一件")
    expect(way.locator("[data-hop=commit]")).to_contain_text("站点断网", timeout=SOON_MS)
    expect(staff.locator(".net").locator("..")).to_contain_text(re.compile("离线，\\d+ 条待上传"), timeout=SOON_MS)
    press(page, "line", "恢复网络")
    expect(way.locator("[data-hop=socket] .took")).to_contain_text("毫秒", timeout=30_000)
    expect(staff.locator(".net")).to_contain_text("在线", timeout=SOON_MS)

    # The cloud dies, the page does not.
    press(page, "kill", "杀云端")
    expect(page.get_by_role("alert").filter(has_text="云端没有应答")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-place=scan] button")).to_be_disabled()
    expect(page.locator(".state").filter(has_text="云端恢复了")).to_be_visible(timeout=60_000)
    expect(phone_of(page).locator(".as-of.is-live")).to_be_visible(timeout=60_000)
    press(page, "scan", "扫一件")
    expect(way.locator("[data-hop=socket] .took")).to_contain_text("毫秒", timeout=60_000)

    # Time stands still, in every process, and goes on; the freezer's door.
    set_pace(page, "暂停")
    expect(page.locator(".pace")).to_contain_text("时间停住了", timeout=SOON_MS)
    expect(page.locator("[data-place=door] button")).to_be_disabled()
    expect(staff.locator(".town")).to_contain_text("已暂停", timeout=SOON_MS)
    set_pace(page, "×150")
    press(page, "door", "开冰柜门")
    expect(staff.locator(".alarms .alarm").first).to_contain_text("门", timeout=30_000)
    press(page, "door", "关冰柜门")
    set_pace(page, "×10")
    expect(page.locator("[data-place=van]")).to_contain_text("现在没有在途的车")
    assert too_wide(page) == []


# Cut off, and no scan waits: a minute later readings do.
NOTHING_WAITS = "离线，(没有待上传的|温度等读数待上传)"
RECORD = """() => {
    const seen = window.seen = []
    const note = () => {
        const text = document.querySelector('main').textContent.replace(/\\s+/g, ' ')
        if (text !== seen.at(-1)) seen.push(text)
    }
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
    note()
}"""


def recorded(page: Page, pane: str) -> Frame:
    """The page in a pane, which notes from now on all that it shows."""
    handle = page.locator(f"#{pane} iframe").element_handle()
    frame = handle.content_frame()
    assert frame is not None
    frame.wait_for_selector("main")
    frame.evaluate(RECORD)
    return frame


def in_order(frame: Frame, *patterns: str) -> None:
    """One after another it has shown what matches these, and without being loaded anew."""
    seen: list[str] = frame.evaluate("window.seen")
    at = 0
    for pattern in patterns:
        found = next((n for n in range(at, len(seen)) if re.search(pattern, seen[n])), None)
        assert found is not None, f"{pattern} is not among what was shown after the rows before it: {seen[at::20]}"
        at = found


def test_the_storyboard_plays_unattended_and_each_row_shows_on_the_page_it_names(box: Box, open_page: OpenPage) -> None:
    page = stage(box, open_page)
    expect(phone_of(page).locator(".as-of.is-live")).to_be_visible(timeout=SOON_MS)
    expect(staff_of(page).locator(".net")).to_contain_text("在线", timeout=SOON_MS)
    phone, staff = recorded(page, "resident"), recorded(page, "staff")

    def reach(scene: str) -> None:
        expect(page.locator(f"[data-scene={scene}][data-state=done]")).to_be_visible(timeout=SCENE_MS)

    # Each row stands long enough to be seen on a busy machine: eight minutes from the cut to the van, six at the shelf.
    set_pace(page, "×300")
    reach("under_way")
    set_pace(page, "×60")
    reach("cut")
    set_pace(page, "×1")
    expect(staff_of(page).locator(".net").locator("..")).to_contain_text(re.compile(NOTHING_WAITS), timeout=60_000)
    set_pace(page, "×150")
    reach("counted")
    set_pace(page, "×30")
    reach("ready")
    expect(phone_of(page).locator("main")).to_contain_text(re.compile("待提货.*货架号"), timeout=30_000)
    set_pace(page, "×150")
    reach("again")
    expect(phone_of(page).locator("main")).to_contain_text("已提货", timeout=30_000)
    expect(staff_of(page).locator("main")).to_contain_text("已经出库", timeout=SOON_MS)
    reach("closed")
    set_pace(page, "×10")
    in_order(phone, "配送中", "待提货.*货架号 ?[ABCF]\\d+", "已提货")
    in_order(staff, NOTHING_WAITS, "离线，\\d+ 条待上传", "全部已上传", "已提过|已经出库", "freezer-1")

    # Which parcels the open door touched is operations' to see.
    url = f"http://127.0.0.1:{box.port}"
    assert page.request.post(f"{url}/api/town/log-in", data={"login": "dispatcher"}).ok
    operations = page.context.new_page()
    operations.goto(f"{url}/ops.html?lang=zh")
    station = page.request.get(f"{url}/api/town").json()["stage"]["station"]

    def heard() -> list[dict[str, Any]]:
        """The alarms of the freezer's door that the cloud has."""
        alarms = page.request.get(f"{url}/api/alarms?show=all&limit=200").json()["alarms"]
        here = [one for one in alarms if one["site"] == station and one["subject"].startswith("freezer-1")]
        return [one for one in here if one["rule"] != "silent"]

    opened = until(heard, "the alarm of the open door")
    # The jobs write the accounts of the cold chain once a minute, and at once when they start.
    box.child("cloud", "jobs").kill()
    until(lambda: all(page.request.get(f"{url}/api/alarms/{one['id']}/parcels").json()["parcels"] for one in opened), "touched", 90)
    name = re.compile(f"涉及的包裹 {opened[0]['site_name']} .*freezer-1")
    operations.get_by_role("button", name=name).first.click(timeout=30_000)
    expect(operations.locator(".touched li").first).to_contain_text("TTP", timeout=SOON_MS)
    operations.locator("section[aria-labelledby=temperatures-heading] select").first.select_option(station)
    expect(operations.locator("section[aria-label=freezer-1] figcaption")).to_contain_text("开门", timeout=SOON_MS)
