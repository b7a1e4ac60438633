"""Processes that search parts of one problem side by side. The problem travels once; tasks name stops and vans.

A crew ends with its block. Whoever stops early sets one flag that every search looks at after each iteration.
"""

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Self

from cloud.routing.engine import Watch
from cloud.routing.part import Part, part_problem
from cloud.routing.plan import Tour
from cloud.routing.problem import Problem
from cloud.routing.pyvrp_search import Budget, Found, Penalties, SearchParams, Task, search

# How soon "stop now" is heard by those who search.
_LOOK_EVERY_S = 0.2
# Before anybody found anything.
_NOTHING = 2**62


@dataclass(frozen=True, slots=True)
class PartTask:
    """A search of some of the stops with some of the vans; ``part`` None: of all."""

    part: Part | None
    start: tuple[Tour, ...]
    seed: int
    budget: Budget
    params: SearchParams
    is_all_required: bool
    penalties: Penalties | None


class Crew:
    """``async``-free: `search_all` blocks, and belongs in a process or a thread of its own."""

    def __init__(self, problem: Problem, cores: int) -> None:
        self._problem = problem
        self._cores = cores
        self._pool: ProcessPoolExecutor | None = None
        self._stop: Event | None = None
        self._best: Synchronized[int] | None = None

    def __enter__(self) -> Self:
        if self._cores > 1:
            context = multiprocessing.get_context("spawn")  # forking a process with threads is a gamble
            self._stop = context.Event()
            self._best = context.Value("q", _NOTHING)
            self._pool = ProcessPoolExecutor(self._cores, context, _remember, (self._problem, self._stop, self._best))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None and self._stop is not None:
            self._stop.set()
            self._pool.shutdown(cancel_futures=True)

    def search_all(self, tasks: Sequence[PartTask], watch: Watch) -> list[Found]:
        """In the order of ``tasks``; returns early, with what was found till then, once the watch says stop."""
        if self._pool is None or self._stop is None or self._best is None:
            return [_search(self._problem, task, watch.is_stopped, watch.report) for task in tasks]
        futures = [self._pool.submit(_search_here, task) for task in tasks]
        _wait(futures, watch, self._stop, self._best)
        return [future.result() for future in futures]


def _wait(futures: Iterable[Future[Found]], watch: Watch, stop: Event, best: "Synchronized[int]") -> None:
    left = set(futures)
    while left:
        _, left = wait(left, _LOOK_EVERY_S, FIRST_COMPLETED)
        if watch.is_stopped():
            stop.set()
        if best.value < _NOTHING:
            watch.report(best.value)


def _search(problem: Problem, task: PartTask, is_stopped: Callable[[], bool], told: Callable[[int], None]) -> Found:
    part = problem if task.part is None else part_problem(problem, task.part)
    whole = Task(part, task.start, task.seed, task.budget, task.params, task.is_all_required, task.penalties)
    return search(whole, is_stopped, told if task.part is None else lambda _: None)


# What a process of a crew works on: set once, as it starts.
_here: "tuple[Problem, Event, Synchronized[int]] | None" = None


def _remember(problem: Problem, stop: Event, best: "Synchronized[int]") -> None:
    global _here  # a process has one crew, and gets the problem once
    _here = (problem, stop, best)


def _search_here(task: PartTask) -> Found:
    if _here is None:
        raise RuntimeError("this process was not started by a crew")
    problem, stop, best = _here

    def told(cost_mfen: int) -> None:
        with best.get_lock():
            best.value = min(best.value, cost_mfen)

    return _search(problem, task, stop.is_set, told)
