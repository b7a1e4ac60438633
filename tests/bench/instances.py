"""Public routing instances (Solomon; Gehring and Homberger; Uchoa's X) as problems, each with its best known cost.

Lengths are scaled as their best known solution was: Solomon to a thousandth, Gehring and Homberger truncated to a tenth, X to whole
numbers. A unit of length is a metre and a second here; only lengths cost anything.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloud.routing.loads import Load
from cloud.routing.matrix import Matrix, Table
from cloud.routing.problem import DAY_S, Depot, Problem, Stop, Van, VanType, Window

FOLDERS = {"solomon": "solomon", "gehring": "gehring_homberger", "x": "cvrp_x"}
# Longer than any horizon of the instances.
_EVER = Window(0, 1000 * DAY_S)


@dataclass(frozen=True, slots=True)
class Instance:
    """``best_known``: in the problem's own metres."""

    name: str
    problem: Problem
    best_known: float

    def gap_percent(self, distance_m: int) -> float:
        """How much longer a plan is than the best known."""
        return 100 * (distance_m / self.best_known - 1)


def names(data: Path) -> list[tuple[int, str]]:
    """Those with a best known cost that counts length only: how many customers, and ``folder/name``."""
    best = json.loads((data / "bks.json").read_text())
    found = [(one["jobs"], f"solomon/{name}") for name, one in best["solomon"].items() if "dist_double" in one]
    found += [(one["jobs"], f"gehring_homberger/{name}") for name, one in best["gehring_homberger"].items() if "dimacs" in one]
    found += [(int(name.split("-")[1][1:]) - 1, f"cvrp_x/{name}") for name in best["cvrp_x"]]
    return sorted(found)


def instance(data: Path, name: str) -> Instance:
    """ValueError where the file is none."""
    folder, short = name.split("/")
    best = json.loads((data / "bks.json").read_text())[folder][short]
    if folder == "cvrp_x":
        return Instance(short, _x(data / folder / f"{short}.vrp"), best["dimacs"])
    if folder == "solomon":
        return Instance(short, _windows(data / folder / f"{short}.txt", 1000, is_rounded=True), best["dist_double"][1] * 1000)
    return Instance(short, _windows(data / folder / f"{short}.txt", 10, is_rounded=False), best["dimacs"][1] * 10)


def _windows(path: Path, scale: int, *, is_rounded: bool) -> Problem:
    rows = [
        [int(word) for word in line.split()] for line in path.read_text().splitlines() if re.fullmatch(r"[\s\d]*\d[\s\d]*", line)
    ]
    vans, capacity = rows[0]
    customers = np.array(rows[1:], dtype=np.int64)
    exact = _lengths(customers[:, 1:3].astype(np.float64)) * scale
    lengths = (np.rint(exact) if is_rounded else np.floor(exact + 1e-9)).astype(np.int64)
    stops = tuple(
        Stop(str(row[0]), number, Load(int(row[3])), (Window(int(row[4]) * scale, int(row[5]) * scale),), int(row[6]) * scale)
        for number, row in enumerate(customers[1:], start=1)
    )
    shift = Window(int(customers[0, 4]) * scale, int(customers[0, 5]) * scale)
    return _problem(lengths, stops, capacity, vans, shift)


def _x(path: Path) -> Problem:
    text = path.read_text()
    found = re.search(r"CAPACITY\s*:\s*(\d+)", text)
    if found is None:
        raise ValueError(f"{path.name}: no CAPACITY")
    coordinates = text.split("NODE_COORD_SECTION")[1].split("DEMAND_SECTION")[0].split("\n")
    demands = text.split("DEMAND_SECTION")[1].split("DEPOT_SECTION")[0].split("\n")
    at = np.array([[float(word) for word in line.split()[1:3]] for line in coordinates if line.strip()])
    loads = [int(line.split()[1]) for line in demands if line.strip()]
    stops = tuple(Stop(str(number), number, Load(load), (_EVER,)) for number, load in enumerate(loads) if number)
    return _problem(np.rint(_lengths(at)).astype(np.int64), stops, int(found[1]), len(stops), _EVER)


def _lengths(at: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.hypot(at[:, None, 0] - at[None, :, 0], at[:, None, 1] - at[None, :, 1])


def _problem(lengths: Table, stops: tuple[Stop, ...], capacity: int, vans: int, shift: Window) -> Problem:
    fleet = tuple(Van(f"v{number}", "van", 0, 0, shift, depot_id="depot") for number in range(vans))
    kind = VanType("van", Load(capacity), per_m_mfen=1, per_s_mfen=0)
    return Problem((Depot("depot", 0, shift),), (kind,), fleet, stops, Matrix(lengths, lengths, is_estimate=False, source="euclid"))
