"""The outbox's file, one connection, one thread: facts become sealed batches, in the transaction of whatever else they change.

Blocking throughout; ``edge.outbox.owner`` keeps it off the event loop. Sending is the uplink's.
"""

import contextlib
from collections.abc import Callable, Container, Sequence
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

import apsw
import structlog

from edge.outbox import lanes, look, moving, room, telemetry
from edge.outbox.lanes import LaneList
from edge.outbox.records import (
    Acknowledgement,
    BatchKey,
    Bounds,
    LaneBounds,
    LaneDepth,
    NotKeptError,
    OutboxDepth,
    OutboxFullError,
    Sample,
    SealedBatch,
)
from edge.outbox.reserve import Reserve
from edge.outbox.schema import connect, migrate
from edge.outbox.start import StoreSettings, begin_boot
from edge.outbox.transaction import BootBegan, Execute, Transaction
from edge.wire.ids import Epoch, Lane, Seq, parse_epoch
from edge.wire.messages import ClockQuality

T = TypeVar("T")

_log = structlog.get_logger()


class Store:
    """Enter it in the thread that uses it. ``now_ms`` everywhere is domain time."""

    def __init__(
        self, settings: StoreSettings, now_ms: int, on_sealed: Callable[[Sequence[SealedBatch]], None] = lambda _sealed: None
    ) -> None:
        self.settings = settings
        self._on_sealed = on_sealed
        self.list = LaneList()
        self.reserve = Reserve(settings.path.with_name(settings.path.name + ".reserve"), settings.limits.reserve_bytes)
        self.kept_bytes = 0  # of acknowledged copies
        self.readings = 0  # not sealed yet
        self.trouble = ""  # why the last transaction was refused
        self.is_full = False
        self._opened_at_ms = now_ms

    def __enter__(self) -> Self:
        settings = self.settings
        self.connection = connect(settings.path, vfs=settings.vfs)
        try:
            self.execute: Execute = self.connection.cursor().execute
            migrate(self.connection, settings.versions)
            self.counters = begin_boot(self.execute, settings, self._opened_at_ms)
            self.boot_began = BootBegan(self.counters.hlc)
        except BaseException:
            self.connection.close()
            raise
        self.list.load(self.execute)
        ((self.kept_bytes,),) = self.execute("SELECT coalesce(sum(length(payload)), 0) FROM batch WHERE settled_at_ms IS NOT NULL")
        self.readings, _ = telemetry.count(self.execute)
        self.reserve.hold()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()

    # --- writing ----------------------------------------------------------------------------------

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in one commit. It may run again where the disk was full, so it must change nothing but the database.

        OutboxFullError or NotKeptError: nothing was written.
        """
        try:
            try:
                result = self.attempt(work)
            except apsw.FullError:
                result = self._with_room(work)
        except NotKeptError as error:
            self.trouble, self.is_full = str(error), isinstance(error, OutboxFullError)
            raise
        self.trouble, self.is_full = "", False
        return result

    def _with_room(self, work: Callable[[Transaction], T]) -> T:
        """The disk was full: again, after each thing that may go has gone."""
        self.reserve.release()
        for make_room in (room.drop_kept, room.thin_readings):
            try:
                make_room(self)
                return self.attempt(work)
            except apsw.FullError:
                continue
        raise OutboxFullError("the disk is full: nothing was kept; free some space in the data folder")

    def attempt(self, work: Callable[[Transaction], T]) -> T:
        execute = self.execute
        try:
            execute("BEGIN IMMEDIATE")
            transaction = Transaction(self.settings.site, self.counters, self.boot_began, execute)
            result = work(transaction)
            if transaction.sealed:
                transaction.save_counters()
                self.settings.on_step("sealed")
            elif transaction.counters != self.counters:
                transaction.save_counters()
            execute("COMMIT")
        except BaseException as error:
            if self.connection.in_transaction:
                execute("ROLLBACK")
            if isinstance(error, apsw.IOError | apsw.BusyError | apsw.ReadOnlyError | apsw.CantOpenError):
                raise NotKeptError(f"the disk does not take it: {error}; nothing was kept") from error
            raise
        counters, sealed = transaction.counters, transaction.sealed
        if counters.boot != self.counters.boot:
            self.boot_began = BootBegan(counters.hlc)
        self.counters = counters
        if sealed:
            if transaction.recorded:
                self.boot_began.has_events = True
            for batch in sealed:
                self.list.add(batch.key)
            self._on_sealed(sealed)
            self.settings.on_step("committed")
        return result

    # --- telemetry --------------------------------------------------------------------------------

    def seal_live(self, samples: Sequence[Sample], clock: ClockQuality, now_ms: int) -> None:
        """Seal what is true now; more than fits in one batch goes to the backfill's readings."""

        def work(transaction: Transaction) -> int:
            stored = [telemetry.StoredSample(sample) for sample in samples]
            payload, count = telemetry.cut(stored, transaction.counters.boot, clock)
            transaction.seal(Lane.LIVE, payload, now_ms)
            telemetry.insert(transaction.execute, samples[count:], transaction.counters.boot, clock)
            return len(samples) - count

        self.readings += self.transact(work)

    def keep_readings(self, samples: Sequence[Sample], clock: ClockQuality) -> None:
        """Keep what cannot be sent now; sealed on demand, oldest first."""
        self.transact(lambda transaction: telemetry.insert(transaction.execute, samples, transaction.counters.boot, clock))
        self.readings += len(samples)

    def seal_backfill(self, now_ms: int) -> bool:
        """Seal the oldest readings into one batch. False: none are left."""

        def work(transaction: Transaction) -> int:
            oldest = telemetry.oldest(transaction.execute)
            if oldest is None:
                return 0
            payload, count = telemetry.cut(oldest.samples, oldest.boot, oldest.clock)
            transaction.seal(Lane.BACKFILL, payload, now_ms)
            telemetry.delete(transaction.execute, oldest.ids[0], oldest.ids[count - 1])
            return count

        sealed = self.transact(work)
        self.readings -= sealed
        return sealed > 0

    # --- sending and what comes of it -------------------------------------------------------------

    def waiting(
        self, lane: Lane, after: BatchKey | None, limit: int, but_not: Container[BatchKey] = frozenset()
    ) -> list[tuple[SealedBatch, Bounds]]:
        """What waits in a lane behind ``after``, in order, at most ``limit``, each with the lane's floor and kept of now."""
        while True:
            damaged = self.list.count_damaged(lane)
            keys = list(islice((key for key in self.list.after(after, lane) if key not in but_not), limit))
            found = [one for key in keys if (one := self.still_waiting(key)) is not None]
            if self.list.count_damaged(lane) == damaged:  # else others take the places of what was set aside
                return found

    def still_waiting(self, key: BatchKey) -> tuple[SealedBatch, Bounds] | None:
        """One batch to send again; None: the cloud has it, or the card has spoilt it."""
        if not self.list.is_waiting(key):
            return None
        batch = lanes.read(self.execute, key)
        if batch is None:
            return None
        if batch.is_damaged:
            self._set_aside(batch)
            return None
        return batch, self.list.bounds(key.epoch, key.lane, key.seq)

    def _set_aside(self, batch: SealedBatch) -> None:
        """The cloud would refuse these bytes for ever, and nothing behind them would count: the lane goes on without them."""
        key = batch.key
        _log.error("batch_damaged", epoch=str(batch.epoch), lane=key.lane.value, seq=key.seq, bytes=len(batch.payload))
        try:
            self.transact(lambda transaction: lanes.set_aside(transaction.execute, key, transaction.counters.boot))
        except NotKeptError as error:  # the next start finds it again
            _log.error("damaged_batch_not_moved", error=str(error))
        self.list.set_aside(key)

    def acknowledge(self, acks: Sequence[Acknowledgement], now_ms: int) -> list[BatchKey]:
        """The cloud has these. Returns what does not wait any more; unknown epochs and repeats are nothing new.

        Where the mark is not that of our content, the cloud holds a twin's content under our key: a conflict, not an ack.
        """
        ours: dict[BatchKey, None] = {}
        theirs: dict[BatchKey, None] = {}
        for ack in acks:
            epoch = self.epoch_number(ack.epoch)
            if epoch is None:
                continue
            for seq, content in zip(ack.seqs, ack.contents, strict=True):
                key = BatchKey(epoch, ack.lane, Seq(seq))
                if self.list.is_waiting(key):
                    (ours if lanes.content_mark(self.execute, key) == content else theirs)[key] = None
        self.settings.on_step("ack_received")

        def work(transaction: Transaction) -> int:
            transaction.hear(max(ack.hlc for ack in acks))
            transaction.execute("UPDATE state SET last_sync_ms = ? WHERE one = 1", (now_ms,))
            return lanes.settle(transaction.execute, list(ours), now_ms)

        self.kept_bytes += self.transact(work)
        self.list.settle(ours)
        self.settings.on_step("acked")
        for key in theirs.keys() - ours.keys():
            moving.move(self, key, now_ms)
        return [*ours, *theirs]

    def conflict(self, epoch: Epoch, lane: Lane, seq: int, content: int, now_ms: int) -> BatchKey | None:
        """The cloud refused this content, for it holds other content under the key: seal ours again under a new epoch.

        None: the nack is for a twin's content, or ours does not wait under that key any more.
        """
        number = self.epoch_number(epoch)
        if number is None:
            return None
        key = BatchKey(number, lane, Seq(seq))
        if not self.list.is_waiting(key) or lanes.content_mark(self.execute, key) != content:
            return None
        moving.move(self, key, now_ms)
        return key

    def resend(self, epoch: Epoch, lane: Lane, from_seq: int, to_seq: int) -> list[BatchKey]:
        """The cloud lost these (it was restored): what is kept of them waits again, byte-identical."""
        epoch_number = self.epoch_number(epoch)
        if epoch_number is None:
            return []

        def work(transaction: Transaction) -> tuple[list[BatchKey], int]:
            again = lanes.unsettle(transaction.execute, epoch_number, lane, from_seq, to_seq)
            self.settings.on_step("resending")
            return again

        keys, size = self.transact(work)
        self.kept_bytes -= size
        for key in keys:
            self.list.add(key)
        return keys

    def epoch_number(self, epoch: Epoch) -> int | None:
        for (number,) in self.execute("SELECT id FROM epoch WHERE uuid = ?", (str(epoch),)).fetchall():
            return int(number)
        return None

    def settled_lanes(self, limit: int) -> list[LaneBounds]:
        """The lanes of which no batch will say how far they are settled; the newest ``limit``, oldest first.

        Those of epochs that are over, as far as the file still has them, and of today's that of events, once nothing waits in it:
        the last batch before a silence was sent when it was not acknowledged.
        """
        settled: list[LaneBounds] = []
        for epoch, lane in self.list.places():
            is_over = epoch != self.counters.epoch_number
            is_silent = lane is Lane.EVENT and self.list.floor(epoch, lane) is None
            if (is_over or is_silent) and (last := lanes.last_seq(self.execute, epoch, lane)) is not None:
                ((uuid,),) = self.execute("SELECT uuid FROM epoch WHERE id = ?", (epoch,)).fetchall()
                settled.append(LaneBounds(parse_epoch(uuid), lane, self.list.bounds(epoch, lane, last + 1)))
        return settled[-limit:]

    # --- housekeeping -----------------------------------------------------------------------------

    def tidy(self, now_ms: int) -> None:
        """What can be done in a quiet moment: prune, bring the WAL in, take the reserve back."""
        room.prune(self, now_ms)
        with contextlib.suppress(apsw.BusyError, apsw.LockedError, apsw.FullError):  # a reader beside us, or no room: next time
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self.reserve.hold()

    def client_secret(self) -> bytes:
        """Of this file as long as it lives, and of its copies; never sent as it is."""
        secret: bytes
        ((secret,),) = self.execute("SELECT secret FROM broker_client").fetchall()
        return secret

    def depth(self) -> OutboxDepth:
        """What waits, and what the file takes; costs a few look-ups however much there is."""
        depths = {
            lane: LaneDepth(self.list.count(lane), 0, self._sealed_at_ms(self.list.oldest(lane)), self.list.count_damaged(lane))
            for lane in Lane
        }
        first_ms = telemetry.first_at_ms(self.execute)
        backfill = depths[Lane.BACKFILL]
        times = [moment for moment in (backfill.oldest_ms, first_ms) if moment is not None]
        depths[Lane.BACKFILL] = LaneDepth(backfill.batches, self.readings, min(times, default=None), backfill.damaged)
        ((last_sync_ms,),) = self.execute("SELECT last_sync_ms FROM state").fetchall()
        ((synchronous,),) = self.execute("PRAGMA synchronous").fetchall()
        counters = self.counters
        return OutboxDepth(
            lanes=depths,
            epoch=counters.epoch,
            boot=counters.boot,
            hlc=counters.hlc,
            last_sync_ms=last_sync_ms,
            kept_bytes=self.kept_bytes,
            file_bytes=look.file_bytes(self.settings.path),
            trouble=self.trouble,
            is_full=self.is_full,
            synchronous=synchronous,
        )

    def _sealed_at_ms(self, key: BatchKey | None) -> int | None:
        return None if key is None else lanes.sealed_at_ms(self.execute, key)
