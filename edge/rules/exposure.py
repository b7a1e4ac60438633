"""The exposure account: how long and how far goods were out of range, and how much of the time was observed. Pure.

One account is of one limit class over one stretch of a journey; accounts add up over truck, station and locker. A gap counts as
nothing: it lowers the coverage, and is neither within nor out of range. Leaves which readings are a parcel's to others.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from edge.rules.alarm_limits import Limits

ACTIVATION_J_MOL = 83_144.0  # USP <1079>: the ΔH of mean kinetic temperature
GAS_J_MOL_K = 8.314_462_6
KELVIN = 273.15


@dataclass(frozen=True, slots=True)
class Exposure:
    """Minutes, and °C times minutes out of range; a time between two readings has the value of the earlier one.

    ``expected_min``: that should have been observed. ``kinetic``: the sum of minutes times exp(-ΔH/RT), of observed time.
    """

    observed_min: float = 0.0
    expected_min: float = 0.0
    above_min: float = 0.0
    below_min: float = 0.0
    above_c_min: float = 0.0
    below_c_min: float = 0.0
    kinetic: float = 0.0

    @property
    def coverage(self) -> float | None:
        """Observed ÷ expected; None where nothing was expected."""
        return self.observed_min / self.expected_min if self.expected_min > 0.0 else None

    @property
    def mean_kinetic_c(self) -> float | None:
        """Of chilled goods, by USP <1079>; None where nothing was observed, or where it is below 0 °C and means nothing."""
        if self.observed_min <= 0.0 or self.kinetic <= 0.0:
            return None
        mean_c = ACTIVATION_J_MOL / GAS_J_MOL_K / -math.log(self.kinetic / self.observed_min) - KELVIN
        return mean_c if mean_c >= 0.0 else None

    def __add__(self, other: Self) -> "Exposure":
        """The same goods somewhere else."""
        return Exposure(
            self.observed_min + other.observed_min,
            self.expected_min + other.expected_min,
            self.above_min + other.above_min,
            self.below_min + other.below_min,
            self.above_c_min + other.above_c_min,
            self.below_c_min + other.below_c_min,
            self.kinetic + other.kinetic,
        )


def account(readings: Iterable[tuple[int, float | None]], from_ms: int, to_ms: int, limits: Limits, most_gap_s: float) -> Exposure:
    """Of the time from, up to but not with, to. Readings are (ms, °C or None), in any order; of two at one time the first counts.

    A reading holds until the next one, at most ``most_gap_s`` long (what makes a sensor silent), also one from before ``from_ms``.
    """
    total = Exposure(expected_min=max(0, to_ms - from_ms) / 60_000)
    first_of: dict[int, float | None] = {}
    for at_ms, value in readings:
        first_of.setdefault(at_ms, value)
    times = sorted(at_ms for at_ms in first_of if at_ms < to_ms)
    for place, at_ms in enumerate(times):
        value = first_of[at_ms]
        if value is None or not math.isfinite(value):
            continue
        next_ms = times[place + 1] if place + 1 < len(times) else to_ms
        ends_ms = min(next_ms, to_ms, at_ms + int(most_gap_s * 1000))
        minutes = (ends_ms - max(at_ms, from_ms)) / 60_000
        if minutes > 0.0:
            total = _observed(total, value, minutes, limits)
    return total


def _observed(total: Exposure, value: float, minutes: float, limits: Limits) -> Exposure:
    above_c = 0.0 if limits.high_c is None else max(0.0, value - limits.high_c)
    below_c = 0.0 if limits.low_c is None else max(0.0, limits.low_c - value)
    return replace(
        total,
        observed_min=total.observed_min + minutes,
        above_min=total.above_min + (minutes if above_c > 0.0 else 0.0),
        below_min=total.below_min + (minutes if below_c > 0.0 else 0.0),
        above_c_min=total.above_c_min + above_c * minutes,
        below_c_min=total.below_c_min + below_c * minutes,
        kinetic=total.kinetic + minutes * math.exp(-ACTIVATION_J_MOL / GAS_J_MOL_K / max(1.0, value + KELVIN)),
    )
