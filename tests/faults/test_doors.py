"""The judge of the schedules at work on one real agent: what is rightful passes, what a wrong agent does is named."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from tests.conftest import find_free_port
from tests.faults.cabinet import Ask, Cabinet, read_wishes
from tests.faults.processes import eventually
from tests.faults.site import Site
from tests.faults.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

SITE = "doors"
SECOND_PULSE_S = 15.0  # as long as a busy machine may take to show that it is wrong


@asynccontextmanager
async def site_with_cabinet(folder: Path, mutant: str = "") -> AsyncIterator[tuple[Site, Cabinet]]:
    """Its broker is away: doors open all the same."""
    nowhere = SimpleNamespace(
        proxy=SimpleNamespace(port=find_free_port()), broker_settings=SimpleNamespace(logins={SITE: "nobody"})
    )  # fmt: skip
    cabinet = Cabinet(folder / "site", folder / "lockers", seed=3)
    site = Site(cast(Stack, nowhere), SITE, folder / "site", "machine-a", Random(1), mutant, cabinet.toml, is_warm=True)
    cabinet.lockers.plug()
    try:
        site.start()
        await site.until_up()
        await until_board_is_there(site)
        yield site, cabinet
    finally:
        await site.close()
        cabinet.lockers.unplug()


async def until_board_is_there(site: Site) -> None:
    for _ in range(600):
        devices: list[dict[str, Any]] = (await site.http.get("/api/status")).json()["devices"]
        if {one["name"]: one["state"] for one in devices}["board"] == "ok":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(site.log_tail())


async def look_into(site: Site, cell: str) -> str:
    """The word; "" where the agent died of it."""
    try:
        answer = await site.http.post("/api/cells/open", json={"cell": cell, "purpose": "check", "actor": "chen"}, timeout=20.0)
    except httpx.HTTPError:
        return ""
    return str(answer.json()["act"]["word"])


async def die_at_the_pulse(site: Site, cabinet: Cabinet, cell: str) -> None:
    """The door opens, somebody shuts it, and the agent starts again."""
    cabinet.asked[Ask(cell, "check")] += 1
    cabinet.on_pulse = site.agent.kill
    assert await look_into(site, cell) == ""
    cabinet.shut_all()
    site.start()
    await site.until_up()
    await until_board_is_there(site)


async def test_a_door_that_was_asked_for_is_rightful_and_one_that_nobody_asked_for_is_named(tmp_path: Path) -> None:
    async with site_with_cabinet(tmp_path) as (site, cabinet):
        cabinet.asked[Ask("1", "check")] += 1
        assert await look_into(site, "1") == "cell_opened"
        assert (cabinet.judged, cabinet.verdicts()) == (1, ())
        assert await look_into(site, "2") == "cell_opened"
        (named,) = cabinet.verdicts()
        assert "nobody asked" in named
        assert "cell 2" in named


async def test_after_it_died_at_the_pulse_the_agent_pulses_that_door_for_a_new_wish_only(tmp_path: Path) -> None:
    async with site_with_cabinet(tmp_path) as (site, cabinet):
        await die_at_the_pulse(site, cabinet, "1")
        cabinet.asked[Ask("1", "check")] += 1
        assert await look_into(site, "1") == "cell_opened"
        assert (len(cabinet.lockers.pulses), cabinet.verdicts()) == (2, ())


async def test_an_agent_that_pulses_before_it_commits_is_named(tmp_path: Path) -> None:
    async with site_with_cabinet(tmp_path, "pulse-before-commit") as (site, cabinet):
        cabinet.asked[Ask("1", "check")] += 1
        await look_into(site, "1")
        assert [verdict.partition(": ")[2] for verdict in cabinet.verdicts()] == ["the card holds no wish for it"]


async def test_an_agent_that_pulses_again_after_it_died_is_named(tmp_path: Path) -> None:
    async with site_with_cabinet(tmp_path, "pulse-again") as (site, cabinet):
        await die_at_the_pulse(site, cabinet, "1")
        assert await eventually(lambda: bool(cabinet.verdicts()), SECOND_PULSE_S)


async def test_a_board_that_hears_after_the_agent_gave_up_opened_a_door_that_was_asked_for(tmp_path: Path) -> None:
    async with site_with_cabinet(tmp_path) as (site, cabinet):
        card = site.folder / "data" / "site.db"
        given_up: list[bool] = []

        def hear_late(request: bytes) -> None:
            until_s = time.monotonic() + SECOND_PULSE_S
            while not given_up and cabinet.is_unlock(request):
                if read_wishes(card, "outcome IS NOT NULL") or time.monotonic() > until_s:
                    given_up.append(bool(read_wishes(card, "outcome IS NOT NULL")))
                time.sleep(0.1)
            cabinet.hear(request)

        cabinet.lockers.on_request = hear_late
        cabinet.asked[Ask("1", "check")] += 1
        assert await look_into(site, "1") == "cell_uncertain"
        assert given_up == [True]
        assert (cabinet.judged, cabinet.verdicts()) == (1, ())
