"""One run of PyVRP's iterated local search (Wouda, Lan, Kool 2024) on one core, from where another left off.

Takes the penalties along: they settle over tens of thousands of iterations, and a run of two seconds is one of many.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyvrp
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.search import LocalSearch, NeighbourhoodParams, PerturbationManager, PerturbationParams, compute_neighbours

from cloud.routing.plan import Tour
from cloud.routing.problem import Problem
from cloud.routing.pyvrp_model import PyvrpModel, pyvrp_model

Penalties = tuple[list[float], float, float]


@dataclass(frozen=True, slots=True)
class SearchParams:
    """Measured on 1,000 customers: a short memory and small perturbations are better by a third than PyVRP's own 300 and 25."""

    history_length: int = 100
    max_perturbations: int = 10
    neighbours: int = 50

    def __post_init__(self) -> None:
        if min(self.history_length, self.max_perturbations, self.neighbours) < 1:
            raise ValueError(f"{self}: every number is at least 1")


PYVRPS_OWN = SearchParams(history_length=300, max_perturbations=25, neighbours=50)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one run may use: ``iterations``, or else ``seconds`` of the processor or of the clock, and no longer than ``idle``
    iterations after its last better plan that serves all; None: whatever it finds.
    """

    seconds: float
    iterations: int | None = None
    is_cpu: bool = False
    idle: int | None = None

    def clock_s(self) -> float:
        return time.process_time() if self.is_cpu else time.monotonic()


@dataclass(frozen=True, slots=True)
class Found:
    """``cost_mfen`` None: not everything that is to be served is. ``used_s`` by the budget's clock."""

    tours: list[Tour]
    cost_mfen: int | None
    penalties: Penalties
    iterations: int
    used_s: float


@dataclass(frozen=True, slots=True)
class Task:
    """A problem and how it is to be searched. ``is_plain``: from PyVRP's own penalties, for comparison."""

    problem: Problem
    start: Sequence[Tour]
    seed: int
    budget: Budget
    params: SearchParams
    is_all_required: bool = True
    penalties: Penalties | None = None
    is_plain: bool = False


class _Stop:
    """PyVRP asks after each iteration with its best cost."""

    def __init__(self, task: Task, began_s: float, is_stopped: Callable[[], bool], told: Callable[[int], None], mfen: int) -> None:
        self._task = task
        self._end_s = began_s + task.budget.seconds
        self._left = task.budget.iterations
        self._idle = 0
        self._is_stopped = is_stopped
        self._told = told
        self._best = -1
        self._mfen = mfen

    def __call__(self, best_cost: float) -> bool:
        budget = self._task.budget
        self._idle += 1
        if best_cost != self._best and best_cost < _INFEASIBLE:
            self._best = int(best_cost)
            self._idle = 0
            self._told(self._best * self._mfen)
        if self._left is not None:
            self._left -= 1
            return self._left < 0 or self._is_stopped()
        if budget.idle is not None and self._best >= 0 and self._idle >= budget.idle:
            return True
        return budget.clock_s() >= self._end_s or self._is_stopped()


_INFEASIBLE = 2**62


def search(task: Task, is_stopped: Callable[[], bool] = lambda: False, told: Callable[[int], None] = lambda _: None) -> Found:
    """``told`` hears each better cost in mfen. Without a start it makes one: random, then searched from end to end."""
    began_s = task.budget.clock_s()
    model = pyvrp_model(task.problem, is_all_required=task.is_all_required)
    data = model.data
    rng = pyvrp.RandomNumberGenerator(seed=task.seed)
    neighbours = compute_neighbours(data, NeighbourhoodParams(num_neighbours=task.params.neighbours))
    local = LocalSearch(data, rng, neighbours, PerturbationManager(PerturbationParams(1, task.params.max_perturbations)))
    for operator in pyvrp.search.OPERATORS:
        if operator.supports(data):
            local.add_operator(operator(data))
    params = pyvrp.PenaltyParams()
    first = params.midpoint_penalties(data) if task.is_plain else first_penalties(data)
    manager = pyvrp.PenaltyManager(task.penalties or first, params)
    start = model.solution(task.start) if task.start else pyvrp.Solution.make_random(data, rng)
    if not task.start or not start.is_complete():
        start = local(start, manager.max_cost_evaluator(), exhaustive=True)
    ils = pyvrp.IteratedLocalSearch(
        data, manager, local, start, pyvrp.IteratedLocalSearchParams(history_length=task.params.history_length)
    )
    stop = _Stop(task, began_s, is_stopped, told, model.mfen)
    with warnings.catch_warnings():
        # That a problem may have no plan is expected here; who asked is told by the cost.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        result = ils.run(stop, collect_stats=False, display=False)
    tours = model.tours(result.best)
    cost_mfen = _cost_mfen(model, result.best) if _keeps_locks(task.problem, tours) else None
    return Found(tours, cost_mfen, manager.penalties(), result.num_iterations, task.budget.clock_s() - began_s)


def first_penalties(data: pyvrp.ProblemData) -> Penalties:
    """What a unit too much costs at first: ten short ways for a stop's load, a hundred seconds for one of lateness.

    PyVRP begins with 50,000 for everything, which in a short search never comes down to where a detour through what is not allowed
    pays: with these 1,000 customers end a third nearer to the best known.
    """
    way_m, way_s = data.distance_matrix(0), data.duration_matrix(0)
    near = max(1, min(10, len(way_m) - 1))
    kind = data.vehicle_type(0)
    short_m, short_s = (float(np.sort(way, axis=1)[:, 1 : near + 1].mean()) for way in (way_m, way_s))
    short = kind.unit_distance_cost * short_m + kind.unit_duration_cost * short_s
    speed_m_s = float(way_m.mean()) / max(1.0, float(way_s.mean()))
    second = kind.unit_duration_cost + kind.unit_distance_cost * speed_m_s
    loads = np.array([client.delivery for client in data.clients()], dtype=np.float64).reshape(data.num_clients, -1)
    mean = np.maximum(loads.mean(axis=0), 1e-6) if len(loads) else np.ones(data.num_load_dimensions)
    most = pyvrp.PenaltyParams().max_penalty / 2
    return [float(one) for one in np.clip(10 * short / mean, 1, most)], min(most, max(1.0, 100 * second)), most


def _keeps_locks(problem: Problem, tours: Sequence[Tour]) -> bool:
    """To PyVRP a van that may not come is one with a very long way."""
    return all(problem.stop[stop_id].may_be_served_by(tour.van_id) for tour in tours for stop_id in tour.stops)


def _cost_mfen(model: PyvrpModel, best: pyvrp.Solution) -> int | None:
    if not best.is_feasible():
        return None
    return pyvrp.CostEvaluator([0.0] * model.data.num_load_dimensions, 0, 0).cost(best) * model.mfen
