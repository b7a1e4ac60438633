"""The cabinet at a real agent without a network: who is a terminal, how one is paired, and a scanner's bytes that open a cell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from firmware_sim.locker import SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.scanner import SimulatedScanner
from tests.edge.agents import NOBODY, Running, running_agent, write_config
from tests.edge.station import days
from tests.edge.station.days import BADGE, CODE_OF, LI_1, WANG_1
from tests.edge.test_acts_page import for_site, post, put_manifest

pytestmark = pytest.mark.slow

PIN = "1357"


@asynccontextmanager
async def station(folder: Path, http: str = "", site: str = "cabinet-1") -> AsyncIterator[tuple[Running, SimulatedLockers]]:
    tables = f"""
{http}
[[scanner]]
name = "at-cabinet"
port = "{folder}/scanner"
place = "cabinet"
[[locker]]
name = "cabinet"
port = "{folder}/lockers"
family = "cu48"
wait_s = 0.0
[[locker.board]]
name = "board"
address = 0
locks = 3
prefix = "1-0"
feedback_s = 0.5
"""
    config = write_config(folder, NOBODY, site, tables)
    await put_manifest(config, for_site(site))
    board = SimulatedBoard(0, 3)
    with SimulatedLockers(folder / "lockers", "cu48", [board], Random(1)) as lockers:
        async with running_agent(config) as agent:
            await agent.until(
                lambda status: all(one["state"] == "ok" for one in status["devices"] if one["kind"] == "locker"), "it"
            )
            yield agent, lockers


async def place(agent: Running, lockers: SimulatedLockers, parcel: str) -> str:
    """By staff who log in at a browser of their own, and take their cookie with them."""
    assert (await post(agent, "log-in", secret=PIN))["act"]["word"] == "logged_in"
    cell = str((await post(agent, "cells/reserve", parcel=parcel))["act"]["slot"])
    assert (await post(agent, "cells/open", cell=cell, purpose="placing", parcel=parcel))["act"]["word"] == "cell_opened"
    lockers.shut(0, int(cell[-1]))
    await agent.until_at(
        "/api/cells",
        lambda said: any(one["cell"] == cell and one["state"] == "occupied" for one in said["cells"]),
        "it lies in its cell",
    )
    agent.http.cookies.clear()
    return cell


async def look(agent: Running) -> dict[str, Any]:
    body: dict[str, Any] = (await agent.http.get("/api/cabinet")).json()
    return body


async def test_a_device_that_nobody_paired_is_refused_with_the_way_to_pair_it_and_locks_nobody_out(tmp_path: Path) -> None:
    async with station(tmp_path) as (agent, lockers):
        cell = await place(agent, lockers, LI_1)
        answers = [await agent.http.post("/api/cabinet", json={"text": "00000000"}) for _ in range(6)]
        assert {one.status_code for one in answers} == {403}
        error = answers[-1].json()["error"]
        assert (error["code"], "open /cabinet on it" in error["remedy"]) == ("not_paired", True)
        assert (await agent.http.post("/api/cabinet/done", json={})).status_code == 403
        assert ((await look(agent))["paired"], (await look(agent))["pickup"]) == (False, None)

        # Wrong PINs count as at any log-in; a right one pairs the browser, and leaves nobody logged in at it.
        assert (await post(agent, "cabinet/pair", secret="9999"))["act"]["word"] == "log_in_unknown"
        assert not (await look(agent))["paired"]
        assert (await post(agent, "cabinet/pair", secret=BADGE))["act"]["word"] == "logged_in"
        assert (await look(agent))["paired"]
        assert (await agent.http.get("/api/worker")).json()["staff"] == ""
        assert (await agent.http.get("/api/cabinet/terminals")).status_code == 401

        pulses = len(lockers.pulses)
        said = await post(agent, "cabinet", text=CODE_OF["c-li"])
        assert (said["word"], said["busy"], len(lockers.pulses)) == ("ask_matches", False, pulses + 1)
        (opened,) = said["opened"]
        assert (opened["cell"], opened["word"], opened["open"]) == (cell, "released", True)
        lockers.shut(0, int(cell[-1]))
        await agent.until_at("/api/cabinet", lambda said: not said["pickup"]["opened"][0]["open"], "the cell is shut")
        assert (await agent.http.post("/api/cabinet/done")).status_code == 204
        assert (await look(agent))["pickup"] is None
        wrong = [await post(agent, "cabinet", text="00000000") for _ in range(5)][-1]
        assert (wrong["word"], wrong["wait_s"]) == ("locked_out", 60)

        # Staff take the pairing back from their own page.
        agent.http.cookies.clear()
        await post(agent, "log-in", secret=PIN)
        (terminal,) = (await agent.http.get("/api/cabinet/terminals")).json()["terminals"]
        assert (await post(agent, "cabinet/unpair", device=terminal))["terminals"] == []


async def test_bytes_of_a_scanner_at_the_cabinet_open_the_residents_cell_with_the_cloud_away(tmp_path: Path) -> None:
    async with station(tmp_path, "cabinet_kiosk = true") as (agent, lockers):
        cell = await place(agent, lockers, WANG_1)
        pulses = len(lockers.pulses)
        with SimulatedScanner(tmp_path / "scanner", Random(1)) as scanner:
            await agent.until(lambda status: all(one["state"] == "ok" for one in status["devices"]), "the scanner is found")

            async def shows(word: str) -> dict[str, Any]:
                def is_shown(said: dict[str, Any]) -> bool:
                    pickup = said["pickup"]
                    return pickup is not None and not pickup["busy"] and pickup["word"] == word

                found: dict[str, Any] = (await agent.until_at("/api/cabinet", is_shown, word))["pickup"]
                return found

            scanner.scan(LI_1, aim="]C0")
            assert (await shows("not_at_cabinet"))["opened"] == []
            scanner.scan(days.qr("demo/1", site="cabinet-1", expires_ms=4_000_000_000_000), aim="]Q1")
            (opened,) = (await shows("ask_matches"))["opened"]
            assert (opened["cell"], opened["word"], opened["open"]) == (cell, "released", True)
            assert [pulse.lock for pulse in lockers.pulses[pulses:]] == [int(cell[-1])]
        scans = (await agent.http.get("/api/scans")).json()["scans"]
        assert [one["word"] for one in scans if one["device"] == "at-cabinet"] == ["released", "ask_matches", "not_at_cabinet"]
        assert all(one["actor"] == "" and one["text"] == "" for one in scans if one["device"] == "at-cabinet")


async def test_before_staff_are_named_nobody_pairs_anything(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOBODY, "cabinet-2")
    async with running_agent(config) as agent:
        answer = await agent.http.post("/api/cabinet/pair", json={"secret": PIN})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_staff")
        page = await agent.http.get("/cabinet")
        assert (page.status_code, page.json()["error"]["field"]) == (404, "pages_dir")
