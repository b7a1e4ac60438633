"""Arrivals that come true: learn on days 1 to 20 of a town, test on days 21 to 30 with an unseen seed and other speeds.

What the days are made of stands in `eta_town`. On the test days speeds are × 0.85 and unloading takes × 1.2, which nothing is
told of, and nothing learned on one test day is kept for the next. Once a minute, for each stop ahead of each van, what is shown is
compared with the plan's own schedule (made with the pace of days 1 to 20) and with "schedule + current delay", which knows the
van's place on its leg as ours does. ``coverage``: how often the van came within the window shown. ``SEED``: of the town and its
days 1 to 20; ``TEST_SEED``: of the test days.
"""

import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from cloud.eta.errors import Errors, seen, windows
from cloud.eta.experience import Experience, learned
from cloud.eta.forecast import Now, by_delay, forecast
from cloud.eta.journey import Call, Journey, driven, share_left, stood
from cloud.eta.outcomes import SAY_EVERY_S, Outcome, Said, missed, outcomes, said, wide_of
from cloud.eta.shown import Shown, show
from cloud.eta.today import mood_of_day, mood_of_run
from tests.bench.conditions import finish
from tests.bench.eta_town import DEGREE_M, Drift, Run, Town, service_s

SEED = int(os.environ.get("SEED", "7"))
TEST_SEED = int(os.environ.get("TEST_SEED", "1009"))
LEARN_DAYS, TEST_DAYS = range(1, 21), range(21, 31)
DRIFT = Drift(speed=0.85, dwell=1.2)
TEST_EVERY_S = 60
FAR = 4  # the fifth stop ahead: four come before it
JUMP_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class EngineLegs:
    """The stops of one run on the engine's roads, with the pace that the plan was made with."""

    town: Town
    stations: tuple[int, ...]  # by stop; the warehouse first
    pace: float
    is_estimate: bool = False

    def seconds(self, from_stop: int, to_stop: int) -> float:
        return self.town.engine_s(self.stations[from_stop], self.stations[to_stop]) * self.pace


@dataclass(slots=True)
class Van:
    """One run as it is heard so far."""

    run: Run
    legs: EngineLegs
    planned_ms: list[int]
    route: str
    shown: dict[int, Shown] = field(default_factory=dict)
    journey: Journey | None = None
    sayings: list[Said] = field(default_factory=list)
    _known: tuple[int, int] = (-1, -1)
    _heard: int = 0

    def hear(self, at_s: float) -> bool:
        """What is known at ``at_s``; True where it is more than before."""
        known = (sum(stop.arrived_s <= at_s for stop in self.run.stops), sum(stop.departed_s <= at_s for stop in self.run.stops))
        if known == self._known or at_s < self.run.left_s:
            return False
        self._known = known
        calls = tuple(
            Call(
                n, f"s{stop.station}", service_s(stop.containers), planned_ms,
                round(stop.arrived_s * 1000) if stop.arrived_s <= at_s else None,
                round(stop.departed_s * 1000) if stop.departed_s <= at_s else None,
            )
            for n, (stop, planned_ms) in enumerate(zip(self.run.stops, self.planned_ms, strict=True), start=1)
        )  # fmt: skip
        self.journey = Journey(self.route, round(self.run.left_s * 1000), calls, self.legs)
        return True

    def outcomes(self, at_s: float) -> list[Outcome]:
        """Of all that was said so far."""
        came = {n: round(stop.arrived_s * 1000) for n, stop in enumerate(self.run.stops, start=1) if stop.arrived_s <= at_s}
        return outcomes(self.sayings, came, dict(enumerate(self.planned_ms, start=1)))

    def now(self, at_s: float) -> Now:
        journey = self.journey
        assert journey is not None
        while self._heard + 1 < len(self.run.track) and self.run.track[self._heard + 1][0] <= at_s:
            self._heard += 1
        _, east, north = self.run.track[self._heard]
        begin, end = (self.legs.town.places[self.legs.stations[stop]] for stop in (journey.came_from[0], journey.ahead[0].stop))
        return Now(round(at_s * 1000), share_left(_degrees(*begin), _degrees(east, north), _degrees(*end)))


def _degrees(east_m: float, north_m: float) -> tuple[float, float]:
    return float(north_m) / DEGREE_M, float(east_m) / DEGREE_M  # at the equator, where both are as long


def hour_of(at_ms: int) -> int:
    return at_ms // 3_600_000 % 24


@dataclass(slots=True)
class Book:
    """What was said and what came of it."""

    ours_s: list[float] = field(default_factory=list)
    schedule_s: list[float] = field(default_factory=list)
    delay_s: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    width_s: list[float] = field(default_factory=list)
    jumps: int = 0
    told: int = 0


def vans_of(town: Town, seed: int, day: int, drift: Drift, pace: float) -> list[Van]:
    return [_van(town, run, pace) for run in town.day(seed, day, drift)]


def _van(town: Town, run: Run, pace: float) -> Van:
    legs = EngineLegs(town, (0, *(stop.station for stop in run.stops)), pace)
    clock_s, planned = 7 * 3600.0, []
    for n, stop in enumerate(run.stops, start=1):
        clock_s += legs.seconds(n - 1, n)
        planned.append(round(clock_s * 1000))
        clock_s += service_s(stop.containers)
    return Van(run, legs, planned, f"route-{run.van}")


def surveyed_pace(town: Town) -> float:
    """Driven seconds over the engine's on the days before the test: what a plan is made with."""
    driven_s = engine_s = 0.0
    for day in LEARN_DAYS:
        for run in town.day(SEED, day):
            left_s, here = run.left_s, 0
            for stop in run.stops:
                driven_s += stop.arrived_s - left_s
                engine_s += town.engine_s(here, stop.station)
                left_s, here = stop.departed_s, stop.station
    return driven_s / engine_s


def moments(vans: list[Van], every_s: int) -> Iterator[tuple[float, list[Van]]]:
    """The vans that are under way, at every moment of the day."""
    last_s = max(van.run.stops[-1].arrived_s for van in vans)
    for at_s in np.arange(6.5 * 3600, last_s, every_s):
        for van in vans:
            van.hear(float(at_s))
        yield float(at_s), [van for van in vans if van.journey is not None and van.journey.ahead]


def learn_day(vans: list[Van], experience: Experience, errors: Errors) -> tuple[Experience, Errors]:
    """As the store does in the evening: what was said in the day against what came of it, then what the day has taught."""
    live_day(vans, experience, errors, SAY_EVERY_S, None)
    came = [one for van in vans for one in van.outcomes(1e9)]
    for van in vans:
        van.hear(1e9)
    journeys = [van.journey for van in vans if van.journey is not None]
    legs = [leg for journey in journeys for leg in driven(journey, hour_of)]
    stops = [stop for journey in journeys for stop in stood(journey)]
    return learned(experience, legs, stops), seen(errors, [(one.stops_before, one.off_spreads) for one in came])


def live_day(vans: list[Van], experience: Experience, errors: Errors, every_s: int, book: Book | None) -> None:
    """As the store does from fix to fix, minute by minute; compared where there is a book."""
    for at_s, underway in moments(vans, every_s):
        day = mood_of_day(experience, [van.journey for van in vans if van.journey is not None], hour_of)
        wide = wide_of(one for van in vans for one in missed(van.outcomes(at_s)).values())
        for van in underway:
            journey, now = van.journey, van.now(at_s)
            assert journey is not None
            arrivals = forecast(journey, now, experience, mood_of_run(experience, day, journey, hour_of), hour_of)
            before, van.shown = van.shown, show(van.shown, windows(arrivals, errors, now.at_ms, wide), now.at_ms)
            delayed = by_delay(journey, now)
            if round(at_s) % SAY_EVERY_S == 0:
                van.sayings += said(arrivals, {stop: one.window for stop, one in van.shown.items()}, delayed)
            if book is not None:
                _compare(van, before, delayed, book)


def _compare(van: Van, before: dict[int, Shown], delayed: dict[int, int], book: Book) -> None:
    for stop, shown in van.shown.items():
        came_ms, said = round(van.run.stops[stop - 1].arrived_s * 1000), shown.window
        book.ours_s.append(abs(said.expected_ms - came_ms) / 1000)
        book.schedule_s.append(abs(van.planned_ms[stop - 1] - came_ms) / 1000)
        book.delay_s.append(abs(delayed[stop] - came_ms) / 1000)
        book.covered.append(said.early_ms <= came_ms <= said.late_ms)
        book.before.append(said.stops_before)
        book.width_s.append((said.late_ms - said.early_ms) / 1000)
        if stop in before:
            book.told += 1
            book.jumps += abs(before[stop].window.expected_ms - said.expected_ms) > JUMP_MS


def main() -> None:
    town = Town(SEED)
    pace = surveyed_pace(town)
    experience, errors = Experience(), Errors()
    for day in LEARN_DAYS:
        experience, errors = learn_day(vans_of(town, SEED, day, Drift(), pace), experience, errors)
    book = Book()
    for day in TEST_DAYS:
        live_day(vans_of(town, TEST_SEED, day, DRIFT, pace), experience, errors, TEST_EVERY_S, book)
    ours, schedule, delay = (statistics.fmean(side) for side in (book.ours_s, book.schedule_s, book.delay_s))
    width = [width for width, before in zip(book.width_s, book.before, strict=True) if before == FAR]
    for before in (0, 1, 2, 4, 7, 11, 15):
        at = [n for n, one in enumerate(book.before) if one == before]
        print(
            f"  {before:2d} stops before: off {statistics.fmean(book.ours_s[n] for n in at) / 60:5.1f} min, "
            f"schedule {statistics.fmean(book.schedule_s[n] for n in at) / 60:5.1f}, "
            f"with delay {statistics.fmean(book.delay_s[n] for n in at) / 60:5.1f}, "
            f"window {statistics.median(book.width_s[n] for n in at) / 60:5.1f}, "
            f"within it {statistics.fmean(book.covered[n] for n in at):.3f}",
            flush=True,
        )
    coverage = statistics.fmean(book.covered)
    finish(
        {
            "mae_min": round(ours / 60, 2),
            "mae_ratio_schedule": round(ours / schedule, 3),
            "mae_ratio_delay": round(ours / delay, 3),
            "coverage": round(coverage, 3),
            "coverage_off": round(abs(coverage - 0.8), 3),
            "median_width_min": round(statistics.median(width) / 60, 1),
            "jumps_share": round(book.jumps / book.told, 4),
            "compared": len(book.ours_s),
        },
        ceilings={"mae_ratio_schedule": 0.7, "mae_ratio_delay": 0.9, "coverage_off": 0.05, "median_width_min": 25.0},
    )


if __name__ == "__main__":
    main()
