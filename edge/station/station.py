"""A pickup point: an act is decided and booked in one commit, and only then does anything beep.

Where scans come from is the app's; what staff see is the page's. Every screen and scanner of the station works on this one state:
whatever is read to decide an act is read in the transaction that records it.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple, get_args

import structlog

from edge.devices.ports import Cue, Feedback, Reason, Scan, Sound
from edge.outbox import NotKeptError, Outbox, Stamp, Transaction
from edge.outbox.moving import current_id
from edge.outbox.transaction import Execute
from edge.rules.debounce import Sightings, forget, is_repeat, remember
from edge.site_clock import SiteClock
from edge.station import goods, ledger, memory
from edge.station.benches import Benches
from edge.station.cues import REASONS, cue_of
from edge.station.day import NO_DAY, Day
from edge.station.decide import (
    Bench,
    Mode,
    ScanKind,
    ShelfSlot,
    decide_container,
    decide_parcel,
    read_label,
    station_mode,
    unknown,
)
from edge.station.ledger import Booking
from edge.station.results import ScanResult, booked, not_kept, repeated, result_of
from edge.station.standings import Standings
from edge.station.verdict import Verdict, Word
from edge.wire.ids import EventId, SiteId
from edge.wire.labels import Label, LabelKind
from edge.wire.messages import AnyFact, EventUndone
from edge.wire.presence import SiteMode, StationMode

RECENT_SCANS = 200  # what the page can scroll back to

_log = structlog.get_logger()


class Who(NamedTuple):
    """Where an act was done and by whom: a device's name and a staff id, "" where nobody is logged in."""

    device: str
    actor: str = ""


Decide = Callable[[Execute, Day], Verdict]
Taker = Callable[[Scan, str], Awaitable[ScanResult | None]]


class NoSuchScanError(Exception):
    """Nothing to undo: unknown, not a booking, or undone before. The text is for staff."""


class Station:
    """One a process, on the event loop. ``mode`` is what is in force; changing it durably is ``edge.station.rules``'s.

    ``day`` is the manifest in force; ``edge.station.manifests`` sets it. What a scan means is in `_meaning` and `_settled`, which a
    dock has of its own.
    """

    modes: ClassVar[tuple[SiteMode, ...]] = get_args(StationMode)  # the first is a new site's
    reasons: ClassVar[Mapping[str, Reason]] = REASONS  # for ears, by word

    def __init__(
        self, site: SiteId, outbox: Outbox, clock: SiteClock, feedback: Sequence[Feedback], read_monotonic_s: Callable[[], float]
    ) -> None:
        self.site = site
        self.day = NO_DAY
        self._outbox = outbox
        self._clock = clock
        self._feedback = feedback
        self._read_monotonic_s = read_monotonic_s
        self._mode = self.modes[0]
        self._seen: Sightings = {}
        self._listeners: list[Callable[[ScanResult], None]] = []
        self._takers: list[Taker] = []
        self.benches = Benches()
        self.results: deque[ScanResult] = deque(maxlen=RECENT_SCANS)
        self.standings = Standings()  # what screens look at
        self.undone = 0  # acts taken back since the start

    @property
    def mode(self) -> SiteMode:
        return self._mode

    def set_mode(self, mode: SiteMode) -> None:
        """From now on; open shelves, containers and hand-outs are closed. One that is of no use here changes nothing."""
        if mode not in self.modes:
            return
        self._mode = mode
        self._seen = {}  # the label that was scanned last is now another act
        self.benches.clear()

    def on_result(self, listener: Callable[[ScanResult], None]) -> None:
        """Call this after each act, and again when one is undone."""
        self._listeners.append(listener)

    def on_scan(self, taker: Taker) -> None:
        """Ask this first: it may know a scan for something that is no label (a QR, a code, a badge). None: it does not."""
        self._takers.append(taker)

    async def load(self) -> None:
        """Fill the list of recent acts from the file."""
        found = await self._outbox.run(lambda store: ledger.recent(store.execute, self.site, RECENT_SCANS))
        self.results.extend(booked(booking) for booking in found)

    async def handle(self, scan: Scan, actor: str = "") -> ScanResult:
        """Book one scan. When this returns with a fact, it is on the disk; then, not before, it has beeped.

        Cancelled after the commit began: it is booked, and the label's next scan says so.
        """
        at_s = scan.heard_s or self._read_monotonic_s()
        read = self._read(scan)
        if isinstance(read, ShelfSlot):
            self.benches.open_slot(scan.device, read.slot, at_s)
            verdict = Verdict(Word.SLOT_OPEN, Sound.OK, place=read.slot)
            return await self._tell(result_of(verdict, scan.measured_at_ms, scan.device, actor, None, text=scan.text))
        if read.kind is not LabelKind.PRODUCT and is_repeat(self._seen, read.text, at_s):
            self._seen = remember(self._seen, read.text, at_s)
            return repeated(scan, actor)
        # A pickup code may pass for an EAN-8, and at the hand-out nobody scans goods.
        may_be_shown = (
            not scan.fault if read.kind is LabelKind.UNKNOWN else (read.kind is LabelKind.PRODUCT and self._mode == "release")
        )
        if may_be_shown and (taken := await self._offer(scan, actor)) is not None:
            self._seen = remember(self._seen, read.text, at_s)
            return taken
        stamp = self._clock.stamp(scan.measured_at_ms)
        try:
            self._seen = remember(self._seen, read.text, at_s)
            verdict, event = await self._outbox.transact(self._booking(scan, read, actor, at_s, stamp))
        except NotKeptError as error:
            _log.error("scan_not_kept", device=scan.device, error=str(error))
            # It has to be scanned again, at once.
            self._seen = forget(self._seen, read.text)
            return await self._tell(not_kept(scan, stamp.measured_at_ms, actor, str(error)))
        self._settled(verdict, scan.device)
        can_undo = any(ledger.thing_of(fact) for fact in verdict.facts)
        result = result_of(verdict, stamp.measured_at_ms, scan.device, actor, event, text=scan.text, can_undo=can_undo)
        result = result._replace(heard_s=at_s, booked_s=self._read_monotonic_s())
        self.results.appendleft(result)
        self._announce(result)
        if self._feedback:
            await self.signal(cue_of(self.reasons, verdict.sound, verdict.word, verdict.detail))
        return result

    def _read(self, scan: Scan) -> Label | ShelfSlot:
        return read_label(scan.text, scan.symbology, scan.fault)

    async def _offer(self, scan: Scan, actor: str) -> ScanResult | None:
        try:
            for taker in self._takers:
                if (taken := await taker(scan, actor)) is not None:
                    return taken
        except NotKeptError as error:
            return await self._tell(not_kept(scan, scan.measured_at_ms, actor, str(error)))
        return None

    async def act(
        self,
        who: Who,
        decide: Decide,
        also: Callable[[Execute, Verdict], None] | None = None,
        *,
        question: str = "",
        reads_much: bool = False,
    ) -> ScanResult:
        """One act at the page, or one that a taker made of a scan. ``also`` writes what belongs into the same commit.

        ``decide`` and ``also`` may run on the outbox's thread, and again where the disk was full: they must change nothing but what
        they are given. ``reads_much``: never on the loop. NotKeptError.
        """
        stamp, day = self._clock.stamp(), self.day

        def work(transaction: Transaction) -> tuple[Verdict, EventId | None]:
            verdict = decide(transaction.execute, day)
            event = record(transaction, verdict.facts, stamp, who)
            if also is not None:
                also(transaction.execute, verdict)
            return verdict, event

        if reads_much:
            verdict, event = await self._outbox.run(lambda store: store.transact(work))
        else:
            verdict, event = await self._outbox.transact(work)
        can_undo = any(ledger.thing_of(fact) for fact in verdict.facts)
        result = result_of(verdict, stamp.measured_at_ms, who.device, who.actor, event, can_undo=can_undo)
        return await self._tell(result._replace(question=question) if result.kind is ScanKind.ASKED else result)

    async def undo(self, event: EventId | None, actor: str, reason: str = "") -> ScanResult:
        """Take back all that one act booked, the last act where none is named, in the name of ``actor``.

        NoSuchScanError, NotKeptError.
        """
        stamp = self._clock.stamp()

        def work(transaction: Transaction) -> list[Booking]:
            execute = transaction.execute
            booking = ledger.last_not_undone(execute, self.site) if event is None else ledger.find(execute, event)
            if booking is None:
                raise NoSuchScanError("nothing was booked here that could be undone")
            if booking.is_undone:
                raise NoSuchScanError(f"{booking.thing}: undone before")
            of_act = ledger.of_same_act(execute, booking)
            for one in of_act:
                target = str(current_id(execute, one.event))
                transaction.record(EventUndone(target=target, reason=reason), stamp, actor=actor)
                ledger.mark_undone(execute, one)
            return of_act

        try:
            of_act = await self._outbox.transact(work)
        finally:
            self.undone += 1
        self._seen = {}  # the label may be scanned again at once
        undone = booked(of_act[0])._replace(
            is_undone=True, can_undo=False, undone_by=actor
        )  # the page knows an act by its last event
        was = next((one for one in self.results if one.event == undone.event), None)
        if was is not None:
            undone = undone._replace(fetched=was.fetched)  # where it is put back to
        self.results = deque((undone if one.event == undone.event else one for one in self.results), maxlen=RECENT_SCANS)
        self._announce(undone)
        return undone

    async def signal(self, cue: Cue) -> None:
        """Beep or light up, on everything that can."""
        for device in self._feedback:
            await device.signal(cue)

    def _booking(
        self, scan: Scan, label: Label, actor: str, at_s: float, stamp: Stamp
    ) -> Callable[[Transaction], tuple[Verdict, EventId | None]]:
        """What happens within the commit. Where people are known, somebody hands out: nobody does so nameless."""
        day, who = self.day, Who(scan.device, actor)
        decide = self._meaning(scan, label, actor, at_s)

        def work(transaction: Transaction) -> tuple[Verdict, EventId | None]:
            verdict = decide(transaction.execute, day)
            return verdict, record(transaction, verdict.facts, stamp, who)

        return work

    def _meaning(self, scan: Scan, label: Label, actor: str, at_s: float) -> Decide:
        """What a label means where it was scanned. What goes on there is looked at now, what stands in the file in the commit."""
        mode, bench, now_ms = station_mode(self._mode), self.benches.at(scan.device, at_s), self._clock.now_ms()

        def decide(execute: Execute, day: Day) -> Verdict:
            if mode == "release" and label.kind is LabelKind.PARCEL and not actor and day.staff:
                return Verdict(Word.LOG_IN_NEEDED, Sound.REFUSED, parcel=label.text)
            return _decide(execute, day, mode, label, scan.symbology, bench, now_ms)

        return decide

    def _settled(self, verdict: Verdict, device: str) -> None:
        """After the commit: what is going on at the device now."""
        match verdict.word:
            case Word.OPENED | Word.OPENED_BEFORE:
                self.benches.open_container(device, verdict.container)
            case Word.RELEASED:
                self.served(device)
            case _:
                pass

    def close_card(self, question: str) -> None:
        """Nobody is served by its answer any more; what was refused for them may be scanned again at once."""
        self.benches.close(question)
        self._seen = {}

    def served(self, device: str) -> None:
        """Whoever stood there has what is theirs: their card is closed."""
        if (card := self.benches.card(device, self._read_monotonic_s())) is not None:
            self.benches.close(card.question)

    async def _tell(self, result: ScanResult) -> ScanResult:
        self.results.appendleft(result)
        self._announce(result)
        if result.sound is not None and self._feedback:
            await self.signal(cue_of(self.reasons, result.sound, result.word, result.detail))
        return result

    def _announce(self, result: ScanResult) -> None:
        for listener in self._listeners:
            listener(result)


def record(transaction: Transaction, facts: Sequence[AnyFact], stamp: Stamp, who: Who) -> EventId | None:
    """Facts of one act with their bookings, in one commit. The last one's id, by which the page knows the act; None: no facts."""
    event = None
    act_n = transaction.counters.next_event
    for fact in facts:
        recorded = transaction.record(fact, stamp, device=who.device, actor=who.actor)
        ledger.insert(transaction.execute, recorded, who.device, who.actor, act_n)
        event = recorded.id
    return event


def _decide(execute: Execute, day: Day, mode: Mode, label: Label, symbology: str, bench: Bench, now_ms: int) -> Verdict:
    """Read what a scan's meaning depends on, and decide."""
    match label.kind:
        case LabelKind.PARCEL:
            if mode == "release" and bench.serving is not None and bench.serving.claim in day.claims:
                bench = bench._replace(claim=ledger.claim(execute, day, bench.serving.claim))
            if mode == "count" and (take := memory.stock_take(execute)) is not None:
                bench = bench._replace(seen=frozenset(ledger.seen_since(execute, take.after_row)))
            return decide_parcel(mode, ledger.parcel(execute, day, label.text).at(now_ms), bench, day.plan)
        case LabelKind.CONTAINER:
            return decide_container(mode, ledger.container(execute, day, label.text))
        case LabelKind.PRODUCT:
            scanned = goods.scanned(execute, day, label.text, bench.container) if mode == "receive" else None
            return scanned or unknown(label.text, symbology, "a product, not a parcel")
        case _:
            return unknown(label.text, symbology, label.reason)
