"""The outbox's file, one connection, one thread: facts become sealed batches, in the transaction of whatever else they change.

Blocking throughout; ``edge.outbox.owner`` keeps it off the event loop. Sending is the uplink's.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

import apsw

from edge.outbox import lanes, look, moving, room, telemetry
from edge.outbox.lanes import LaneList
from edge.outbox.records import (
    Acknowledgement,
    BatchKey,
    Bounds,
    Limits,
    NotKeptError,
    OutboxDepth,
    OutboxFullError,
    Sample,
    SealedBatch,
    Step,
    WrongSiteError,
)
from edge.outbox.reserve import Reserve
from edge.outbox.schema import OUTBOX_VERSIONS, connect, migrate
from edge.outbox.transaction import Counters, Transaction
from edge.wire.ids import Epoch, Lane, Seq, SiteId, parse_epoch
from edge.wire.messages import ClockQuality
from edge.wire.order import Hlc

T = TypeVar("T")


def no_step(_step: Step) -> None:
    """Production: nobody waits at the steps."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the file is and whose it is. ``new_uuid`` makes epochs (``uuid.uuid4``)."""

    path: Path
    site: SiteId
    machine: str
    new_uuid: Callable[[], UUID]
    versions: Sequence[str] = OUTBOX_VERSIONS
    limits: Limits = field(default_factory=Limits)
    vfs: str | None = None
    on_step: Callable[[Step], None] = no_step


class Store:
    """Enter it in the thread that uses it. ``now_ms`` everywhere is domain time."""

    def __init__(self, settings: StoreSettings, now_ms: int) -> None:
        self.settings = settings
        self.list = LaneList()
        self.reserve = Reserve(settings.path.with_name(settings.path.name + ".reserve"), settings.limits.reserve_bytes)
        self.kept_bytes = 0  # of acknowledged copies
        self._opened_at_ms = now_ms

    def __enter__(self) -> Self:
        settings = self.settings
        self.connection = connect(settings.path, vfs=settings.vfs)
        try:
            self.execute = self.connection.cursor().execute
            migrate(self.connection, settings.versions)
            self.counters = self._begin_boot()
        except BaseException:
            self.connection.close()
            raise
        self.list.load(self.execute)
        ((self.kept_bytes,),) = self.execute("SELECT coalesce(sum(length(payload)), 0) FROM batch WHERE settled_at_ms IS NOT NULL")
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
            return self.attempt(work)
        except apsw.FullError:
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
            transaction = Transaction(self.settings.site, self.counters, execute)
            result = work(transaction)
            if transaction.counters != self.counters:
                transaction.save_counters()
            if transaction.sealed:
                self.settings.on_step("sealed")
            execute("COMMIT")
        except BaseException as error:
            if self.connection.in_transaction:
                execute("ROLLBACK")
            if isinstance(error, apsw.IOError | apsw.BusyError | apsw.ReadOnlyError | apsw.CantOpenError):
                raise NotKeptError(f"the disk does not take it: {error}; nothing was kept") from error
            raise
        self.counters = transaction.counters
        if transaction.sealed:
            self.list.add(transaction.sealed)
            self.settings.on_step("committed")
        return result

    # --- telemetry --------------------------------------------------------------------------------

    def seal_live(self, samples: Sequence[Sample], clock: ClockQuality, now_ms: int) -> None:
        """Seal what is true now; more than fits in one batch goes to the backfill's readings."""

        def work(transaction: Transaction) -> None:
            stored = [telemetry.StoredSample(sample) for sample in samples]
            payload, count = telemetry.cut(stored, transaction.counters.boot, clock)
            transaction.seal(Lane.LIVE, payload, now_ms)
            telemetry.insert(transaction.execute, samples[count:], transaction.counters.boot, clock)

        self.transact(work)

    def keep_readings(self, samples: Sequence[Sample], clock: ClockQuality) -> None:
        """Keep what cannot be sent now; sealed on demand, oldest first."""
        self.transact(lambda transaction: telemetry.insert(transaction.execute, samples, transaction.counters.boot, clock))

    def seal_backfill(self, now_ms: int) -> bool:
        """Seal the oldest readings into one batch. False: none are left."""

        def work(transaction: Transaction) -> bool:
            oldest = telemetry.oldest(transaction.execute)
            if oldest is None:
                return False
            payload, count = telemetry.cut(oldest.samples, oldest.boot, oldest.clock)
            transaction.seal(Lane.BACKFILL, payload, now_ms)
            telemetry.delete(transaction.execute, oldest.ids[0], oldest.ids[count - 1])
            return True

        return self.transact(work)

    # --- sending and what comes of it -------------------------------------------------------------

    def waiting(self, lane: Lane, after: BatchKey | None, limit: int) -> list[SealedBatch]:
        """What waits in a lane behind ``after``, in order, at most ``limit``."""
        batches: list[SealedBatch] = []
        for key in self.list.after(after, lane):
            if len(batches) == limit:
                break
            batch = lanes.read(self.execute, key)
            if batch is not None:
                batches.append(batch)
        return batches

    def bounds(self, key: BatchKey) -> Bounds:
        """The lane's floor and kept as of now."""
        return self.list.bounds(key.epoch, key.lane, key.seq)

    def acknowledge(self, ack: Acknowledgement, now_ms: int) -> list[BatchKey]:
        """The cloud has these. Returns those that had been waiting; unknown epochs and repeats are nothing new.

        Where the mark is not that of our content, the cloud holds a twin's content under our key: a conflict, not an ack.
        """
        epoch = self.epoch_number(ack.epoch)
        if epoch is None:
            return []
        ours: list[BatchKey] = []
        for seq, content in sorted(set(zip(ack.seqs, ack.contents, strict=True))):
            key = BatchKey(epoch, ack.lane, Seq(seq))
            if self.list.is_waiting(key):
                if lanes.content_mark(self.execute, key) == content:
                    ours.append(key)
                else:
                    moving.move(self, key, now_ms)
        self.settings.on_step("ack_received")

        def work(transaction: Transaction) -> int:
            transaction.hear(ack.hlc)
            transaction.execute("UPDATE state SET last_sync_ms = ? WHERE one = 1", (now_ms,))
            return lanes.settle(transaction.execute, ours, now_ms)

        self.kept_bytes += self.transact(work)
        self.list.settle(ours)
        self.settings.on_step("acked")
        return ours

    def conflict(self, epoch: Epoch, lane: Lane, seq: int, content: int, now_ms: int) -> bool:
        """The cloud refused this content, for it holds other content under the key: seal ours again under a new epoch.

        False: the nack is for a twin's content, or ours does not wait under that key any more.
        """
        number = self.epoch_number(epoch)
        if number is None:
            return False
        key = BatchKey(number, lane, Seq(seq))
        if not self.list.is_waiting(key) or lanes.content_mark(self.execute, key) != content:
            return False
        moving.move(self, key, now_ms)
        return True

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
        self.list.add(keys)
        return keys

    def epoch_number(self, epoch: Epoch) -> int | None:
        for (number,) in self.execute("SELECT id FROM epoch WHERE uuid = ?", (str(epoch),)):
            return int(number)
        return None

    # --- housekeeping -----------------------------------------------------------------------------

    def tidy(self, now_ms: int) -> None:
        """What can be done in a quiet moment: prune, bring the WAL in, take the reserve back."""
        room.prune(self, now_ms)
        with contextlib.suppress(apsw.BusyError, apsw.FullError):
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self.reserve.hold()

    def depth(self) -> OutboxDepth:
        """What waits, and what the file takes."""
        return look.depth(self.execute, self.settings.path)

    # --- start ------------------------------------------------------------------------------------

    def _begin_boot(self) -> Counters:
        """Read whose file this is, count the boot, and open an epoch where the file is new or on another machine."""
        settings, execute, now_ms = self.settings, self.execute, self._opened_at_ms
        execute("BEGIN IMMEDIATE")
        found = execute(
            """SELECT site, machine, state.epoch, uuid, boot, hlc, next_event, next_live, next_backfill
               FROM state JOIN epoch ON epoch.id = state.epoch"""
        ).fetchone()
        if found is None:
            uuid = settings.new_uuid()
            execute("INSERT INTO epoch (id, uuid, reason, opened_at_ms) VALUES (1, ?, 'created', ?)", (str(uuid), now_ms))
            execute(
                "INSERT INTO state VALUES (1, ?, ?, 1, 1, 0, 1, 1, 1, NULL)",
                (settings.site, settings.machine),
            )
            counters = Counters(1, Epoch(uuid), 1, Hlc(0), 1, 1, 1)
        else:
            site, machine, number, text, boot, hlc, *nexts = found
            if site != settings.site:
                execute("ROLLBACK")
                raise WrongSiteError(
                    f"{settings.path}: belongs to site {site!r}, not {settings.site!r}; give each site a data_dir of its own"
                )
            transaction = Transaction(settings.site, Counters(number, parse_epoch(text), boot + 1, Hlc(hlc), *nexts), execute)
            if machine != settings.machine:
                # A copied card: the other copy may go on numbering in the old epoch. What was sealed before the copy has the
                # same key and bytes on both, so it is sent under its old key: whoever comes second is a duplicate.
                transaction.open_epoch(Epoch(settings.new_uuid()), "machine", now_ms)
                execute("UPDATE state SET machine = ? WHERE one = 1", (settings.machine,))
            transaction.save_counters()
            counters = transaction.counters
        execute("COMMIT")
        return counters
