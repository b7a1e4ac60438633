"""Runs to estimate arrivals of: stops ten minutes apart, five minutes each."""

from dataclasses import dataclass

from cloud.eta.journey import Call, Journey

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class EvenLegs:
    leg_s: float = 600.0
    is_estimate: bool = False

    def seconds(self, from_stop: int, to_stop: int) -> float:
        return self.leg_s * abs(to_stop - from_stop)


def hour_of(at_ms: int) -> int:
    return at_ms // 3_600_000 % 24


def journey(*facts: tuple[float | None, float | None], stops: int = 3, left_min: float = 0.0) -> Journey:
    """``facts``: minutes of arrival and departure of the first stops."""
    known = [*facts, *[(None, None)] * (stops - len(facts))]
    return Journey(
        "r", _ms(left_min) or 0,
        tuple(
            Call(n, f"s{n}", 300.0, round((10 * n + 5 * (n - 1)) * MINUTE_MS), _ms(arrived), _ms(departed))
            for n, (arrived, departed) in enumerate(known, start=1)
        ),
        EvenLegs(),
    )  # fmt: skip


def _ms(minutes: float | None) -> int | None:
    return None if minutes is None else round(minutes * MINUTE_MS)
