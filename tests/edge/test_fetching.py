"""The manifest comes by HTTP with the site's credentials, is checked, put in force and reported; what is wrong is tried again."""

import asyncio
import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge.fetching import ManifestFetch, fetch
from edge.https import CloudAwayError, CloudSettings
from edge.wire.manifest import MAX_MANIFEST_BYTES, encode_manifest
from tests.edge.agents import until
from tests.edge.station import days
from tests.edge.station.counters import open_counter

SITE = CloudSettings("st-1", "secret", may_be_plain=True)


class Office(ThreadingHTTPServer):
    """A cloud with one manifest to give."""

    daemon_threads = True
    body = b""
    status = 200
    asked: int = 0

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.held: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/manifest?day=1"


class Answering(BaseHTTPRequestHandler):
    server: Office

    def do_GET(self) -> None:
        self.server.asked += 1
        is_site = self.headers["Authorization"] == "Basic " + base64.b64encode(b"st-1:secret").decode()
        status = self.server.status if is_site and self.path == "/manifest?day=1" else 401
        self.server.held.append(self.headers["If-None-Match"])
        if status == 200 and self.headers["If-None-Match"] == f'"{hashlib.sha256(self.server.body).hexdigest()}"':
            self.send_response(304)
            self.end_headers()
            return
        body = self.server.body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def office() -> Iterator[Office]:
    with Office(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_what_is_announced_is_fetched_put_in_force_and_reported(tmp_path: Path, office: Office) -> None:
    office.body = encode_manifest(days.manifest())
    sha256 = hashlib.sha256(office.body).hexdigest()
    reported = asyncio.Queue[str]()
    async with open_counter(tmp_path) as counter:
        fetching = ManifestFetch(SITE, counter.manifests, lambda: 1, reported.put, lambda: 0.0)
        running = asyncio.create_task(fetching.run())
        fetching.want("", "")
        fetching.want(office.url, sha256)
        assert await asyncio.wait_for(reported.get(), 10) == sha256
        assert counter.station.day.manifest == days.manifest()
        fetching.want(office.url, sha256)  # heard again at the next connection
        newer = encode_manifest(days.manifest(2))
        office.body = newer
        fetching.want(office.url, hashlib.sha256(newer).hexdigest())
        await asyncio.wait_for(reported.get(), 10)
        assert office.asked == 2
        assert office.held == [None, f'"{sha256}"']  # the second time it said which one is here
        running.cancel()


async def test_what_is_held_already_is_not_sent_again_and_nothing_changes(tmp_path: Path, office: Office) -> None:
    office.body = encode_manifest(days.manifest())
    sha256 = hashlib.sha256(office.body).hexdigest()
    assert fetch(office.url, SITE) == office.body
    assert fetch(office.url, SITE, sha256) is None
    applied: list[str] = []

    async def note(sha256: str) -> None:
        applied.append(sha256)

    async with open_counter(tmp_path) as counter:
        await counter.manifests.apply(office.body, sha256, 1)
        fetching = ManifestFetch(SITE, counter.manifests, lambda: 1, note, lambda: 0.0)
        fetching.trouble = "of another time"  # gone when the answer has been looked at
        running = asyncio.create_task(fetching.run())
        fetching.want(office.url, "0" * 64)  # a word from before: the cloud answers that what is here is what it has
        await until(lambda: fetching.trouble == "", "the answer")
        assert office.asked == 3
        assert (counter.manifests.sha256, counter.station.day.manifest) == (sha256, days.manifest())
        assert applied == []
        running.cancel()
    office.status = 304
    with pytest.raises(CloudAwayError, match="answered 304"):
        fetch(office.url, SITE)  # nothing is held that could be meant


async def test_other_bytes_than_announced_are_not_put_in_force_and_are_asked_for_again(
    tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.fetching.FIRST_WAIT_S", 0.02)
    office.body = encode_manifest(days.manifest(1))
    right = encode_manifest(days.manifest(2))
    reported = asyncio.Queue[str]()
    async with open_counter(tmp_path) as counter:
        fetching = ManifestFetch(SITE, counter.manifests, lambda: 1, reported.put, lambda: 0.0)
        running = asyncio.create_task(fetching.run())
        fetching.want(office.url, hashlib.sha256(right).hexdigest())
        await until(lambda: "announced" in fetching.trouble, "the answer")
        await until(lambda: office.asked > 1, "it is asked for again")
        assert not counter.station.day.is_known
        office.body = right
        await asyncio.wait_for(reported.get(), 10)
        assert fetching.trouble == ""
        running.cancel()


def test_what_cannot_be_had_is_said_without_its_secrets(office: Office, free_port: int) -> None:
    with pytest.raises(CloudAwayError, match="answered 401"):
        fetch(office.url, CloudSettings("st-1", "wrong", may_be_plain=True))
    office.status = 302
    with pytest.raises(CloudAwayError, match="answered 302"):
        fetch(office.url, SITE)
    office.status, office.body = 200, b" " * (MAX_MANIFEST_BYTES + 1)
    with pytest.raises(CloudAwayError, match="more than"):
        fetch(office.url, SITE)
    with pytest.raises(CloudAwayError, match=r"127\.0\.0\.1"):
        fetch(f"http://127.0.0.1:{free_port}/", SITE)
    for url in ("ftp://x/", "https:///x", "", "http://x/"):
        with pytest.raises(CloudAwayError, match="https"):
            fetch(url, CloudSettings("st-1", "secret"))
    with pytest.raises(CloudAwayError, match="ca_file"):
        fetch("https://127.0.0.1/", CloudSettings("st-1", "secret", Path("/nowhere.pem")))
