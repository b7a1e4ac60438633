"""A track as few points as it takes: where straight lines at even speed between them are never far from where the vehicle was.

Douglas and Peucker's way of cutting (1973), by the distance at the same moment (Meratnia and de By, "Spatiotemporal compression
techniques for moving point objects", 2004): a stand keeps its length, and a replay its speed. Pure.
"""

from collections.abc import Sequence

from cloud.domain.whereabouts import Sighting
from edge.rules.places import offsets_m

GAP_MS = 3 * 60_000  # standing vans tell once a minute: after three nobody knows where it was


def segments(track: Sequence[Sighting], gap_ms: int = GAP_MS) -> list[list[Sighting]]:
    """Cut where nothing was heard for longer than ``gap_ms``: a gap is drawn as a gap. In order of time, as ``track`` is."""
    found: list[list[Sighting]] = []
    for fix in track:
        if not found or fix.at_ms - found[-1][-1].at_ms > gap_ms:
            found.append([])
        found[-1].append(fix)
    return found


def simplified(track: Sequence[Sighting], tolerance_m: float) -> list[Sighting]:
    """Of a track in order of time, with its first and last point, so many that none left out is further than ``tolerance_m`` from
    where it would be between those that are kept. O(n log n) as a rule, O(n²) at worst.
    """
    if len(track) <= 2:
        return list(track)
    kept = {0, len(track) - 1}
    spans = [(0, len(track) - 1)]
    while spans:
        first, last = spans.pop()
        worst, worst_m = _worst(track, first, last)
        if worst_m > tolerance_m:
            kept.add(worst)
            spans += [(first, worst), (worst, last)]
    return [track[index] for index in sorted(kept)]


def _worst(track: Sequence[Sighting], first: int, last: int) -> tuple[int, float]:
    start, end = track[first], track[last]
    east, north = offsets_m(start.lat, start.lon, end.lat, end.lon)
    lasted_ms = end.at_ms - start.at_ms
    worst, worst_m2 = first, 0.0
    for index in range(first + 1, last):
        fix = track[index]
        share = (fix.at_ms - start.at_ms) / lasted_ms if lasted_ms else 0.0
        its_east, its_north = offsets_m(start.lat, start.lon, fix.lat, fix.lon)
        off_m2 = (its_east - share * east) ** 2 + (its_north - share * north) ** 2
        if off_m2 > worst_m2:
            worst, worst_m2 = index, off_m2
    return worst, worst_m2**0.5
