"""A scanner held over one label reads it many times, and a camera above the counter sees it, too: which readings are one act.

Only labels of which there is one each, so that what two devices read at once is the same thing. A repeated product is a
quantity, never suppressed.
"""

from collections.abc import Mapping

REMEMBERED = 8  # labels that can lie before one window of a camera; a scanner sees one
WINDOW_S = 1.5  # a trigger held down reads 2-10 times a second; nobody puts one parcel down and takes it up again sooner


Sightings = Mapping[str, float]  # text → when it was last read


def is_repeat(seen: Sightings, text: str, at_s: float) -> bool:
    """Whether this is the act that was booked a moment ago, by whichever device; a camera's picture may come in after its time."""
    before_s = seen.get(text)
    return before_s is not None and -WINDOW_S < at_s - before_s < WINDOW_S


def remember(seen: Sightings, text: str, at_s: float) -> Sightings:
    """``seen`` with this reading as the newest, of the last few there were. A repeat extends the window."""
    kept = dict(seen)
    kept.pop(text, None)
    kept[text] = at_s
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]
    return kept


def forget(seen: Sightings, text: str) -> Sightings:
    """``seen`` without what was read: nothing came of it, and it may be scanned again at once."""
    return {one: seen_s for one, seen_s in seen.items() if one != text}
