"""``make bench NAME=routing``: our plans, PyVRP's own and OR-Tools', as gap to the best known; every plan is checked.

Equal processor seconds: each gets SECONDS on each core; a peer runs one seed on each, and the better counts. SIZES and SEEDS choose
how many customers and how often. DATA is the folder of the instances.
"""

import json
import os
import statistics
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from cloud.routing.checker import check
from cloud.routing.engine import Effort, Watch
from cloud.routing.insertion import Obstacle, route_of
from cloud.routing.measures import measures
from cloud.routing.ortools_engine import Method
from cloud.routing.ortools_engine import search as search_ortools
from cloud.routing.plan import Plan, Reason, Tour, Unassigned
from cloud.routing.problem import Problem
from cloud.routing.pyvrp_engine import PyvrpEngine
from cloud.routing.pyvrp_search import PYVRPS_OWN, Budget, Task, search
from tests.bench.instances import Instance, instance, names

ROOT = Path(__file__).parents[2]
# Customers → instances of that size, and seconds a core: six sizes in 20 minutes with three competitors.
SECONDS = {100: 5.0, 200: 10.0, 400: 20.0, 1000: 60.0}
INSTANCES_A_SIZE = 3
# A size stands for what is within a tenth of it.
_NEAR = 0.1
CORES = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """One competitor's turn."""

    who: str
    path: str
    name: str
    seconds: float
    seed: int


def main() -> int:
    data = Path(os.environ.get("DATA") or Path(os.environ.get("TUANTU_SHARED_DATA", ROOT.parent / "shared" / "data")) / "vrp")
    if not (data / "bks.json").exists():
        sys.stderr.write(f"no instances in {data}: set DATA to the folder that holds bks.json\n")
        return 2
    sizes = [int(size) for size in (os.environ.get("SIZES") or "100,200,400,1000").split(",")]
    seeds = range(1, 1 + int(os.environ.get("SEEDS") or 1))
    gaps: dict[int, dict[str, list[float]]] = {size: defaultdict(list) for size in sizes}
    for size in sizes:
        seconds = float(os.environ.get("SECONDS") or SECONDS.get(size, size / 20))
        for name in _of_size(data, size):
            one = instance(data, name)
            for seed in seeds:
                row = {who: _gap(one, who, data, name, seconds, seed) for who in ("ours", "pyvrp", "ortools")}
                sys.stderr.write(f"{name} seed {seed}: {row}\n")
                for who, gap in row.items():
                    gaps[size][who].append(gap)
    median = {size: {who: round(statistics.median(found), 2) for who, found in row.items()} for size, row in gaps.items()}
    small = all(row["ours"] <= row["pyvrp"] + 0.1 for size, row in median.items() if size <= 400)
    large = all(row["ours"] <= 0.8 * row["pyvrp"] for size, row in median.items() if size >= 1000)
    sys.stdout.write(json.dumps({"bench": "routing", "gap": median, "cores": CORES, "met": small and large}) + "\n")
    return 0 if small and large else 1


def _of_size(data: Path, size: int) -> list[str]:
    """Evenly spread over those that there are."""
    near = [name for jobs, name in names(data) if abs(jobs - size) <= _NEAR * size]
    step = max(1, len(near) // INSTANCES_A_SIZE)
    return near[::step][:INSTANCES_A_SIZE]


def _gap(one: Instance, who: str, data: Path, name: str, seconds: float, seed: int) -> float:
    began_s = time.monotonic()
    if who == "ours":
        effort = Effort(seconds=seconds, seed=seed, cores=CORES, is_cpu=True)
        distance_m = _distance_m(one.problem, PyvrpEngine().solve(one.problem, effort, (), Watch()))
    else:
        asked = [Asked(who, str(data), name, seconds, seed * 100 + core) for core in range(CORES)]
        with ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
            distance_m = min(pool.map(_peer, asked))
    sys.stderr.write(f"  {who}: {time.monotonic() - began_s:.0f} s of the clock\n")
    return round(one.gap_percent(distance_m), 2) + 0.0  # no minus before nothing


def _peer(asked: Asked) -> int:
    problem = instance(Path(asked.path), asked.name).problem
    if asked.who == "pyvrp":
        budget = Budget(asked.seconds, is_cpu=True)
        return _distance_m(problem, search(Task(problem, (), asked.seed, budget, PYVRPS_OWN, is_plain=True)).tours)
    # Its own limit counts the clock; ours, asked at each solution, the processor.
    effort = Effort(seconds=asked.seconds, cores=1, is_cpu=True)
    method = Method.GUIDED if asked.seed % CORES else Method.ITERATED
    return _distance_m(problem, search_ortools(problem, method, effort, (), lambda: False, lambda _: None).tours)


def _distance_m(problem: Problem, tours: list[Tour]) -> int:
    """Of a plan that the checker has nothing against and that leaves nobody out; else it counts as none."""
    routes = [route for tour in tours if not isinstance(route := route_of(problem, tour), Obstacle)]
    served = {stop_id for route in routes for stop_id in route.stops}
    left = tuple(Unassigned(stop.id, Reason("left_out")) for stop in problem.stops if stop.id not in served)
    plan = Plan(tuple(routes), left, is_estimate=False)
    if violations := check(problem, plan):
        raise AssertionError(violations)
    return sys.maxsize if left else measures(problem, plan).distance_m


if __name__ == "__main__":
    sys.exit(main())
