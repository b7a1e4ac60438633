"""Which sealed batches wait, are acknowledged, or could be sent again: the lanes' state, in memory and in SQL.

The lists are rebuilt from the file at every start; they only ever change after the commit they describe.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence

from edge.outbox.records import LANE_NUMBERS, LANES, BatchKey, Bounds, SealedBatch
from edge.outbox.transaction import Execute
from edge.wire.envelope import mark
from edge.wire.ids import Lane, Seq, parse_epoch

_PRUNE_AT_ONCE = 500  # rows a transaction: bounds how long a scan waits behind it, and the WAL it needs


class LaneList:
    """The unacknowledged seqs of every (epoch, lane), sorted, and the lowest seq still in the file."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, Lane], list[int]] = {}
        self._kept: dict[tuple[int, Lane], int] = {}
        self._damaged: dict[tuple[int, Lane], set[int]] = {}

    def load(self, execute: Execute) -> None:
        """Read the file once, at start."""
        for epoch, lane, seq, settled in execute(
            "SELECT epoch, lane, seq, settled_at_ms IS NOT NULL FROM batch ORDER BY epoch, lane, seq"
        ):
            place = (epoch, LANES[lane])
            self._kept.setdefault(place, seq)
            waiting = self._waiting.setdefault(place, [])
            if not settled:
                waiting.append(seq)
        for epoch, lane, seq in execute("SELECT epoch, lane, seq FROM damaged"):
            self._damaged.setdefault((epoch, LANES[lane]), set()).add(seq)

    def add(self, key: BatchKey) -> None:
        """A batch was sealed, or is to be sent again."""
        epoch, lane, seq = key
        waiting = self._waiting.get((epoch, lane))
        if waiting:
            if waiting[-1] < seq:
                waiting.append(seq)
            elif waiting[bisect_left(waiting, seq)] != seq:
                insort(waiting, seq)
            return
        self._waiting.setdefault((epoch, lane), []).append(seq)
        self._kept.setdefault((epoch, lane), seq)

    def settle(self, keys: Iterable[BatchKey]) -> None:
        """Batches were acknowledged, or moved."""
        for key in keys:
            waiting = self._waiting[(key.epoch, key.lane)]
            index = bisect_left(waiting, key.seq)
            if index < len(waiting) and waiting[index] == key.seq:
                del waiting[index]  # acks come roughly in order, one at a time: the whole list anew would be quadratic

    def set_aside(self, key: BatchKey) -> None:
        """A batch was found damaged: it does not wait any more."""
        self.settle([key])
        self._damaged.setdefault((key.epoch, key.lane), set()).add(key.seq)

    def count_damaged(self, lane: Lane) -> int:
        """How many batches of a lane the card has spoilt, over all epochs."""
        return sum(len(damaged) for (_, its_lane), damaged in self._damaged.items() if its_lane == lane)

    def pruned(self, epoch: int, lane: Lane, below: int) -> None:
        """Acknowledged copies below a seq were deleted."""
        self._kept[(epoch, lane)] = below

    def is_waiting(self, key: BatchKey) -> bool:
        """False once the cloud has it."""
        waiting = self._waiting.get((key.epoch, key.lane), [])
        index = bisect_left(waiting, key.seq)
        return index < len(waiting) and waiting[index] == key.seq

    def count(self, lane: Lane) -> int:
        """How many batches of a lane wait, over all epochs."""
        return sum(len(waiting) for (_, its_lane), waiting in self._waiting.items() if its_lane == lane)

    def oldest(self, lane: Lane) -> BatchKey | None:
        """The first that waits."""
        return next(self.after(None, lane), None)

    def after(self, last: BatchKey | None, lane: Lane) -> Iterator[BatchKey]:
        """What waits in a lane behind ``last``, oldest epoch first."""
        for (epoch, its_lane), waiting in sorted(self._waiting.items()):
            if its_lane != lane or (last is not None and epoch < last.epoch):
                continue
            start = bisect_right(waiting, last.seq) if last is not None and epoch == last.epoch else 0
            for index in range(start, len(waiting)):
                yield BatchKey(epoch, lane, Seq(waiting[index]))

    def bounds(self, epoch: int, lane: Lane, next_seq: int) -> Bounds:
        """``floor`` and ``kept`` for the properties of the next sending.

        A damaged batch cannot be sent again, so ``kept`` is beyond it: the cloud, where it lacks it, counts it as lost
        instead of asking for it for ever.
        """
        waiting = self._waiting.get((epoch, lane))
        floor = waiting[0] if waiting else next_seq
        beyond = max(self._damaged.get((epoch, lane), ()), default=0) + 1
        return Bounds(floor, min(max(self._kept.get((epoch, lane), floor), beyond), floor))

    def places(self) -> list[tuple[int, Lane]]:
        """Every (epoch, lane) that has a batch in the file."""
        return sorted(self._kept)

    def floor(self, epoch: int, lane: Lane) -> int | None:
        """The lowest that waits, None where nothing does."""
        waiting = self._waiting.get((epoch, lane))
        return waiting[0] if waiting else None


def read(execute: Execute, key: BatchKey) -> SealedBatch | None:
    """A batch with its bytes."""
    for uuid, payload, sha256 in execute(
        """SELECT epoch.uuid, payload, sha256 FROM batch JOIN epoch ON epoch.id = batch.epoch
           WHERE epoch = ? AND lane = ? AND seq = ?""",
        (key.epoch, LANE_NUMBERS[key.lane], key.seq),
    ).fetchall():
        return SealedBatch(key, parse_epoch(uuid), payload, sha256)
    return None


def last_seq(execute: Execute, epoch: int, lane: Lane) -> int | None:
    """The highest seq of a lane that is in the file."""
    ((last,),) = execute("SELECT max(seq) FROM batch WHERE epoch = ? AND lane = ?", (epoch, LANE_NUMBERS[lane])).fetchall()
    return None if last is None else int(last)


def set_aside(execute: Execute, key: BatchKey, boot: int) -> None:
    """Out of the lane, with its bytes: what is left of them may be read by a person."""
    place = (key.epoch, LANE_NUMBERS[key.lane], key.seq)
    execute(
        """INSERT INTO damaged (epoch, lane, seq, payload, sha256, sealed_at_ms, found_boot)
           SELECT epoch, lane, seq, payload, sha256, sealed_at_ms, ? FROM batch WHERE epoch = ? AND lane = ? AND seq = ?""",
        (boot, *place),
    )
    execute("DELETE FROM batch WHERE epoch = ? AND lane = ? AND seq = ?", place)


def sealed_at_ms(execute: Execute, key: BatchKey) -> int | None:
    """When a batch was sealed."""
    for (moment,) in execute(
        "SELECT sealed_at_ms FROM batch WHERE epoch = ? AND lane = ? AND seq = ?", (key.epoch, LANE_NUMBERS[key.lane], key.seq)
    ).fetchall():
        return int(moment)
    return None


def content_mark(execute: Execute, key: BatchKey) -> int | None:
    """The mark of what this file holds under a key."""
    for (sha256,) in execute(
        "SELECT sha256 FROM batch WHERE epoch = ? AND lane = ? AND seq = ?", (key.epoch, LANE_NUMBERS[key.lane], key.seq)
    ).fetchall():
        return mark(sha256)
    return None


def settle(execute: Execute, keys: Sequence[BatchKey], now_ms: int) -> int:
    """Mark as acknowledged; returns their bytes."""
    settled_bytes = 0
    for key in keys:
        for (size,) in execute(
            "UPDATE batch SET settled_at_ms = ? WHERE epoch = ? AND lane = ? AND seq = ? RETURNING length(payload)",
            (now_ms, key.epoch, LANE_NUMBERS[key.lane], key.seq),
        ).fetchall():
            settled_bytes += size
    return settled_bytes


def mark_moved(execute: Execute, key: BatchKey, to_epoch: int, to_seq: int, now_ms: int) -> None:
    """The content of ``key`` goes on under another key; this one is never sent again."""
    execute(
        "UPDATE batch SET settled_at_ms = ?, moved_epoch = ?, moved_seq = ? WHERE epoch = ? AND lane = ? AND seq = ?",
        (now_ms, to_epoch, to_seq, key.epoch, LANE_NUMBERS[key.lane], key.seq),
    )


def unsettle(execute: Execute, epoch: int, lane: Lane, from_seq: int, to_seq: int) -> tuple[list[BatchKey], int]:
    """The cloud has lost these: whatever is kept of them waits again. What was moved does not: it goes on elsewhere.

    Returns their keys and how many bytes they are.
    """
    rows = execute(
        """UPDATE batch SET settled_at_ms = NULL
           WHERE epoch = ? AND lane = ? AND seq BETWEEN ? AND ? AND settled_at_ms IS NOT NULL AND moved_epoch IS NULL
           RETURNING seq, length(payload)""",
        (epoch, LANE_NUMBERS[lane], from_seq, to_seq),
    ).fetchall()
    return [BatchKey(epoch, lane, Seq(seq)) for seq, _ in rows], sum(size for _, size in rows)


def prune_old(execute: Execute, epoch: int, lane: Lane, floor: int | None, settled_before_ms: int | None) -> tuple[int, int, int]:
    """Delete the oldest acknowledged copies of one lane, up to a bounded number, up to the first that must stay.

    Only from the front: what lies between ``kept`` and ``floor`` is all there, so that ``kept`` tells the truth.
    ``settled_before_ms`` None: however young. Returns how many rows and bytes went, and the lowest seq that may be left.
    """
    rows = 0
    freed_bytes = 0
    last = 0
    for seq, size, settled_at_ms in execute(
        "SELECT seq, length(payload), settled_at_ms FROM batch WHERE epoch = ? AND lane = ? ORDER BY seq LIMIT ?",
        (epoch, LANE_NUMBERS[lane], _PRUNE_AT_ONCE),
    ).fetchall():
        if (floor is not None and seq >= floor) or settled_at_ms is None:
            break
        if settled_before_ms is not None and settled_at_ms >= settled_before_ms:
            break
        rows, freed_bytes, last = rows + 1, freed_bytes + size, seq
    if rows:
        execute("DELETE FROM batch WHERE epoch = ? AND lane = ? AND seq <= ?", (epoch, LANE_NUMBERS[lane], last))
    return rows, freed_bytes, last + 1


def oldest_settled_ms(execute: Execute, epoch: int, lane: Lane) -> int | None:
    """When the first batch of a lane was sealed, if it is acknowledged; None where it waits or there is none."""
    for sealed_at_ms, settled_at_ms in execute(
        "SELECT sealed_at_ms, settled_at_ms FROM batch WHERE epoch = ? AND lane = ? ORDER BY seq LIMIT 1",
        (epoch, LANE_NUMBERS[lane]),
    ).fetchall():
        return sealed_at_ms if settled_at_ms is not None else None
    return None
