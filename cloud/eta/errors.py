"""How far arrivals were off what was expected, by how many stops ahead it was said: the windows. Pure; kept by the store as JSON.

Conformal prediction by groups (Vovk, "Mondrian"; Lei et al., "Distribution-free predictive inference for regression", 2018) with
errors in units of their expected spread, and forgetting: a histogram a group, of which the older counts less.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cloud.eta.forecast import Arrival

LOW, HIGH = 0.1, 0.9
# Groups by stops that come before: the next, …; the last is for all beyond.
_GROUPS = (0, 1, 2, 4, 7, 11)
_MOST, _STEPS = 8.0, 320
_EDGES = np.linspace(-_MOST, _MOST, _STEPS + 1)
_CENTRES = (_EDGES[:-1] + _EDGES[1:]) / 2
_MEMORY = 20_000.0  # errors of a group: some weeks of ten vans
# Before anything was seen errors are normal with the spread that was expected; that counts like so many.
_PRIOR_COUNT = 40.0
_PRIOR = np.exp(-0.5 * _CENTRES**2) / np.exp(-0.5 * _CENTRES**2).sum() * _PRIOR_COUNT

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Of each group how often arrivals were off by so many spreads, later than said above 0."""

    groups: Mapping[int, Counts] = field(default_factory=dict)

    def quantiles(self, stops_before: int) -> tuple[float, float, float]:
        """The lowest tenth ends, the middle lies, the highest tenth begins, in spreads."""
        counts = self.groups.get(group_of(stops_before), _NOTHING) + _PRIOR
        rising = np.concatenate(([0.0], np.cumsum(counts)))
        n = rising[-1]
        # One more error is to come, and it may lie anywhere between those seen: hence n + 1.
        wanted = np.array([LOW * (n + 1) - 1, 0.5 * n, HIGH * (n + 1)]).clip(0.0, n)
        low, middle, high = np.interp(wanted, rising, _EDGES)
        return float(low), float(middle), float(high)


@dataclass(frozen=True, slots=True)
class Window:
    """Between ``early_ms`` and ``late_ms`` in four of five cases; ``expected_ms``: as often earlier as later."""

    stop: int
    stops_before: int
    early_ms: int
    expected_ms: int
    late_ms: int


@dataclass(frozen=True, slots=True)
class Wide:
    """What today's windows are stretched by at each end, for today is not like the days before."""

    early: float = 1.0
    late: float = 1.0


def windows(arrivals: Iterable[Arrival], errors: Errors, now_ms: int, wide: Wide = Wide()) -> list[Window]:  # frozen
    """Of each arrival. Nothing ahead is in the past."""
    found: list[Window] = []
    for one in arrivals:
        low, middle, high = errors.quantiles(one.stops_before)
        expected_ms = max(now_ms, one.expected_ms + round(middle * one.spread_s * 1000))
        found.append(
            Window(
                one.stop, one.stops_before,
                max(now_ms, expected_ms + round((low - middle) * wide.early * one.spread_s * 1000)), expected_ms,
                max(now_ms, expected_ms + round((high - middle) * wide.late * one.spread_s * 1000)),
            )
        )  # fmt: skip
    return found


def seen(before: Errors, outcomes: Iterable[tuple[int, float]]) -> Errors:
    """After more: (stops before, how many spreads later than expected) each."""
    groups = dict(before.groups)
    by_group: dict[int, list[float]] = {}
    for stops_before, off in outcomes:
        by_group.setdefault(group_of(stops_before), []).append(off)
    for group, offs in by_group.items():
        fresh, _ = np.histogram(np.clip(offs, -_MOST, _MOST), _EDGES)
        groups[group] = groups.get(group, _NOTHING) * (1.0 - 1.0 / _MEMORY) ** len(offs) + fresh
    return Errors(groups)


def group_of(stops_before: int) -> int:
    """The least number of stops before of its group."""
    return max(group for group in _GROUPS if group <= stops_before)


_NOTHING: Counts = np.zeros(_STEPS)
