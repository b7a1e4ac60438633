"""``python -m cloud run`` from outside: started, stopped, killed and started again, with all its real parts."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from cloud.onebox.folder import is_free, opened
from edge.wire.clock import decode_town
from tests.conftest import find_free_port, reachable_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]


def until(condition: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:
    """Poll with a deadline; the condition's first true answer."""
    deadline_s = time.monotonic() + timeout_s
    while not (answer := condition()):
        assert time.monotonic() < deadline_s, f"not in {timeout_s:.0f} s: {what}"
        time.sleep(0.05)
    return answer


def two_free_ports() -> int:
    """The first of two, outside the range from which the system gives ports to connections of other tests."""
    while True:
        first = random.randrange(10_000, 19_000, 20)
        if is_free("127.0.0.1", first) and is_free("127.0.0.1", first + 1):
            return first


class Box:
    """One data folder and the runs on it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = two_free_ports()
        self.process: subprocess.Popen[str] | None = None
        self.output = data.with_suffix(".out")

    def environment(self, wishes: dict[str, str]) -> dict[str, str]:
        clean = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER", "FRESH", "HOST", "RATE"}
        }
        asked = {
            "PORT": str(self.port),
            "PAGES": "0",
            "TOWN": "0",
            "STATIONS": "3",
            "VANS": "0",
            "TUANTU_DATA": str(self.data),
            **wishes,
        }
        return {**clean, **asked}

    def start(self, **wishes: str) -> None:
        with self.output.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cloud", "run"], cwd=ROOT, env=self.environment(wishes), stdout=out, stderr=out, text=True
            )
        until(self._is_up, "it says that it runs", 120)

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return "is running at" in self.said()

    def said(self) -> str:
        return self.output.read_text()

    def refuse(self, **wishes: str) -> subprocess.CompletedProcess[str]:
        """Run where something is in the way: it has to end by itself."""
        return subprocess.run(
            [sys.executable, "-m", "cloud", "run"], cwd=ROOT, env=self.environment(wishes), capture_output=True, text=True,
            check=False, timeout=100,
        )  # fmt: skip

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def left(self) -> list[psutil.Process]:
        """All that was started for this data folder and is alive: they inherit its name in their environment."""
        found = []
        for process in psutil.process_iter():
            try:
                is_ours = process.environ().get("TUANTU_DATA") == str(self.data) and process.status() != psutil.STATUS_ZOMBIE
            except psutil.Error:
                continue
            if is_ours:
                found.append(process)
        return found

    def child(self, *words: str) -> psutil.Process:
        """The process with these words in its command line."""
        (found,) = [process for process in self.left() if all(word in " ".join(process.cmdline()) for word in words)]
        return found

    def health(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def password(self, login: str) -> str:
        found = re.search(rf"^\s+{login}\s+(\w{{12}})\s", self.said(), re.MULTILINE)
        assert found is not None
        return found[1]

    def log_in(self, login: str) -> bool:
        body = json.dumps({"login": login, "password": self.password(login)}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/login", body, {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return "token" in json.loads(answer.read())

    def database_url(self) -> str:
        password = json.loads((self.data / "secrets.json").read_text())["database_password"]
        port = json.loads((self.data / "ports.json").read_text())["database"]
        return f"postgresql://tuantu:{password}@127.0.0.1:{port}/tuantu"


@contextmanager
def new_box() -> Iterator[Box]:
    with reachable_folder() as folder:
        box = Box(folder / "data")
        try:
            yield box
        finally:
            if box.process is not None and box.process.poll() is None:
                box.process.kill()
                box.process.wait()
            for process in box.left():
                with suppress(psutil.NoSuchProcess):  # it went by itself meanwhile
                    process.kill()


@pytest.fixture
def box() -> Iterator[Box]:
    with new_box() as made:
        yield made


def test_it_starts_serves_stops_keeps_its_data_and_refuses_a_second_run_on_it(box: Box) -> None:
    box.start()
    assert box.health()
    assert box.log_in("admin")
    names = {word for process in box.left() for word in process.cmdline()}
    assert {"ingest", "live", "api", "jobs", "positions"} <= names
    with psycopg.connect(box.database_url()) as connection:
        connection.execute("INSERT INTO operator (id, name) VALUES ('kept', 'kept')")
    password = box.password("admin")
    _check_refusal(box.refuse(PORT=str(two_free_ports())), "another tuantu is running", "stop it first")
    assert box.stop() == 0
    assert box.left() == []
    assert box.said().rstrip().endswith("stopped")

    box.start()
    assert box.password("admin") == password
    with psycopg.connect(box.database_url()) as connection:
        assert connection.execute("SELECT count(*) FROM operator WHERE id = 'kept'").fetchone() == (1,)
    assert box.stop(signal.SIGTERM) == 0
    assert box.left() == []

    box.start(FRESH="1")
    with psycopg.connect(box.database_url()) as connection:
        assert connection.execute("SELECT count(*) FROM operator WHERE id = 'kept'").fetchone() == (0,)
    assert box.password("admin") != password


def test_what_is_killed_comes_back_and_a_killed_run_leaves_nothing_behind(box: Box) -> None:
    box.start()
    for words in (("cloud", "api"), ("cloud", "ingest")):
        before = box.child("-m", *words)
        before.kill()
        until(_replaced(box, words, before), f"{words} is started again")
    box.child("postgres", "-D").kill()
    until(lambda: "database is back" in box.said(), "the database is back")
    until(lambda: box.health() and box.log_in("admin"), "all is well again")

    assert box.process is not None
    box.process.kill()
    box.process.wait()
    until(lambda: box.left() == [], "nothing is left of it")

    box.start()
    assert box.log_in("admin")
    assert box.stop() == 0


def _replaced(box: Box, words: tuple[str, ...], before: psutil.Process) -> Callable[[], bool]:
    def ask() -> bool:
        others = [process for process in box.left() if process.pid != before.pid]
        return any(all(word in process.cmdline() for word in words) for process in others) and box.health()

    return ask


def test_the_embedded_broker_serves_where_mosquitto_is_not_wanted(box: Box) -> None:
    box.start(BROKER="iotcore")
    assert "broker   iotcore" in box.said()
    assert box.health()
    assert box.stop() == 0
    assert box.left() == []


def test_the_towns_time_stands_still_between_runs(box: Box) -> None:
    with opened(box.data, fresh=False):
        line = {"simulated_ms": 1_800_000_000_000, "anchor_s": time.monotonic(), "rate": 0.0, "boot_id": "x"}
        (box.data / "clock.json").write_text(json.dumps(line))
        (box.data / "clock-seen.json").write_text(json.dumps({"simulated_ms": 1_800_000_000_000, "rate": 60.0}))
    box.start(TOWN="0")
    running = decode_town((box.data / "clock.json").read_bytes())
    assert running.simulated_ms == 1_800_000_000_000
    assert running.rate == 60.0
    box.stop()
    paused = decode_town((box.data / "clock.json").read_bytes())
    assert paused.rate == 0.0
    assert paused.simulated_ms > running.simulated_ms
    box.start(TOWN="0")
    resumed = decode_town((box.data / "clock.json").read_bytes())
    assert resumed.simulated_ms == paused.simulated_ms
    assert resumed.rate == 60.0


def test_a_scan_in_the_town_moves_the_residents_order_and_a_killed_run_takes_the_agents_with_it(box: Box) -> None:
    box.start(TOWN="1", RATE="1", VANS="1")
    assert all(box.log_in(login) for login in ("admin", "dispatcher", "leader", "staff"))
    token = re.search(r"/o/(\S+)", box.said())
    leader = re.search(r"/g/(\S+)", box.said())
    scan = re.search(r"-m firmware_sim scan .*", box.said())
    assert token is not None
    assert leader is not None
    assert scan is not None
    asked = urllib.request.Request(f"http://127.0.0.1:{box.port}/api/leader/day", headers={"Authorization": f"Bearer {leader[1]}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert json.loads(answer.read())["orders"], "the leader sees the orders of the station"

    def timeline() -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{box.port}/api/links/{token[1]}", timeout=10) as answer:
            return [step["state"] for step in json.loads(answer.read())["order"]["timeline"]]

    def scanned() -> bool:
        """Not before the warehouse has packed it: it would go back to there."""
        done = subprocess.run([sys.executable, *scan[0].split()], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            assert "the warehouse still sorts and packs" in done.stdout + done.stderr
            time.sleep(2.0)  # a process each time, on cores on which the warehouse works
        return done.returncode == 0

    assert "received" not in timeline()
    until(scanned, "it is taken in")
    until(lambda: "received" in timeline(), "the resident sees it")
    assert len([process for process in box.left() if "edge" in process.cmdline()]) == 5, "three stations, the dock, a van"

    assert box.process is not None
    box.process.kill()
    box.process.wait()
    until(lambda: box.left() == [], "nothing is left of it")


def _check_refusal(done: subprocess.CompletedProcess[str], what: str, remedy: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert what in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2, "one clear line and the remedy"


def test_a_port_that_is_taken_is_one_clear_line(box: Box) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", box.port))
        holder.listen()
        _check_refusal(box.refuse(), f"port {box.port} is taken", "PORT=")


def test_the_live_port_that_is_taken_is_one_clear_line(box: Box) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", box.port + 1))
        holder.listen()
        _check_refusal(box.refuse(), f"port {box.port + 1} is taken", "PORT=")


def test_a_data_folder_of_another_postgresql_is_one_clear_line(box: Box) -> None:
    with opened(box.data, fresh=False):
        (box.data / "postgres").mkdir()
        (box.data / "postgres" / "PG_VERSION").write_text("9\n")
    _check_refusal(box.refuse(), "made by PostgreSQL 9", "pg_dump")


def test_a_folder_that_cannot_be_written_is_one_clear_line(box: Box) -> None:
    box.data.write_text("a file, not a folder")
    _check_refusal(box.refuse(), "can't write", "TUANTU_DATA")


def test_a_wish_that_makes_no_sense_is_one_clear_line(box: Box) -> None:
    _check_refusal(box.refuse(BROKER="rabbit"), "BROKER=rabbit", "BROKER=mosquitto")


def test_another_database_is_used_and_its_accounts_are_left_alone(box: Box, database_url: str) -> None:
    box.start(DATABASE_URL=database_url)
    assert "the one of DATABASE_URL" in box.said()
    assert box.log_in("admin")
    assert not (box.data / "postgres").exists()
    assert box.stop() == 0
    _check_refusal(
        box.refuse(DATABASE_URL=database_url, FRESH="1"), "account 'admin' that is not of this data folder", "TUANTU_DATA"
    )


def test_a_database_that_is_away_is_one_clear_line(box: Box) -> None:
    _check_refusal(
        box.refuse(DATABASE_URL=f"postgresql://u:p@127.0.0.1:{find_free_port()}/x"), "can't reach the database", "start it"
    )
