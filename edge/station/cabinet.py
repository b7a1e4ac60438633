"""The lockers: reserved, opened, watched until the door is closed again. Nothing is pulsed before its wish is on the disk.

What an opening means is ``edge.station.cells``'s. A door is opened once a wish, whatever happens: after a crash between pulse and
feedback the wish is "unknown", and a person goes and looks.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import structlog

from edge.devices.locker import Article, Cell, Door, LockerBoard, OpenOutcome, OpenResult
from edge.devices.ports import Sound
from edge.outbox import NotKeptError, Outbox, Transaction
from edge.outbox.transaction import Execute
from edge.rules.custody import ParcelState
from edge.site_clock import SiteClock
from edge.station import cell_book, ledger, lockers
from edge.station.cell_book import WishOutcome
from edge.station.cells import CellNote, Wish, after_close, after_open, closed_for, note_after_close, note_of, why_not_open
from edge.station.commands import Outcome
from edge.station.day import Day
from edge.station.desk import NotInManifestError
from edge.station.known import KnownParcel
from edge.station.looks import Looks
from edge.station.questions import OpenQuestion, Questions
from edge.station.results import ScanResult
from edge.station.station import Station, Who, record
from edge.station.unbroken import Unbroken
from edge.station.verdict import Verdict, Word
from edge.wire.messages import CellChanged, CellOpened, Command

CLOSED_WITHIN_S = 60.0  # who takes a bag out and closes the door needs twenty; then it is left open
AGAIN_S = 5.0  # between two tries to book a closing that the disk did not take
PLACE = "cabinet"  # where residents' wrong codes are counted, at each of its terminals and scanners for itself

_OUTCOMES: Mapping[OpenOutcome, WishOutcome] = {
    OpenOutcome.OPENED: "opened",
    OpenOutcome.LEFT_OPEN: "opened",
    OpenOutcome.JAMMED: "failed",
    OpenOutcome.FAILED: "failed",
    OpenOutcome.UNKNOWN: "unknown",
}

_REMOTELY: Mapping[Word, Outcome] = {
    Word.CELL_OPENED: "done",
    Word.CELL_NOT_OPENED: "failed",
    Word.CELL_UNCERTAIN: "unknown",
}

_log = structlog.get_logger()


class _Opened(NamedTuple):
    """A pulse that was given, with its wish's row."""

    wish: Wish
    who: Who
    row: int
    result: OpenResult


class _Standing(NamedTuple):
    """A door that stands open. Each opening makes a new one, also where it is for the same wish."""

    wish: Wish
    who: Who


class Lock(NamedTuple):
    """Which lock a cell's name means."""

    board: LockerBoard
    number: int


class Cabinet:
    """All the site's cells. ``load`` before use; ``run`` watches doors until cancelled."""

    def __init__(
        self, outbox: Outbox, clock: SiteClock, station: Station, questions: Questions, locks: Mapping[str, Lock]
    ) -> None:  # fmt: skip
        self._outbox = outbox
        self._clock = clock
        self._station = station
        self._questions = questions
        self.locks = locks
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._watched: dict[str, _Standing] = {}  # doors that stand open
        self._owed: deque[_Opened] = deque()  # a wish was on the disk before each: a disk that takes nothing adds none
        self._paying = asyncio.Lock()
        self._unbroken = Unbroken()
        self._looks = Looks()
        self._opened: asyncio.Queue[str] = asyncio.Queue(max(1, len(locks)))  # a cell is in it once at most

    @property
    def standing_open(self) -> Collection[str]:
        """Cells that were opened, and nobody has seen closed since."""
        return self._watched.keys()

    async def load(self) -> None:
        """At start: what was begun and never heard of is unknown, says so, and is not tried again. NotKeptError."""
        stamp = self._clock.stamp()

        def settle(transaction: Transaction) -> None:
            for row, wish, device, actor in cell_book.unfinished(transaction.execute):
                unknown = CellOpened(
                    cell=wish.cell, purpose=wish.purpose, outcome="unknown", parcel=wish.parcel, command=wish.command
                )  # fmt: skip
                record(transaction, (unknown,), stamp, Who(device, actor))
                cell_book.finish(transaction.execute, row, "unknown")

        await self._outbox.transact(settle)

    async def run(self) -> None:
        """Wait for each opened door to be closed; begun again, also for those that were opened before."""
        self._opened = asyncio.Queue(max(1, len(self.locks)))
        for cell in self._watched:
            self._opened.put_nowait(cell)
        async with asyncio.TaskGroup() as tasks:
            while True:
                cell = await self._opened.get()
                tasks.create_task(self._watch(cell), name=f"cell {cell}")

    async def reserve(self, parcel: str, who: Who) -> ScanResult:
        """Find a cell for a parcel and keep it. NotKeptError."""
        now_ms = self._clock.now_ms()

        def decide(execute: Execute, day: Day) -> Verdict:
            known = ledger.parcel(execute, day, parcel)
            taken = cell_book.taken(execute, day)
            own = next((cell for cell, holds in taken.items() if holds == parcel), "")
            if own:
                return Verdict(Word.CELL_RESERVED, Sound.DUPLICATE, parcel=parcel, place=own)
            with_locks = [cell for cell in day.cells.values() if cell.cell in self.locks]
            cell = None if known.standing.state.is_final else lockers.allocate(known, with_locks, taken)
            if cell is None:
                return Verdict(Word.NO_CELL, Sound.REFUSED, parcel=parcel)
            reserved = CellChanged(cell=cell.cell, state="reserved", parcel=parcel)
            return Verdict(Word.CELL_RESERVED, Sound.OK, (reserved,), parcel=parcel, place=cell.cell)

        def note(execute: Execute, verdict: Verdict) -> None:
            if verdict.facts:
                cell_book.put_note(execute, verdict.place, CellNote("reserved", parcel), now_ms)

        return await self._station.act(who, decide, note, reads_much=True)

    async def look(self) -> Mapping[str, Cell]:
        """What doors and article sensors say now, or said a second ago; unknown where a board does not answer."""
        boards = {id(lock.board): lock.board for lock in self.locks.values()}
        seen = dict(zip(boards, await asyncio.gather(*(self._looks.at(board) for board in boards.values())), strict=True))
        return {cell: seen[id(lock.board)].get(lock.number, Cell()) for cell, lock in self.locks.items()}

    async def set_in_use(self, cell: str, who: Who, *, is_blocked: bool) -> ScanResult:
        """Staff take a cell out of use, or say that it is right again. NotInManifestError, NotKeptError."""
        if cell not in self.locks:
            raise NotInManifestError(f"{cell}: no such cell at this site")
        now_ms = self._clock.now_ms()
        fact = CellChanged(cell=cell, state="blocked" if is_blocked else "free", cause="staff")
        verdict = Verdict(Word.CELL_OUT_OF_USE if is_blocked else Word.CELL_FREED, Sound.OK, (fact,), place=cell)
        note = CellNote("blocked", cause="staff") if is_blocked else None
        return await self._station.act(
            who, lambda *_: verdict, lambda execute, _verdict: cell_book.put_note(execute, cell, note, now_ms)
        )

    async def open(self, wish: Wish, who: Who) -> ScanResult:
        """Open one cell once, and book what that means, also where whoever asked has gone meanwhile.

        NotInManifestError, NotKeptError: it was not pulsed, unless it says so.
        """
        lock = self.locks.get(wish.cell)
        if lock is None:
            raise NotInManifestError(f"{wish.cell}: no such cell at this site")
        return await self._unbroken.run(self._open(wish, who, lock))

    async def _open(self, wish: Wish, who: Who, lock: Lock) -> ScanResult:
        async with self._one_at_a_time[wish.cell]:
            await self.book_what_is_owed()  # what this opening means follows from what the ones before meant
            begun = await self._begin(wish, who)
            if isinstance(begun, Verdict):
                refusal = begun
                return await self._station.act(who, lambda *_: refusal)
            opened = await lock.board.open(lock.number)
            if opened.is_open:
                self._stands_open(wish, who)
            told = _Opened(wish, who, begun, opened)
            try:
                return await self._book(told)
            except NotKeptError:  # what the door did is true all the same: it is booked when the disk takes it
                self._owed.append(told)
                raise

    def _stands_open(self, wish: Wish, who: Who) -> None:
        before = self._watched.get(wish.cell)
        if before is None:
            self._opened.put_nowait(wish.cell)
        kept = closed_for(before.wish if before is not None else None, wish)
        self._watched[wish.cell] = _Standing(kept, before.who if before is not None and kept is before.wish else who)

    async def book_what_is_owed(self) -> None:
        """Openings that the disk did not take when they happened. NotKeptError: nor does it now."""
        async with self._paying:
            while self._owed:
                await self._book(self._owed[0])
                self._owed.popleft()

    async def _book(self, told: "_Opened") -> ScanResult:
        wish, opened, now_ms = told.wish, told.result, self._clock.now_ms()

        def decide(execute: Execute, day: Day) -> Verdict:
            return after_open(wish, opened, _known(execute, day, wish))

        def finish(execute: Execute, verdict: Verdict) -> None:
            cell_book.finish(execute, told.row, _OUTCOMES[opened.outcome])
            if (note := note_of(verdict.facts)) is not None:
                cell_book.put_note(execute, wish.cell, note, now_ms)

        return await self._station.act(told.who, decide, finish)

    def lane_of(self, command: Command) -> str:
        """What a command waits for: the ones before it at the same board; all that open nothing wait for each other."""
        lock = self.locks.get(command.cell) if command.action == "open_cell" else None
        return "" if lock is None else lock.board.name

    async def open_remotely(self, command: str, cell: str) -> tuple[Outcome, str]:
        """The cloud wants a cell opened; whoever asked it is in its own books. NotKeptError."""
        try:
            result = await self.open(Wish(cell, "remote", command=command), Who("cloud"))
        except NotInManifestError as error:
            return "refused", str(error)
        return _REMOTELY.get(Word(result.word), "refused"), result.word

    async def pick_up(
        self, text: str, who: Who, tell: Callable[[OpenQuestion, Sequence[ScanResult]], None] = lambda *_: None
    ) -> tuple[OpenQuestion, list[ScanResult]]:  # fmt: skip
        """A resident shows a QR or a code at the cabinet: every cell with something of theirs opens, one after another.

        ``tell``: what was found, and again after each cell. NotKeptError.
        """
        place, ceiling = f"{PLACE}/{who.device}", f"{PLACE}/ceiling/{who.device}"
        asked = await self._questions.ask(text, who, place, ceiling=ceiling, takes_tails=False)
        results: list[ScanResult] = []
        tell(asked, results)
        for here in asked.claims:
            for one in here.ready:
                if one.standing.state is ParcelState.IN_LOCKER:
                    wish = Wish(one.standing.place, "pickup", one.parcel, here.claim.claim, asked.how, asked.token)
                    results.append(await self._open_theirs(wish, who))
                    tell(asked, results)
        if any(result.word == Word.RELEASED for result in results):
            await self._questions.settled(asked)
        return asked, results

    async def _open_theirs(self, wish: Wish, who: Who) -> ScanResult:
        """A cell that the site's file no longer names stops none of the others."""
        if wish.cell in self.locks:
            return await self.open(wish, who)
        verdict = Verdict(Word.CELL_NOT_OPENED, Sound.ERROR, parcel=wish.parcel, place=wish.cell)
        return await self._station.act(who, lambda *_: verdict)

    async def _begin(self, wish: Wish, who: Who) -> int | Verdict:
        """The wish's row, committed; or why it is refused."""
        day, now_ms = self._station.day, self._clock.now_ms()
        standing = self._watched.get(wish.cell)

        def work(transaction: Transaction) -> int | Verdict:
            execute = transaction.execute
            note = cell_book.notes(execute).get(wish.cell)
            holds = ledger.taken_cells(execute, day).get(wish.cell, "")
            known, cell = _known(execute, day, wish), day.cells.get(wish.cell)
            refusal = why_not_open(wish, known, cell, note, holds, standing.wish if standing is not None else None)
            return refusal or cell_book.begin(execute, wish, who.device, who.actor, now_ms)

        return await self._outbox.run(lambda store: store.transact(work))

    async def _watch(self, cell: str) -> None:
        """Until an opened door is closed and that is booked. That it is left open is booked on the way, once an opening."""
        lock = self.locks[cell]
        left: _Standing | None = None
        while cell in self._watched:
            try:
                door = await lock.board.wait_closed(lock.number, CLOSED_WITHIN_S)
                standing = self._watched[cell]  # it may have been opened for something else meanwhile
                if door is Door.CLOSED:
                    await self._closed(cell, standing)
                elif standing is not left:
                    await self._book_end(standing, door, Article.UNKNOWN)
                    left = standing
            except NotKeptError as error:  # the door is as it is: it is booked when the disk takes it
                _log.error("cell_not_kept", cell=cell, error=str(error))
                await asyncio.sleep(AGAIN_S)
            except Exception:  # noqa: BLE001  # the supervisor: one cell's trouble is none of the others'
                _log.exception("cell_not_watched", cell=cell)
                await asyncio.sleep(AGAIN_S)

    async def _closed(self, cell: str, standing: _Standing) -> None:
        """A door was seen closed; nothing where it was opened again meanwhile. NotKeptError."""
        lock = self.locks[cell]
        async with self._one_at_a_time[cell]:  # nobody opens it between the look and the books
            if self._watched[cell] is not standing:
                return
            await self.book_what_is_owed()
            seen = (await lock.board.look()).get(lock.number)
            await self._book_end(standing, Door.CLOSED, seen.article if seen is not None else Article.UNKNOWN)
            del self._watched[cell]

    async def _book_end(self, standing: _Standing, door: Door, article: Article) -> None:
        wish, now_ms = standing.wish, self._clock.now_ms()

        def decide(execute: Execute, day: Day) -> Verdict:
            return after_close(wish, door, article, _known(execute, day, wish))

        def note(execute: Execute, verdict: Verdict) -> None:
            before = cell_book.notes(execute).get(wish.cell)
            cell_book.put_note(execute, wish.cell, note_after_close(wish, before, verdict.facts), now_ms)

        await self._station.act(standing.who, decide, note)


def _known(execute: Execute, day: Day, wish: Wish) -> KnownParcel | None:
    return ledger.parcel(execute, day, wish.parcel) if wish.parcel else None
