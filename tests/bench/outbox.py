"""``make bench NAME=outbox``: durable single scans of the edge, one after another, against bare SQLite commits of the same bytes.

Ours: ``Station.handle`` on the event loop, one scan after another, each awaited: decided, ordered, encoded, hashed, booked and
committed by the outbox, on its own thread or, while commits are quick, on the loop. Bare: the rows that such a scan leaves, with
their bytes ready made, in one transaction each on the calling thread, statements prepared, nothing else. Same tables, same
durability, same checkpoints, same folder, alternating.
"""

import asyncio
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import apsw

from edge.devices.ports import Scan
from edge.outbox import Outbox, Store, StoreSettings
from edge.outbox.schema import WAL_PAGES, connect
from edge.site_clock import SiteClock
from edge.station.decide import ScanKind
from edge.station.schema import FILE_VERSIONS
from edge.station.station import Station
from edge.wire.clock import WallClock
from edge.wire.ids import site_id
from edge.wire.labels import parcel_label
from tests.bench.conditions import alternate, file_system, finish, median_ratio

SCANS = int(os.environ.get("SCANS", "2000"))
WARM_UP = 1_500  # beyond the first WAL checkpoints, so that both sides write into a file of its final size
ROUNDS = int(os.environ.get("ROUNDS", "15"))


def main() -> None:
    folder = Path(os.environ.get("BENCH_DIR", tempfile.gettempdir()))
    kind = file_system(folder)
    with tempfile.TemporaryDirectory(dir=folder) as made:
        where = Path(made)
        asyncio.run(_ours(where / "probe", 50, 0))
        rows = _rows_of(where / "probe" / "site.db")
        stated = _state(where / "probe" / "site.db")
        print(f"SQLite {apsw.sqlite_lib_version()}: {stated}; file system {kind}; {SCANS} scans a side, {ROUNDS} rounds")
        turn = iter(range(10_000))
        rates = alternate(
            ROUNDS,
            {
                "ours": lambda: asyncio.run(_ours(where / f"ours-{next(turn)}", SCANS, WARM_UP)),
                "bare": lambda: _bare(where / f"bare-{next(turn)}", rows, SCANS, WARM_UP),
            },
        )
    ratio = median_ratio(rates["ours"], rates["bare"])
    result = {
        "ratio": round(ratio, 3),
        "scans_per_s": round(sorted(rates["ours"])[ROUNDS // 2]),
        "bare_per_s": round(sorted(rates["bare"])[ROUNDS // 2]),
        "scans": SCANS,
        "rounds": ROUNDS,
        "file_system": kind,
        **stated,
    }
    finish(result, floors={"ratio": 0.7})


async def _ours(folder: Path, scans: int, warm_up: int) -> float:
    """Scans a second."""
    folder.mkdir()
    clock = WallClock(time.time)
    settings = StoreSettings(folder / "site.db", site_id("bench"), "machine", uuid.uuid4, versions=FILE_VERSIONS)
    async with Outbox(settings, clock.now_ms) as outbox:
        station = Station(site_id("bench"), outbox, SiteClock(clock, time.monotonic, lambda: True, 0), [], time.monotonic)
        labels = _labels(warm_up + scans)
        for label in labels[:warm_up]:
            await station.handle(_scan(clock, label))
        began_s = time.perf_counter()
        for label in labels[warm_up:]:
            result = await station.handle(_scan(clock, label))
            assert result.kind is ScanKind.RECEIVED
        rate = scans / (time.perf_counter() - began_s)
        waiting = await outbox.run(_waiting)
    assert waiting == warm_up + scans, f"{waiting} events on the disk of {warm_up + scans} scans"
    return rate


def _labels(count: int) -> list[str]:
    return [parcel_label(serial * 7919 % 36**8) for serial in range(1, count + 1)]


def _scan(clock: WallClock, label: str) -> Scan:
    return Scan(label, "scanner-1", clock.now_ms(), heard_s=time.monotonic())


def _waiting(store: Store) -> int:
    ((count,),) = store.execute("SELECT count(*) FROM batch WHERE lane = 1").fetchall()
    return int(count)


def _rows_of(database: Path) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What one scan left: its batch, and its booking."""
    connection = apsw.Connection(str(database))
    try:
        batch = connection.execute("SELECT payload, sha256, sealed_at_ms FROM batch ORDER BY seq DESC LIMIT 1").fetchall()[0]
        booking = connection.execute(
            "SELECT kind, fact, at_ms, device, actor, epoch, n, scan_n FROM booking ORDER BY id DESC LIMIT 1"
        ).fetchall()[0]
    finally:
        connection.close()
    return batch, booking


def _bare(folder: Path, rows: tuple[tuple[Any, ...], tuple[Any, ...]], commits: int, warm_up: int) -> float:
    """Commits a second."""
    folder.mkdir()
    with Store(StoreSettings(folder / "site.db", site_id("bench"), "machine", uuid.uuid4, versions=FILE_VERSIONS), 0):
        pass
    connection = apsw.Connection(str(folder / "site.db"))  # bare: nothing set but what durability needs
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")  # the same for both: it decides how often the disk waits
    execute = connection.cursor().execute
    batch, booking = rows
    labels = _labels(warm_up + commits)

    def commit(seq: int) -> None:
        execute("BEGIN IMMEDIATE")
        execute("INSERT INTO batch (epoch, lane, seq, payload, sha256, sealed_at_ms) VALUES (1, 1, ?, ?, ?, ?)", (seq, *batch))
        execute(
            "INSERT INTO booking (thing, kind, fact, at_ms, device, actor, epoch, n, scan_n) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (labels[seq - 1], *booking),
        )
        execute("UPDATE state SET hlc = ?, next_event = ? WHERE one = 1", (seq, seq + 1))
        execute("COMMIT")

    for seq in range(1, warm_up + 1):
        commit(seq)
    began_s = time.perf_counter()
    for seq in range(warm_up + 1, warm_up + commits + 1):
        commit(seq)
    rate = commits / (time.perf_counter() - began_s)
    connection.close()
    return rate


def _state(database: Path) -> dict[str, str]:
    """What makes a commit durable. Asserts it."""
    connection = connect(database)
    try:
        synchronous, journal = connection.pragma("synchronous"), connection.pragma("journal_mode")
    finally:
        connection.close()
    assert synchronous == 2, f"synchronous is {synchronous}, not FULL"
    assert journal == "wal", f"journal_mode is {journal}"
    return {"synchronous": "FULL", "journal_mode": "wal"}


if __name__ == "__main__":
    main()
