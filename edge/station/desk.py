"""What staff do at the page besides scanning and handing out: each act reads what it depends on, decides, and is booked.

The decisions are in modules of their own; here stands what each is given. Every method: NotKeptError, and nothing was booked.
"""

from collections.abc import Callable
from typing import Literal

from edge.outbox import Outbox
from edge.outbox.transaction import Execute
from edge.site_clock import SiteClock
from edge.station import arrivals, bulk, goods, handout, ledger, leftovers, lockers, memory, shelving, stocktake
from edge.station.arrivals import Condition
from edge.station.day import Day
from edge.station.leftovers import DisposedFor
from edge.station.memory import StockTake
from edge.station.results import ScanResult
from edge.station.shelf_queue import ShelfQueue, read_shelf_queue, slot_for
from edge.station.station import Station, Who
from edge.station.verdict import Verdict, Word
from edge.wire.messages import Problem

SYSTEM = Who("agent")  # what the station says of itself


class NotInManifestError(Exception):
    """The act needs something that the manifest does not name. The text is for staff."""


class Desk:
    """One a process."""

    def __init__(self, outbox: Outbox, clock: SiteClock, station: Station, read_monotonic_s: Callable[[], float]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._station = station
        self._read_monotonic_s = read_monotonic_s

    # --- arrivals ---------------------------------------------------------------------------------

    async def sign(self, container: str, condition: Condition, photo: str, who: Who) -> ScanResult:
        """Take a container over."""
        return await self._station.act(
            who, lambda execute, day: arrivals.sign(ledger.container(execute, day, container), condition, photo)
        )

    async def open_container(self, container: str, who: Who) -> ScanResult:
        """Begin to count it: what is scanned now comes out of it."""
        result = await self._station.act(
            who, lambda execute, day: arrivals.open_container(ledger.container(execute, day, container))
        )  # fmt: skip
        if result.word in (Word.OPENED, Word.OPENED_BEFORE):
            self._station.benches.open_container(who.device, container)
        return result

    async def finish_count(self, container: str, who: Who) -> ScanResult:
        """Close the count: what was not seen is missing."""

        def decide(execute: Execute, day: Day) -> Verdict:
            known = ledger.container(execute, day, container)
            if known.is_bulk:
                return bulk.finish_count(known, goods.all_in_container(execute, day, container))
            return arrivals.finish_count(known, ledger.of_container(execute, day, container))

        result = await self._station.act(who, decide, reads_much=True)
        if result.word in (Word.COUNTED, Word.COUNTED_SHORT):
            self._station.benches.close_container(container)
        return result

    async def report(self, parcel: str, problem: Problem, sku: str, quantity: int, photo: str, who: Who) -> ScanResult:
        """Something is wrong with a parcel or an article of it."""
        return await self._station.act(
            who,
            lambda execute, day: arrivals.report(
                ledger.parcel(execute, day, parcel), problem, sku=sku, quantity=quantity, photo=photo
            ),
        )

    async def weigh(self, parcel: str, sku: str, quantity: int, weight_g: int, photo: str, who: Who) -> ScanResult:
        """Pieces of an article were put on the scales. NotInManifestError: nobody knows what they should weigh."""
        article = self._station.day.articles.get(sku)
        if article is None or article.weight_g is None:
            raise NotInManifestError(f"{sku}: the manifest does not say what a piece weighs")
        return await self._station.act(
            who,
            lambda execute, day: arrivals.weigh(
                ledger.parcel(execute, day, parcel), article, quantity, weight_g, day.rules.weight_tolerance, photo
            ),
        )

    # --- goods by SKU -----------------------------------------------------------------------------

    async def count_goods(self, container: str, sku: str, quantity: int, who: Who) -> ScanResult:
        """Pieces were counted out of a container."""
        return await self._station.act(
            who,
            lambda execute, day: bulk.count(
                ledger.container(execute, day, container), goods.in_container(execute, day, container, sku), quantity
            ),
        )

    async def give(self, sku: str, quantity: int, parcel: str, who: Who) -> ScanResult:
        """Put pieces into a bag, the next one where none is named."""
        return await self._station.act(
            who,
            lambda execute, day: bulk.give(
                sku, goods.shares(execute, day, sku), goods.stock(execute, day, sku), quantity, parcel=parcel
            ),
        )

    async def finish_distribution(self, who: Who) -> ScanResult:
        """All is given that there is: what bags lack now is short."""

        def decide(execute: Execute, day: Day) -> Verdict:
            skus = dict.fromkeys(line.sku for one in day.parcels.values() if one.is_made_here for line in one.lines)
            return bulk.finish((sku, share) for sku in skus for share in goods.shares(execute, day, sku))

        return await self._station.act(who, decide, reads_much=True)

    # --- where parcels lie ------------------------------------------------------------------------

    async def suggest_slot(self, parcel: str) -> str:
        """Where a parcel should go; "" where nobody knows."""
        day, standings, undone = self._station.day, self._station.standings, self._station.undone

        def look(execute: Execute) -> str:
            standings.refresh(execute, undone)
            return slot_for(standings.parcel(execute, day, parcel), standings.here(execute, day), day)

        return await self._outbox.run(lambda store: look(store.execute))

    async def shelf_queue(self, limit: int) -> ShelfQueue:
        """What waits to be shelved; screens show the first ``limit``."""
        day, standings, undone = self._station.day, self._station.standings, self._station.undone
        return await self._outbox.run(lambda store: read_shelf_queue(store.execute, day, standings, undone, limit))

    async def shelve(self, parcel: str, slot: str, who: Who) -> ScanResult:
        """Put a parcel into a slot."""
        now_ms = self._clock.now_ms()
        return await self._station.act(
            who, lambda execute, day: shelving.shelve(ledger.parcel(execute, day, parcel).at(now_ms), slot, day.plan)
        )

    async def place(self, parcel: str, cell: str, who: Who) -> ScanResult:
        """A parcel lies in a cell and its door is closed. NotInManifestError."""
        found = self._station.day.cells.get(cell)
        if found is None:
            raise NotInManifestError(f"{cell}: the manifest names no such cell")
        return await self._station.act(
            who,
            lambda execute, day: lockers.place(ledger.parcel(execute, day, parcel), found, ledger.taken_cells(execute, day)),
            reads_much=True,
        )

    async def remove(self, parcel: str, reason: Literal["expired", "mistake", "fault", "moved"], who: Who) -> ScanResult:
        """Staff took a parcel out of its cell."""
        return await self._station.act(who, lambda execute, day: lockers.remove(ledger.parcel(execute, day, parcel), reason))

    # --- handing out ------------------------------------------------------------------------------

    async def hand_out_told(self, parcel: str, who: Who) -> ScanResult:
        """A label was scanned of what was too warm; its resident was told, and takes it all the same."""
        serving, now_ms = self._station.benches.at(who.device, self._read_monotonic_s()).serving, self._clock.now_ms()

        def decide(execute: Execute, day: Day) -> Verdict:
            known = ledger.parcel(execute, day, parcel).at(now_ms)
            if serving is None or serving.claim not in day.claims:
                return handout.release_scanned(known, is_told=True)
            return handout.release_scanned(known, ledger.claim(execute, day, serving.claim), serving, is_told=True)

        result = await self._station.act(who, decide)
        if result.word == Word.RELEASED:
            self._station.served(who.device)
        return result

    # --- stock-take -------------------------------------------------------------------------------

    async def begin_stock_take(self, scope: str) -> None:
        """From now on parcels that are scanned in the mode "count" are seen. ``scope``: a shelf's letters, or "" for everything."""
        now_ms = self._clock.now_ms()
        await self._outbox.transact(
            lambda transaction: memory.begin_stock_take(
                transaction.execute, StockTake(scope, ledger.last_row(transaction.execute)), now_ms
            )
        )

    async def finish_stock_take(self, who: Who) -> ScanResult:
        """What was not seen is missing. NotInManifestError: none was begun."""
        take = await self._outbox.run(lambda store: memory.stock_take(store.execute))
        if take is None:
            raise NotInManifestError("no stock-take is going on: begin one")

        def decide(execute: Execute, day: Day) -> Verdict:
            booked = ledger.here_since(execute, day, take.after_row)
            return stocktake.finish(take.scope, booked, ledger.seen_since(execute, take.after_row))

        return await self._station.act(who, decide, lambda execute, _verdict: memory.end_stock_take(execute), reads_much=True)

    # --- what is left -----------------------------------------------------------------------------

    async def dispose(self, parcel: str, reason: DisposedFor, photo: str, who: Who) -> ScanResult:
        """Throw a parcel away."""
        return await self._station.act(
            who, lambda execute, day: leftovers.dispose(ledger.parcel(execute, day, parcel), reason, photo)
        )  # fmt: skip

    async def give_back(self, parcel: str, container: str, run: str, who: Who) -> ScanResult:
        """Hand a parcel to the van."""
        return await self._station.act(
            who,
            lambda execute, day: leftovers.give_back(
                ledger.parcel(execute, day, parcel), day.rules.takes_back, container, run
            ),
        )  # fmt: skip

    async def empty(self, container: str, who: Who) -> ScanResult:
        """A container waits for the van."""

        def decide(execute: Execute, day: Day) -> Verdict:
            inside = [ledger.parcel(execute, day, one) for one in day.parcels_in.get(container, ())]
            return leftovers.empty(ledger.container(execute, day, container), inside)

        return await self._station.act(who, decide)

    async def send_back(self, container: str, run: str, who: Who) -> ScanResult:
        """The van takes a container along."""
        return await self._station.act(
            who, lambda execute, day: leftovers.send_back(ledger.container(execute, day, container), run)
        )  # fmt: skip

    async def mark_overdue(self) -> None:
        """Housekeeping: parcels whose deadline has passed. Nothing is said where nothing is new."""
        day, now_ms = self._station.day, self._clock.now_ms()
        late = [name for name, one in day.claims.items() if now_ms > one.deadline_ms]
        if not late:
            return

        def overdue(execute: Execute, day: Day) -> Verdict:
            claims = (ledger.claim(execute, day, name) for name in late if name in day.claims)
            return leftovers.overdue(claims, now_ms)

        if await self._outbox.run(lambda store: bool(overdue(store.execute, day).facts)):
            await self._station.act(SYSTEM, overdue)
