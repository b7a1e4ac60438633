"""What takes how much longer than planned: a ratio of sums that forgets, with shrinkage to what is known more generally. Pure."""

from dataclasses import dataclass

# A leg or a stop that took more is no longer about roads or unloading: a meal, a puncture, a wrong place. It counts as this much.
_LONGEST, _SHORTEST = 3.0, 1 / 3


@dataclass(frozen=True, slots=True)
class Ratio:
    """Observed seconds over expected ones, the older the less they count. Sums, so that long legs count for what they take."""

    observed_s: float = 0.0
    expected_s: float = 0.0

    def seen(self, observed_s: float, expected_s: float, memory: float) -> "Ratio":
        """After one more. ``memory``: of how many observations about the older two thirds are forgotten."""
        keep = 1.0 - 1.0 / memory
        return Ratio(self.observed_s * keep + tamed(observed_s, expected_s), self.expected_s * keep + expected_s)

    def over(self, prior: float, prior_s: float) -> float:
        """The ratio where ``prior`` counts like ``prior_s`` expected seconds."""
        return (self.observed_s + prior * prior_s) / (self.expected_s + prior_s)


def tamed(observed_s: float, expected_s: float) -> float:
    """What an observation counts for, so that no single one teaches nonsense."""
    return min(expected_s * _LONGEST, max(expected_s * _SHORTEST, observed_s))
