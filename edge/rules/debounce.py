"""A scanner held over one label reads it many times, and a camera above the counter sees it, too: which readings are one act.

Only labels of which there is one each, so that what two devices read at once is the same thing. A repeated product is a quantity
(domain.md), never suppressed.
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
    """Whether this is the act that was booked a moment ago, by whichever device."""
    return any(one.text == sighting.text and 0.0 <= at_s - seen_s < WINDOW_S for one, seen_s in seen.items())


def remember(seen: Sightings, sighting: Sighting, at_s: float) -> Sightings:
    """``seen`` with this reading as the newest, of the last few there were. A repeat extends the window."""
    kept = dict(seen)
    kept.pop(sighting, None)
    kept[sighting] = at_s
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]
    return kept
