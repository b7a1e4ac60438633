"""A dock's night at its page, in a browser: what the cloud planned is sorted, packed, sealed and loaded with the cloud gone."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import DatabaseSource, TestBroker, reachable_folder
from tests.e2e.station_day import PIN, WireToBroker, wire_to
from tests.e2e.test_every_page import serious, too_wide
from tests.e2e.test_station_day import look
from tests.e2e.town import DIST, OPERATOR, Order, Town, running, today, until
from tests.faults.processes import Child

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SOON_MS = 20_000
PLAN_MS = 50_000  # it comes as a manifest does; shorter than the minute after which a page would look by itself
NAME = "王师傅"
STOPS = ("near", "far")  # in the order of delivery: the far one is loaded first
OpenPage = Callable[..., Page]
Load = Mapping[str, Any]


class DockTown(Town):
    """A town whose agent works at a dock, with two stations that have none."""

    kind = "dock"

    def __init__(self, folder: Path, database_url: str, broker: TestBroker) -> None:
        super().__init__(folder, database_url, broker)
        self.jobs = self.child("jobs", "cloud", "jobs")
        self.today = today()
        self.orders: list[Order] = []

    @property
    def children(self) -> Sequence[Child]:
        return (*super().children, self.jobs)

    def register(self) -> None:
        """Two stations, four orders of theirs, frozen and planned by REST; and who works at the dock."""
        super().register()
        self.ask("POST", f"/api/sites/{self.site}/credentials", {"key": self.broker.password})
        self.ask("PUT", f"/api/sites/{self.site}/staff/wang", {"name": NAME, "pin": PIN})
        for stop in STOPS:
            name = {"near": "近邻自提点", "far": "远山自提点"}[stop]
            self.ask("POST", "/api/sites", {"id": self.station(stop), "kind": "station", "name": name, "operators": [OPERATOR]})
        self.orders = [self.order(self.station(stop)) for stop in STOPS for _ in range(2)]
        batch = f"/api/operators/{OPERATOR}/batches/{self.today}"
        self.ask("POST", f"{batch}/freeze", {"early": True})
        self.ask("POST", f"{batch}/allocation", {"stock": []})
        self.ask("POST", f"{batch}/plan", {"routes": [{"run": "R1", "stops": [self.station(stop) for stop in STOPS]}]})

    def station(self, stop: str) -> str:
        return f"{self.site}-{stop}"

    def plan(self) -> dict[tuple[str, str], Load]:
        """The planned containers by stop and zone."""
        wall = self.ask("GET", f"/api/operators/{OPERATOR}/batches/{self.today}/sort-wall")
        loads = [load for lane in wall["lanes"] for load in lane["containers"]]
        return {(load["site"].rsplit("-", 1)[1], load["zone"]): load for load in loads}


class Bay:
    """The page at the dock, and the scanner beside it."""

    def __init__(self, page: Page, town: DockTown) -> None:
        self.page = page
        self.town = town

    def scan(self, text: str, *words: str) -> None:
        """What then stands in huge type."""
        self.town.scanner.scan(text)
        for word in (text, *words):
            expect(self.page.locator("section.call")).to_contain_text(word, timeout=SOON_MS)

    def job(self, name: str) -> None:
        button = self.page.get_by_role("group", name="现在做什么").get_by_role("button", name=name, exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true", timeout=SOON_MS)

    def tap(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()


@pytest.fixture(scope="module")
def wire(_session_broker: TestBroker) -> Iterator[WireToBroker]:
    with wire_to(_session_broker.port) as wire:
        yield wire


@pytest.fixture
def night(database_source: DatabaseSource, _session_broker: TestBroker, wire: WireToBroker) -> Iterator[DockTown]:
    """The dock's agent has what the cloud planned, fetched by itself, and its line to the broker can be cut."""
    if not (DIST / "dock.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    wire.mend()
    with reachable_folder() as folder, database_source.database() as url:
        town = DockTown(folder, url, _session_broker)
        town.agents_broker_port = wire.port
        with running(town):
            town.jobs.start()
            yield town


def test_a_night_without_the_cloud_which_then_shows_containers_loaded_and_parcels_packed_once(
    night: DockTown, open_page: OpenPage, wire: WireToBroker
) -> None:
    town = night
    page = open_page(town.agent_url, width=1280, height=900)
    bay = Bay(page, town)
    expect(page.locator(".net")).to_contain_text("在线", timeout=SOON_MS)
    expect(page.get_by_role("heading", name="车次 R1")).to_be_visible(timeout=PLAN_MS)
    plan = town.plan()
    far, near, cold = plan["far", "ambient"], plan["near", "ambient"], plan["far", "chilled"]
    assert [len(load["parcels"]) for load in plan.values()] == [2, 2, 2, 2]
    assert (far["lane"], near["lane"]) == ("A2", "A1")
    stop_cloud(town, wire)
    expect(page.locator(".net")).to_contain_text("离线", timeout=SOON_MS)
    bay.tap("登录")
    for digit in PIN:
        page.get_by_role("group", name="PIN").get_by_role("button", name=digit).click()
    page.locator("form.pad").get_by_role("button", name="登录").click()
    expect(page.locator(".staff .name")).to_have_text(NAME, timeout=SOON_MS)
    look(page, "dock-begin")

    # Sorted: the lane in huge type; a repeat says the same and books nothing.
    parcels = [parcel for load in plan.values() for parcel in load["parcels"]]
    for load in plan.values():
        for parcel in load["parcels"]:
            bay.scan(parcel, "放到", load["lane"])
    bay.job("装筐")
    bay.job("分拣")  # else it may be a scanner that is held down
    bay.scan(parcels[-1], "重复", "放到")
    look(page, "dock-sort")
    bay.scan("HELLO-WORLD", "未知标签")

    # Packed: bound by its first scan, checked by each second one.
    bay.job("装筐")
    bay.scan(near["parcels"][1], "先扫筐")
    bay.scan(far["container"], "已绑定", "A2")
    bay.scan(near["parcels"][0], "别站的包裹", "A1")
    look(page, "dock-wrong")
    bay.scan(cold["parcels"][0], "温区不对")
    bay.scan(far["parcels"][1], "已装", "1 / 2")
    look(page, "dock-pack")
    bay.tap("缺 1 个包裹也封箱")
    expect(page.get_by_role("button", name="确认：1 个包裹记为丢失")).to_be_visible()
    bay.tap("取消")
    page.reload()  # the container that is open, who works here and the cloud that is gone are all still so
    expect(page.get_by_role("heading", name="正在装 A2")).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".staff .name")).to_have_text(NAME)
    bay.scan(far["parcels"][0], "装齐了", "2 / 2")
    bay.tap("封好这一筐")
    expect(page.locator("section.call h1")).to_have_text("已封箱", timeout=SOON_MS)
    bay.job("封箱")
    bay.job("装筐")  # what was refused a moment ago is scanned anew
    spare = near["container"][:-1] + ("0" if near["container"][-1] != "0" else "1")  # a label that checks itself: a misread is told
    bay.scan(spare, "未知标签")
    for load in (near, cold, plan["near", "chilled"]):
        bay.scan(load["container"], "已绑定")
        for parcel in load["parcels"]:
            bay.scan(parcel)
        expect(page.locator("section.call h1")).to_have_text("装齐了", timeout=SOON_MS)
    assert serious(page) == []

    # Loaded: last stop first; what is not sealed does not go, and who is out of order hears it.
    bay.job("封箱")
    for load in (near, cold, plan["near", "chilled"]):
        bay.scan(load["container"], "已封箱")
    bay.job("装车")
    bay.scan(near["container"], "装早了，应先装", "A2", "还差 3 筐")
    look(page, "dock-load")
    bay.tap("撤销这一次")
    expect(page.locator("section.call h1")).to_have_text("已撤销", timeout=SOON_MS)
    expect(page.locator("section.call")).to_contain_text(f"{NAME} 已撤销")
    for n, load in enumerate((far, cold, near, plan["near", "chilled"]), start=1):
        bay.scan(load["container"], "装车完成" if n == 4 else "已装车", f"{n} / 4")
    expect(page.get_by_role("region", name="车次").get_by_text("装齐")).to_be_visible(timeout=SOON_MS)
    page.get_by_role("button", name="看清单 R1").click()
    expect(page.locator("ul.loads > li").first).to_contain_text("远山自提点", timeout=SOON_MS)
    look(page, "dock-loaded")
    assert serious(page) == []
    unsent = page.locator(".strip dd").first
    expect(unsent).to_have_text(re.compile(r"\d+ 条待上传$"))

    start_cloud(town, wire)
    expect(page.locator(".net")).to_contain_text("在线", timeout=60_000)
    expect(unsent).to_have_text("全部已上传", timeout=60_000)
    the_cloud_has_it_once(town, plan)

    # Who ordered reads it in words: sorted and packed at the warehouse, and now on its way.
    resident = open_page(town.orders[0].url)
    expect(resident.locator("h1")).to_have_text("配送中", timeout=SOON_MS)
    for word in ("已分拣", "已装筐", "配送中"):
        expect(resident.locator("ol")).to_contain_text(word, timeout=SOON_MS)


def the_cloud_has_it_once(town: DockTown, plan: Mapping[tuple[str, str], Load]) -> None:
    for (stop, _), load in plan.items():
        seen = town.ask("GET", f"/api/containers/{load['container']}")
        assert (seen["state"], seen["site"], seen["run"]) == ("loaded", town.station(stop), "R1"), seen
        for parcel in load["parcels"]:
            found = town.ask("GET", f"/api/parcels/{parcel}")
            kinds = [one["kind"] for one in found["events"]]
            assert (found["state"], kinds.count("parcel_sorted"), kinds.count("parcel_packed")) == ("packed", 1, 1), found
            assert found["exceptions"] == [], found


def stop_cloud(town: DockTown, wire: WireToBroker) -> None:
    wire.cut()
    for child in (town.ingest, town.api, town.live, town.jobs):
        child.kill()


def start_cloud(town: DockTown, wire: WireToBroker) -> None:
    town.start_cloud()
    town.jobs.start()
    wire.mend()


def test_another_container_takes_a_load_one_is_lost_and_empties_come_back(
    night: DockTown, open_page: OpenPage, wire: WireToBroker
) -> None:
    town = night
    page = open_page(town.agent_url, width=1280, height=900)
    bay = Bay(page, town)
    expect(page.get_by_role("heading", name="车次 R1")).to_be_visible(timeout=PLAN_MS)
    plan = town.plan()
    far, near = plan["far", "ambient"], plan["near", "ambient"]
    (spare,) = town.ask("POST", f"/api/operators/{OPERATOR}/containers", {"count": 1})["labels"]
    page.get_by_role("button", name="看清单 R1").click()
    page.get_by_role("button", name=f"换个空筐 {far['container']}").click()  # nobody is logged in: the page asks, and goes on
    for digit in PIN:
        page.get_by_role("group", name="PIN").get_by_role("button", name=digit).click()
    page.locator("form.pad").get_by_role("button", name="登录").click()
    expect(page.get_by_text("请扫要换的空筐，装 A2 常温")).to_be_visible(timeout=SOON_MS)
    bay.scan(spare, "已绑定", "A2")
    expect(page.get_by_text(f"替代 {far['container']}").first).to_be_visible(timeout=SOON_MS)
    for parcel in far["parcels"]:
        bay.scan(parcel)
    town.scanner.scan(far["container"])
    expect(page.locator("section.call")).to_contain_text("已有别的筐装", timeout=SOON_MS)
    expect(page.locator("section.call")).to_contain_text(spare)
    expect(page.locator("ul.loads > li", has_text=spare)).to_contain_text("2 / 2 个包裹", timeout=SOON_MS)
    page.get_by_role("button", name=f"找不到 {near['container']}").click()
    bay.tap("确认丢筐")
    expect(page.locator("section.call h1")).to_have_text("丢筐", timeout=SOON_MS)
    expect(page.get_by_role("heading", name="找不到的筐")).to_be_visible(timeout=SOON_MS)
    look(page, "dock-lost")
    bay.job("空筐")
    bay.scan(near["container"], "空筐已收")
    expect(page.get_by_role("heading", name="找不到的筐")).to_have_count(0, timeout=SOON_MS)

    def told() -> bool:
        one = town.ask("GET", f"/api/containers/{spare}")
        return bool(one["state"] == "bound" and len(one["contents"]) == 2)

    until(told, "the cloud knows who stands in for the planned one")
    seen = town.ask("GET", f"/api/containers/{near['container']}")
    assert (seen["state"], seen["at_site"]) == ("empty", town.site)
    bay.job("装车")
    dark = open_page(town.agent_url, language="en", dark=True)
    dark.get_by_role("button", name="List R1").click()
    expect(dark.locator("ul.loads > li")).to_have_count(4, timeout=SOON_MS)
    for one in (page, dark):
        assert serious(one) == []
        assert too_wide(one) == []
