"""A scanner held over one label reads it many times: which readings are the same act again.

Only labels of which there is one each. A repeated product is a quantity (domain.md), never suppressed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

WINDOW_S = 1.5  # a trigger held down reads 2-10 times a second; nobody puts one parcel down and takes it up again sooner


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a device read, and when (monotonic seconds)."""

    device: str
    text: str


Sightings = Mapping[Sighting, float]


def is_repeat(seen: Sightings, sighting: Sighting, at_s: float) -> bool:
    """Whether this is the act that was booked a moment ago."""
    before_s = seen.get(sighting)
    return before_s is not None and 0.0 <= at_s - before_s < WINDOW_S


def remember(seen: Sightings, sighting: Sighting, at_s: float) -> Sightings:
    """``seen`` with this reading, without what is too old to matter. A repeat extends the window."""
    return {**{one: s for one, s in seen.items() if 0.0 <= at_s - s < WINDOW_S}, sighting: at_s}
