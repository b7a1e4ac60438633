"""From the seconds a road engine says to those a van takes: one factor, and one for each hour of the day. Pure.

The engine drives at the limit; vans wait at lights, turn and look for the gate. Leaves reading what was driven to `eta`, and
keeping what was learned to `paces`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

HOURS = 24
DRIVEN = 1.2  # measured: durations of a driven profile over the engine's, before anything was learned
_PRIOR_S = 1800.0  # how much driving the first guess counts for: half an hour of an hour's own
_WILD = 4.0  # a leg driven so many times slower or faster: a meal, a detour, a van that was not heard
_SLOWEST, _FASTEST = 4.0, 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """``factor``: seconds driven for one of the engine's. ``by_hour``: local hour, over the day's ``factor``."""

    factor: float = DRIVEN
    by_hour: tuple[float, ...] = (1.0,) * HOURS

    def __post_init__(self) -> None:
        if len(self.by_hour) != HOURS:
            raise ValueError(f"by_hour: want {HOURS} factors, got {len(self.by_hour)}")
        if not all(_FASTEST <= factor <= _SLOWEST for factor in (self.factor, *self.by_hour)):
            raise ValueError(f"pace: want factors of {_FASTEST} to {_SLOWEST}, got {self.factor}, {self.by_hour}")

    def at(self, hour: int | None) -> float:
        """What to multiply the engine's seconds by at a local hour; None: over the day."""
        return self.factor if hour is None else self.factor * self.by_hour[hour]


@dataclass(frozen=True, slots=True)
class Passage:
    """A van from one place to another: at which local hour, how long it took, and what the engine says without any pace."""

    leg: tuple[int, int]
    hour: int
    observed_s: float
    predicted_s: float


def learn(passages: Iterable[Passage], before: Pace = Pace()) -> Pace:  # frozen
    """The pace that passages show. Hours that were hardly driven stay near ``before``; wild passages are left out.

    Factors are ratios of sums, so that long legs count for what they take; each leg counts once an hour, by the median of
    its passages, so that a van that waits at one place every day does not make the whole town slow.
    """
    by_leg: dict[tuple[int, tuple[int, int]], list[Passage]] = {}
    for passage in passages:
        if passage.predicted_s > 0 and before.factor / _WILD <= passage.observed_s / passage.predicted_s <= before.factor * _WILD:
            by_leg.setdefault((passage.hour % HOURS, passage.leg), []).append(passage)
    observed, predicted = [0.0] * HOURS, [0.0] * HOURS
    for (hour, _), found in by_leg.items():
        observed[hour] += median(one.observed_s / one.predicted_s for one in found) * sum(one.predicted_s for one in found)
        predicted[hour] += sum(one.predicted_s for one in found)
    if not any(predicted):
        return before
    factor = _blend(sum(observed), sum(predicted), before.factor)
    by_hour = (
        _blend(observed[hour], predicted[hour] * factor, before.by_hour[hour]) if predicted[hour] else before.by_hour[hour]
        for hour in range(HOURS)
    )
    return Pace(_bounded(factor), tuple(_bounded(one) for one in by_hour))


def _blend(observed_s: float, predicted_s: float, before: float) -> float:
    return (observed_s + before * _PRIOR_S) / (predicted_s + _PRIOR_S)


def _bounded(factor: float) -> float:
    return min(_SLOWEST, max(_FASTEST, factor))
