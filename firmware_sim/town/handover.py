"""Goods that change vans by a committed plan: where a driver takes them over, and whether others have taken all of theirs."""

from collections.abc import Sequence
from datetime import date, time

import msgspec

from edge.wire.clock import to_ms
from firmware_sim.town.at_van import AtVan
from firmware_sim.town.dispatching import Dispatching, Meet, Run, RunStop
from firmware_sim.town.plan import at
from firmware_sim.town.trips import Meeting, Trip


class Handover:
    """One driver's."""

    def __init__(self, dispatching: Dispatching, hands: AtVan) -> None:
        self._dispatching = dispatching
        self._hands = hands
        self._aboard: set[str] = set()  # what this van's agent has, whether or not the cloud has heard of it

    async def next(self, day: date, run: Run, ahead: Sequence[RunStop]) -> Meeting | None:
        """The meeting that comes before the next of the stops ``ahead``; None: that stop is next. RestError."""
        mine = [one for one in await self._dispatching.meets(day) if one.to_run == run.name and self._to_take(one)]
        first = min(mine, key=lambda one: one.at_s, default=None)
        if first is None or not ahead or not _is_before(day, first, ahead[0]):
            return None
        return Meeting(first.from_run, first.lat, first.lon, len(self._to_take(first)))

    async def take(self, day: date, run: Run, trip: Trip) -> Meeting | None:
        """Scan aboard all that is to be taken over here; the meeting, which is over then. As `AtVan.take_aboard`."""
        meeting = trip.meeting
        if meeting is None:
            return None
        for meet in await self._dispatching.meets(day):
            if (meet.from_run, meet.to_run) == (meeting.from_run, run.name):
                labels = self._to_take(meet)
                await self._hands.take_aboard(labels)
                self._aboard.update(labels)
        return msgspec.structs.replace(meeting, is_over=True)

    def _to_take(self, meet: Meet) -> Sequence[str]:
        return [one.container for one in meet.open if one.container not in self._aboard]

    async def is_relieved(self, day: date, run: Run, ahead: Sequence[RunStop]) -> bool:
        """Whether others have taken over all that it still had: nobody waits for it any more. RestError."""
        if ahead:
            return False
        given = [one for one in await self._dispatching.meets(day) if one.from_run == run.name]
        return bool(given) and all(not one.open for one in given)


def _is_before(day: date, meet: Meet, stop: RunStop) -> bool:
    """Goods for a stop are fetched before it, the others when the plan says."""
    if stop.planned_arrival is None or any(one.site == stop.site for one in meet.open):
        return True
    return to_ms(at(day, time(0))) + meet.at_s * 1000 <= to_ms(stop.planned_arrival)
