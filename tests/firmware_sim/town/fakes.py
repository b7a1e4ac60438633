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
from edge.wire.labels import container_label, parcel_label

Handler = Callable[[str, str, Any], tuple[int, Any]]
NOT_HERE: tuple[int, Any] = (404, {"error": {"field": "path", "message": "not here", "remedy": ""}})


@dataclass
class FakeCloud:
    """Orders by external id, with the parcels that the real one would make: one a zone. A container a station, date and zone."""

    down: bool = False
    orders: dict[str, Any] = field(default_factory=dict)
    operators: list[str] = field(default_factory=list)
    sites: dict[str, Any] = field(default_factory=dict)
    log_ins: int = 0
    imported: list[str] = field(default_factory=list)
    furnished: list[str] = field(default_factory=list)
    batches: dict[str, list[str]] = field(default_factory=dict)  # date → what was done with it

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(path)
        if self.down:
            return 503, {"error": {"field": "", "message": "the database is away", "remedy": "wait"}}
        match method, parts.path.split("/")[2:]:
            case "POST", ["login"]:
                self.log_ins += 1
                if body != {"login": "town", "password": "secret-of-the-town"}:
                    return 401, {"error": {"field": "password", "message": "wrong", "remedy": "ask"}}
                return 200, {"token": "t"}
            case _, ["operators", _, "orders", *rest]:
                return self._orders(method, rest, parts.query, body)
            case _, ["operators", _, "batches", date, *act]:
                return self._batch(method, date, act)
            case "POST", ["links", token, "pickup"]:
                return 200, {"code": f"code {token}", "qr": f"TTQ1:{token}"}
            case _, where:
                return self._set_up(method, where, body)

    def _set_up(self, method: str, where: list[str], body: Any) -> tuple[int, Any]:
        match method, where:
            case "POST", ["operators"]:
                self.operators.append(body["id"])
                return 201, body
            case "POST", ["sites"]:
                if self.sites.setdefault(body["id"], body) != body:
                    return 409, {"error": {"field": "id", "message": "another site has this id", "remedy": "choose another"}}
                return 201, body
            case "PUT", ["sites", site, "place"]:
                self.sites[site] = {**self.sites[site], **body}
                return 200, body
            case "POST", ["sites", site, "credentials"]:
                return 201, {"username": site, "key": body["key"]}
            case "PUT", ["sites", site, *what]:
                self.furnished.append(f"{site}/{what[0]}")
                return 200, {}
            case "PUT", ["operators", _, "articles"]:
                return 200, {}
            case "GET", ["sites", _, "containers"]:
                return 200, {"containers": []}
        return NOT_HERE

    def plan(self, date: str) -> dict[str, list[Any]]:
        """Container → its parcels, with the order's lines in them."""
        found: dict[str, list[Any]] = {}
        for order in self.orders.values():
            if order["pickup_date"] != date:
                continue
            for parcel in order["parcels"]:
                serial = (
                    int(date[-2:]) * 100 + int(order["site"][-4:]) * 10 + ("ambient", "chilled", "frozen").index(parcel["zone"])
                )
                items = [line for line in order["lines"] if line["zone"] == parcel["zone"]]
                found.setdefault(container_label(serial), []).append(
                    {**parcel, "site": order["site"], "order": order["external_id"], "items": items}
                )
        return found

    def _orders(self, method: str, rest: list[str], query: str, body: Any) -> tuple[int, Any]:
        if method == "POST" and not rest:
            return 200, self._import(body)
        if method == "POST" and rest[1:] == ["link"]:
            return 201, {"token": rest[0], "url": ""}
        if method == "GET" and not rest:
            asked = parse_qs(query)
            wanted = [o for o in self.orders.values() if [o["site"]] == asked["site"] and [o["pickup_date"]] == asked["date"]]
            return 200, {"orders": wanted, "after": None}
        return NOT_HERE

    def _batch(self, method: str, date: str, act: list[str]) -> tuple[int, Any]:
        done = self.batches.setdefault(date, [])
        if method == "POST":
            done.append(act[0])
            return 200, {}
        if act == ["sort-wall"]:
            planned = [{"container": name, "site": parcels[0]["site"]} for name, parcels in self.plan(date).items()]
            return 200, {"lanes": [{"containers": planned}], "unrouted": []}
        return 200, {"allocated_at": None, "planned_at": None}

    def _import(self, orders: list[Any]) -> Any:
        self.imported += [order["external_id"] for order in orders]
        for order in orders:
            zones = sorted({line["zone"] for line in order["lines"]})
            first = 1000 * (len(self.orders) + 1)
            parcels = [{"id": parcel_label(first + n), "zone": zone, "state": "expected"} for n, zone in enumerate(zones)]
            self.orders.setdefault(order["external_id"], {**order, "parcels": parcels})
        return {"imported": len(orders), "refused": 0, "errors": []}


@dataclass
class FakeAgent:
    """A page over a scanner that is really read. ``swallow``: so many scans come to nothing, as when a board restarts.

    ``day`` and ``list``: its manifest's. ``booked``: what was scanned of each parcel; ``tapped``: what was done at the page.
    """

    clock: Clock
    swallow: int = 0
    mode: str = "receive"
    slot: str = ""
    scans: list[dict[str, Any]] = field(default_factory=list)
    booked: dict[str, list[str]] = field(default_factory=dict)
    tapped: list[tuple[str, Any]] = field(default_factory=list)
    day: str = ""
    list: dict[str, Any] = field(default_factory=dict)
    needs_log_in: bool = False
    states: dict[str, str] = field(default_factory=dict)  # of containers

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self._look(parts.path, asked) if method == "GET" else self._do(parts.path, body)

    def _look(self, path: str, asked: dict[str, str]) -> tuple[int, Any]:
        match path:
            case "/api/status":
                return 200, self._status()
            case "/api/scans":
                return 200, {"scans": self.scans[: int(asked["limit"])]}
            case "/api/day":
                rows = [{"container": one, "state": "empty", "signed": False, "counted": False} for one in self.list]
                return 200, {"day": self.day, "containers": rows}
            case "/api/container":
                return 200, self._container(asked["container"])
            case "/api/parcel":
                return 200, {"parcel": asked["parcel"], "state": "received", "problems": []}
            case "/api/here":
                return 200, {"parcels": [self._row(label) for label in self.booked if self.is_here(label)]}
            case question if question.startswith("/api/questions/"):
                return 200, self._answer(question.removeprefix("/api/questions/"))
        return 404, {}

    def _do(self, path: str, body: Any) -> tuple[int, Any]:
        match path:
            case "/api/mode":
                self.mode, self.slot = body["mode"], ""
                return 200, self._status()
            case "/api/log-in":
                self.needs_log_in = False
                return 200, {"act": {"word": "logged_in" if body == {"secret": "246810"} else "log_in_unknown"}}
            case _ if self.needs_log_in:
                return 401, {"error": {"field": "actor", "message": "nobody is logged in", "remedy": "log in", "code": "no_log_in"}}
            case "/api/ask":
                return 200, self._answer(body["text"])
            case tap:
                self.tapped.append((tap, body))
                return self._tap(tap.removeprefix("/api/"), body)

    def is_here(self, label: str) -> bool:
        return self.booked.get(label, [""])[-1] not in ("released", "disposed", "returned", "")

    def heard(self, text: str) -> None:
        """One line came over the terminal."""
        text = text.removeprefix("]C0").removeprefix("]Q1")
        if not text.startswith(("TTP", "TTC", "SLOT:", "TTQ1:")):  # noise
            return
        if self.swallow > 0:
            self.swallow -= 1
            return
        self.scans.insert(0, {"device": "scanner-1", "at_ms": self.clock.now_ms(), "detail": "", **self._scanned(text)})

    def _scanned(self, text: str) -> dict[str, Any]:
        if text.startswith("SLOT:"):
            self.slot = text.removeprefix("SLOT:")
            return {"text": text, "kind": "slot", "word": "slot_open"}
        if text.startswith("TTC"):
            state = self.states[text] = "opened" if self.states.get(text) == "signed" else "signed"
            return {"text": text, "kind": "booked", "word": state}
        if text.startswith("TTQ1:"):
            return {"text": "", "kind": "asked", "word": "ask_matches", "question": text.removeprefix("TTQ1:")}
        kind = "released" if self.mode == "release" else "shelved" if self.slot else "received"
        self.booked.setdefault(text, []).append(kind if kind != "shelved" else f"shelved {self.slot}")
        return {"text": text, "kind": kind, "word": kind}

    def _tap(self, what: str, body: Any) -> tuple[int, Any]:
        word = {
            "report": "variance_noted", "finish-count": "counted", "empty": "emptied", "dispose": "disposed",
            "give-back": "returned", "send-back": "sent_back", "hand-out": "released", "refuse": "refused",
            "cells/reserve": "no_cell",
        }.get(what)  # fmt: skip
        if word is None:
            return 404, {}
        if what in ("dispose", "give-back"):
            self.booked[body["parcel"]].append(word)
        for label in body.get("parcels", ()) if what == "hand-out" else ():
            self.booked[label].append(word)
        return 200, {"act": {"kind": "booked", "word": word, "id": "e/1"}}

    def _answer(self, text: str) -> Any:
        """``code ORDER`` as the fake cloud gives them out; every other word is anybody's."""
        orders = {one["order"] for rows in self.list.values() for one in rows}
        order = text.removeprefix("code ")
        rows = [self._row(one["id"]) for rows in self.list.values() for one in rows if one["order"] == order or order not in orders]
        return {"question": "q", "act": {"word": "ask_matches"}, "claims": [{"claim": "c", "parcels": rows}]}

    def _row(self, label: str) -> Any:
        known = {one["id"]: one for rows in self.list.values() for one in rows}.get(label, {"zone": "", "items": []})
        items = [{"sku": item["sku"], "quantity": item["quantity"]} for item in known["items"]]
        return {"parcel": label, "state": "shelved", "zone": known["zone"], "ready": self.is_here(label), "items": items}

    def _container(self, label: str) -> Any:
        state = self.states.get(label, "empty")
        rows = [self._row(one["id"]) for one in self.list.get(label, ())]
        zone = rows[0]["zone"] if rows else ""
        return {"container": label, "zone": zone, "state": state, "signed": state != "empty", "counted": False, "parcels": rows}

    def _status(self) -> Any:
        return {"mode": self.mode, "devices": [{"name": "scanner-1", "kind": "scanner", "state": "ok", "detail": ""}]}


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

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

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
