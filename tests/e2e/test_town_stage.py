"""The landing page of a really started town: each button does what it says and all recovers; the storyboard plays by itself.

One town for both: it is the whole one box, and takes its time to start. Its day has no accidents but those that are asked for.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, FrameLocator, Locator, Page, expect

from firmware_sim.town.plan import LOCAL
from tests.e2e import heard
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
        # A van goes to four stations: the story's is the last, and the small one has no devices.
        one.start(TOWN="1", PAGES="1", RATE="1", VANS="1", STATIONS="4", TUANTU_TOWN_TROUBLE="0")
        yield one
        one.stop()


def stage(box: Box, open_page: OpenPage, **look: object) -> Page:
    """The page, once its town is there."""
    page = open_page(f"http://127.0.0.1:{box.port}/", width=1280, height=900, **look)
    expect(page.locator(".pace")).not_to_contain_text("时间先停着", timeout=60_000)
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
    set_pace(page, "×30")
    press(page, "door", "开冰柜门")
    expect(staff.locator(".alarms .alarm").first).to_contain_text("门", timeout=30_000)
    press(page, "door", "关冰柜门")
    set_pace(page, "×1")
    expect(page.locator("[data-place=van]")).to_contain_text("现在没有在途的车")
    assert too_wide(page) == []


# What a page shows, with the town's time of its bar, each time anything of it has changed.
RECORD = """() => {
    const seen = window.seen = []
    const note = () => {
        const text = document.querySelector('main').textContent.replace(/\\s+/g, ' ')
        if (text !== seen.at(-1)) seen.push(text)
    }
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
    note()
}"""
SHOWN = """([pattern, from]) => {
    const wanted = new RegExp(pattern)
    const at = window.seen.findIndex((text, n) => n >= from && wanted.test(text))
    return at < 0 ? null : { at, found: wanted.exec(window.seen[at])[0] }
}"""
# Cut off, and no scan waits: a minute later readings do.
NOTHING_WAITS = "离线，(没有待上传的|温度等读数待上传)"


class Watched:
    """A page that notes from now on all that it shows: one row after another, and without being loaded anew."""

    def __init__(self, page: Page | Frame) -> None:
        page.wait_for_selector("main")
        page.evaluate(RECORD)
        self.page = page
        self._at = 0

    def shows(self, pattern: str, within_ms: int = SOON_MS) -> str:
        """What matches, on or after what it showed before."""
        try:
            shown = self.page.wait_for_function(SHOWN, arg=[pattern, self._at], timeout=within_ms).json_value()
        except PlaywrightError as error:
            seen: list[str] = self.page.evaluate("window.seen")
            raise AssertionError(f"{pattern} is not among {seen[self._at :: 20][-8:]}, and at last {seen[-1]}") from error
        self._at = shown["at"]
        found: str = shown["found"]
        return found


def pane(page: Page, name: str) -> Frame:
    frame = page.locator(f"#{name} iframe").element_handle().content_frame()
    assert frame is not None
    return frame


def opened_as(page: Page, role: str) -> Page:
    """The page of somebody else, by its button on the stage."""
    with page.expect_popup() as popup:
        page.locator(".roles").get_by_role("button", name=role, exact=True).click()
    return popup.value


class Stage:
    """What the town says of its story, and of the runs that bring its goods."""

    def __init__(self, box: Box, page: Page) -> None:
        self._url = f"http://127.0.0.1:{box.port}"
        self._page = page

    def get(self, path: str) -> Any:
        return self._page.request.get(f"{self._url}{path}").json()

    @property
    def now(self) -> Any:
        return self.get("/api/town")["stage"]

    def reach(self, scene: str) -> datetime:
        """Wait until it has come to pass; when that was, there."""
        expect(self._page.locator(f"[data-scene={scene}]")).not_to_have_attribute("data-state", "ahead", timeout=SCENE_MS)
        (seen,) = (one for one in self.now["scenes"] if one["name"] == scene)
        assert seen["state"] == "done", seen
        return datetime.fromtimestamp(seen["at_ms"] / 1000, LOCAL)


def hour(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def test_the_storyboard_plays_unattended_and_each_row_shows_on_the_page_it_names(box: Box, open_page: OpenPage) -> None:
    page = stage(box, open_page)
    expect(phone_of(page).locator(".as-of.is-live")).to_be_visible(timeout=SOON_MS)
    expect(staff_of(page).locator(".net")).to_contain_text("在线", timeout=SOON_MS)
    story = Stage(box, page)
    phone, staff = Watched(pane(page, "resident")), Watched(pane(page, "staff"))
    board, leader = Watched(opened_as(page, "调度员")), Watched(opened_as(page, "团长"))
    heard.listen(staff.page)
    staff_of(page).get_by_role("button", name="开始上班").click()

    # 06:50: the van is loaded, all but one container, and then that one too.
    started = story.now
    (run,) = story.get(f"/api/runs?day={started['day']}")["runs"]
    stops = [one["site"] for one in run["stops"]]
    before = stops.index(started["station"])
    arrival = datetime.fromisoformat(run["stops"][before]["planned_arrival"]).astimezone(LOCAL)
    containers = sum(
        one["expected"]
        for one in story.get(f"/api/operators/{started['operator']}/departures?day={started['day']}")["runs"][0]["containers"]
    )
    set_pace(page, "×60")
    assert hour(story.reach("loading")) < "06:55"
    board.shows(f"装车中.*共 {containers - 1} / {containers} 已装车")
    set_pace(page, "×150")
    assert hour(story.reach("under_way")) >= "06:55"
    set_pace(page, "×60")
    board.shows(f"装车中.*共 {containers} / {containers} 已装车")
    phone.shows("配送中")

    # 07:00: it leaves. Where it goes first, somebody signs; the resident reads one stop fewer.
    assert hour(story.reach("left")) >= "07:00"
    set_pace(page, "×10")
    board.shows("已发车")
    phone.shows(f"预计 \\d\\d:\\d\\d–\\d\\d:\\d\\d 到店 ?还有 {before} 站")
    set_pace(page, "×60")
    story.reach("first_stop")
    set_pace(page, "×10")
    phone.shows(f"还有 {before - 1} 站")
    board.shows(f"站点 ?1 / {len(stops)}")

    # 07:32: the line is cut, and the cloud says as of when it knows.
    set_pace(page, "×150")
    cut_at = story.reach("cut")
    assert cut_at >= arrival - timedelta(minutes=8)
    set_pace(page, "×1")
    staff.shows(NOTHING_WAITS)
    set_pace(page, "×10")
    story.reach("silent")
    as_of = phone.shows("自提点离线，以下为 \\d\\d:\\d\\d 的情况")[-9:-4]
    assert hour(cut_at - timedelta(minutes=10)) <= as_of <= hour(cut_at)

    # 07:40: signed and counted offline. Mended: all is sent, and the parcel waits for its resident.
    set_pace(page, "×150")
    story.reach("counted")
    staff.shows("离线，\\d+ 条待上传")
    story.reach("mend")
    set_pace(page, "×10")
    staff.shows("全部已上传", 60_000)
    story.reach("ready")
    shelf = re.findall("[ABCF]\\d+", phone.shows("待提货.*货架号 ?[ABCF]\\d+"))[-1]
    fetched = int(leader.shows("已提 ?\\d+ 单")[2:-1])

    # The code: told, said, on the phone, and one more on the leader's tile; no second time.
    heard.forget(staff.page)
    set_pace(page, "×150")
    story.reach("collect")
    set_pace(page, "×30")
    staff.shows("已出库")
    phone.shows("已提货")
    leader.shows(f"已提 ?{fetched + 1} 单")
    until(lambda: f"已出库 {shelf[0]}" in " ".join(heard.words(staff.page)), "the shelf of what is handed out is said")
    story.reach("again")
    staff.shows("已提过|已经出库")
    set_pace(page, "×150")
    story.reach("closed")
    set_pace(page, "×10")
    staff.shows("freezer-1")
    _touched_parcels_are_named(box, page, story)


def _touched_parcels_are_named(box: Box, page: Page, story: Stage) -> None:
    """Which parcels the open door touched is operations' to see."""
    station = story.now["station"]
    operations = opened_as(page, "运行")

    def heard_of() -> list[dict[str, Any]]:
        """The alarms of the freezer's door that the cloud has."""
        here = [one for one in story.get("/api/alarms?show=all&limit=200")["alarms"] if one["site"] == station]
        return [one for one in here if one["subject"].startswith("freezer-1") and one["rule"] != "silent"]

    opened = until(heard_of, "the alarm of the open door")
    # The jobs write the accounts of the cold chain once a minute, and at once when they start.
    box.child("cloud", "jobs").kill()
    until(lambda: all(story.get(f"/api/alarms/{one['id']}/parcels")["parcels"] for one in opened), "touched", 90)
    name = re.compile(f"涉及的包裹 {opened[0]['site_name']} .*freezer-1")
    operations.get_by_role("button", name=name).first.click(timeout=30_000)
    expect(operations.locator(".touched li").first).to_contain_text("TTP", timeout=SOON_MS)
    operations.locator("section[aria-labelledby=temperatures-heading] select").first.select_option(station)
    expect(operations.locator("section[aria-label=freezer-1] figcaption")).to_contain_text("开门", timeout=SOON_MS)
