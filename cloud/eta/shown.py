"""What is shown of windows that are computed anew with every fix: ends that stay until it is worth it, and as of when. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloud.eta.errors import Window

# An end moves when it is off by more than this, and a share of the window: far ahead nobody cares for a minute.
_STAYS_S, _STAYS_SHARE = 45.0, 0.06


@dataclass(frozen=True, slots=True)
class Shown:
    """A window as it was last told. ``as_of_ms``: of the facts it rests on."""

    window: Window
    as_of_ms: int


def show(before: Mapping[int, Shown], fresh: Iterable[Window], as_of_ms: int) -> dict[int, Shown]:
    """By stop. Windows of stops that are no longer ahead are gone."""
    return {one.stop: Shown(_steady(before.get(one.stop), one, as_of_ms), as_of_ms) for one in fresh}


def _steady(before: Shown | None, fresh: Window, now_ms: int) -> Window:
    if before is None:
        return fresh
    said = before.window
    stays_ms = 1000 * _STAYS_S + _STAYS_SHARE * (fresh.late_ms - fresh.early_ms)
    early_ms = _end(said.early_ms, fresh.early_ms, stays_ms, now_ms)
    late_ms = max(early_ms, _end(said.late_ms, fresh.late_ms, stays_ms, now_ms))
    expected_ms = min(late_ms, max(early_ms, _end(said.expected_ms, fresh.expected_ms, stays_ms, now_ms)))
    return Window(fresh.stop, fresh.stops_before, early_ms, expected_ms, late_ms)


def _end(said_ms: int, fresh_ms: int, stays_ms: float, now_ms: int) -> int:
    """What has been said stays while it is near enough and not past."""
    return said_ms if abs(fresh_ms - said_ms) <= stays_ms and said_ms >= now_ms else fresh_ms
