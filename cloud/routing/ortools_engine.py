"""OR-Tools for what is small and richly constrained: iterated local search on one core, guided local search on another.

From a warm start, or counted by solutions, there is guided local search only: the other takes no start and knows no count.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.synchronize import Event

from ortools.constraint_solver import pywrapcp, routing_enums_pb2, routing_ils_pb2, routing_parameters_pb2

from cloud.routing.engine import Effort, Watch, idle_limit, is_quick
from cloud.routing.ortools_model import OrtoolsModel
from cloud.routing.plan import Tour
from cloud.routing.problem import Problem

# A counted search takes some 15 branches a solution. Where there are fewer solutions than are asked for (one van and one stop have
# one), guided local search goes round for ever: it ends after so many branches, the same on every machine.
_BRANCHES_A_SOLUTION = 1_000
_LEAST_BRANCHES = 100_000  # 0.1 s
# Of few stops. With 15 the last better one came 45 solutions after the one before, of 5 days.
_IDLE_SOLUTIONS_A_STOP = 20


class Method(StrEnum):
    """Of the library's."""

    ITERATED = "iterated"
    GUIDED = "guided"


@dataclass(frozen=True, slots=True)
class Answer:
    """``cost_mfen`` None: it found nothing."""

    tours: list[Tour]
    cost_mfen: int | None


@dataclass(frozen=True, slots=True)
class OrtoolsEngine:
    """An Engine that refuses nothing, and is slow above a few hundred stops."""

    @property
    def name(self) -> str:
        return "or-tools"

    def refuses(self, _problem: Problem) -> str:
        """Nothing."""
        return ""

    def solve(self, problem: Problem, effort: Effort, start: Sequence[Tour], watch: Watch) -> list[Tour]:
        """The better answer of its methods."""
        if not problem.stops:
            return []
        if effort.cores == 1 or start or effort.iterations is not None or is_quick(problem, effort):
            answer = search(problem, Method.GUIDED, effort, start, watch.is_stopped, watch.report)
        else:
            answer = _side_by_side(problem, effort, watch)
        watch.report(answer.cost_mfen, is_last=True)
        return answer.tours


def _side_by_side(problem: Problem, effort: Effort, watch: Watch) -> Answer:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(1, context, _remember, (stop,)) as pool:
        other = pool.submit(_search_here, problem, Method.ITERATED, effort)
        mine = search(problem, Method.GUIDED, effort, (), watch.is_stopped, watch.report)
        if watch.is_stopped():
            stop.set()
        theirs = other.result()
    return min(mine, theirs, key=lambda answer: (answer.cost_mfen is None, answer.cost_mfen or 0))


def search(
    problem: Problem, method: Method, effort: Effort, start: Sequence[Tour], is_stopped: Callable[[], bool],
    told: Callable[[int], None],
) -> Answer:  # fmt: skip
    """One core. ``told`` hears each better cost."""
    model = OrtoolsModel(problem)
    routing = model.routing
    began_s = time.process_time()
    best, idle = 2**62, 0
    most_idle = idle_limit(problem, effort, _IDLE_SOLUTIONS_A_STOP)

    def look() -> None:
        nonlocal best, idle
        cost = routing.CostVar().Max()
        idle += 1
        if cost < best:
            best, idle = cost, 0
            told(cost)
        is_over = effort.is_cpu and time.process_time() - began_s >= effort.seconds
        if is_over or is_stopped() or idle == most_idle:
            routing.solver().FinishCurrentSearch()

    parameters = _parameters(method, effort)
    routing.CloseModelWithParameters(parameters)
    heads = model.heads()
    if any(heads):
        routing.ApplyLocksToAllVehicles(heads, False)
    routing.AddAtSolutionCallback(look)
    if effort.iterations is not None:
        routing.AddSearchMonitor(routing.solver().BranchesLimit(max(_LEAST_BRANCHES, effort.iterations * _BRANCHES_A_SOLUTION)))
    first = routing.ReadAssignmentFromRoutes(model.routes(start), True) if start else None
    if first is not None:
        found = routing.SolveFromAssignmentWithParameters(first, parameters)
    elif method is Method.ITERATED:
        found = routing.SolveWithIteratedLocalSearch(parameters)
    else:
        found = routing.SolveWithParameters(parameters)
    return Answer([], None) if found is None else Answer(model.tours(found), found.ObjectiveValue())


def _parameters(method: Method, effort: Effort) -> routing_parameters_pb2.RoutingSearchParameters:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    if method is Method.GUIDED:
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    else:
        # Strings of neighbouring stops are taken out and put back where it is cheapest (Christiaens and Vanden Berghe 2020).
        ruin = parameters.iterated_local_search_parameters.ruin_recreate_parameters
        ruin.ruin_composition_strategy = routing_ils_pb2.RuinCompositionStrategy.RUN_ONE_RANDOMLY
        strings = ruin.ruin_strategies.add().sisr
        strings.max_removed_sequence_size, strings.avg_num_removed_visits, strings.bypass_factor = 10, 10, 0.5
    if effort.iterations is not None:
        parameters.solution_limit = effort.iterations
    else:
        parameters.time_limit.FromMilliseconds(max(1, int(effort.seconds * 1000)))
    return parameters


_here: Event | None = None


def _remember(stop: Event) -> None:
    global _here  # a process has one search to stop
    _here = stop


def _search_here(problem: Problem, method: Method, effort: Effort) -> Answer:
    stop = _here
    return search(problem, method, effort, (), lambda: stop is not None and stop.is_set(), lambda _: None)
