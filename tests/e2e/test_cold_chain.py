"""A fridge that stands open: heard at the station and by the operator, a breach of what lies in it, told to whose it is."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import DatabaseSource, TestBroker, reachable_folder
from tests.e2e.cold_town import ColdTown, running_cold_town
from tests.e2e.test_every_page import AXE, serious
from tests.e2e.test_ops_page import logged_in
from tests.e2e.town import DIST, Order, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

SOON_MS = 60_000  # some domain minutes, and a machine that others work on too
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def cold_town(database_source: DatabaseSource, _session_broker: TestBroker) -> Iterator[ColdTown]:
    if not (DIST / "residents.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with reachable_folder() as folder, database_source.database() as url, running_cold_town(folder, url, _session_broker) as town:
        yield town


def put_away(cold: ColdTown, order: Order, slot: str) -> str:
    """Its chilled parcel, received and in this slot."""
    label = order.labels[1]
    for path, body in (("scan", {"text": label}), ("shelve", {"parcel": label, "slot": slot})):
        answer = httpx.post(f"{cold.town.agent_url}/api/{path}", json=body, timeout=10.0)
        assert answer.status_code == 200, answer.text
    until(lambda: parcel(cold, label)["slot"] == slot, f"{label} is in {slot}")
    return label


def parcel(cold: ColdTown, label: str) -> dict[str, object]:
    answer: dict[str, object] = cold.town.ask("GET", f"/api/parcels/{label}")
    return answer


def test_an_open_fridge_is_an_alarm_and_a_breach_of_what_lies_in_it_and_of_nothing_else(
    cold_town: ColdTown, open_page: OpenPage
) -> None:
    town = cold_town.town
    warm, cool = town.order(), town.order()
    in_fridge, in_display = put_away(cold_town, warm, "C1"), put_away(cold_town, cool, "D1")
    cold_town.pass_minutes(8)
    station = open_page(town.agent_url)
    ops = logged_in(town, open_page)
    alarms = ops.get_by_role("region", name="告警")
    expect(alarms).to_contain_text("没有未处理的告警", timeout=SOON_MS)

    cold_town.door(is_open=True)
    row = alarms.locator("li", has_text="fridge-1 温度过高")
    expect(row).to_contain_text("严重", timeout=SOON_MS)
    expect(row).to_contain_text("当时门开着")
    expect(alarms.locator("li", has_text="fridge-1 门一直开着")).to_be_visible()
    expect(alarms.locator("li", has_text="display-1")).to_have_count(0)
    expect(station.locator(".alarms", has_text="fridge-1").first).to_be_visible(timeout=SOON_MS)
    cold_town.pass_minutes(4)
    cold_town.door(is_open=False)

    row.get_by_role("button", name="确认").click()
    row.get_by_label("备注").fill("已让店长关门")
    row.get_by_role("button", name="我来处理，确认").click()
    expect(row).to_contain_text("管理员", timeout=SOON_MS)
    expect(row).to_contain_text("已让店长关门")

    cold_town.keep_accounts_until(lambda: parcel(cold_town, in_fridge)["exceptions"] == ["temp_breach"], "the breach is said")
    expect(station.locator(".alarms", has_text="调度员").first).to_be_visible(timeout=SOON_MS)  # the jobs carry the word there
    assert parcel(cold_town, in_display)["exceptions"] == []
    alarms.get_by_role("button", name="显示已结束的").click()  # it was acknowledged, and may be over by now
    row.get_by_role("button", name="涉及的包裹").click()
    expect(row).to_contain_text("需要下架 1 个", timeout=SOON_MS)
    expect(row.locator("li", has_text=in_fridge)).to_contain_text("温度超限")
    expect(row.locator("li", has_text=in_display)).to_have_count(0)

    theirs = open_page(warm.url)
    chain = theirs.get_by_role("region", name="冷链记录")
    expect(chain).to_contain_text("超温", timeout=SOON_MS)
    expect(chain).to_contain_text("提货前请先问自提点")
    expect(theirs.get_by_text("温度超限").first).to_be_visible()
    chain.get_by_role("button", name="看温度曲线").click()
    expect(chain.locator("figure canvas")).to_be_visible(timeout=SOON_MS)
    expect(chain.locator("figure")).to_contain_text("应在 0.0 °C 至 5.0 °C")
    others = open_page(cool.url)
    expect(others.get_by_role("region", name="冷链记录")).to_contain_text("全程 0–5 °C", timeout=SOON_MS)
    expect(others.get_by_text("温度超限")).to_have_count(0)
    if AXE.is_file():
        assert serious(theirs) == []
        assert serious(ops) == []


def test_a_sensor_that_falls_silent_is_shown_as_silent(cold_town: ColdTown, open_page: OpenPage) -> None:
    ops = logged_in(cold_town.town, open_page)
    sensors = ops.get_by_role("region", name="传感器")
    one = sensors.locator("li", has_text="display-1_c")
    expect(one).to_contain_text("正常", timeout=SOON_MS)
    cold_town.devices.do(lambda: cold_town.room.press("cold", "display-1", "silent"))
    alarm = ops.get_by_role("region", name="告警").locator("li", has_text="display-1 没有读数")
    expect(alarm).to_be_visible(timeout=SOON_MS)
    expect(one).to_contain_text("没有读数", timeout=SOON_MS)


def test_what_is_over_is_closed_and_found_again(cold_town: ColdTown, open_page: OpenPage) -> None:
    """The fridge is cold again after half an hour; the door's alarm nobody has acknowledged yet."""
    ops = logged_in(cold_town.town, open_page)
    alarms = ops.get_by_role("region", name="告警")
    door = alarms.locator("li", has_text="fridge-1 门一直开着")
    expect(door).to_contain_text("已恢复", timeout=SOON_MS)
    door.get_by_role("button", name="关闭").click()
    door.get_by_role("button", name="已处理好，关闭").click()
    expect(door).to_have_count(0, timeout=SOON_MS)
    alarms.get_by_role("button", name="显示已结束的").click()
    expect(door).to_contain_text("已关闭", timeout=SOON_MS)
