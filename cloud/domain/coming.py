"""Whether what a station was told of its coming vans is worth saying again. Pure; leaves reading to store and saying to jobs."""

from collections.abc import Sequence

from edge.wire.presence import ComingVan

MOVED_MS = 3 * 60_000  # nobody unlocks a door for less
# Nothing has moved, and that is news: else a van that is heard all the time would look like one that is silent.
STANDS_MS = 10 * 60_000
MOST_VANS = 8  # `desired` stays well below its 4 KiB; a station has one to three a day


def is_news(said: Sequence[ComingVan], now: Sequence[ComingVan]) -> bool:
    """Another van, other containers, a stop fewer, a window that moved by some minutes, or the same as of much later."""
    return len(said) != len(now) or any(_differs(before, after) for before, after in zip(said, now, strict=True))


def _differs(before: ComingVan, after: ComingVan) -> bool:
    if (before.run, before.state, before.stops_before, before.containers) != (
        after.run, after.state, after.stops_before, after.containers,
    ):  # fmt: skip
        return True
    times = ((before.early_ms, after.early_ms), (before.late_ms, after.late_ms), (before.planned_ms, after.planned_ms))
    return any(_moved(one, other, MOVED_MS) for one, other in times) or _moved(before.as_of_ms, after.as_of_ms, STANDS_MS)


def _moved(before: int | None, after: int | None, by_ms: int) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(after - before) >= by_ms
