"""The staff page's acts over HTTP, at a real agent without a network: what each answers, who it names, what it refuses and how."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from edge.config import EdgeConfig, machine_id
from edge.outbox import Outbox, StoreSettings
from edge.site_clock import SiteClock
from edge.station.manifests import ManifestBook
from edge.station.schema import FILE_VERSIONS
from edge.station.station import Station
from edge.wire.ids import parse_epoch
from edge.wire.manifest import Manifest, encode_manifest
from tests.edge.agents import NOBODY, Running, running_agent, write_config
from tests.edge.station import days
from tests.edge.station.counters import TestClock
from tests.edge.station.days import BADGE, BAGS, CODE_OF, LI_1, WANG_1, WANG_2

pytestmark = pytest.mark.slow

FAR_MS = 4_000_000_000_000  # the agent's clock is the real one


async def put_manifest(config: EdgeConfig, manifest: Manifest) -> None:
    """As if the agent had fetched it before."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    clock = TestClock()
    settings = StoreSettings(
        path=config.database,
        site=config.site_id,
        machine=machine_id(config),
        new_uuid=lambda: parse_epoch("0b5fdfd5-6c3c-4f3e-8d5a-0f1e2d3c4b5a"),
        versions=FILE_VERSIONS,
    )
    async with Outbox(settings, clock.now_ms) as outbox:
        site_clock = SiteClock(clock, clock.monotonic_s, lambda: True, 0)
        book = ManifestBook(Station(config.site_id, outbox, site_clock, [], clock.monotonic_s), outbox)
        body = encode_manifest(manifest)
        await book.apply(body, hashlib.sha256(body).hexdigest(), manifest.version)


def for_site(site: str) -> Manifest:
    claims = tuple(msgspec.structs.replace(one, deadline_ms=FAR_MS) for one in days.manifest().claims)
    return msgspec.structs.replace(days.manifest(), site=site, claims=claims)


@asynccontextmanager
async def station_with_its_day(folder: Path) -> AsyncIterator[Running]:
    config = write_config(folder, NOBODY, "acts-1")
    await put_manifest(config, for_site("acts-1"))
    async with running_agent(config) as running:
        yield running


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Running]:
    """One where nothing has been done yet."""
    async with station_with_its_day(tmp_path) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unmoved_agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """For tests of what is refused: all of them ask this one, and it has booked nothing in the end."""
    async with station_with_its_day(tmp_path_factory.mktemp("acts")) as running:
        yield running
        assert (await running.status())["queue"]["event"]["unsent"] == 0


async def post(agent: Running, path: str, **body: object) -> dict[str, Any]:
    answer = await agent.http.post(f"/api/{path}", json=body)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def act(agent: Running, path: str, **body: object) -> dict[str, Any]:
    done: dict[str, Any] = (await post(agent, path, **body))["act"]
    return done


async def test_a_day_at_the_page(agent: Running) -> None:
    day = (await agent.http.get("/api/day")).json()
    assert (day["version"], day["has_staff"], day["expected"], day["received"]) == (1, True, 4, 0)
    assert (await agent.status())["manifest"] == 1
    assert (await act(agent, "log-in", secret="1357"))["word"] == "logged_in"
    assert (await agent.http.get("/api/worker")).json()["name"] == "陈姐"
    assert (await act(agent, "sign", container=BAGS))["word"] == "signed"
    assert (await act(agent, "open", container=BAGS))["word"] == "opened"
    (opened, _) = (await agent.http.get("/api/day")).json()["containers"]
    assert opened["count_by_ms"] - opened["remind_at_ms"] == 90 * 60_000
    for label in (WANG_1, WANG_2):
        assert (await agent.scan(label))["kind"] == "received"
    assert (await act(agent, "report", parcel=WANG_1, problem="damaged", photo="ab" * 32))["detail"] == "damaged"
    counted = await act(agent, "finish-count", container=BAGS)
    assert (counted["word"], counted["count"], counted["of"], counted["actor"]) == ("counted_short", 2, 3, "staff-1")
    slot = (await agent.http.get("/api/slot", params={"parcel": WANG_2})).json()["slot"]
    queue = (await agent.http.get("/api/shelf-queue", params={"limit": 1})).json()
    (first,) = queue["parcels"]
    assert (queue["waiting"], first["parcel"]["parcel"], first["slot"]) == (2, WANG_2, slot)
    assert (await act(agent, "shelve", parcel=WANG_2, slot=slot))["slot"] == "C1"
    (bags, _) = (await agent.http.get("/api/day")).json()["containers"]
    assert (bags["state"], bags["counted"], bags["received"], bags["missing"]) == ("opened", True, 2, 1)
    assert (bags["remind_at_ms"], bags["count_by_ms"]) == (None, None)
    here = (await agent.http.get("/api/here")).json()["parcels"]
    assert [(one["parcel"], one["place"], one["problems"]) for one in here] == [(WANG_1, "", ["damaged"]), (WANG_2, "C1", [])]
    asked = await post(agent, "ask", text=CODE_OF["c-wang"])
    (person,) = asked["claims"]
    assert (person["name"], [one["place"] for one in person["parcels"]]) == ("王**", ["", "C1"])
    assert person["parcels"][1]["items"] == [{"name": "鲜牛奶950ml", "sku": "G2000", "quantity": 2, "weight_g": None}]
    done = await act(agent, "hand-out", question=asked["question"], claim=person["claim"])
    assert (done["word"], done["kind"], done["sound"], done["can_undo"]) == ("released", "released", "ok", True)
    undone = await post(agent, "undo", id=done["id"], reason="wrong person")
    assert undone["scan"]["undone"] is True
    assert (await post(agent, "ask", text="5678"))["act"]["word"] == "ask_matches"


async def test_what_was_counted_stays_counted_when_people_have_fetched_theirs(tmp_path: Path) -> None:
    async with station_with_its_day(tmp_path) as agent:
        await act(agent, "log-in", secret="1357")
        await act(agent, "sign", container=BAGS)
        await act(agent, "open", container=BAGS)
        for label in (WANG_1, WANG_2):
            await agent.scan(label)
        await act(agent, "finish-count", container=BAGS)
        asked = await post(agent, "ask", text=CODE_OF["c-wang"])
        await act(agent, "hand-out", question=asked["question"], claim="c-wang")
    # The cloud has heard of it: who has fetched theirs is in the next manifest no more.
    left = for_site("acts-1")
    left = msgspec.structs.replace(
        left, version=2, released=2, claims=tuple(one for one in left.claims if one.claim != "c-wang"),
        codes=tuple(one for one in left.codes if one.claim != "c-wang"),
        parcels=tuple(one for one in left.parcels if one.claim != "c-wang"),
    )  # fmt: skip
    config = write_config(tmp_path, NOBODY, "acts-1")
    await put_manifest(config, left)
    async with running_agent(config) as agent:
        day = (await agent.http.get("/api/day")).json()
        (bags, _) = day["containers"]
        assert (day["version"], day["expected"], day["received"], day["released"]) == (2, 4, 2, 2)
        assert (bags["counted"], bags["expected"], bags["received"], bags["missing"]) == (True, 3, 2, 1)


async def test_an_act_at_the_page_needs_a_name_where_names_are_known(agent: Running) -> None:
    for path, body in (
        ("scan", {"text": WANG_1}),
        ("undo", {}),
        ("ask", {"text": "5678"}),
        ("finish-count", {"container": BAGS}),
        ("sign", {"container": BAGS}),
    ):
        answer = await agent.http.post(f"/api/{path}", json={"actor": "staff-1", **body})
        assert (answer.status_code, answer.json()["error"]["field"]) == (401, "actor")
    assert (await agent.http.post("/api/mode", json={"mode": "release"})).status_code == 401
    status = await agent.status()
    assert (status["mode"], status["last_scan"], status["queue"]["event"]["unsent"]) == ("receive", None, 0)
    wrong = await agent.http.post("/api/log-in", json={"secret": "0000"})
    assert wrong.json()["act"]["word"] == "log_in_unknown"
    assert (await act(agent, "log-in", secret=BADGE))["detail"] == "staff-1"
    assert (await act(agent, "log-out"))["word"] == "logged_out"
    assert (await agent.http.post("/api/undo", json={})).status_code == 401


async def test_a_badge_read_at_the_page_logs_in_that_page_and_no_other(agent: Running) -> None:
    assert (await agent.scan(BADGE))["word"] == "logged_in"
    assert (await agent.scan(WANG_1))["kind"] == "received"
    assert (await agent.http.post("/api/mode", json={"mode": "release"})).json()["mode"] == "release"
    agent.http.cookies.clear()
    assert (await agent.http.post("/api/scan", json={"text": WANG_2})).status_code == 401


async def test_two_pages_are_two_people(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    mine = dict(agent.http.cookies)
    agent.http.cookies.clear()
    await act(agent, "log-in", secret="24680")
    assert (await act(agent, "sign", container=BAGS))["actor"] == "staff-2"
    agent.http.cookies.clear()
    agent.http.cookies.update(mine)
    assert (await act(agent, "open", container=BAGS))["actor"] == "staff-1"


async def test_stock_take_leftovers_and_empties(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    for label in (BAGS, BAGS, WANG_1, WANG_2, LI_1):
        await act(agent, "sign", container=label) if label == BAGS else await agent.scan(label)
    await post(agent, "begin-stock-take", scope="")
    assert (await agent.http.get("/api/day")).json()["stock_take"] == ""
    await agent.http.post("/api/mode", json={"mode": "count"})
    taken = await act(agent, "finish-stock-take")
    assert (taken["word"], taken["count"], taken["of"]) == ("stock_short", 0, 3)
    again = await agent.http.post("/api/finish-stock-take", json={})
    assert (again.status_code, again.json()["error"]["message"]) == (409, "no stock-take is going on: begin one")
    assert (await act(agent, "give-back", parcel=WANG_2))["word"] == "never_goes_back"
    assert (await act(agent, "dispose", parcel=WANG_2, reason="expired"))["word"] == "disposed"
    assert (await act(agent, "give-back", parcel=LI_1, run="run-2"))["word"] == "returned"
    assert (await act(agent, "place", parcel=WANG_1, cell="1-01"))["word"] == "placed"
    assert (await act(agent, "remove", parcel=WANG_1, reason="mistake"))["word"] == "removed"
    assert (await act(agent, "empty", container=BAGS))["word"] == "emptied"
    assert (await act(agent, "send-back", container=BAGS))["word"] == "sent_back"


async def test_goods_are_counted_and_given_at_the_page(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    await act(agent, "open", container=days.BULK)
    assert (await act(agent, "count-goods", container=days.BULK, sku=days.RICE, quantity=2))["count"] == 2
    assert (await act(agent, "finish-count", container=days.BULK))["word"] == "counted_short"
    assert (await act(agent, "give", sku=days.RICE, quantity=2))["word"] == "given"
    assert (await act(agent, "finish-distribution"))["word"] == "distributed_short"
    bag = (await agent.http.get("/api/parcel", params={"parcel": days.ZHAO_1})).json()
    assert [(one["sku"], one["weight_g"]) for one in bag["items"]] == [(days.RICE, 5000)]
    assert (await agent.http.get("/api/day")).json()["weight_tolerance"] == 0.05
    assert (await act(agent, "weigh", parcel=days.ZHAO_1, sku=days.RICE, weight_g=4000))["word"] == "underweight"
    unknown = await agent.http.post("/api/weigh", json={"parcel": days.ZHAO_1, "sku": days.MILK, "weight_g": 900})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (409, "not_in_manifest")


async def test_a_scanner_is_told_to_read_by_somebody_who_is_logged_in(agent: Running) -> None:
    said = [(await agent.http.post("/api/devices/stand/trigger", json={"on": True})).json()["error"]["code"]]
    await act(agent, "log-in", secret="1357")
    said.append((await agent.http.post("/api/devices/stand/trigger", json={"on": True})).json()["error"]["code"])
    assert said == ["no_log_in", "no_device"]


async def test_lockers_that_the_site_does_not_have_are_refused(agent: Running) -> None:
    cells = (await agent.http.get("/api/cells")).json()["cells"]
    assert (cells[0]["cell"], cells[0]["state"], cells[0]["lock"]) == ("1-01", "free", False)
    assert (await agent.http.post("/api/cells/open", json={"cell": "1-01", "purpose": "check"})).status_code == 401
    assert (await agent.http.get("/api/cells?look=true")).status_code == 401  # boards are asked for people only
    await act(agent, "log-in", secret="1357")
    assert (await agent.http.get("/api/cells?look=true")).status_code == 200
    assert (await agent.http.post("/api/cells/open", json={"cell": "1-01", "purpose": "check"})).status_code == 409
    assert (await agent.http.post("/api/cells/use", json={"cell": "1-01", "blocked": True})).status_code == 409
    assert (await act(agent, "cells/reserve", parcel=WANG_1))["word"] == "no_cell"


async def test_a_photograph_is_kept_and_shown_to_who_is_logged_in(agent: Running) -> None:
    jpeg = b"\xff\xd8\xff\xe0 a dented tin"
    assert (await agent.http.post("/api/photos", content=jpeg)).status_code == 401
    await act(agent, "log-in", secret="1357")
    sha256 = (await agent.http.post("/api/photos", content=jpeg)).json()["sha256"]
    shown = await agent.http.get(f"/api/photos/{sha256}")
    assert (shown.content, shown.headers["content-type"]) == (jpeg, "image/jpeg")
    await agent.scan(WANG_1)
    assert (await act(agent, "report", parcel=WANG_1, problem="damaged", photo=sha256))["word"] == "variance_noted"
    refused = [
        await agent.http.post("/api/photos", content=b"<html>"),
        await agent.http.post("/api/photos", content=b"\xff\xd8\xff" + b"x" * (4 << 20)),
        await agent.http.get(f"/api/photos/{'00' * 32}"),
        await agent.http.get("/api/photos/..%2fsite.db"),
    ]
    assert [one.status_code for one in refused] == [415, 413, 404, 404]


async def test_nobody_is_handed_anything_for_a_question_that_was_not_asked(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    for path, more in (("hand-out", {}), ("refuse", {"reason": "declined"})):
        answer = await agent.http.post(f"/api/{path}", json={"question": "q", "claim": "c-wang", **more})
        assert (answer.status_code, answer.json()["error"]["field"]) == (409, "question")
    assert (await agent.http.get("/api/questions/q")).status_code == 409


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("sign", {"container": ""}, "container"),
        ("sign", {"container": BAGS, "photo": "x"}, "photo"),
        ("report", {"parcel": WANG_1, "problem": "haunted"}, "problem"),
        ("report", {"parcel": WANG_1, "problem": "short", "quantity": 0}, "quantity"),
        ("shelve", {"parcel": WANG_1, "slot": "behind"}, "slot"),
        ("dispose", {"parcel": WANG_1, "reason": "hungry"}, "reason"),
        ("ask", {"text": "x" * 513}, "text"),
        ("hand-out", {"question": "q", "claim": "c", "parcels": ["x"] * 201}, "parcels"),
        ("begin-stock-take", {"scope": "everything"}, "scope"),
        ("log-in", {"secret": "1357", "actor": "staff-2"}, "actor"),
    ],
)
async def test_bad_input_is_refused_by_field(unmoved_agent: Running, path: str, body: dict[str, Any], field: str) -> None:
    answer = await unmoved_agent.http.post(f"/api/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field


async def test_a_label_and_a_shelf_may_be_typed_in_small_letters_or_full_width(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    received = await agent.scan(f" {WANG_1.lower()} ")
    assert (received["word"], received["parcel"]) == ("received", WANG_1)
    shelved = await act(agent, "shelve", parcel=WANG_1.lower(), slot="ａ２")
    assert (shelved["word"], shelved["parcel"], shelved["slot"]) == ("shelved", WANG_1, "A2")
    assert (await agent.scan("ｓｌｏｔ：ａ３"))["slot"] == "A3"


async def test_a_hand_out_says_what_is_taken_from_which_shelf(agent: Running) -> None:
    await act(agent, "log-in", secret="1357")
    for parcel, slot in ((WANG_1, "A2"), (WANG_2, "C1")):
        await agent.scan(parcel)
        await act(agent, "shelve", parcel=parcel, slot=slot)
    asked = await post(agent, "ask", text=CODE_OF["c-wang"])
    done = await act(agent, "hand-out", question=asked["question"], claim="c-wang", parcels=[])
    assert [(one["parcel"], one["place"], one["cell"]) for one in done["fetched"]] == [
        (WANG_1, "A2", False),
        (WANG_2, "C1", False),
    ]
    undone = (await agent.http.post("/api/undo", json={"id": done["id"]})).json()["scan"]
    assert (undone["undone"], undone["fetched"]) == (True, done["fetched"]), "it says where they are put back to"
