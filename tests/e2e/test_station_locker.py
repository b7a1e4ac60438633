"""The locker in a browser. At the staff page a parcel goes into a proposed cell, a door jams, is left open, is not as booked; at
the cabinet's own screen residents fetch what is theirs.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import httpx
import msgspec
import pytest
from playwright.sync_api import Locator, Page, expect

from edge.wire.manifest import Manifest
from firmware_sim.locker import SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.scanner import SimulatedScanner
from tests.conftest import TestBroker
from tests.e2e.keyboard_scanner import scan_by_keys
from tests.e2e.lone_station import Devices, LoneStation, living_devices, lone_station
from tests.e2e.test_every_page import serious, too_wide
from tests.e2e.test_station_day import look
from tests.e2e.town import DIST, until
from tests.edge.station import days
from tests.edge.station.days import CODE_OF, LI_1, WANG_1, WANG_2

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 30_000
OpenPage = Callable[..., Page]


def a_day(site: str) -> Manifest:
    """Nobody need log in; what is there expires long after."""
    claims = tuple(msgspec.structs.replace(one, deadline_ms=4_000_000_000_000) for one in days.manifest().claims)
    return msgspec.structs.replace(days.manifest(), site=site, claims=claims, staff=())


def a_staffed_day(site: str) -> Manifest:
    """Staff log in by PIN."""
    return msgspec.structs.replace(a_day(site), staff=days.manifest().staff)


@pytest.fixture
def devices() -> Iterator[Devices]:
    with living_devices() as devices:
        yield devices


@pytest.fixture
def lockers(tmp_path: Path, devices: Devices) -> Iterator[SimulatedLockers]:
    """Cells 1-01 and 1-02 for what need not be cold, 1-03 for what must."""
    lockers = SimulatedLockers(tmp_path / "rs485", "cu16", (SimulatedBoard(1, 3),), Random(1))
    devices.do(lockers.plug)
    yield lockers
    devices.do(lockers.unplug)


@pytest.fixture
def station(tmp_path: Path, _session_broker: TestBroker, lockers: SimulatedLockers) -> Iterator[LoneStation]:
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with lone_station(tmp_path, _session_broker, tables_of(lockers), a_day) as station:
        yield station


def tables_of(lockers: SimulatedLockers) -> str:
    return f"""
[[locker]]
name = "cabinet"
port = "{lockers.path}"
family = "cu16"
wait_s = 0.0
reply_s = 1.0
[[locker.board]]
name = "cabinet-1"
address = 1
locks = 3
prefix = "1-0"
feedback_s = 0.5
"""


def at_cabinet(scanner: SimulatedScanner) -> str:
    return f"""
[[scanner]]
name = "at-cabinet"
port = "{scanner.path}"
place = "cabinet"
"""


class Cabinet:
    """The page, and the hands at the cabinet."""

    def __init__(self, page: Page, lockers: SimulatedLockers, devices: Devices) -> None:
        self.page, self._lockers, self._devices = page, lockers, devices

    def says(self, words: str) -> None:
        expect(self.page.locator("section.last h1")).to_contain_text(words, timeout=SOON_MS)

    def tap(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def scan(self, text: str) -> None:
        scan_by_keys(self.page, text)

    def cell(self, name: str) -> Locator:
        return self.page.locator("button.cell", has_text=name)

    def shows(self, name: str, *signals: str) -> None:
        for signal in signals:
            expect(self.cell(name)).to_contain_text(signal, timeout=SOON_MS)

    def shut(self, lock: int, *, with_article: bool | None = None) -> None:
        def shut() -> None:
            door = self._lockers.board(1).doors[lock]
            door.has_article = door.has_article if with_article is None else with_article
            self._lockers.shut(1, lock)

        self._devices.do(shut)

    @property
    def pulsed(self) -> list[int]:
        return [pulse.lock for pulse in self._lockers.pulses]

    def jam(self, lock: int, *, is_jammed: bool) -> None:
        self._devices.do(lambda: setattr(self._lockers.board(1).doors[lock], "is_jammed", is_jammed))


@pytest.fixture
def cabinet(station: LoneStation, lockers: SimulatedLockers, devices: Devices, open_page: OpenPage) -> Cabinet:
    page = open_page(station.url, width=1280, height=900)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    return Cabinet(page, lockers, devices)


def test_a_parcel_goes_into_the_cell_that_is_proposed_and_its_signals_are_shown(cabinet: Cabinet) -> None:
    page = cabinet.page
    cabinet.tap("查看格口")
    for name in ("1-01", "1-02", "1-03"):
        cabinet.shows(name, "空闲", "门：关", "货：无")
    cabinet.scan(WANG_2)  # chilled, and small
    cabinet.says("已入库")
    cabinet.tap("放格口")
    cabinet.says("格口已预占 1-03")
    cabinet.shows("1-03", "已预占")
    look(page, "cell-reserved")
    cabinet.tap("打开 1-03，放进去")
    cabinet.says("柜门已开 1-03")
    cabinet.shows("1-03", "门：开")
    cabinet.shut(3, with_article=True)
    cabinet.says("已入柜 1-03")
    cabinet.shows("1-03", "占用", "门：关", "货：有")
    assert cabinet.pulsed == [3]

    # It is to go elsewhere: taken out with a reason, and the cell is free again.
    cabinet.cell("1-03").click()
    cabinet.tap("打开取出")
    page.get_by_role("group", name="为什么取出").get_by_role("button", name="换个地方").click()
    cabinet.says("已取出 1-03")
    cabinet.shut(3, with_article=False)
    cabinet.shows("1-03", "空闲", "门：关", "货：无")
    assert cabinet.pulsed == [3, 3]


def test_each_failure_of_a_cell_has_its_word_and_its_way_out(cabinet: Cabinet) -> None:
    page = cabinet.page
    cabinet.tap("查看格口")
    cabinet.jam(1, is_jammed=True)
    cabinet.scan(WANG_1)
    cabinet.tap("放格口")
    cabinet.tap("打开 1-01，放进去")
    cabinet.says("开门失败 1-01")
    expect(page.locator("section.last")).to_contain_text("换一个格口，这个格口先不用")
    cabinet.cell("1-01").click()
    expect(page.get_by_text("开门失败：看门锁有没有卡住")).to_be_visible(timeout=SOON_MS)
    look(page, "cell-fault")
    assert serious(page) == []
    assert too_wide(page) == []
    cabinet.tap("换一个格口")  # the next one that fits, at once
    cabinet.says("格口已预占 1-02")
    cabinet.tap("打开 1-02，放进去")
    cabinet.says("柜门已开 1-02")
    cabinet.shut(2)  # and nothing was put in
    cabinet.says("有单无货 1-02")
    cabinet.jam(1, is_jammed=False)
    cabinet.tap("恢复使用")
    cabinet.shows("1-01", "空闲")

    # Blocked by staff, no cell that is large enough is left.
    cabinet.cell("1-02").click()
    cabinet.tap("停用")
    cabinet.shows("1-02", "停用")
    cabinet.scan(LI_1)
    cabinet.says("已入库")
    cabinet.tap("放格口")
    cabinet.says("没有合适的格口")
    assert cabinet.pulsed.count(1) == 1

    # Somebody looks into a cell and goes away: the door is open, and it is said.
    cabinet.cell("1-03").click()
    cabinet.tap("打开看看")
    expect(page.get_by_text("门开着：去关好")).to_be_visible(timeout=SOON_MS)
    cabinet.shut(3)
    cabinet.says("柜门已关 1-03")


# --- residents, at the cabinet's own screen ---------------------------------------------------------------------------------


@pytest.fixture
def scanner(tmp_path: Path, devices: Devices) -> Iterator[SimulatedScanner]:
    """It hangs at the cabinet."""
    scanner = SimulatedScanner(tmp_path / "at-cabinet", Random(1))
    devices.do(scanner.plug)
    yield scanner
    devices.do(scanner.unplug)


@pytest.fixture
def staffed(
    tmp_path: Path, _session_broker: TestBroker, lockers: SimulatedLockers, scanner: SimulatedScanner
) -> Iterator[LoneStation]:
    """Staff have PINs, and a scanner hangs at the cabinet; what is away is the cloud."""
    if not (DIST / "cabinet.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with lone_station(tmp_path, _session_broker, tables_of(lockers) + at_cabinet(scanner), a_staffed_day) as station:
        until(lambda: '"at-cabinet","kind":"scanner","state":"ok"' in httpx.get(f"{station.url}/api/status").text, "a scanner", 60)
        yield station


def test_a_resident_opens_their_cell_at_a_screen_that_staff_have_paired_and_nothing_of_it_stays(
    staffed: LoneStation, lockers: SimulatedLockers, devices: Devices, open_page: OpenPage, scanner: SimulatedScanner
) -> None:
    desk = Cabinet(open_page(staffed.url, width=1280, height=900), lockers, devices)
    expect(desk.page.locator(".net")).to_be_visible(timeout=SOON_MS)
    desk.page.get_by_role("button", name="登录", exact=True).first.click()
    desk.page.locator("#pin").fill("1357")
    desk.page.locator("#pin").press("Enter")
    expect(desk.page.locator("#pin")).to_be_hidden(timeout=SOON_MS)
    for parcel, lock in ((WANG_1, 1), (WANG_2, 3)):
        desk.scan(parcel)
        desk.says("已入库")
        desk.tap("放格口")
        desk.tap(f"打开 1-0{lock}，放进去")
        desk.says(f"柜门已开 1-0{lock}")
        desk.shut(lock, with_article=True)
        desk.says(f"已入柜 1-0{lock}")
    pulses = len(desk.pulsed)

    screen = open_page(f"{staffed.url}/cabinet", width=360, height=740)
    heading = screen.get_by_role("heading", level=1)
    expect(heading).to_have_text("这块屏幕还没有配对", timeout=SOON_MS)
    look(screen, "cabinet-unpaired")
    assert serious(screen) == []
    assert too_wide(screen) == []
    screen.set_viewport_size({"width": 1080, "height": 1920})
    tap_digits(screen, "9999")
    screen.get_by_role("button", name="配对这块屏幕").click()
    expect(screen.get_by_role("alert")).to_have_text("PIN 或工牌不对", timeout=SOON_MS)
    tap_digits(screen, "1357")
    screen.get_by_role("button", name="配对这块屏幕").click()
    expect(heading).to_have_text("请输入提货码", timeout=SOON_MS)
    look(screen, "cabinet-asks")
    assert serious(screen) == []

    # A wrong code, and one of four digits that cannot be sent at all.
    tap_digits(screen, "0000")
    expect(screen.get_by_role("button", name="开柜提货")).to_be_disabled()
    tap_digits(screen, "0000")
    screen.get_by_role("button", name="开柜提货").click()
    expect(heading).to_have_text("没有打开柜门", timeout=SOON_MS)
    expect(screen.get_by_text("没有这个提货码")).to_be_visible()
    screen.get_by_role("button", name="完成").click()
    expect(heading).to_have_text("请输入提货码", timeout=SOON_MS)

    # Two cells open one after another, and the screen follows their doors.
    tap_digits(screen, CODE_OF["c-wang"])
    screen.get_by_role("button", name="开柜提货").click()
    expect(heading).to_have_text("请取出，关好门", timeout=SOON_MS)
    expect(screen.locator("li.cell")).to_have_count(2, timeout=SOON_MS)
    assert desk.pulsed[pulses:] == [1, 3]
    expect(screen.locator("li.cell", has_text="1-01")).to_contain_text("门已打开")
    desk.shut(1, with_article=False)
    expect(screen.locator("li.cell", has_text="1-01")).to_contain_text("门已关好", timeout=SOON_MS)
    expect(screen.locator("li.cell", has_text="1-03")).to_contain_text("门已打开")
    look(screen, "cabinet-open")
    assert serious(screen) == []
    assert "王" not in screen.locator("main").inner_text()
    assert too_wide(screen) == []
    screen.set_viewport_size({"width": 768, "height": 1024})
    desk.shut(3, with_article=False)
    expect(heading).to_have_text("提货完成", timeout=SOON_MS)
    expect(heading).to_have_text("请输入提货码", timeout=SOON_MS)  # cleared by itself

    # The scanner at the cabinet: a parcel's label is no code, and the screen says so in the reader's language.
    screen.get_by_role("button", name="EN", exact=True).click()
    devices.do(lambda: scanner.scan(WANG_1, aim="]C0"))
    expect(heading).to_have_text("Only pickup codes and pickup QRs work here", timeout=SOON_MS)
    look(screen, "cabinet-label-en")
    screen.get_by_role("button", name="Done").click()
    expect(heading).to_have_text("请输入提货码", timeout=SOON_MS)  # the next person reads Chinese again
    assert len(desk.pulsed) == pulses + 2

    # Staff take the pairing back at their own page.
    desk.tap("查看格口")
    expect(desk.page.get_by_text("已配对")).to_be_visible(timeout=SOON_MS)
    look(desk.page, "cabinet-screens")
    desk.tap("取消配对")
    expect(desk.page.get_by_text("还没有配对")).to_be_visible(timeout=SOON_MS)
    expect(heading).to_have_text("这块屏幕还没有配对", timeout=SOON_MS)


def tap_digits(page: Page, digits: str) -> None:
    for digit in digits:
        page.get_by_role("button", name=digit, exact=True).click()
