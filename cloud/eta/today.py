"""The day's own mood: rain, a new driver, a road closed. By how much today takes longer than experience says. Pure.

A run's own legs count most; until there are some, those of the operator's other runs today stand for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.eta.experience import Experience
from cloud.eta.journey import Driven, HourOf, Journey, Stood, driven, stood
from cloud.eta.ratio import Ratio

# Of a day, of a run: remembers so many legs, and begins from the level above as if that had been seen for so long.
_DAY_MEMORY, _RUN_MEMORY = 60.0, 15.0
_DAY_DRIVE_PRIOR_S, _DAY_DWELL_PRIOR_S = 1_800.0, 1_800.0
_RUN_DRIVE_PRIOR_S, _RUN_DWELL_PRIOR_S = 2_400.0, 2_400.0


@dataclass(frozen=True, slots=True)
class Mood:
    """Factors over experience."""

    drive: float = 1.0
    dwell: float = 1.0


def mood_of_day(experience: Experience, journeys: Sequence[Journey], hour_of: HourOf) -> Mood:
    """Of all an operator's runs of today together."""
    legs = [leg for journey in journeys for leg in driven(journey, hour_of)]
    stops = [stop for journey in journeys for stop in stood(journey)]
    return _mood(experience, legs, stops, Mood(), _DAY_MEMORY, _DAY_DRIVE_PRIOR_S, _DAY_DWELL_PRIOR_S)


def mood_of_run(experience: Experience, day: Mood, journey: Journey, hour_of: HourOf) -> Mood:
    """Of one run; its newest legs count most."""
    legs, stops = driven(journey, hour_of), stood(journey)
    return _mood(experience, legs, stops, day, _RUN_MEMORY, _RUN_DRIVE_PRIOR_S, _RUN_DWELL_PRIOR_S)


def _mood(
    experience: Experience, legs: Sequence[Driven], stops: Sequence[Stood], prior: Mood, memory: float,
    drive_prior_s: float, dwell_prior_s: float,
) -> Mood:  # fmt: skip
    drive, dwell = Ratio(), Ratio()
    for leg in legs:
        drive = drive.seen(leg.observed_s, leg.planned_s * experience.drive_factor(leg.route, leg.hour, leg.site), memory)
    for stop in stops:
        dwell = dwell.seen(stop.observed_s, stop.planned_s * experience.dwell_factor(stop.site), memory)
    return Mood(drive.over(prior.drive, drive_prior_s), dwell.over(prior.dwell, dwell_prior_s))
