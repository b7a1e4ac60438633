"""What engines have in common: how much they may do, whom they tell, and what they answer.

An engine decides tours; times, checks and reasons are not its business.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cloud.routing.plan import Tour
from cloud.routing.problem import Problem

FEW_STOPS = 20
# Windows of progress that a page draws; more would only be thrown away.
_REPORT_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search. The same ``seed`` and ``iterations`` give the same plan, on any machine, whatever ``seconds`` says.

    ``iterations`` None: as many as ``seconds`` of each core allow. ``cores``: processes that work side by side. ``is_cpu``:
    seconds of the processor count instead of the clock's, for comparisons on a busy machine.
    """

    seconds: float = 30.0
    seed: int = 1
    iterations: int | None = None
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    is_cpu: bool = False

    def __post_init__(self) -> None:
        if not self.seconds > 0 or self.cores < 1 or self.seed < 0 or (self.iterations is not None and self.iterations < 1):
            raise ValueError(f"{self}: want seconds > 0, cores > 0, seed ≥ 0 and iterations > 0")


def is_quick(problem: Problem, effort: Effort) -> bool:
    """Whether the search has its best after a moment: a second core finds nothing more, and trying on for the rest of the time
    neither. Not of a counted one, which is the same on every machine.
    """
    return effort.iterations is None and len(problem.stops) <= FEW_STOPS


def idle_limit(problem: Problem, effort: Effort, a_stop: int) -> int | None:
    """After how many tries with nothing better, ``a_stop`` for each stop, it is over; None: it goes on."""
    return a_stop * len(problem.stops) if is_quick(problem, effort) else None


@dataclass(frozen=True, slots=True)
class Progress:
    """The best so far. ``cost_mfen`` None: nothing yet that serves all."""

    elapsed_s: float
    cost_mfen: int | None


class Watch:
    """Tells somebody how the search goes, and tells the search whether somebody has had enough."""

    def __init__(self, tell: Callable[[Progress], None] | None = None, is_enough: Callable[[], bool] | None = None) -> None:
        self._tell = tell
        self._is_enough = is_enough
        self._began_s = time.monotonic()
        self._told_s = -_REPORT_EVERY_S

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began_s

    def report(self, cost_mfen: int | None, *, is_last: bool = False) -> None:
        """At most twice a second, and at the end."""
        if self._tell is not None and (is_last or self.elapsed_s - self._told_s >= _REPORT_EVERY_S):
            self._told_s = self.elapsed_s
            self._tell(Progress(self.elapsed_s, cost_mfen))

    def is_stopped(self) -> bool:
        """True once somebody said stop."""
        return self._is_enough is not None and self._is_enough()


class Engine(Protocol):
    """One way of solving."""

    @property
    def name(self) -> str:
        """As a plan names it."""
        ...

    def refuses(self, problem: Problem) -> str:
        """What of the problem it cannot do, in a word; "" where it can."""
        ...

    def solve(self, problem: Problem, effort: Effort, start: Sequence[Tour], watch: Watch) -> list[Tour]:
        """Tours of vans that leave; stops that are in none are left out. ``start``: a warm start, perhaps outdated or empty."""
        ...
