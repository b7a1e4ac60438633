"""A scanner held over one label reads it many times: which readings are the same act again.

Only labels of which there is one each. A repeated product is a quantity (domain.md), never suppressed.
"""

from collections.abc import Mapping
from typing import NamedTuple

REMEMBERED = 8  # labels that can lie before one window of a camera; a scanner sees one
WINDOW_S = 1.5  # a trigger held down reads 2-10 times a second; nobody puts one parcel down and takes it up again sooner


class Sighting(NamedTuple):
    """What a device read."""

    device: str
    text: str


Sightings = Mapping[Sighting, float]


def is_repeat(seen: Sightings, sighting: Sighting, at_s: float) -> bool:
    """Whether this is the act that was booked a moment ago."""
    before_s = seen.get(sighting)
    return before_s is not None and 0.0 <= at_s - before_s < WINDOW_S


def remember(seen: Sightings, sighting: Sighting, at_s: float) -> Sightings:
    """``seen`` with this reading as the newest, of the last few there were. A repeat extends the window."""
    kept = dict(seen)
    kept.pop(sighting, None)
    kept[sighting] = at_s
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]
    return kept
