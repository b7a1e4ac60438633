"""The cold chain on the staff page, in a browser: what each thermometer says, its day, and an alarm that somebody takes on."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from edge.wire.clock import TownClock, TownTime, encode_town
from firmware_sim.cold import BoxFaults
from firmware_sim.cold_room import DISPLAY_1, FRIDGE_1, ColdRoom
from tests.conftest import TestBroker
from tests.e2e.lone_station import Devices, LoneStation, living_devices, lone_station
from tests.e2e.test_every_page import serious, too_wide
from tests.e2e.test_station_day import look
from tests.e2e.town import DIST
from tests.edge.cold_rooms import RATE, tables
from tests.edge.devices.sensors import START_MS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 40_000
OpenPage = Callable[..., Page]


@pytest.fixture
def devices() -> Iterator[Devices]:
    with living_devices() as devices:
        yield devices


@pytest.fixture
def room(tmp_path: Path, devices: Devices) -> Iterator[ColdRoom]:
    file = tmp_path / "clock.json"
    file.write_bytes(encode_town(TownTime(START_MS, time.monotonic(), RATE, "")))
    room = ColdRoom(tmp_path / "devices", TownClock(file.read_bytes, time.monotonic), "1")
    plugged = room.plugged()
    devices.do(plugged.__enter__)
    devices.run(room.run())
    yield room
    devices.do(lambda: plugged.__exit__(None, None, None))


@pytest.fixture
def station(tmp_path: Path, _session_broker: TestBroker, room: ColdRoom) -> Iterator[LoneStation]:
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with lone_station(tmp_path, _session_broker, tables(room)) as station:
        yield station


def test_each_box_with_its_day_and_an_alarm_somebody_takes_on(
    station: LoneStation, room: ColdRoom, devices: Devices, open_page: OpenPage
) -> None:
    page = open_page(station.url, width=1280, height=900)
    cold = page.get_by_role("region", name="温度", exact=True)
    fridge = cold.get_by_role("listitem").filter(has_text=FRIDGE_1)
    expect(fridge.locator(".value")).to_contain_text("°C", timeout=SOON_MS)
    expect(fridge).to_contain_text("0.0 °C 至 5.0 °C")
    expect(fridge).to_contain_text("门关着")
    expect(fridge).to_contain_text("测得")

    fridge.get_by_role("button", name=f"24 小时曲线 {FRIDGE_1}").click()
    chart = fridge.get_by_role("img", name=f"{FRIDGE_1} 温度")
    expect(chart.locator("canvas")).to_be_visible(timeout=SOON_MS)
    expect(fridge.locator("figcaption")).to_contain_text("应在 0.0 °C 至 5.0 °C")
    expect(fridge.locator("figcaption")).to_contain_text("没有读数")  # most of the last 24 hours nobody measured: it is said

    # A door stands open: everybody hears of it until somebody with a name takes it on.
    devices.do(lambda: room.set_door(FRIDGE_1, is_open=True))
    alarm = page.get_by_role("alert").filter(has_text=f"{FRIDGE_1} 门没关")
    expect(alarm).to_be_visible(timeout=SOON_MS)
    expect(fridge).to_contain_text("门开着", timeout=SOON_MS)
    look(page, "alarm")
    assert serious(page) == []
    assert too_wide(page) == []
    alarm.get_by_label(f"备注（可不填） {FRIDGE_1}").fill("在补货")
    alarm.get_by_label("店员编号").fill("staff-1")
    alarm.get_by_role("button", name=f"我去处理 {FRIDGE_1} 门没关").click()
    seen = page.locator("article.alarm").filter(has_text=f"{FRIDGE_1} 门没关")
    expect(seen).to_contain_text("staff-1", timeout=SOON_MS)
    expect(seen).to_contain_text("已知道")
    expect(seen).to_contain_text("在补货")
    expect(page.get_by_role("alert").filter(has_text=f"{FRIDGE_1} 门没关")).to_have_count(0)

    devices.do(lambda: room.set_door(FRIDGE_1, is_open=False))
    expect(seen).to_contain_text("已恢复", timeout=SOON_MS)
    seen.get_by_role("button", name=f"处理完了 {FRIDGE_1} 门没关").click()
    expect(seen).to_have_count(0, timeout=SOON_MS)
    expect(fridge.locator("figcaption")).to_contain_text("开门 1 次", timeout=SOON_MS)


def test_a_thermometer_that_says_nothing_is_shown_as_silent(
    station: LoneStation, room: ColdRoom, devices: Devices, open_page: OpenPage
) -> None:
    page = open_page(station.url, width=360, height=780)
    display = page.get_by_role("region", name="温度", exact=True).get_by_role("listitem").filter(has_text=DISPLAY_1)
    expect(display.locator(".value")).to_contain_text("°C", timeout=SOON_MS)
    devices.do(lambda: room.set_faults(DISPLAY_1, BoxFaults(dropout=1.0)))
    expect(display.locator(".value")).to_have_text("没有读数", timeout=SOON_MS)
    expect(display).to_contain_text("起没有读数")
    expect(page.get_by_role("alert").filter(has_text=f"{DISPLAY_1} 温度计没有读数")).to_be_visible(timeout=SOON_MS)
    display.get_by_role("button", name=f"24 小时曲线 {DISPLAY_1}").click()
    expect(display.locator("figcaption")).to_be_visible(timeout=SOON_MS)
    look(page, "silent")
    assert serious(page) == []
