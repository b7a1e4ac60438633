"""Photographs of labels over the agent's own API, at a real agent without a network."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.devices import photo
from edge.devices.photo import MAX_BYTES
from edge.http import photo_scan, photos
from edge.wire.labels import container_label
from tests.edge.agents import NOBODY, Running, running_agent, write_config
from tests.edge.devices.test_photo import LABEL, jpeg
from tests.edge.test_acts_page import for_site, put_manifest

pytestmark = pytest.mark.slow
PATH = "/api/photo-scan"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_agent(write_config(tmp_path, NOBODY, "look-1")) as running:
        yield running


async def test_what_stands_on_a_photograph_is_told_and_nothing_is_booked(agent: Running) -> None:
    answer = await agent.http.post(PATH, content=jpeg(2000, 1500))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"codes": [{"text": LABEL, "symbology": "C0", "kind": "parcel", "fault": ""}]}
    assert (await agent.http.get("/api/scans")).json() == {"scans": []}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 415, "no_picture"), (b"%PDF-1.4", 415, "no_picture"), (b"\xff" * (MAX_BYTES + 1), 413, "too_large")],
)
async def test_what_is_no_photograph_is_refused_with_a_word_for_the_page(
    agent: Running, body: bytes, status: int, code: str
) -> None:
    answer = await agent.http.post(PATH, content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["remedy"]


async def test_a_reader_that_dies_is_said_and_the_next_photograph_is_read(agent: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(photo, "command", lambda _: ("/bin/sh", "-c", "cat >/dev/null; kill -9 $$"))
        answer = await agent.http.post(PATH, content=jpeg(2000, 1500))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "photo_failed")
    assert (await agent.http.post(PATH, content=jpeg(2000, 1500))).status_code == 200


async def test_more_than_can_wait_are_told_to_come_again(agent: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_scan, "MAX_WAITING", 1)
    monkeypatch.setattr(photo, "command", lambda _: ("/bin/sh", "-c", "cat >/dev/null; sleep 2; echo '{}'"))
    answers = await asyncio.gather(*(agent.http.post(PATH, content=b"x") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 503]
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 503} == {"busy"}


async def test_where_staff_are_known_somebody_must_be_logged_in(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOBODY, "look-2")
    await put_manifest(config, for_site("look-2"))
    async with running_agent(config) as agent:
        answer = await agent.http.post(PATH, content=jpeg(2000, 1500))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "no_log_in")


async def test_a_code_is_read_at_the_page_as_by_the_stations_own_scanners(agent: Running) -> None:
    by_camera = await agent.http.post("/api/scan", json={"text": "00340123450000000017", "symbology": "C1"})
    assert by_camera.json()["scan"]["container"] == "(00)340123450000000017"
    by_wedge = await agent.http.post("/api/scan", json={"text": f"]C0{container_label(5)}"})
    assert by_wedge.json()["scan"]["container"] == container_label(5)
    strange = await agent.http.post("/api/scan", json={"text": "x", "symbology": "no such"})
    assert (strange.status_code, strange.json()["error"]["field"]) == (422, "symbology")


async def test_who_never_ends_sending_keeps_nobody_else_from_the_reader_and_is_told_so(
    agent: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalled = [await asyncio.open_connection("127.0.0.1", agent.http.base_url.port) for _ in range(photo_scan.MAX_WAITING)]
    for _, writer in stalled:
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n"
        writer.write(head.encode() + b"\xff\xd8\xff")
        await writer.drain()
    assert (await agent.http.post(PATH, content=jpeg(2000, 1500))).status_code == 200
    monkeypatch.setattr(photos, "BODY_WITHIN_S", 0.2)
    for path in (PATH, photos.PHOTOS):
        reader, writer = await asyncio.open_connection("127.0.0.1", agent.http.base_url.port)
        writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n".encode() + b"\xff\xd8\xff")
        answer = await asyncio.wait_for(reader.readuntil(b"}}"), 30)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"photo_late" in answer
        writer.close()
    for _, writer in stalled:
        writer.close()
