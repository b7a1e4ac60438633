"""A parcel's cold-chain account from van to hand: how long it was out of range, by how much, and how much of that was seen. Pure.

The numbers are `edge.rules.exposure`'s, what makes an excursion a breach are the alarm rules' durations, counted over all the
parcel's own places: ten minutes too warm in the van and twelve more on the shelf are one excursion of the parcel.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloud.domain.boxes import Basis, Leg, most_gap_s, windows_of
from edge.rules.alarm_excursion import NONE, Excursion, Look, judge
from edge.rules.alarm_limits import Goods, Limits
from edge.rules.alarm_words import Explained, Rule, Severity
from edge.rules.exposure import Exposure, account
from edge.wire.messages import ColdBox

Readings = Sequence[tuple[int, float | None]]  # (ms, °C or no value) of one sensor, in order of time
SensorKey = tuple[str, str]  # site, sensor


class Verdict(StrEnum):
    """What is to be said of a parcel in one word; the pages translate."""

    NO_DATA = "no_data"
    IN_RANGE = "in_range"
    EXCURSION = "excursion"  # out of range, not for long enough to matter
    BREACH = "breach"  # beyond limit and duration: temp_breach


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """One excursion. ``minutes``: observed beyond the limit, defrosting left out. ``severity``: as the alarm rules call it."""

    from_ms: int
    to_ms: int
    rule: Rule
    minutes: float
    peak_c: float
    severity: Severity | None


@dataclass(frozen=True, slots=True)
class LegAccount:
    """What was measured on one leg. ``box``: whose readings count; None where nothing measured."""

    leg: Leg
    box: ColdBox | None
    exposure: Exposure
    coldest_c: float | None = None
    warmest_c: float | None = None


@dataclass(frozen=True, slots=True)
class ColdAccount:
    """All of it. ``basis``: on which most of what was measured stands; of two alike the vaguer."""

    goods: Goods
    legs: tuple[LegAccount, ...]
    excursions: tuple[OutOfRange, ...]

    @property
    def total(self) -> Exposure:
        return sum((leg.exposure for leg in self.legs), Exposure())

    @property
    def coldest_c(self) -> float | None:
        return min((leg.coldest_c for leg in self.legs if leg.coldest_c is not None), default=None)

    @property
    def warmest_c(self) -> float | None:
        return max((leg.warmest_c for leg in self.legs if leg.warmest_c is not None), default=None)

    @property
    def basis(self) -> Basis:
        minutes = dict.fromkeys((Basis.ZONE, Basis.CONTAINER, Basis.PLACE), 0.0)
        for leg in self.legs:
            if leg.leg.basis in minutes:
                minutes[leg.leg.basis] += leg.exposure.observed_min
        return max(minutes, key=lambda basis: minutes[basis]) if any(minutes.values()) else Basis.NONE

    @property
    def worst(self) -> OutOfRange | None:
        """The longest of the most severe."""
        ranked = sorted(self.excursions, key=lambda one: (one.severity.rank if one.severity else 0, one.minutes, -one.from_ms))
        return ranked[-1] if ranked else None

    @property
    def breached_ms(self) -> int | None:
        """When the first excursion began that is beyond limit and duration."""
        return min((one.from_ms for one in self.excursions if one.severity is Severity.CRITICAL), default=None)

    @property
    def verdict(self) -> Verdict:
        total = self.total
        if total.observed_min <= 0.0:
            return Verdict.NO_DATA
        if self.breached_ms is not None:
            return Verdict.BREACH
        return Verdict.EXCURSION if total.above_min + total.below_min > 0.0 else Verdict.IN_RANGE


def goods_of(zone: str, classes: Iterable[str | None]) -> Goods | None:
    """The class by which a parcel is judged: its zone's, unless all its articles bear more. None: nothing is to be kept cold."""
    match zone:
        case "frozen":
            return Goods.FROZEN
        case "chilled":
            given = list(classes)
            return Goods.CHILLED_WIDE if given and all(one == Goods.CHILLED_WIDE for one in given) else Goods.CHILLED
        case _:
            return None


def cold_account(
    goods: Goods, limits: Limits, parcel_legs: Sequence[Leg], readings: Mapping[SensorKey, Readings], sites: Mapping[str, str]
) -> ColdAccount:  # fmt: skip
    """``sites``: the van's site of a run, as `legs` was given them. Legs in order; readings in any, also from before and after."""
    found: list[LegAccount] = []
    segments: list[_Segment] = []
    in_order = {key: _in_order(values) for key, values in readings.items()}
    for leg in parcel_legs:
        site = site_of(leg, sites)
        chosen, held = _worst(leg, limits, {box.sensor: in_order.get((site, box.sensor), ()) for box in leg.boxes})
        found.append(chosen)
        segments += held
    return ColdAccount(goods, tuple(found), tuple(_excursions(segments, limits)))


def site_of(leg: Leg, vans: Mapping[str, str]) -> str:
    """Whose sensors measured on a leg; "" in a van that nobody knows."""
    return vans.get(leg.stay.run, "") if leg.stay.is_aboard else leg.stay.site


def _in_order(readings: Iterable[tuple[int, float | None]]) -> Readings:
    """By time; of two at one time a value before none, and the lower, whichever came first."""
    first_of: dict[int, float | None] = {}
    for at_ms, value in sorted(readings, key=lambda one: (one[0], one[1] is None, one[1] or 0.0)):
        first_of.setdefault(at_ms, value)
    return list(first_of.items())


@dataclass(frozen=True, slots=True)
class _Segment:
    """A reading and the time it holds for the parcel."""

    from_ms: int
    to_ms: int
    value: float
    is_defrosting: bool


def _worst(leg: Leg, limits: Limits, readings: Mapping[str, Readings]) -> tuple[LegAccount, list[_Segment]]:
    """Of boxes of which nobody knows which it was, the one in which it would have fared worst: better pulled than eaten."""
    best: tuple[tuple[float, ...], LegAccount, list[_Segment]] | None = None
    for box in leg.boxes:
        gap_s = most_gap_s(box)
        exposure = account(readings[box.sensor], leg.from_ms, leg.to_ms, limits, gap_s)
        held = _segments(readings[box.sensor], leg, box, gap_s)
        values = [one.value for one in held]
        judged = LegAccount(leg, box, exposure, min(values, default=None), max(values, default=None))
        rank = (
            exposure.above_min + exposure.below_min,
            exposure.above_c_min + exposure.below_c_min,
            1.0 if exposure.observed_min > 0.0 else 0.0,
            -exposure.observed_min,
        )
        if best is None or rank > best[0]:
            best = rank, judged, held
    if best is None:
        return LegAccount(leg, None, Exposure(expected_min=(leg.to_ms - leg.from_ms) / 60_000)), []
    return best[1], best[2]


def _segments(readings: Readings, leg: Leg, box: ColdBox, gap_s: float) -> list[_Segment]:
    windows = windows_of(box)
    found: list[_Segment] = []
    for place, (at_ms, value) in enumerate(readings):
        if at_ms >= leg.to_ms:
            break
        next_ms = readings[place + 1][0] if place + 1 < len(readings) else leg.to_ms
        from_ms, to_ms = max(at_ms, leg.from_ms), min(next_ms, leg.to_ms, at_ms + int(gap_s * 1000))
        if value is not None and math.isfinite(value) and to_ms > from_ms:
            found.append(_Segment(from_ms, to_ms, value, any(window.holds(from_ms) for window in windows)))
    return found


def _excursions(segments: Sequence[_Segment], limits: Limits) -> list[OutOfRange]:
    found: list[OutOfRange] = []
    if limits.high_c is not None:
        found += _beyond(segments, limits, Rule.HIGH, limits.high_c, 1.0)
    if limits.low_c is not None:
        found += _beyond(segments, limits, Rule.LOW, limits.low_c, -1.0)
    return sorted(found, key=lambda one: (one.from_ms, one.rule))


def _beyond(segments: Sequence[_Segment], limits: Limits, rule: Rule, limit: float, sign: float) -> Iterable[OutOfRange]:
    state, worst = NONE, NONE
    to_ms, peak = 0, 0.0
    for one in segments:
        beyond_c = (one.value - limit) * sign
        is_defrosting = one.is_defrosting and rule is Rule.HIGH
        for at_ms, counted_ms in ((one.from_ms, 0), (one.to_ms, one.to_ms - one.from_ms)):
            look = Look("", rule, at_ms, one.value, limit, beyond_c, counted_ms, is_defrosting)
            state, _ = judge(state, look, limits, Explained.NOT)
            if state.since_ms is None and worst.since_ms is not None:
                yield _told(worst, to_ms, rule, peak)
                worst = NONE
            elif state.since_ms is not None:
                peak = max(peak if worst.since_ms is not None else -math.inf, one.value * sign)
                to_ms = one.to_ms if beyond_c > 0.0 else to_ms
                worst = state
    if worst.since_ms is not None:
        yield _told(worst, to_ms, rule, peak)


def _told(excursion: Excursion, to_ms: int, rule: Rule, peak: float) -> OutOfRange:
    severity = excursion.alarm.severity if excursion.alarm is not None else None
    minutes = excursion.over_ms / 60_000
    return OutOfRange(excursion.since_ms or 0, to_ms, rule, minutes, peak if rule is Rule.HIGH else -peak, severity)
