"""What a driver may say of a stop, and what the stop is after it. Pure; leaves containers to their facts.

Phones are offline for hours: what they say comes late, twice, and after the dispatcher has changed the run.
"""

from dataclasses import dataclass
from enum import StrEnum


class ActKind(StrEnum):
    """``dropped``: left where nobody took it over; ``taken_back``: empties that go back with the van; ``taken_over``: goods for a
    stop that came from another van, or from the depot, and are aboard now.
    """

    ARRIVED = "arrived"
    HANDED_OVER = "handed_over"
    DROPPED = "dropped"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"
    TAKEN_OVER = "taken_over"


REASONS = ("station_closed", "rejected", "no_way_in", "other")
WITH_CONTAINERS = (ActKind.DROPPED, ActKind.TAKEN_BACK, ActKind.TAKEN_OVER)
# What changes nothing of a stop.
ABOUT_THE_VAN = (ActKind.TAKEN_BACK, ActKind.TAKEN_OVER)

# The stop after it.
_BECOMES = {
    ActKind.ARRIVED: "unloading",
    ActKind.HANDED_OVER: "signed",
    ActKind.DROPPED: "dropped",
    ActKind.FAILED: "failed",
}
_OPEN = ("pending", "approaching", "at_stop", "unloading")
_SIGNED = ("signed", "signed_with_variance")


@dataclass(frozen=True, slots=True)
class RunTimes:
    """``ended_ms`` None: it goes on."""

    state: str
    departed_ms: int | None
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class Judged:
    """``state``: what the stop is now. ``refusal``: a code of `faults`, "" where it counts."""

    state: str
    refusal: str = ""


def happened_ms(at_ms: int, sent_at_ms: int, now_ms: int, rate: float, departed_ms: int | None) -> int:
    """When an act happened, in domain time. Of the phone only how long ago is believed: its clock may be off by hours.

    Not before the run set off, not after now.
    """
    told_ms = now_ms - round(max(0, sent_at_ms - at_ms) * rate)
    return min(now_ms, max(told_ms, departed_ms or 0))


def judge(kind: ActKind, at_ms: int, run: RunTimes, stop: str, settled_ms: int | None) -> Judged:
    """One act. ``stop``: the stop's state; ``settled_ms``: when what was last said of the stop happened."""
    if run.state in ("planned", "assigned", "loading"):
        return Judged(stop, "run_not_left")
    if run.ended_ms is not None and at_ms > run.ended_ms:
        return Judged(stop, "run_over")
    if kind in ABOUT_THE_VAN:
        return Judged(stop)
    if stop == "skipped":
        return Judged(stop, "stop_taken_off")
    if settled_ms is not None and at_ms < settled_ms:  # heard late: what came after it stands
        return Judged(stop)
    if kind is ActKind.ARRIVED:
        return Judged(_BECOMES[kind] if stop in _OPEN else stop)
    if stop in _SIGNED:
        return Judged(stop) if kind is ActKind.HANDED_OVER else Judged(stop, "stop_signed")
    return Judged(_BECOMES[kind])
