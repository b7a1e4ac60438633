"""What may be done inside one commit: facts get their number, their order and their sealed batch.

The counters are a copy; the store adopts them once the commit has returned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, assert_never

from edge.outbox.records import LANE_NUMBERS, BatchKey, RecordedEvent, SealedBatch, Stamp
from edge.wire.codec import encode
from edge.wire.envelope import digest
from edge.wire.ids import Epoch, EventId, EventNumber, Lane, Seq, SiteId
from edge.wire.messages import AnyFact, ClockCorrected, Event, EventBatch
from edge.wire.order import Hlc, observe, shift, tick

# ``apsw.Cursor.execute`` of the store's one cursor: always ``fetchall``, for a result half read keeps the WAL from being reset.
Execute = Callable[..., Any]


@dataclass(slots=True)
class Counters:
    """The row ``state``: what numbers and orders everything that is sealed."""

    epoch_number: int
    epoch: Epoch
    boot: int
    hlc: Hlc
    next_event: int
    next_live: int
    next_backfill: int

    def copy(self) -> "Counters":
        """A copy; three times as fast as dataclasses.replace, and every scan takes one."""
        return Counters(
            self.epoch_number, self.epoch, self.boot, self.hlc, self.next_event, self.next_live, self.next_backfill
        )  # fmt: skip


@dataclass(slots=True)
class BootBegan:
    """Where the order stood when this boot number began, and whether anything was recorded under it."""

    hlc: Hlc
    has_events: bool = False


class Transaction:
    """Lives only as long as the ``work`` it is handed to. ``execute`` is for the station's own tables, in the same commit."""

    __slots__ = ("_boot_began", "_site", "counters", "execute", "recorded", "sealed")

    def __init__(self, site: SiteId, counters: Counters, boot_began: "BootBegan", execute: Execute) -> None:
        self.execute: Final = execute
        self._boot_began = boot_began
        self.counters: Final = counters.copy()
        self.recorded: Final[list[RecordedEvent]] = []
        self.sealed: Final[list[SealedBatch]] = []
        self._site = site

    def record(self, fact: AnyFact, stamp: Stamp, *, device: str = "", actor: str = "") -> RecordedEvent:
        """Number, order and seal one fact. It is true once the transaction is committed, not before."""
        counters = self.counters
        n = counters.next_event
        counters.hlc = hlc = tick(counters.hlc, stamp.order_ms)
        event = Event(
            n=n,
            hlc=hlc,
            boot=counters.boot,
            measured_at_ms=stamp.measured_at_ms,
            clock=stamp.quality,
            fact=fact,
            device=device,
            actor=actor,
        )
        self.seal(Lane.EVENT, encode(EventBatch(events=[event])), stamp.measured_at_ms)
        recorded = RecordedEvent(
            EventId(self._site, counters.epoch, EventNumber(n)), counters.epoch_number, hlc, stamp.measured_at_ms, fact
        )
        self.recorded.append(recorded)
        return recorded

    def seal(self, lane: Lane, payload: bytes, now_ms: int) -> Seq:
        """Put bytes under the lane's next key. An event's payload must hold one event, numbered ``counters.next_event``."""
        counters = self.counters
        match lane:
            case Lane.EVENT:
                seq = Seq(counters.next_event)
                counters.next_event = seq + 1
            case Lane.LIVE:
                seq = Seq(counters.next_live)
                counters.next_live = seq + 1
            case Lane.BACKFILL:
                seq = Seq(counters.next_backfill)
                counters.next_backfill = seq + 1
            case _:
                assert_never(lane)
        sha256 = digest(payload)
        self.execute(
            "INSERT INTO batch (epoch, lane, seq, payload, sha256, sealed_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (counters.epoch_number, LANE_NUMBERS[lane], seq, payload, sha256, now_ms),
        )
        self.sealed.append(SealedBatch(BatchKey(counters.epoch_number, lane, seq), counters.epoch, payload, sha256))
        return seq

    def open_epoch(self, epoch: Epoch, reason: str, now_ms: int) -> None:
        """Number anew from 1. What was sealed before keeps its key and its bytes, and is sent until it is acknowledged."""
        counters = self.counters
        self.execute("INSERT INTO epoch (uuid, reason, opened_at_ms) VALUES (?, ?, ?)", (str(epoch), reason, now_ms))
        ((counters.epoch_number,),) = self.execute("SELECT id FROM epoch WHERE uuid = ?", (str(epoch),)).fetchall()
        counters.epoch = epoch
        counters.next_event = counters.next_live = counters.next_backfill = 1

    def correct_clock(self, offset_ms: int, stamp: Stamp) -> None:
        """The clock of this boot was ``offset_ms`` behind the truth. Say so, if anything was stamped by it, and count a new boot.

        The cloud re-keys the boot's events by the offset, so our own past moves with them; what comes now needs no correction,
        hence the new boot number.
        """
        counters = self.counters
        if not self._boot_began.has_events:
            return
        counters.hlc = max(self._boot_began.hlc, shift(counters.hlc, offset_ms))
        wrong_boot = counters.boot
        counters.boot += 1
        self.record(ClockCorrected(boot=wrong_boot, offset_ms=offset_ms), stamp)

    def hear(self, hlc: Hlc) -> None:
        """Never order behind a key heard from the cloud."""
        self.counters.hlc = observe(self.counters.hlc, hlc)

    def save_counters(self) -> None:
        """The store calls this before it commits."""
        counters = self.counters
        self.execute(
            "UPDATE state SET epoch = ?, boot = ?, hlc = ?, next_event = ?, next_live = ?, next_backfill = ? WHERE one = 1",
            (
                counters.epoch_number,
                counters.boot,
                counters.hlc,
                counters.next_event,
                counters.next_live,
                counters.next_backfill,
            ),
        )
