"""One seeded schedule: a person scans, a keeper runs the station, the faults of the plan strike, and then the books are compared.

What strikes when is plan's, and what it does is effects'.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from random import Random

import psycopg

from edge.wire.labels import parcel_label
from tests.faults.cabinet import Cabinet, read_wishes
from tests.faults.delivery import Repeater
from tests.faults.effects import EFFECTS
from tests.faults.keeper import Keeper
from tests.faults.ledger import Balance, Ledger, balance, is_all_there, missing_batches
from tests.faults.plan import PARCELS, RELEASED, Aim, Strike
from tests.faults.processes import eventually
from tests.faults.proxy import Line
from tests.faults.site import AT_ONCE, OPERATOR, Person, Site
from tests.faults.stack import Stack
from tests.faults.station_day import LABELS, RESERVED, station_day
from tests.faults.voice import CloudVoice

SETTLE_S = 150.0  # the edge's longest back-off is 60 s
MUTANT_SETTLE_S = 40.0  # what a mutant has lost does not come by waiting
HEAD_START = 40  # scans
KEEPER_DONE_AT = 160  # scans
AUDIT_S = 0.25
MORE_S = 0.5  # between handfuls where the plan has no more, or not yet


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one schedule. ``operations``: of the keeper; ``struck``: faults that found something to strike at.

    ``refused``: of the commands that must open nothing, those that the site says it does not do; ``remote_opens``: those of which
    it said that a door is open.
    """

    seed: int
    strikes: tuple[Strike, ...]
    struck: int
    scans: int
    operations: int
    pulses: int
    refused: int
    remote_opens: int
    balance: Balance


@dataclass
class Schedule:
    """Runs one seed on a stack, at a site of its own."""

    stack: Stack
    repeater: Repeater
    voice: CloudVoice
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
        self.cabinet = Cabinet(self.folder / "original", self.folder / "cabinet", self.seed)
        self.site = Site(
            self.stack, self.site_id, self.folder / "original", "machine-a", self.random, self.mutant, self.cabinet.toml
        )
        self.person = Person(self.site, self.ledger, may_go_on=self._is_not_too_early)
        self.keeper = Keeper(
            self.site, self.cabinet, self.voice, self.ledger, station_day(self.site_id, OPERATOR, self.seed),
            Random(f"keeper {self.seed}"), self.person.hands, lambda: self.clone is not None, self._is_keepers_turn,
        )  # fmt: skip
        self._coming: list[Strike] = []
        self.allowed = 0
        self._struck = 0
        self._has_struck = False
        self.clone: Site | None = None
        self.forgotten: set[str] = set()
        self.broken_promises: set[str] = set()
        self._unaudited: set[tuple[str, int]] = set()
        self._suspect: set[tuple[str, int]] = set()
        self._labels = (parcel_label(self.seed * LABELS + n) for n in range(LABELS - RESERVED))

    async def run(self, strikes: Sequence[Strike]) -> Report:
        """Scan and run the station while the faults strike, set everything right, wait until it has settled, compare the books."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            self.site.scanner.plug()
            self.cabinet.lockers.plug()
            self.voice.announce(self.keeper.day.manifest)
            self.site.start()
            await self.site.until_up()
            await self.site.until_in_force(self.keeper.day.manifest.version)
            auditing = asyncio.create_task(self._audit())
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._scan())
                    group.create_task(self.keeper.work())
                    group.create_task(self._strike(strikes))
                await self._set_right()
                settled = await self._settled()
                audited = await self.audited()
            finally:
                auditing.cancel()
                await asyncio.wait([auditing])
            self.ledger.wishes = Counter(read_wishes(self.site.database, "TRUE").values())
            books = await asyncio.to_thread(balance, self.stack.database_url, self.ledger)
            odd = [*books.odd, *(f"never finished: {wish}" for wish in read_wishes(self.site.database, "outcome IS NULL").values())]
            odd += [f"refused: {label}" for label in self.person.refused if label not in self.forgotten]
            if not audited:
                odd.append(f"acknowledgements nobody could look at: {len(self._unaudited)}")
            if not settled:
                odd.insert(
                    0, f"not settled after {self._settle_s} s: {[await site.waiting() for site in self._sites()]} batches wait"
                )
                odd[1:1] = [f"log of {name}: {text}" for name, text in self._logs()]
            lost = (*books.lost, *sorted(self.broken_promises))
            books = replace(books, odd=tuple(odd), lost=lost, doors=self.cabinet.verdicts())
        return self.report(strikes, books)

    def report(self, strikes: Sequence[Strike], books: Balance) -> Report:
        """What became of it."""
        keeper, pulses = self.keeper, len(self.cabinet.lockers.pulses)
        return Report(
            self.seed,
            tuple(strikes),
            self._struck,
            self.ledger.scans,
            keeper.done,
            pulses,
            keeper.refused(),
            keeper.remote_opens,
            books,
        )

    @property
    def _settle_s(self) -> float:
        return MUTANT_SETTLE_S if self.is_mutant else SETTLE_S

    def take(self, count: int) -> list[str]:
        return [next(self._labels) for _ in range(count)]

    async def _scan(self) -> None:
        parcels = self.take(PARCELS)
        await self.person.scan_all(parcels, "received")
        await self.keeper.received.wait()  # what is scanned at the page means the same as what the scanner reads
        await self.site.set_mode("release")
        await self.person.scan_all(self.random.sample(parcels, RELEASED), "released")
        if not self._has_struck:
            await self.site.set_mode("receive")
        while not self._has_struck:  # a fault spoils nothing where nothing goes on
            await self.person.scan_all(self.take(AT_ONCE), "received")
            await asyncio.sleep(MORE_S)

    def _is_not_too_early(self) -> bool:
        """Hold the person back where a strike would find nothing left to spoil, because the one before takes its time."""
        return not self._coming or self.person.done < max(self._coming[0].after + HEAD_START, self.allowed)

    def _is_keepers_turn(self, share: float) -> bool:
        """Spread the keeper's day over the scans."""
        return self._has_struck or self.person.done >= share * KEEPER_DONE_AT

    async def until_scanned(self, count: int) -> None:
        """So many more are booked."""
        target = self.person.done + count
        self.allowed = target + AT_ONCE
        await eventually(lambda: self.person.done >= target, 60.0)

    async def _strike(self, strikes: Sequence[Strike]) -> None:
        for number, strike in enumerate(strikes):
            self._coming = list(strikes[number:])
            await eventually(lambda strike=strike: self.person.done >= strike.after, 300.0)
            self._coming = self._coming[1:]
            if await EFFECTS[strike.fault](self) is False:
                self.used[f"{strike.fault}:found nothing"] += 1
            else:
                self.used[strike.fault] += 1
                self._struck += 1
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

    async def audited(self) -> bool:
        """All that was acknowledged up to now has been looked at; False where that could not be had."""
        await asyncio.sleep(2 * AUDIT_S)
        return await eventually(lambda: not self._unaudited, 10.0)

    def _sites(self) -> list[Site]:
        return [self.site] if self.clone is None else [self.site, self.clone]

    async def _settled(self) -> bool:
        """All that was told is in the database, and nothing waits at the site, nor is any door's story untold."""

        async def look() -> bool:
            for site in self._sites():
                if await site.waiting() != 0 or read_wishes(site.database, "outcome IS NULL"):
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
        self.cabinet.lockers.unplug()


def site_name(seed: int) -> str:
    """The site of a seed."""
    return f"f-{seed}"
