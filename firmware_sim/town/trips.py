"""A van's day as it stands: which run, where it is on it, what is behind it. Pure: where the van is follows from it and a drive."""

from enum import StrEnum

import msgspec

from firmware_sim.driving import Drive, Fix


class Phase(StrEnum):
    """What the van is doing."""

    WAITING = "waiting"  # in the yard
    LOADING = "loading"
    DRIVING = "driving"  # from ``begin`` to ``goal``
    AT_STOP = "at_stop"
    MEETING = "meeting"  # beside a van that stands, or at the dock: goods change vans
    PAUSED = "paused"  # on its way, by the dispatcher's word: a breakdown, or a call
    BACK = "back"  # the run is over, wherever it stands


class Meeting(msgspec.Struct, frozen=True):
    """Where a van takes over goods. ``from_run``: whose van stands there; "": they lie at the dock. ``is_over``: it has them."""

    from_run: str
    lat: float
    lon: float
    containers: int
    is_over: bool = False


class Trip(msgspec.Struct, frozen=True):
    """``run``: the cloud's number. ``since_ms``: when the phase began, in domain time. ``goal`` "": the warehouse.

    ``begin``: where it set out from, or stands, (lat, lon). ``visited``: stations behind it, in order; ``brought``: where all was
    left that it had for them. ``meeting``: it goes there instead of to its goal, or is there.
    """

    run: int
    phase: Phase = Phase.WAITING
    since_ms: int = 0
    begin: tuple[float, float] = (0.0, 0.0)
    goal: str = ""
    visited: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    meeting: Meeting | None = None

    @property
    def is_standing(self) -> bool:
        """At a stop, or beside another van."""
        return self.phase in (Phase.AT_STOP, Phase.MEETING)

    @property
    def is_under_way(self) -> bool:
        """On the road, or standing somewhere on the way for as long as work takes."""
        return self.is_standing or self.phase is Phase.DRIVING

    @property
    def is_at_work(self) -> bool:
        """Whether its driver has hands full: what takes a moment of real time, however fast the town's goes."""
        if self.phase is Phase.MEETING:
            return self.meeting is not None and not self.meeting.is_over
        return self.phase is Phase.AT_STOP and self.goal not in self.brought


def place_of(trip: Trip | None, drive: Drive | None, home: tuple[float, float], now_ms: int) -> Fix:
    """Where the van is. ``drive``: of the way it is on, or came; None: it stands where it set out."""
    if trip is None or trip.phase in (Phase.WAITING, Phase.LOADING):
        return Fix(*home, 0.0, 0.0)
    if drive is None:
        return Fix(*trip.begin, 0.0, 0.0)
    if trip.phase is Phase.DRIVING:
        return drive.position_at((now_ms - trip.since_ms) / 1000)
    return drive.position_at(drive.duration_s + 1.0)
