"""The legs a van drives: which way, how long, and where it is on it. The same again after a restart."""

from datetime import date
from random import Random

from edge.wire.clock import utc
from firmware_sim.driving import Drive, Fix, LatLon, drive
from firmware_sim.town.dispatching import Dispatching
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.trips import Phase, Trip, place_of

_PACE = 1.1  # seconds for one of a van alone on the road


class Road:
    """One van's."""

    def __init__(self, van: Station, dispatching: Dispatching, settings: TownSettings) -> None:
        self.home: LatLon = (van.place.lat, van.place.lon)
        self._van = van.id
        self._dispatching = dispatching
        self._seed = settings.seed
        self._places = {one.id: (one.place.lat, one.place.lon) for one in settings.stations}
        self._drive: Drive | None = None
        self._driven: tuple[LatLon, LatLon] | None = None

    def end(self, trip: Trip) -> LatLon:
        """Where the leg it is on leads, or it has come to."""
        if trip.meeting is not None:
            return trip.meeting.lat, trip.meeting.lon
        return self._places[trip.goal] if trip.goal else self.home

    def stands_at(self, trip: Trip) -> LatLon:
        """Where it sets out from: it has come to the end of its leg, or never left, or stands on its way."""
        if trip.phase in (Phase.WAITING, Phase.LOADING):
            return self.home
        return trip.begin if trip.phase is Phase.PAUSED else self.end(trip)

    def known(self, trip: Trip) -> Drive | None:
        """The drive of the leg it is on, once it was asked for."""
        return self._drive if self._driven == (trip.begin, self.end(trip)) else None

    def place(self, trip: Trip | None, now_ms: int) -> Fix:
        """Where the van is."""
        return place_of(trip, None if trip is None else self.known(trip), self.home, now_ms)

    async def drive(self, day: date, trip: Trip) -> Drive:
        """The leg it is on. RestError."""
        known = self.known(trip)
        if known is None:
            end = self.end(trip)
            way = await self._dispatching.way(trip.begin, end, utc(trip.since_ms).astimezone(LOCAL).hour)
            goal = trip.goal if trip.meeting is None else f"{trip.meeting.from_run}/{trip.meeting.lat:.5f}/{trip.meeting.lon:.5f}"
            known = drive(way, Random(f"{self._seed}/{day.isoformat()}/{self._van}/{goal}"), pace=_PACE)
            self._drive, self._driven = known, (trip.begin, end)
        return known
