"""PyVRP on every core. Small problems: a seed a core, the better kept. Large ones: parts side by side, cut anew each round.

A round's parts are searched on their own from the best so far, so that what one core finds is not searched for on the other,
and an iteration costs what its part costs.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cloud.routing.crew import Crew, PartTask
from cloud.routing.engine import Effort, Watch, idle_limit, is_quick
from cloud.routing.part import cut
from cloud.routing.plan import Tour
from cloud.routing.problem import Problem
from cloud.routing.pyvrp_model import fits_fleet
from cloud.routing.pyvrp_search import Budget, Found, Penalties, SearchParams

# More profiles than this do not fit beside each other for a thousand stops.
_MOST_PROFILE_CELLS = 40_000_000
# Of few stops. With 20 the last better plan came 1,003 iterations after the one before, of 8 days; with 15, 11.
_IDLE_ITERATIONS_A_STOP = 500


@dataclass(frozen=True, slots=True)
class Splitting:
    """How large problems are cut. ``slice_s``, ``slice_iterations``: how long a part is searched before the next cut."""

    from_stops: int = 350
    part_stops: int = 250
    part_tours: int = 6  # fewer have little to exchange
    slice_s: float = 2.5
    slice_iterations: int = 10_000

    def __post_init__(self) -> None:
        if min(self.part_stops, self.part_tours) < 2 or self.slice_s <= 0 or self.slice_iterations < 1:
            raise ValueError(f"{self}: want part_stops and part_tours of two or more, and slices above zero")


@dataclass(frozen=True, slots=True)
class PyvrpEngine:
    """An Engine for problems without breaks, fixed heads of tours or goods to be collected."""

    params: SearchParams = field(default_factory=SearchParams)
    splitting: Splitting = field(default_factory=Splitting)

    @property
    def name(self) -> str:
        return "pyvrp"

    def refuses(self, problem: Problem) -> str:
        """What PyVRP has no way to say."""
        if any(van.breaks for van in problem.vans):
            return "breaks"
        if any(van.first_stops for van in problem.vans):
            return "first_stops"
        if any(stop.collect_place is not None for stop in problem.stops):
            return "collect"
        if any(van.max_stops is not None and van.max_reloads for van in problem.vans):
            return "max_stops"
        if problem.unfamiliar_mfen and any(not kind.per_m_mfen for kind in problem.van_types):
            return "unfamiliar"
        views = {
            (frozenset(stop.id for stop in problem.stops if not stop.may_be_served_by(van.id)), van.known_stops)
            for van in problem.vans
        }
        return "profiles" if len(views) * len(problem.stops) ** 2 > _MOST_PROFILE_CELLS else ""

    def solve(self, problem: Problem, effort: Effort, start: Sequence[Tour], watch: Watch) -> list[Tour]:
        """Everything that is to be served if that can be; else the best choice of it."""
        if not problem.stops:
            return []
        mine = replace(effort, cores=1) if is_quick(problem, effort) else effort
        with Crew(problem, mine.cores) as crew:
            return _Run(self, crew, problem, mine, watch).solve(tuple(start))


class _Run:
    """One problem being solved."""

    def __init__(self, engine: PyvrpEngine, crew: Crew, problem: Problem, effort: Effort, watch: Watch) -> None:
        self._engine = engine
        self._crew = crew
        self._problem = problem
        self._effort = effort
        self._watch = watch
        self._is_all_required = fits_fleet(problem, problem.stops)
        self._rng = random.Random(effort.seed)  # noqa: S311  # a search, not a secret
        self._used_s = 0.0
        self._iterations = 0
        self._penalties: Penalties | None = None

    def solve(self, start: tuple[Tour, ...]) -> list[Tour]:
        if len(self._problem.stops) < self._engine.splitting.from_stops:
            return self._seeds(start)
        first = self._whole(start, self._first_share())
        best = first.tours
        while not self._is_over() and best:
            best = self._round(best)
        return best

    def _seeds(self, start: tuple[Tour, ...]) -> list[Tour]:
        """Each core by itself."""
        found = self._crew.search_all(
            [self._task(start, self._effort.seed + core, self._budget(1.0)) for core in range(self._effort.cores)], self._watch
        )
        best = min(found, key=_rank)
        if best.cost_mfen is None and self._is_all_required:
            return self._choosing(best)
        self._watch.report(best.cost_mfen, is_last=True)
        return best.tours

    def _choosing(self, before: Found) -> list[Tour]:
        """Not all can be served, it seems: then what is left out is chosen by what it costs."""
        self._is_all_required = False
        found = self._crew.search_all(
            [self._task((), self._effort.seed + core, self._budget(0.5)) for core in range(self._effort.cores)], self._watch
        )
        best = min(found, key=_rank)
        self._watch.report(best.cost_mfen, is_last=True)
        return best.tours or before.tours

    def _whole(self, start: tuple[Tour, ...], budget: Budget) -> Found:
        found = self._crew.search_all([self._task(start, self._effort.seed, budget)], self._watch)[0]
        if found.cost_mfen is None and self._is_all_required:
            self._is_all_required = False
            found = self._crew.search_all([self._task((), self._effort.seed, budget)], self._watch)[0]
        self._spend([found])
        return found

    def _round(self, best: list[Tour]) -> list[Tour]:
        splitting = self._engine.splitting
        pieces = min(round(len(self._problem.stops) / splitting.part_stops), len(best) // splitting.part_tours)
        pieces = max(self._effort.cores, pieces - pieces % self._effort.cores)
        parts = cut(self._problem, best, pieces, self._rng)
        budget = self._slice(len(parts))
        tasks = [replace(self._task(part.tours, self._rng.randrange(2**31), budget), part=part) for part in parts]
        found = self._crew.search_all(tasks, self._watch)
        self._spend(found)
        if all(one.cost_mfen is not None for one in found):
            self._watch.report(sum(one.cost_mfen or 0 for one in found))
        self._penalties = max((one.penalties for one in found), key=lambda one: (one[1], one[0]))
        return [
            tour
            for part, one in zip(parts, found, strict=True)
            for tour in (one.tours if one.cost_mfen is not None else part.tours)
        ]

    def _task(self, start: tuple[Tour, ...], seed: int, budget: Budget) -> PartTask:
        return PartTask(None, start, seed, budget, self._engine.params, self._is_all_required, self._penalties)

    def _budget(self, share: float) -> Budget:
        effort = self._effort
        iterations = None if effort.iterations is None else max(1, int(effort.iterations * share))
        idle = idle_limit(self._problem, effort, _IDLE_ITERATIONS_A_STOP)
        return Budget(effort.seconds * share, iterations, effort.is_cpu, idle)

    def _first_share(self) -> Budget:
        """Just enough to have something to cut."""
        return Budget(0.0, 1)

    def _slice(self, parts: int) -> Budget:
        effort, splitting = self._effort, self._engine.splitting
        if effort.iterations is not None:
            left = (effort.iterations - self._iterations) * effort.cores // parts
            return Budget(0.0, max(1, min(splitting.slice_iterations, left)))
        left_s = (effort.seconds - self._used_s) * effort.cores / parts
        return Budget(max(0.1, min(splitting.slice_s, left_s)), None, effort.is_cpu)

    def _spend(self, found: Sequence[Found]) -> None:
        self._used_s += sum(one.used_s for one in found) / self._effort.cores
        self._iterations += max(1, sum(one.iterations for one in found) // self._effort.cores)

    def _is_over(self) -> bool:
        if self._watch.is_stopped():
            return True
        if self._effort.iterations is not None:
            return self._iterations >= self._effort.iterations
        return self._effort.seconds - self._used_s < _LEAST_S


# Less than this is not worth a cut.
_LEAST_S = 0.3


def _rank(found: Found) -> tuple[bool, int]:
    return (found.cost_mfen is None, found.cost_mfen or 0)
