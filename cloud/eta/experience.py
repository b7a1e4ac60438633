"""What an operator's vans have taught: driving by hour, route and station; service by station. Pure; kept by the store as JSON.

Each level is a factor over the one above it and shrinks to 1 where little was seen. Leaves the day's own mood to `today`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cloud.eta.journey import Driven, Stood
from cloud.eta.ratio import Ratio

# How many observations each remembers: the whole a week of ten vans, an hour as long, a route a month, a station a season.
_WHOLE, _HOUR, _ROUTE, _SITE = 1_500.0, 400.0, 400.0, 60.0
# How much driving, or unloading, the level above counts for: an hour of it, half a dozen visits.
_DRIVE_PRIOR_S, _SITE_DRIVE_PRIOR_S, _DWELL_PRIOR_S = 3_600.0, 1_800.0, 1_500.0

_Key = TypeVar("_Key", int, str)
_UNSEEN = Ratio()


@dataclass(frozen=True, slots=True)
class Experience:
    """Factors over the plan's seconds, as sums. A new operator's is empty: then the plan's own seconds stand."""

    drive: Ratio = _UNSEEN
    drive_hours: Mapping[int, Ratio] = field(default_factory=dict)
    drive_routes: Mapping[str, Ratio] = field(default_factory=dict)
    drive_sites: Mapping[str, Ratio] = field(default_factory=dict)
    dwell: Ratio = _UNSEEN
    dwell_sites: Mapping[str, Ratio] = field(default_factory=dict)

    def drive_factor(self, route: str, hour: int, site: str) -> float:
        """What a leg to ``site`` takes for one planned second."""
        return (
            self.drive.over(1.0, _DRIVE_PRIOR_S)
            * self.drive_hours.get(hour, Ratio()).over(1.0, _DRIVE_PRIOR_S)
            * self.drive_routes.get(route, Ratio()).over(1.0, _DRIVE_PRIOR_S)
            * self.drive_sites.get(site, Ratio()).over(1.0, _SITE_DRIVE_PRIOR_S)
        )

    def dwell_factor(self, site: str) -> float:
        """What unloading at ``site`` takes for one planned second."""
        return self.dwell.over(1.0, _DWELL_PRIOR_S) * self.dwell_sites.get(site, Ratio()).over(1.0, _DWELL_PRIOR_S)


def learned(before: Experience, legs: Iterable[Driven], stops: Iterable[Stood]) -> Experience:
    """After some more legs and stops, oldest first."""
    hours, routes, sites = dict(before.drive_hours), dict(before.drive_routes), dict(before.drive_sites)
    drive, dwell, dwell_sites = before.drive, before.dwell, dict(before.dwell_sites)
    for leg in legs:
        now = Experience(drive, hours, routes, sites)
        expected_s = leg.planned_s * now.drive_factor(leg.route, leg.hour, leg.site)
        # Each level sees what the others do not explain.
        _see(hours, leg.hour, leg.observed_s, expected_s, _HOUR, _DRIVE_PRIOR_S)
        _see(routes, leg.route, leg.observed_s, expected_s, _ROUTE, _DRIVE_PRIOR_S)
        _see(sites, leg.site, leg.observed_s, expected_s, _SITE, _SITE_DRIVE_PRIOR_S)
        drive = drive.seen(leg.observed_s, expected_s / drive.over(1.0, _DRIVE_PRIOR_S), _WHOLE)
    for stop in stops:
        expected_s = stop.planned_s * Experience(dwell=dwell, dwell_sites=dwell_sites).dwell_factor(stop.site)
        _see(dwell_sites, stop.site, stop.observed_s, expected_s, _SITE, _DWELL_PRIOR_S)
        dwell = dwell.seen(stop.observed_s, expected_s / dwell.over(1.0, _DWELL_PRIOR_S), _WHOLE)
    return Experience(drive, hours, routes, sites, dwell, dwell_sites)


def _see(level: dict[_Key, Ratio], key: _Key, observed_s: float, expected_s: float, memory: float, prior_s: float) -> None:
    before = level.get(key, Ratio())
    level[key] = before.seen(observed_s, expected_s / before.over(1.0, prior_s), memory)
