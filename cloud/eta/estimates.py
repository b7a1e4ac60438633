"""Looks at the runs of today and says anew when their vans come to the stops ahead; one replica at a time.

Facts in, windows out: in between everything is `journey`, `today`, `forecast`, `errors` and `shown`, which are pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cloud.domain.notices import RoomNotice
from cloud.domain.rooms import vans_room
from cloud.eta.errors import Wide, windows
from cloud.eta.forecast import Now, by_delay, forecast
from cloud.eta.journey import Journey, share_left
from cloud.eta.kept import Knowledge, knowledge_of
from cloud.eta.outcomes import SAY_EVERY_S, Outcome, missed, outcomes, said, wide_of
from cloud.eta.run_facts import RunFacts, keep_legs, runs_of_today, start_of
from cloud.eta.shown import Shown, show
from cloud.eta.today import Mood, mood_of_day, mood_of_run
from cloud.eta.told import (
    came_unnoted,
    eta_entry,
    missed_today,
    note_said,
    said_of,
    shown_of,
    take_back,
    write_missed,
    write_shown,
)
from cloud.eta.ways import Ways, legs_of
from cloud.roads.ways import Point
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, change, entry
from edge.wire.clock import to_ms

TELL_AGAIN_MS = 60_000  # that nothing has changed is news too: pages show as of when


@dataclass(frozen=True, slots=True)
class _Day:
    """What holds for all runs of one operator at one look."""

    known: Knowledge
    mood: Mood
    wide: Wide


@dataclass(slots=True)
class _Told:
    """What this process has told of a run. ``facts``: what it rested on."""

    shown: dict[int, Shown]
    facts: tuple[object, ...] = ()
    looked_ms: int = 0
    told_ms: int = 0


@dataclass(slots=True)
class Estimates:
    """``look`` now and then, on a connection in autocommit."""

    ways: Ways
    _told: dict[int, _Told] = field(default_factory=dict)

    async def look(self, connection: Connection, now: datetime) -> list[RoomNotice]:
        """What it returns is to be published. One transaction a run of which there is something new."""
        runs = [await self._with_legs(connection, run) for run in await runs_of_today(connection, now)]
        await _note_arrivals(connection, runs)
        days = await _days(connection, runs)
        notices: list[RoomNotice] = []
        for run in runs:
            if run.is_underway:
                async with connection.transaction():
                    notices += await change(connection, await self._estimate(connection, run, days, now), now)
        async with connection.transaction():
            over = await take_back(connection)
            notices += await change(connection, [entry(vans_room(one.operator_id), f"eta/{one.run_id}", None) for one in over], now)
        self._told = {run.run_id: self._told[run.run_id] for run in runs if run.is_underway and run.run_id in self._told}
        return notices

    async def _with_legs(self, connection: Connection, run: RunFacts) -> RunFacts:
        """The roads are asked once a run, and again where its stops have changed."""
        if run.legs is not None or not run.is_underway or not run.stops:
            return run
        start = run.start or await start_of(connection, run)
        if start is None:  # not heard yet: it still stands where nobody knows
            return run
        places = [(0, start), *((stop.stop, (stop.lat, stop.lon)) for stop in run.stops)]
        legs = await legs_of(self.ways, [stop for stop, _ in places], [Point(*place) for _, place in places])
        await keep_legs(connection, run.run_id, places, legs)
        return run.with_legs(start, legs)

    async def _estimate(self, connection: Connection, run: RunFacts, days: dict[str, _Day], now: datetime) -> list[RoomEntry]:
        journey = run.journey()
        if journey is None:
            return []
        told = self._told.get(run.run_id)
        if told is None:
            told = self._told[run.run_id] = _Told(await shown_of(connection, run.run_id))
        facts = (run.as_of_ms, tuple(call.stop for call in journey.ahead))
        # Of a van that is not heard any more the windows move on with the clock, not with every look.
        if facts == told.facts and to_ms(now) - told.looked_ms < TELL_AGAIN_MS:
            return []
        shown = await self._say(connection, run, journey, days[run.operator_id], told, now)
        is_news = {stop: one.window for stop, one in shown.items()} != {stop: one.window for stop, one in told.shown.items()}
        told.shown, told.facts, told.looked_ms = shown, facts, to_ms(now)
        if not is_news and to_ms(now) - told.told_ms < TELL_AGAIN_MS:
            return []
        told.told_ms = to_ms(now)
        await connection.execute("UPDATE eta_run SET is_told = true WHERE run_id = %s", [run.run_id])
        return [eta_entry(run.operator_id, run.run_id, shown, run.as_of_ms, is_estimate=journey.legs.is_estimate)]

    async def _say(
        self, connection: Connection, run: RunFacts, journey: Journey, day: _Day, told: _Told, now: datetime
    ) -> dict[int, Shown]:
        hour_of, here = run.hour_of(), where(run, journey)
        mood = mood_of_run(day.known.experience, day.mood, journey, hour_of)
        arrivals = forecast(journey, here, day.known.experience, mood, hour_of)
        # A van that is not heard any more is not expected in the past.
        fresh = windows(arrivals, day.known.errors, to_ms(now), day.wide)
        shown = show(told.shown, fresh, run.as_of_ms)
        await write_shown(connection, run.run_id, shown)
        if arrivals and (run.said_at is None or (now - run.said_at).total_seconds() >= SAY_EVERY_S):
            noted = said(arrivals, {stop: one.window for stop, one in shown.items()}, by_delay(journey, here))
            await note_said(connection, run.run_id, noted, now)
        return shown


def where(run: RunFacts, journey: Journey) -> Now:
    """By its newest fix; one that is older than what it left says nothing of where it is on its leg."""
    came_from, left_ms = journey.came_from
    ahead, places = journey.ahead, run.places
    if run.fix is None or not ahead or run.fix.at_ms < left_ms or came_from not in places:
        return Now(run.as_of_ms)
    return Now(run.as_of_ms, share_left(places[came_from], run.fix.place, places[ahead[0].stop]))


async def _days(connection: Connection, runs: Sequence[RunFacts]) -> dict[str, _Day]:
    found: dict[str, _Day] = {}
    for operator in {run.operator_id for run in runs if run.is_underway}:
        its = [run for run in runs if run.operator_id == operator]
        known = await knowledge_of(connection, operator)
        journeys = [journey for run in its if (journey := run.journey()) is not None]
        mood = mood_of_day(known.experience, journeys, its[0].hour_of())
        found[operator] = _Day(known, mood, wide_of(await missed_today(connection, [run.run_id for run in its])))
    return found


async def _note_arrivals(connection: Connection, runs: Sequence[RunFacts]) -> None:
    """Hold what was said against each arrival once, as soon as it is known."""
    by_id = {run.run_id: run for run in runs}
    for run_id in await came_unnoted(connection, list(by_id)):
        came = await outcomes_of(connection, by_id[run_id])
        await write_missed(connection, run_id, missed(came))


async def outcomes_of(connection: Connection, run: RunFacts) -> list[Outcome]:
    """Of all that was said of a run so far, and before the van was there."""
    arrived = {stop.stop: to_ms(stop.arrived) for stop in run.stops if stop.arrived is not None}
    planned = {stop.stop: to_ms(stop.planned) for stop in run.stops if stop.planned is not None}
    return outcomes(await said_of(connection, run.run_id, arrived), arrived, planned)
