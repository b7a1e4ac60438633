"""The head office while somebody else's wrong log-ins have this address locked out."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.wire.clock import WallClock
from firmware_sim.town import office as office_module
from firmware_sim.town.memory import Memory
from firmware_sim.town.office import Office
from firmware_sim.town.settings import settings
from tests.firmware_sim.town.fakes import FakeCloud, served


@dataclass
class LockedCloud(FakeCloud):
    """Takes no log-ins while ``locked``."""

    locked: bool = True
    refused: int = 0

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.locked and path == "/api/login":
            self.refused += 1
            return 429, {"error": {"field": "login", "message": "too many attempts", "remedy": "wait 10 min"}}
        return super().__call__(method, path, body)


def office(folder: Path, api: str, **more: str) -> Office:
    logins = folder / "logins.json"
    logins.write_text('{"st-0001": "a"}', encoding="utf-8")
    environment = {
        "TUANTU_TOWN_API": api, "TUANTU_TOWN_LOGIN": "town", "TUANTU_TOWN_PASSWORD": "secret-of-the-town",
        "TUANTU_TOWN_BROKER": "127.0.0.1:1883", "TUANTU_TOWN_BROKER_LOGINS": str(logins),
        "TUANTU_CLOCK_FILE": str(folder / "clock.json"), **more,
    }  # fmt: skip
    told = settings(folder, {}, environment)
    assert "a-session" not in repr(told)
    return Office(told, Memory.recall(folder / "memory.json", told.seed), WallClock(lambda: 1_795_000_000.0))


async def test_with_a_session_of_its_own_the_town_starts_though_no_log_in_is_taken(tmp_path: Path) -> None:
    cloud = LockedCloud()
    with served(cloud) as api:
        await asyncio.wait_for(office(tmp_path, api, TUANTU_TOWN_SESSION="a-session").open(), 20)
    assert (list(cloud.sites), cloud.refused, cloud.log_ins) == (["st-0001"], 0, 0)


async def test_without_one_it_waits_for_the_lock_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_module, "RETRY_S", 0.005)
    cloud = LockedCloud()
    with served(cloud) as api:
        opening = asyncio.create_task(office(tmp_path, api).open())
        async with asyncio.timeout(20):
            while cloud.refused < 2 and not opening.done():
                await asyncio.sleep(0.005)
        cloud.locked = False
        await asyncio.wait_for(opening, 20)
    assert list(cloud.sites) == ["st-0001"]


async def test_a_town_that_stood_elsewhere_before_it_had_a_map_moves(tmp_path: Path) -> None:
    cloud = FakeCloud()
    with served(cloud) as api:
        await asyncio.wait_for(office(tmp_path, api, TUANTU_TOWN_SESSION="a-session").open(), 20)
        place = {name: cloud.sites["st-0001"][name] for name in ("lat", "lon", "address")}
        cloud.sites["st-0001"] |= {"lat": 30.5731, "lon": 114.2710, "address": "阳光路18号阳光花园2号门旁"}
        await asyncio.wait_for(office(tmp_path, api, TUANTU_TOWN_SESSION="a-session").open(), 20)
    assert {name: cloud.sites["st-0001"][name] for name in place} == place
