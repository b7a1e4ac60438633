"""A pickup point: a scan comes in, is decided and booked in one commit, and only then does anything beep.

Where scans come from is the app's; what staff see is the page's.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from edge.devices.ports import Feedback, Scan, Sound
from edge.outbox import NotKeptError, Outbox, OutboxBusyError, RecordedEvent, Stamp, Transaction
from edge.outbox.moving import current_id
from edge.outbox.transaction import Execute
from edge.rules.debounce import Sighting, Sightings, is_repeat, remember
from edge.site_clock import SiteClock
from edge.station import bookings
from edge.station.bookings import Booking
from edge.station.decide import SLOT_HELD_S, BookedAs, Decision, Mode, ScanKind, ShelfSlot, StationState, decide, read_label
from edge.wire.ids import EventId, SiteId
from edge.wire.labels import Label, LabelKind
from edge.wire.messages import MAX_TEXT, EventUndone, ParcelReceived, ParcelReleased, ParcelShelved

RECENT_SCANS = 200  # what the page can scroll back to

_log = structlog.get_logger()


class ScanResult(NamedTuple):
    """What became of one scan: what staff hear and see. ``event`` None: nothing was booked."""

    at_ms: int
    text: str
    device: str
    kind: ScanKind
    sound: Sound | None
    event: EventId | None = None
    parcel: str = ""
    slot: str = ""
    detail: str = ""
    is_undone: bool = False
    can_undo: bool = False


class NoSuchScanError(Exception):
    """Nothing to undo: unknown, not a booking, or undone before. The text is for staff."""


class Station:
    """One a process, on the event loop. ``mode`` is what is in force; changing it durably is ``edge.station.rules``'s."""

    def __init__(
        self, site: SiteId, outbox: Outbox, clock: SiteClock, feedback: Sequence[Feedback], read_monotonic_s: Callable[[], float]
    ) -> None:
        self._site = site
        self._outbox = outbox
        self._clock = clock
        self._feedback = feedback
        self._read_monotonic_s = read_monotonic_s
        self._mode: Mode = "receive"
        self._slot = ""
        self._slot_until_s = 0.0
        self._seen: Sightings = {}
        self._listeners: list[Callable[[ScanResult], None]] = []
        self.results: deque[ScanResult] = deque(maxlen=RECENT_SCANS)

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """From now on; an open shelf slot is closed."""
        self._mode = mode
        self._slot = ""

    def on_result(self, listener: Callable[[ScanResult], None]) -> None:
        """Call this after each scan, and again when one is undone."""
        self._listeners.append(listener)

    async def load(self) -> None:
        """Fill the list of recent scans from the file."""
        found = await self._outbox.run(lambda store: bookings.recent(store.execute, self._site, RECENT_SCANS))
        self.results.extend(_result_of(booking) for booking in found)

    async def handle(self, scan: Scan, actor: str = "") -> ScanResult:
        """Book one scan. When this returns with a fact, it is on the disk; then, not before, it has beeped.

        Cancelled after the commit began: it is booked, and the label's next scan says so.
        """
        at_s = scan.heard_s or self._read_monotonic_s()
        read = read_label(scan.text, scan.symbology, scan.fault)
        if isinstance(read, ShelfSlot):
            self._slot, self._slot_until_s = read.slot, at_s + SLOT_HELD_S
            decision = Decision(ScanKind.SLOT, Sound.OK, slot=read.slot)
            result = _result(scan, scan.measured_at_ms, decision, None, "")
            self._tell(result)
            await self.signal(decision.sound)
            return result
        sighting = Sighting(scan.device, read.text)
        if read.kind is not LabelKind.PRODUCT and is_repeat(self._seen, sighting, at_s):
            self._seen = remember(self._seen, sighting, at_s)
            return _result(scan, scan.measured_at_ms, Decision(ScanKind.REPEATED, Sound.DUPLICATE), None, "", is_silent=True)
        stamp = self._clock.stamp(scan.measured_at_ms)
        event = None
        try:
            self._seen = remember(self._seen, sighting, at_s)
            decision, event = await self._outbox.transact(self._booking(scan, read, actor, at_s, stamp))
        except (NotKeptError, OutboxBusyError) as error:
            _log.error("scan_not_kept", device=scan.device, error=str(error))
            decision = Decision(ScanKind.FAILED, Sound.ERROR, detail=str(error))
            # It has to be scanned again, at once.
            self._seen = {one: seen_s for one, seen_s in self._seen.items() if one != sighting}
        is_parcel = read.kind is LabelKind.PARCEL and decision.kind is not ScanKind.FAILED
        result = _result(scan, stamp.measured_at_ms, decision, event, read.text if is_parcel else "")
        self._tell(result)
        if self._feedback:
            await self.signal(decision.sound)
        return result

    async def undo(self, event: EventId | None, actor: str, reason: str = "") -> ScanResult:
        """Take back all that one scan booked, the last scan where none is named, in the name of ``actor``.

        NoSuchScanError, NotKeptError.
        """
        stamp = self._clock.stamp()

        def work(transaction: Transaction) -> list[Booking]:
            execute = transaction.execute
            booking = bookings.last_not_undone(execute, self._site) if event is None else bookings.find(execute, event)
            if booking is None:
                raise NoSuchScanError("nothing was booked here that could be undone")
            if booking.is_undone:
                raise NoSuchScanError(f"{booking.parcel}: undone before")
            booked = bookings.of_same_scan(execute, booking)
            for one in booked:
                target = str(current_id(execute, one.event))
                transaction.record(EventUndone(target=target, reason=reason), stamp, actor=actor)
                bookings.mark_undone(execute, one)
            return booked

        booked = await self._outbox.transact(work)
        self._seen = {}  # the label may be scanned again at once
        undone = _result_of(booked[0])._replace(is_undone=True, can_undo=False)  # the page knows a scan by its last event
        self.results = deque((undone if one.event == undone.event else one for one in self.results), maxlen=RECENT_SCANS)
        self._announce(undone)
        return undone

    async def signal(self, sound: Sound) -> None:
        """Beep or light up, on everything that can."""
        for device in self._feedback:
            await device.signal(sound)

    def _booking(
        self, scan: Scan, label: Label, actor: str, at_s: float, stamp: Stamp
    ) -> Callable[[Transaction], tuple[Decision, EventId | None]]:
        """What happens within the commit."""
        mode = self._mode
        slot = self._slot if at_s < self._slot_until_s else ""

        def work(transaction: Transaction) -> tuple[Decision, EventId | None]:
            here = bookings.parcel_here(transaction.execute, label.text)
            decision = decide(StationState(mode, here, slot), label, scan.symbology)
            event = None
            scan_n = transaction.counters.next_event  # of the first fact: what one scan booked is undone together
            for fact in decision.facts:
                recorded = transaction.record(fact, stamp, device=scan.device, actor=actor)
                _book_fact(transaction.execute, recorded, scan.device, actor, scan_n)
                event = recorded.id
            return decision, event

        return work

    def _tell(self, result: ScanResult) -> None:
        self.results.appendleft(result)
        self._announce(result)

    def _announce(self, result: ScanResult) -> None:
        for listener in self._listeners:
            listener(result)


def _book_fact(execute: Execute, recorded: RecordedEvent, device: str, actor: str, scan_n: int) -> None:
    """The station's own row for a fact about a parcel, in the same commit."""
    kind: BookedAs
    slot = ""
    match recorded.fact:
        case ParcelReceived(parcel=parcel):
            kind = "received"
        case ParcelShelved(parcel=parcel, slot=slot):
            kind = "shelved"
        case ParcelReleased(parcel=parcel):
            kind = "released"
        case _:
            return
    bookings.insert(
        execute, parcel, kind, slot, recorded.measured_at_ms, device, actor, recorded.epoch_number, recorded.id.n, scan_n
    )  # fmt: skip


def _result(
    scan: Scan, at_ms: int, decision: Decision, event: EventId | None, parcel: str, *, is_silent: bool = False
) -> ScanResult:
    return ScanResult(
        at_ms,
        scan.text[:MAX_TEXT],
        scan.device,
        decision.kind,
        None if is_silent else decision.sound,
        event,
        parcel,
        decision.slot,
        decision.detail,
        can_undo=event is not None and parcel != "",
    )


def _result_of(booking: Booking) -> ScanResult:
    return ScanResult(
        at_ms=booking.at_ms,
        text=booking.parcel,
        device=booking.device,
        kind=ScanKind(booking.kind),
        sound=None,
        event=booking.event,
        parcel=booking.parcel,
        slot=booking.slot,
        is_undone=booking.is_undone,
        can_undo=not booking.is_undone,
    )
