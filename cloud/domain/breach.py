"""Where a parcel was out of range for too long, and whose place that is: of its account, for the case about it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cloud.domain.boxes import is_shelf
from cloud.domain.case import Liability
from cloud.domain.cold_account import ColdAccount, LegAccount
from edge.rules.alarm_words import Severity


class WarmPlace(StrEnum):
    """What kind of place it was."""

    DOCK = "dock"
    TRUCK = "truck"
    STATION = "station"
    LOCKER = "locker"

    @property
    def liable(self) -> Liability:
        """Whose place it is; a locker is the station's."""
        return _LIABLE[self]


_LIABLE = {
    WarmPlace.DOCK: Liability.GRID,
    WarmPlace.TRUCK: Liability.DRIVER,
    WarmPlace.STATION: Liability.STATION,
    WarmPlace.LOCKER: Liability.STATION,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """Where most of it was. ``site`` "": a van that nobody knows."""

    place: WarmPlace
    site: str


def breach_of(judged: ColdAccount, kinds: Mapping[str, str], vans: Mapping[str, str]) -> Breach | None:
    """The leg with the most time out of range within what makes it a breach; of two alike the earlier. None: there is none.

    ``kinds``: of each site, station, van or dock; ``vans``: the van of a run, where that is known.
    """
    spans = [(one.from_ms, one.to_ms) for one in judged.excursions if one.severity is Severity.CRITICAL]
    if not spans or not judged.legs:
        return None
    worst = max(judged.legs, key=lambda leg: _out_min(leg, spans))
    stay = worst.leg.stay
    site = vans.get(stay.run, "") if stay.is_aboard else stay.site
    match kinds.get(site, ""):
        case _ if stay.is_aboard:
            place = WarmPlace.TRUCK
        case "van":
            place = WarmPlace.TRUCK
        case "dock":
            place = WarmPlace.DOCK
        case _:
            place = WarmPlace.LOCKER if stay.place and not is_shelf(stay.place) else WarmPlace.STATION
    return Breach(place, site)


def _out_min(leg: LegAccount, spans: list[tuple[int, int]]) -> float:
    shared_ms = sum(max(0, min(leg.leg.to_ms, to_ms) - max(leg.leg.from_ms, from_ms)) for from_ms, to_ms in spans)
    return min(shared_ms / 60_000, leg.exposure.above_min + leg.exposure.below_min)
