"""What was said of arrivals against what came of it: it widens today's windows, teaches `errors` and is shown as accuracy. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cloud.eta.errors import HIGH, LOW, Wide, Window
from cloud.eta.forecast import Arrival

SAY_EVERY_S = 300  # how often what is said is noted; between that the van is the same few streets on
# How much one arrival stretches today's windows where it lay without, and takes back of that where it lay within (Gibbs and
# Candès, "Adaptive conformal inference under distribution shift", 2021); and how far at most. A good morning narrows nothing: what
# goes wrong comes later in the day.
_STEP, _WIDEST = 0.08, 2.0


class Said(msgspec.Struct, frozen=True, array_like=True):
    """Of a stop ahead. ``forecast_ms`` and ``spread_s``: before `errors` had their say; ``delayed_ms``: the plan's time and the
    delay of that moment, None without a plan; the window as it was shown.
    """

    stop: int
    stops_before: int
    forecast_ms: int
    spread_s: float
    early_ms: int
    expected_ms: int
    late_ms: int
    delayed_ms: int | None = None


def said(arrivals: Iterable[Arrival], shown: Mapping[int, Window], delayed: Mapping[int, int]) -> list[Said]:
    """What is noted of a moment."""
    return [
        Said(
            one.stop, one.stops_before, one.expected_ms, round(one.spread_s, 1), shown[one.stop].early_ms,
            shown[one.stop].expected_ms, shown[one.stop].late_ms, delayed.get(one.stop),
        )
        for one in arrivals
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one thing said of one arrival. ``off_s``, ``schedule_off_s``, ``delay_off_s``: later than said above 0."""

    stop: int
    stops_before: int
    off_spreads: float
    off_s: float
    width_s: float
    is_early: bool
    is_late: bool
    schedule_off_s: float | None
    delay_off_s: float | None


def outcomes(sayings: Iterable[Said], arrived_ms: Mapping[int, int], planned_ms: Mapping[int, int]) -> list[Outcome]:
    """Of one run: all that was said of stops it has come to since."""
    return [
        Outcome(
            one.stop, one.stops_before, (arrived_ms[one.stop] - one.forecast_ms) / 1000 / max(one.spread_s, 1.0),
            (arrived_ms[one.stop] - one.expected_ms) / 1000, (one.late_ms - one.early_ms) / 1000,
            arrived_ms[one.stop] < one.early_ms, arrived_ms[one.stop] > one.late_ms,
            (arrived_ms[one.stop] - planned_ms[one.stop]) / 1000 if one.stop in planned_ms else None,
            None if one.delayed_ms is None else (arrived_ms[one.stop] - one.delayed_ms) / 1000,
        )
        for one in sayings
        if one.stop in arrived_ms
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Missed:
    """Of what was said of one arrival, how much lay beside it (0 to 1): it came earlier, it came later."""

    early: float
    late: float


def missed(run: Sequence[Outcome]) -> dict[int, Missed]:
    """By stop. An arrival counts once, however much was said of it."""
    by_stop: dict[int, list[Outcome]] = {}
    for one in run:
        by_stop.setdefault(one.stop, []).append(one)
    return {
        stop: Missed(sum(one.is_early for one in of) / len(of), sum(one.is_late for one in of) / len(of))
        for stop, of in by_stop.items()
    }


def wide_of(today: Iterable[Missed]) -> Wide:
    """What today's arrivals make of today's windows, of all an operator's runs."""
    arrivals = list(today)
    return Wide(_stretch(sum(one.early - LOW for one in arrivals)), _stretch(sum(one.late - (1.0 - HIGH) for one in arrivals)))


def _stretch(missed_too_often: float) -> float:
    return min(_WIDEST, max(1.0, math.exp(_STEP * missed_too_often)))
