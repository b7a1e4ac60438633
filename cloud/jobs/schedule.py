"""What runs when. Schedules are real time; the ages and windows inside a job are the domain clock's, however fast it runs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cloud.eta.lessons import learn_lessons
from cloud.eta.pace_lessons import learn_pace
from cloud.jobs.cold_chain import keep_accounts
from cloud.jobs.cut_off import freeze_due
from cloud.jobs.housekeeping import delete_served
from cloud.jobs.quarantine import trim_quarantine
from cloud.jobs.silent_sites import watch_sites
from cloud.store import partitions
from cloud.store.alarm_waiting import fold_waiting
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection
from cloud.store.retention import drop_old, to_columnstore
from cloud.store.rollup import roll_up
from cloud.store.track_days import keep_days


@dataclass(frozen=True, slots=True)
class Moment:
    """The domain clock as a job starts."""

    now: datetime
    rate: float


@dataclass(frozen=True, slots=True)
class Job:
    """``work`` gets a connection of its own in autocommit and returns counts of what it did.

    ``minutes`` divides an hour: 1, 5, 30. A run that is due while the last one still goes is left out.
    """

    name: str
    minutes: int
    work: Callable[[Connection, StoreMode, Moment], Awaitable[Mapping[str, int]]]
    modes: frozenset[StoreMode] = frozenset(StoreMode)

    @property
    def cron(self) -> str:
        """The schedule, as croniter reads it."""
        return f"*/{self.minutes} * * * *"

    @property
    def period_s(self) -> int:
        """Real seconds from one run to the next."""
        return self.minutes * 60


_PARTITIONS_MINUTES = 5


async def _roll_up(connection: Connection, mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    rolled = await roll_up(connection, mode, moment.now)
    return {"hours": rolled.hours, "late": rolled.late}


async def _partitions(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    ahead = partitions.ahead_of(moment.rate, _PARTITIONS_MINUTES * 60)
    return {"made": await partitions.ensure(connection, moment.now, ahead)}


async def _retention(connection: Connection, mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await drop_old(connection, mode, moment.now)


async def _columnstore(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return {"chunks": await to_columnstore(connection, moment.now)}


async def _housekeeping(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await delete_served(connection, moment.now)


async def _cut_off(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await freeze_due(connection, moment.now)


async def _quarantine(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await trim_quarantine(connection, moment.now)


async def _cold_chain(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await keep_accounts(connection, moment.now)


async def _silent_sites(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await watch_sites(connection, moment.now, moment.rate)


async def _tracks(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await keep_days(connection, moment.now)


async def _eta(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await learn_lessons(connection, moment.now)


async def _pace(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return await learn_pace(connection, moment.now)


async def _alarms(connection: Connection, _mode: StoreMode, moment: Moment) -> Mapping[str, int]:
    return {"folded": await fold_waiting(connection, moment.now)}


JOBS = (
    Job("partitions", _PARTITIONS_MINUTES, _partitions, frozenset({StoreMode.PLAIN})),
    Job("roll-up", 1, _roll_up),
    Job("tracks", 30, _tracks),
    Job("eta", 5, _eta),
    Job("pace", 30, _pace),
    Job("retention", 30, _retention),
    Job("columnstore", 30, _columnstore, frozenset({StoreMode.TIMESCALE})),
    Job("housekeeping", 30, _housekeeping),
    Job("quarantine", 1, _quarantine),
    Job("cut-off", 1, _cut_off),
    Job("alarms", 5, _alarms),
    Job("silent-sites", 1, _silent_sites),
    Job("cold-chain", 1, _cold_chain),
)
