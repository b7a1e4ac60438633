"""A cloud and an agent as far as the town sees them: their JSON, kept in dicts. The agent really reads the scanner's terminal."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import serial

from edge.wire.clock import Clock
from edge.wire.labels import parcel_label

Handler = Callable[[str, str, Any], tuple[int, Any]]


@dataclass
class FakeCloud:
    """Orders by external id, with the parcels that the real one would make: one a zone."""

    down: bool = False
    orders: dict[str, Any] = field(default_factory=dict)
    operators: list[str] = field(default_factory=list)
    sites: dict[str, Any] = field(default_factory=dict)
    log_ins: int = 0
    imports: int = 0

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(path)
        if self.down:
            return 503, {"error": {"field": "", "message": "the database is away", "remedy": "wait"}}
        match method, parts.path:
            case "POST", "/api/login":
                self.log_ins += 1
                if body != {"login": "town", "password": "secret-of-the-town"}:
                    return 401, {"error": {"field": "password", "message": "wrong", "remedy": "ask"}}
                return 200, {"token": "t"}
            case "POST", "/api/operators":
                self.operators.append(body["id"])
                return 201, body
            case "POST", "/api/sites":
                self.sites[body["id"]] = body
                return 201, body
            case "POST", credentials if credentials.endswith("/credentials"):
                return 201, {"username": credentials.split("/")[3], "key": body["key"]}
            case "POST", "/api/operators/tuantu-demo/orders":
                return 200, self._import(body)
            case "GET", "/api/operators/tuantu-demo/orders":
                asked = parse_qs(parts.query)
                wanted = [o for o in self.orders.values() if [o["site"]] == asked["site"] and [o["pickup_date"]] == asked["date"]]
                return 200, {"orders": wanted, "after": None}
        return 404, {"error": {"field": "path", "message": "not here", "remedy": ""}}

    def _import(self, orders: list[Any]) -> Any:
        self.imports += 1
        for order in orders:
            zones = sorted({line["zone"] for line in order["lines"]})
            first = 1000 * (len(self.orders) + 1)
            parcels = [{"id": parcel_label(first + n), "zone": zone, "state": "expected"} for n, zone in enumerate(zones)]
            self.orders.setdefault(order["external_id"], {**order, "parcels": parcels})
        return {"imported": len(orders), "refused": 0, "errors": []}


@dataclass
class FakeAgent:
    """A page over a scanner that is really read. ``swallow``: so many scans come to nothing, as when a board restarts."""

    clock: Clock
    swallow: int = 0
    mode: str = "receive"
    slot: str = ""
    scans: list[dict[str, Any]] = field(default_factory=list)
    booked: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        match method, urlsplit(path).path:
            case "GET", "/api/status":
                return 200, {"mode": self.mode, "devices": [{"name": "scanner-1", "kind": "scanner", "state": "ok", "detail": ""}]}
            case "POST", "/api/mode":
                self.mode, self.slot = body["mode"], ""
                return 200, {}
            case "GET", "/api/scans":
                return 200, {"scans": self.scans[: int(parse_qs(urlsplit(path).query)["limit"][0])]}
        return 404, {}

    def heard(self, text: str) -> None:
        """One line came over the terminal."""
        text = text.removeprefix("]C0")
        if not text.startswith(("TTP", "SLOT:")):  # noise
            return
        if self.swallow > 0:
            self.swallow -= 1
            return
        if text.startswith("SLOT:"):
            self.slot, kind = text.removeprefix("SLOT:"), "slot"
        else:
            kind = "released" if self.mode == "release" else "shelved" if self.slot else "received"
            self.booked.setdefault(text, []).append(kind if kind != "shelved" else f"shelved {self.slot}")
        self.scans.insert(0, {"text": text, "kind": kind, "at_ms": self.clock.now_ms(), "detail": ""})


@contextmanager
def served(handler: Handler) -> Iterator[str]:
    """``handler`` behind HTTP on a free port of loopback; gives the base URL."""

    class Requests(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, answer = handler(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def reading(path: Path, agent: FakeAgent) -> Iterator[None]:
    """Reads the scanner's terminal into ``agent`` while entered."""
    stop = threading.Event()
    port = serial.Serial(str(path), timeout=0.01)

    def read() -> None:
        line = b""
        while not stop.is_set():
            try:
                line += port.read(1) + port.read(port.in_waiting)
            except OSError:  # unplugged
                return
            *whole, line = line.replace(b"\r", b"\n").split(b"\n")
            for one in whole:
                if one:
                    agent.heard(one.decode("utf-8", "replace"))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        port.close()
