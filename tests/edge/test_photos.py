"""Photographs: on the disk before their hash is given out, sent once the cloud can be reached, forgotten a week later."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge.https import CloudSettings
from edge.photos import KEEP_SENT_MS, MAX_PHOTO_BYTES, PhotoRefusedError, Photos
from tests.edge.agents import until
from tests.edge.station.counters import Counter, TestClock, open_counter

JPEG = b"\xff\xd8\xff\xe0 a dented tin"
PNG = b"\x89PNG\r\n\x1a\n a torn bag"
WEBP = b"RIFF\0\0\0\0WEBP a wet box"
SITE = CloudSettings("st-1", "secret", may_be_plain=True)


class Office(ThreadingHTTPServer):
    """A cloud that takes blobs, or will not."""

    daemon_threads = True
    status = 201
    refuses: str = ""
    taken: dict[str, tuple[bytes, str]]
    asked: int = 0


class Answering(BaseHTTPRequestHandler):
    server: Office

    def do_PUT(self) -> None:
        self.server.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.removeprefix("/blobs/")
        status = 422 if name == self.server.refuses else self.server.status
        if status == 201:
            self.server.taken[name] = body, self.headers["Content-Type"]
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def office() -> Iterator[Office]:
    with Office(("127.0.0.1", 0), Answering) as server:
        server.taken = {}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@asynccontextmanager
async def open_photos(folder: Path, office: Office, clock: TestClock | None = None) -> AsyncIterator[tuple[Photos, Counter]]:
    async with open_counter(folder, clock=clock) as counter:
        photos = Photos(folder / "photos", counter.outbox, SITE, counter.clock.now_ms, lambda: 0.0)
        running = asyncio.create_task(photos.run())
        try:
            yield photos, counter
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def url(office: Office) -> str:
    return f"http://127.0.0.1:{office.server_address[1]}/manifest"


async def test_what_was_kept_without_a_network_is_sent_when_there_is_one_also_after_a_restart(
    tmp_path: Path, office: Office
) -> None:
    async with open_photos(tmp_path, office) as (photos, counter):
        names = [await photos.keep(body) for body in (JPEG, PNG, WEBP, JPEG)]
        assert names[0] == hashlib.sha256(JPEG).hexdigest() == names[3]
        assert await photos.read(names[1]) == (PNG, "image/png")
        assert await photos.read("00" * 32) is None
    async with open_photos(tmp_path, office, counter.clock) as (photos, _):
        photos.send_to(url(office))
        await until(lambda: len(office.taken) == 3, "all are sent")
        assert office.taken[names[2]] == (WEBP, "image/webp")


async def test_a_week_after_it_was_sent_a_photograph_is_forgotten(tmp_path: Path, office: Office) -> None:
    async with open_photos(tmp_path, office) as (photos, counter):
        photos.send_to(url(office))
        first = await photos.keep(JPEG)
        await until(lambda: first in office.taken, "it is sent")
        counter.clock.pass_s(KEEP_SENT_MS / 1000 + 1)
        second = await photos.keep(PNG)
        await until(lambda: not (tmp_path / "photos" / first).exists(), "it is forgotten")
        assert await photos.read(first) is None
        assert await photos.read(second) == (PNG, "image/png")


async def test_one_that_the_cloud_refuses_does_not_hold_up_the_others(tmp_path: Path, office: Office) -> None:
    async with open_photos(tmp_path, office) as (photos, counter):
        office.refuses = await photos.keep(JPEG)
        counter.clock.pass_s(1)
        second = await photos.keep(PNG)
        photos.send_to(url(office))
        await until(lambda: second in office.taken, "the other is sent")
        assert office.asked == 2


async def test_a_cloud_that_is_away_is_asked_again(tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.photos.FIRST_WAIT_S", 0.01)
    office.status = 503
    async with open_photos(tmp_path, office) as (photos, _):
        name = await photos.keep(JPEG)
        photos.send_to(url(office))
        await until(lambda: office.asked >= 2, "it is tried again")
        assert photos.trouble == "answered 503"
        office.status = 201
        await until(lambda: name in office.taken, "it is sent")


async def test_what_is_no_photograph_or_too_large_is_refused(
    tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_photos(tmp_path, office) as (photos, _):
        for body in (b"", b"<html>", JPEG + b"x" * MAX_PHOTO_BYTES):
            with pytest.raises(PhotoRefusedError):
                await photos.keep(body)
        monkeypatch.setattr("edge.photos.MAX_WAITING_BYTES", 10)
        with pytest.raises(PhotoRefusedError, match="wait for the cloud"):
            await photos.keep(JPEG)
