"""What every benchmark states and asserts before it measures, and the one line it ends with.

A durable rate on a server that does not flush, or on a file system in memory, is no rate at all.
"""

import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg

DURABLE_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")
FILE_SYSTEMS_IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})


def file_system(path: Path) -> str:
    """The type of the file system that holds a path, as /proc/self/mountinfo names it. Asserts that it is not in memory."""
    target = str(path.resolve())
    best, kind = "", "unknown"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        mount_point = left.split()[4]
        inside = target == mount_point or target.startswith(mount_point.rstrip("/") + "/")
        if inside and len(mount_point) >= len(best):
            best, kind = mount_point, right.split()[0]
    assert kind not in FILE_SYSTEMS_IN_MEMORY, f"{path} lies on {kind}: a benchmark of durability needs a disk"
    return kind


def durable_database(url: str) -> dict[str, str]:
    """The server's durability settings and version. Asserts that all are on, and that a local data folder is on a disk."""
    with psycopg.connect(url, autocommit=True) as connection:
        stated = {name: _show(connection, name) for name in (*DURABLE_SETTINGS, "server_version")}
        for name in DURABLE_SETTINGS:
            assert stated[name] == "on", f"{name} is {stated[name]}: the benchmark needs it on"
        folder = connection.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'").fetchone()
    if folder is not None and Path(folder[0]).is_dir():
        stated["file_system"] = file_system(Path(folder[0]))
    return stated


def alternate(rounds: int, sides: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Measure each side once a round, in turn, so that what slows the machine slows both; ``sides`` return a rate."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        # Every other round runs backwards: neither side always follows the other.
        for name in list(sides) if turn % 2 == 0 else list(reversed(sides)):
            rates[name].append(sides[name]())
            print(f"  round {turn + 1}/{rounds}  {name:12s} {rates[name][-1]:12,.0f} /s", flush=True)
    return rates


def median_ratio(ours: Iterable[float], bare: Iterable[float]) -> float:
    """Median of the rounds' own ratios: each round compares what ran side by side."""
    return statistics.median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` (0-1) of the values lie, nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def finish(result: dict[str, Any], *, floors: dict[str, float] | None = None, ceilings: dict[str, float] | None = None) -> None:
    """Print the result as the last line and leave: 1 where a limit is missed, each named before the line."""
    missed = [f"{key} {result[key]} < {floor}" for key, floor in (floors or {}).items() if not result[key] >= floor]
    missed += [f"{key} {result[key]} > {limit}" for key, limit in (ceilings or {}).items() if not result[key] <= limit]
    for miss in missed:
        print("missed:", miss, flush=True)
    print(json.dumps({**result, "cores": os.cpu_count(), "met": not missed}), flush=True)
    sys.exit(1 if missed else 0)


def _show(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])
