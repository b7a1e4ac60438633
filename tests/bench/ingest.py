"""``make bench NAME=ingest``: durable rows/s from publishers' encoders to the ack, against a bare COPY of the same rows.

Ours: paho publishers that encode live → broker → ingest → one transaction a flush → ack, all on this machine.
Bare: psycopg's binary COPY, ``write_row``, one connection, commits of 5,000 rows, into the same table with its indexes.
``DATABASE_URL=`` names another server, ``BROKER=mosquitto|iotcore`` the broker, ``ROUNDS=`` and ``ROWS=`` the length.
"""

import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from cloud.onebox import broker as onebox_broker
from cloud.onebox import postgres as onebox_postgres
from cloud.onebox.unprivileged import server_user
from cloud.store.migrate import migrate
from cloud.store.mode import StoreMode
from cloud.store.partitions import ensure
from cloud.store.pool import connect
from tests.bench.conditions import alternate, durable_database, finish, median_ratio
from tests.bench.ingest_publisher import SITES
from tests.cloud.ingest.sites import relate
from tests.conftest import find_free_port

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "3"))
ROWS = int(os.environ.get("ROWS", "600000"))
ROWS_SMALL = ROWS // 5
READINGS, READINGS_SMALL = 500, 10
# Batches a publisher may have unacknowledged: what keeps two flush workers busy.
WINDOW, WINDOW_SMALL = 60, 1_000
PUBLISHERS = 2
COMMIT_ROWS = 5_000
START_S = 30.0
COPY = "COPY reading (at, received_at, sensor_id, quality, value, measured_at) FROM STDIN (FORMAT BINARY)"
TYPES = ["timestamptz", "timestamptz", "int4", "int2", "float8", "timestamptz"]


@dataclass(slots=True)
class Run:
    """One run of our side."""

    rows: int
    seconds: float
    lost: int
    doubled: int
    cpu_s: dict[str, float]

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds


@dataclass(slots=True)
class Bench:
    """The servers, and what was measured so far."""

    database_url: str
    environment: dict[str, str]
    broker_pid: int
    ingest_pid: int
    postmaster_pid: int | None
    large: list[Run] = field(default_factory=list)
    small: list[Run] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    copy_cpu_s: list[float] = field(default_factory=list)

    def run_large(self) -> float:
        self.large.append(self._run(ROWS, READINGS, WINDOW))
        if not self.rows:
            with psycopg.connect(self.database_url) as connection:
                query = "SELECT at, received_at, sensor_id, quality, value, measured_at FROM reading"
                self.rows = connection.execute(query).fetchall()
        return self.large[-1].rows_per_s

    def run_small(self) -> float:
        self.small.append(self._run(ROWS_SMALL, READINGS_SMALL, WINDOW_SMALL))
        return self.small[-1].rows_per_s

    def run_copy(self) -> float:
        """The same rows as ours wrote, by a bare COPY."""
        _empty(self.database_url)
        with psycopg.connect(self.database_url) as connection, connection.cursor() as cursor:
            spent_s = time.process_time() + self._cpu().get("postgres", 0.0)
            began_s = time.monotonic()
            for start in range(0, len(self.rows), COMMIT_ROWS):
                with cursor.copy(COPY) as copy:
                    copy.set_types(TYPES)
                    for row in self.rows[start : start + COMMIT_ROWS]:
                        copy.write_row(row)
                connection.commit()
            seconds = time.monotonic() - began_s
            self.copy_cpu_s.append(self._cpu().get("postgres", 0.0) + time.process_time() - spent_s)
            return len(self.rows) / seconds

    def _run(self, rows: int, readings: int, window: int) -> Run:
        _empty(self.database_url)
        batches = rows // readings // PUBLISHERS
        begin_ms = time.time_ns() // 1_000_000
        arguments = [str(batches), str(readings), str(window), str(begin_ms)]
        with ExitStack() as stack:
            publishers = [
                stack.enter_context(_publisher(f"bench-{index}", arguments, self.environment)) for index in range(PUBLISHERS)
            ]
            before = self._cpu()
            began_s = time.monotonic()
            for publisher in publishers:
                _tell(publisher)
            told = [json.loads(_answer(publisher)) for publisher in publishers]
            seconds = time.monotonic() - began_s
            after = self._cpu()
        cpu_s = {name: after[name] - before[name] for name in before}
        cpu_s["publishers"] = sum(one["cpu_s"] for one in told)
        stored, distinct = _count(self.database_url)
        sent = batches * PUBLISHERS * readings
        assert sum(one["acknowledged"] for one in told) == batches * PUBLISHERS
        return Run(sent, seconds, sent - distinct, stored - distinct, cpu_s)

    def _cpu(self) -> dict[str, float]:
        spent = {"broker": _cpu_s(self.broker_pid), "ingest": _cpu_s(self.ingest_pid)}
        if self.postmaster_pid is not None:
            spent["postgres"] = _cpu_s(self.postmaster_pid)
        return spent


def main() -> None:
    with _servers() as bench:
        conditions = durable_database(bench.database_url)
        print(f"conditions: {json.dumps(conditions)}", flush=True)
        bench.run_large()  # connections, caches and the rows for the other side
        bench.large.clear()
        rates = alternate(ROUNDS, {"end to end": bench.run_large, "copy": bench.run_copy, "small": bench.run_small})
        finish(_result(bench, rates, conditions), floors={"ratio": 0.8}, ceilings={"lost": 0, "doubled": 0})


def _result(bench: Bench, rates: dict[str, list[float]], conditions: dict[str, str]) -> dict[str, Any]:
    return {
        "bench": "ingest",
        "ratio": round(median_ratio(rates["end to end"], rates["copy"]), 3),
        "ratio_small": round(median_ratio(rates["small"], rates["copy"]), 3),
        "rows_per_s": round(statistics.median(rates["end to end"])),
        "rows_per_s_small": round(statistics.median(rates["small"])),
        "copy_rows_per_s": round(statistics.median(rates["copy"])),
        "cpu_s_per_million": _cpu_per_million(bench.large),
        "cpu_s_per_million_small": _cpu_per_million(bench.small),
        # Client and server of the bare COPY together: what ours can be held against where the machine is busy with other things.
        "copy_cpu_s_per_million": round(statistics.median(bench.copy_cpu_s) / len(bench.rows) * 1e6, 3),
        "lost": sum(run.lost for run in (*bench.large, *bench.small)),
        "doubled": sum(run.doubled for run in (*bench.large, *bench.small)),
        "rows_a_run": ROWS,
        "broker": bench.environment["TUANTU_BENCH_BROKER"],
        "store_mode": bench.environment["TUANTU_BENCH_MODE"],
        "conditions": conditions,
    }


def _cpu_per_million(runs: Sequence[Run]) -> dict[str, float]:
    return {name: round(statistics.median(run.cpu_s[name] / run.rows * 1e6 for run in runs), 3) for name in runs[0].cpu_s}


@contextmanager
def _servers() -> Iterator[Bench]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tuantu-bench-", ignore_cleanup_errors=True)))
        if server_user() is not None:
            folder.chmod(0o711)
        url, postmaster_pid = stack.enter_context(_database(folder))
        mode = migrate(url)
        asyncio.run(_make_ready(url, mode))
        relate(url, "bench", *(f"bench-{index}-{site}" for index in range(PUBLISHERS) for site in range(SITES)))
        kind = onebox_broker.choose(os.environ.get("BROKER") or None)
        settings = onebox_broker.prepare(kind, folder / "broker", find_free_port(), {"cloud": secrets.token_hex(8)})
        broker_url = settings.url("cloud")
        environment = {
            **os.environ,
            "TUANTU_DATABASE_URL": url,
            "TUANTU_BROKER_URL": broker_url,
            "TUANTU_BENCH_BROKER": settings.kind,
            "TUANTU_BENCH_MODE": mode,
        }
        stack.enter_context(onebox_broker.running(settings, folder / "broker.log"))
        ingest_pid = stack.enter_context(_ingest(environment, folder / "ingest.log", url))
        yield Bench(url, environment, _listener(settings.port), ingest_pid, postmaster_pid)


@contextmanager
def _database(folder: Path) -> Iterator[tuple[str, int | None]]:
    """A scratch database on the server that DATABASE_URL names, or a server of our own and its process."""
    named = os.environ.get("DATABASE_URL")
    if not named:
        server = onebox_postgres.prepare(folder / "postgres", secrets.token_hex(8), find_free_port())
        with onebox_postgres.running(server):
            onebox_postgres.create_database(server)
            yield server.url(), int((server.data / "postmaster.pid").read_text().split()[0])
        return
    name = f"tuantu_bench_{secrets.token_hex(4)}"
    with psycopg.connect(named, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlunsplit(urlsplit(named)._replace(path=f"/{name}")), None
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


async def _make_ready(url: str, mode: StoreMode) -> None:
    """What jobs do in production: partitions ahead. Aggregates are off, so that both sides only insert."""
    connection = await connect(url, "bench")
    try:
        if mode is StoreMode.PLAIN:
            await ensure(connection, datetime.now(UTC))
        elif mode is StoreMode.TIMESCALE:
            await connection.execute(
                "SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE job_id >= 1000"
            )
    finally:
        await connection.close()


@contextmanager
def _ingest(environment: dict[str, str], log: Path, url: str) -> Iterator[int]:
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, "-m", "cloud", "ingest"], env=environment, cwd=ROOT, stdout=out, stderr=out)
    try:
        deadline_s = time.monotonic() + START_S
        while not _has_heartbeat(url):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline_s, "ingest does not start"
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _has_heartbeat(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT FROM heartbeat WHERE process = 'ingest'").fetchone() is not None


@contextmanager
def _publisher(name: str, arguments: Sequence[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.ingest_publisher", name, *arguments],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert _answer(process) == "ready"
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _answer(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE reading, batch, lane_floor")
        connection.execute("CHECKPOINT")


def _count(url: str) -> tuple[int, int]:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT (sensor_id, at)) FROM reading").fetchone()
        assert row is not None
        return row[0], row[1]


def _listener(port: int) -> int:
    """The process that listens on a port of loopback: the broker's, whoever started it."""
    for connection in psutil.net_connections("tcp"):
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr[1] == port
            and connection.pid is not None
        ):
            return int(connection.pid)
    raise AssertionError(f"nobody listens on {port}")


def _cpu_s(pid: int) -> float:
    process = psutil.Process(pid)
    spent = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        spent += times.user + times.system
    return spent


if __name__ == "__main__":
    main()
