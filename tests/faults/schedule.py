"""One seeded schedule: which faults strike after how many scans, and what each of them does.

Half of them are aimed at the windows between commit and acknowledgement; the rest strike wherever they happen to.
"""

import asyncio
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random

import psycopg

from edge.wire.labels import parcel_label
from tests.faults.delivery import Repeater
from tests.faults.ledger import Balance, Ledger, balance, is_all_there, missing_batches
from tests.faults.processes import Child, eventually
from tests.faults.proxy import Line
from tests.faults.site import AT_ONCE, Person, Site
from tests.faults.stack import ROOT, Stack

PARCELS = 170
RELEASED = 50  # of them, in release mode, at the end
CLONE_PARCELS = 20
SETTLE_S = 150.0  # the edge's longest back-off is 60 s
MUTANT_SETTLE_S = 40.0  # what a mutant has lost does not come by waiting
HEAD_START = 40  # scans
AUDIT_S = 0.25
MORE_S = 0.5  # between handfuls where the plan has no more, or not yet
# A process that does not come to the step it should die at is killed then. What was under way when its forerunner died comes
# again after 5 to 6 s, after 10 to 12 s where that was a repeat, and a start takes a second or two.
AIM_S = 30.0


class Fault(StrEnum):
    """What strikes."""

    EDGE_STEP = "edge_step"
    EDGE_STEP_POWER = "edge_step_power"
    INGEST_STEP = "ingest_step"
    EDGE_KILL = "edge_kill"
    POWER_CUT = "power_cut"
    BROKER_KILL = "broker_kill"
    INGEST_KILL = "ingest_kill"
    DATABASE_KILL = "database_kill"
    LINE_CUT = "line_cut"
    LINE_HELD = "line_held"
    LINE_HALF_OPEN = "line_half_open"
    LINE_SLOW = "line_slow"
    REPEATED_DELIVERY = "repeated_delivery"
    CLOCK_JUMP = "clock_jump"
    DISK_FULL = "disk_full"
    UNPLUG = "unplug"
    CLONED_CARD = "cloned_card"
    OLD_CARD = "old_card"
    RESTORED_CLOUD = "restored_cloud"


# Between the commit at the edge and the edge's note that the cloud has it.
EDGE_WINDOW = ("sealed", "committed", "sending", "published", "puback", "ack_received", "acked")
# Between the arrival at the cloud and the acknowledgement on its way.
INGEST_WINDOW = ("received", "before_commit", "after_commit", "after_ack")
AIMED = (Fault.EDGE_STEP, Fault.INGEST_STEP, Fault.EDGE_STEP_POWER)
AT_RANDOM = tuple(fault for fault in Fault if fault not in AIMED)
CLOCK_JUMPS_S = (-86_400 * 365 * 56, -86_400, -600, -30, 30, 600, 86_400, 86_400 * 365 * 74)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault and after how many booked scans it comes."""

    after: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one schedule."""

    seed: int
    strikes: tuple[Strike, ...]
    scans: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class Aim:
    """A process that was to die at a step, and whether it did."""

    process: str
    step: str
    has_hit: bool


def plan(seed: int) -> list[Strike]:
    """Four or five faults: two or three aimed, the others in turn, so that a run of some seeds has had every kind."""
    random = Random(f"plan {seed}")
    aimed = [AIMED[(seed + index) % len(AIMED)] for index in range(random.choice((2, 3)))]
    others = [AT_RANDOM[(2 * seed + index) % len(AT_RANDOM)] for index in range(2)]
    places = sorted(random.sample(range(5, PARCELS - 45), len(aimed) + len(others)))
    faults = [*aimed, *others]
    random.shuffle(faults)
    return [Strike(after, fault) for after, fault in zip(places, faults, strict=True)]


@dataclass
class Schedule:
    """Runs one seed on a stack, at a site of its own."""

    stack: Stack
    repeater: Repeater
    seed: int
    site_id: str
    mutant: str = ""  # of the edge
    is_mutant: bool = False  # edge or cloud
    used: Counter[str] = field(default_factory=Counter)
    aims: list[Aim] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(f"schedule {self.seed}")
        self.ledger = Ledger([self.site_id])
        self.folder = self.stack.folder / self.site_id
        self.site = Site(self.stack, self.site_id, self.folder / "original", "machine-a", self.random, self.mutant)
        self.person = Person(self.site, self.ledger, may_go_on=self._is_not_too_early)
        self._coming: list[Strike] = []
        self._allowed = 0
        self._has_struck = False
        self.clone: Site | None = None
        self.forgotten: set[str] = set()
        self.broken_promises: set[str] = set()
        self._unaudited: set[tuple[str, int]] = set()
        self._suspect: set[tuple[str, int]] = set()
        self._labels = (parcel_label(self.seed * 10_000 + n) for n in range(10_000))

    async def run(self, strikes: Sequence[Strike]) -> Report:
        """Scan while the faults strike, set everything right, wait until it has settled, compare the books."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            self.site.scanner.plug()
            self.site.start()
            await self.site.until_up()
            auditing = asyncio.create_task(self._audit())
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._scan())
                    group.create_task(self._strike(strikes))
                await self._set_right()
                settled = await self._settled()
                audited = await self._audited()
            finally:
                auditing.cancel()
                await asyncio.wait([auditing])
            books = await asyncio.to_thread(balance, self.stack.database_url, self.ledger)
            odd = [*books.odd, *(f"refused: {label}" for label in self.person.refused if label not in self.forgotten)]
            if not audited:
                odd.append(f"acknowledgements nobody could look at: {len(self._unaudited)}")
            if not settled:
                odd.insert(
                    0, f"not settled after {self._settle_s} s: {[await site.waiting() for site in self._sites()]} batches wait"
                )
                odd[1:1] = [f"log of {name}: {text}" for name, text in self._logs()]
            books = replace(books, odd=tuple(odd), lost=(*books.lost, *sorted(self.broken_promises)))
        return Report(self.seed, tuple(strikes), self.ledger.scans, books)

    @property
    def _settle_s(self) -> float:
        return MUTANT_SETTLE_S if self.is_mutant else SETTLE_S

    def _take(self, count: int) -> list[str]:
        return [next(self._labels) for _ in range(count)]

    async def _scan(self) -> None:
        parcels = self._take(PARCELS)
        await self.person.scan_all(parcels, "received")
        await self.site.set_mode("release")
        await self.person.scan_all(self.random.sample(parcels, RELEASED), "released")
        if not self._has_struck:
            await self.site.set_mode("receive")
        while not self._has_struck:  # a fault spoils nothing where nothing goes on
            await self.person.scan_all(self._take(AT_ONCE), "received")
            await asyncio.sleep(MORE_S)

    def _is_not_too_early(self) -> bool:
        """Hold the person back where a strike would find nothing left to spoil, because the one before takes its time."""
        return not self._coming or self.person.done < max(self._coming[0].after + HEAD_START, self._allowed)

    async def _until_scanned(self, count: int) -> None:
        """So many more are booked."""
        target = self.person.done + count
        self._allowed = target + AT_ONCE
        await eventually(lambda: self.person.done >= target, 60.0)

    async def _strike(self, strikes: Sequence[Strike]) -> None:
        for number, strike in enumerate(strikes):
            self._coming = list(strikes[number:])
            await eventually(lambda strike=strike: self.person.done >= strike.after, 300.0)
            self._coming = self._coming[1:]
            self.used[strike.fault] += 1
            await _EFFECTS[strike.fault](self)
        self._has_struck = True

    async def _set_right(self) -> None:
        """Whatever is still wrong is mended; whoever is dead is started."""
        self.stack.proxy.set(Line.OPEN)
        self.site.empty_card()
        self.site.set_clock(0)
        for child, start in (
            (self.stack.database, self.stack.start_database_and_wait),
            (self.stack.broker, self.stack.start_broker_and_wait),
        ):
            if not child.is_running:
                await start()
        if not self.stack.ingest.is_running:
            self.stack.start_ingest()
        for site in self._sites():
            if not site.agent.is_running:
                site.start()
            await site.until_up()

    def _logs(self) -> list[tuple[str, str]]:
        """The last words of all, for whoever looks for the fault."""
        children = [self.stack.ingest, *(site.agent for site in self._sites())]
        return [(child.name, child.log.read_text(errors="replace")[-3_000:]) for child in children]

    async def _audit(self) -> None:
        """An acknowledged batch is in the database: at once, not only after the cloud has noticed a gap and asked again.

        Looked at twice, so that a broker that is faster than this reader's snapshot is no fault.
        """
        while True:
            await asyncio.sleep(AUDIT_S)
            self._unaudited |= self.repeater.take_acknowledged(self.site_id)
            looked_at = set(self._unaudited)
            if not looked_at:
                continue
            try:
                missing = await asyncio.to_thread(missing_batches, self.stack.database_url, self.site_id, looked_at)
            except psycopg.OperationalError:
                continue
            self.broken_promises |= {
                f"acknowledged and not in the database: {epoch}/event/{seq}" for epoch, seq in missing & self._suspect
            }
            self._suspect = missing - self._suspect
            self._unaudited -= looked_at - self._suspect

    async def _audited(self) -> bool:
        """All that was acknowledged up to now has been looked at; False where that could not be had."""
        await asyncio.sleep(2 * AUDIT_S)
        return await eventually(lambda: not self._unaudited, 10.0)

    def _sites(self) -> list[Site]:
        return [self.site] if self.clone is None else [self.site, self.clone]

    async def _settled(self) -> bool:
        """All that was told is in the database, and nothing waits at the site."""

        async def look() -> bool:
            for site in self._sites():
                if await site.waiting() != 0:
                    return False
            try:
                return await asyncio.to_thread(is_all_there, self.stack.database_url, self.ledger)
            except psycopg.OperationalError:
                return False

        try:
            async with asyncio.timeout(self._settle_s):
                while not await look():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            return False
        return True

    async def _close(self) -> None:
        for site in self._sites():
            await site.close()

    # --- faults -----------------------------------------------------------------------------------

    async def _dies(self, child: Child, start: Callable[[str], None], steps: Sequence[str], most: int) -> None:
        """Start it so that it kills itself at a step, somewhere among the next times it gets there; the person scans on."""
        step = self.random.choice(steps)
        child.kill()
        start(f"{step}:{self.random.randint(1, most)}")
        until_s = time.monotonic() + AIM_S
        while child.is_running and time.monotonic() < until_s:
            self._allowed = self.person.done + AT_ONCE  # without traffic no step is reached
            await eventually(lambda: not child.is_running, MORE_S)
        self.aims.append(Aim(child.name.split()[0], step, has_hit=child.exit_code == -signal.SIGKILL))
        child.kill()

    async def edge_step(self) -> None:
        await self._dies(self.site.agent, self.site.start, EDGE_WINDOW, 10)
        self.site.start()
        await self.site.until_up()

    async def edge_step_power(self) -> None:
        await self._dies(self.site.agent, self.site.start, EDGE_WINDOW, 10)
        self.site.cut_power()
        self.site.start()
        await self.site.until_up()

    async def ingest_step(self) -> None:
        await self._dies(self.stack.ingest, self.stack.start_ingest, INGEST_WINDOW, 3)
        self.stack.start_ingest()

    async def edge_kill(self) -> None:
        self.site.agent.kill()
        self.site.start()
        await self.site.until_up()

    async def power_cut(self) -> None:
        self.site.cut_power()
        self.site.start()
        await self.site.until_up()

    async def broker_kill(self) -> None:
        """It keeps nothing on disk: sessions, queues and retained messages are gone."""
        self.stack.broker.kill()
        await asyncio.sleep(self.random.uniform(0.0, 0.5))
        await self.stack.start_broker_and_wait()

    async def ingest_kill(self) -> None:
        self.stack.ingest.kill()
        await asyncio.sleep(self.random.uniform(0.0, 0.5))
        self.stack.start_ingest()

    async def database_kill(self) -> None:
        await asyncio.to_thread(self.stack.database.kill)
        await asyncio.sleep(self.random.uniform(0.0, 0.5))
        await self.stack.start_database_and_wait()

    async def _line(self, line: Line, longest_s: float) -> None:
        self.stack.proxy.set(line)
        await asyncio.sleep(self.random.uniform(0.2, longest_s))
        self.stack.proxy.set(Line.OPEN)

    async def line_cut(self) -> None:
        await self._line(Line.CUT, 2.0)

    async def line_held(self) -> None:
        await self._line(Line.HELD, 3.0)

    async def line_half_open(self) -> None:
        await self._line(Line.SWALLOWED, 4.0)

    async def line_slow(self) -> None:
        await self._line(Line.SLOW, 3.0)

    async def repeated_delivery(self) -> None:
        for _ in range(3):
            self.repeater.repeat(self.site_id, self.random, 60)
            await asyncio.sleep(0.2)

    async def clock_jump(self) -> None:
        """Twice, once while the agent is down."""
        self.site.set_clock(self.random.choice(CLOCK_JUMPS_S) * 1000)
        await asyncio.sleep(0.5)
        self.site.agent.kill()
        self.site.set_clock(self.random.choice(CLOCK_JUMPS_S) * 1000)
        self.site.start()
        await self.site.until_up()

    async def disk_full(self) -> None:
        self.site.fill_card(self.random.choice((0, 4_096, 60_000)))
        await asyncio.sleep(self.random.uniform(0.5, 2.5))
        self.site.empty_card()

    async def unplug(self) -> None:
        self.site.scanner.unplug()
        await asyncio.sleep(0.3)
        self.site.scanner.plug()

    async def cloned_card(self) -> None:
        """The card is copied while the agent is down; the copy runs in another board, or in one that says it is the same."""
        if self.clone is not None:
            return
        self.site.agent.kill()
        self.ledger.has_twins = True
        machine = self.random.choice(("machine-b", self.site.machine))
        self.used["cloned_card:other_machine" if machine == "machine-b" else "cloned_card:same_machine"] += 1
        shutil.copytree(self.site.folder / "data", self.folder / "clone" / "data")
        self.clone = Site(self.stack, self.site_id, self.folder / "clone", machine, Random(self.seed), self.mutant)
        self.clone.scanner.plug()
        self.site.start()
        self.clone.start()
        await self.clone.until_up()
        await Person(self.clone, self.ledger).scan_all(self._take(CLONE_PARCELS), "received")

    async def old_card(self) -> None:
        """A backup of the card is put back: what it has forgotten is in the cloud, and its next numbers are taken."""
        if self.clone is not None:
            return
        self.site.agent.kill()
        backup = self.folder / "backup"
        shutil.copytree(self.site.folder / "data", backup)
        self.site.start()
        remembered = set(self.ledger.told)
        await self._until_scanned(20)
        async with self.person.hands:
            # What only the card had would be gone for good, and nobody could have it.
            if not await self._all_sent():
                return
            self.used["old_card:put_back"] += 1
            self.ledger.has_twins = True
            self.site.agent.kill()
            self.site.put_card(backup)
            self.site.start()
            await self.site.until_up()
            await self.site.set_mode(self.site.mode)  # the card has the one of its day
            self.forgotten |= {label for _, label in set(self.ledger.told) - remembered}

    async def _all_sent(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(20.0):
                while await self.site.waiting() != 0:
                    await asyncio.sleep(0.05)
                return True
        return False

    async def restored_cloud(self) -> None:
        """The database of some scans ago comes back; half the time somebody asks for a resync, else it must be noticed."""
        await asyncio.to_thread(self.stack.back_up)
        await self._until_scanned(30)
        self.stack.ingest.kill()
        await self._audited()  # what was acknowledged until now will rightly be missing
        await asyncio.to_thread(self.stack.restore)
        self.repeater.forget_acks(self.site_id)
        self.stack.start_ingest()
        if self.random.random() < 0.5:
            self.used["restored_cloud:resync"] += 1
            await asyncio.sleep(1.0)
            asked = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cloud", "resync", "--site", self.site_id,
                cwd=ROOT, env=dict(self.stack.ingest.env or {}), stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await asked.wait()


Effect = Callable[[Schedule], Awaitable[None]]
_EFFECTS: dict[Fault, Effect] = {fault: getattr(Schedule, fault.value) for fault in Fault}


def site_name(seed: int) -> str:
    """The site of a seed."""
    return f"f-{seed}"
