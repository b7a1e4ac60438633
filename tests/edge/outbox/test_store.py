"""The outbox's file: who it belongs to, what a new machine or a refused batch does to it, what stays and what goes."""

from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from edge.outbox import FileTooNewError, Limits, Position, Reading, Stamp, Store, WrongSiteError
from edge.outbox.look import depth_of_file
from edge.outbox.moving import current_id
from edge.outbox.records import Bounds, LaneBounds
from edge.outbox.schema import connect, migrate
from edge.station.schema import FILE_VERSIONS
from edge.wire.codec import decode_events, decode_telemetry
from edge.wire.envelope import mark
from edge.wire.ids import EventId, EventNumber, Lane, SiteId
from edge.wire.messages import MAX_BATCH_BYTES, ClockCorrected, ClockQuality, EventUndone, ParcelReceived
from edge.wire.order import Hlc, hlc_from_ms
from tests.edge.outbox.sites import ack, record, settings, stamp, waiting

DAY_MS = 24 * 3600 * 1000


def test_a_file_counts_its_boots_and_keeps_its_epoch_and_its_order(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1, now_ms=5_000)
        first = store.counters.copy()
    with Store(settings(tmp_path), 0) as store:
        assert store.counters.boot == first.boot + 1
        assert store.counters.epoch == first.epoch
        record(store, 2, now_ms=1)  # the clock has jumped back
        assert store.counters.hlc > first.hlc
        assert store.counters.next_event == 3


def test_a_copied_card_numbers_anew_and_still_sends_what_was_sealed_before_the_copy(tmp_path: Path) -> None:
    with Store(settings(tmp_path, machine="machine-1"), 0) as store:
        record(store, 1)
        (before,) = waiting(store)
    with Store(settings(tmp_path, machine="machine-2"), 0) as store:
        record(store, 2)
        old, new = waiting(store)
        assert old == before
        assert (new.epoch != old.epoch, new.key.seq) == (True, 1)


def test_another_sites_file_is_refused(tmp_path: Path) -> None:
    with Store(settings(tmp_path, site="st-1"), 0):
        pass
    with pytest.raises(WrongSiteError, match="belongs to site 'st-1'"), Store(settings(tmp_path, site="st-2"), 0):
        pass


def test_a_newer_releases_file_is_refused(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        store.connection.execute("PRAGMA user_version = 999")
    with pytest.raises(FileTooNewError, match="upgrade the agent"), Store(settings(tmp_path), 0):
        pass


def test_every_commit_is_synced(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        assert store.connection.pragma("synchronous") == 2
        assert store.connection.pragma("journal_mode") == "wal"
        assert store.connection.pragma("foreign_keys") == 1


def test_an_ack_for_a_twins_content_is_a_conflict(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        label = record(store, 1)
        (ours,) = waiting(store)
        (heard,) = ack(ours)
        heard.contents[0] ^= 1
        store.acknowledge([heard], 2)
        (again,) = waiting(store)
        assert again.epoch != ours.epoch
        (event,) = decode_events(again.payload).events
        assert event.fact == ParcelReceived(parcel=label)


def test_a_nack_for_a_twins_content_is_nothing(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1)
        (ours,) = waiting(store)
        assert store.conflict(ours.epoch, Lane.EVENT, 1, mark(ours.sha256) ^ 1, 2) is None
        assert waiting(store) == [ours]


def test_a_moved_event_keeps_its_order_and_time_and_an_undo_follows_it(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1, now_ms=77)
        (before,) = decode_events(waiting(store)[0].payload).events
        target = EventId(SiteId("st-1"), store.counters.epoch, EventNumber(1))
        store.transact(lambda transaction: transaction.record(EventUndone(target=str(target)), stamp(78)))
        received, undone = waiting(store)
        for batch in (received, undone):
            assert store.conflict(batch.epoch, Lane.EVENT, batch.key.seq, mark(batch.sha256), 99) is not None
        first, second = (decode_events(batch.payload).events[0] for batch in waiting(store))
        assert (first.hlc, first.measured_at_ms, first.boot, first.fact) == (
            before.hlc,
            before.measured_at_ms,
            before.boot,
            before.fact,
        )
        moved = current_id(store.execute, target)
        assert moved != target
        assert second.fact == EventUndone(target=str(moved))


def test_a_second_nack_of_the_same_batch_moves_nothing(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1)
        (ours,) = waiting(store)
        for _ in range(2):
            store.conflict(ours.epoch, Lane.EVENT, 1, mark(ours.sha256), 2)
        assert len(waiting(store)) == 1


def test_acknowledged_copies_stay_a_week(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1)
        batch = waiting(store)[0]
        store.acknowledge(ack(batch), 1_000)
        store.tidy(1_000 + 7 * DAY_MS)
        assert store.resend(batch.epoch, Lane.EVENT, 1, 1) == [batch.key]
        store.acknowledge(ack(batch), 1_000)
        store.tidy(1_001 + 7 * DAY_MS)
        assert store.resend(batch.epoch, Lane.EVENT, 1, 1) == []
        assert store.kept_bytes == 0


def test_acknowledged_copies_beyond_their_room_go_oldest_first(tmp_path: Path) -> None:
    with Store(settings(tmp_path, limits=Limits(keep_acked_bytes=0, reserve_bytes=0)), 0) as store:
        for serial in range(3):
            record(store, serial)
        first, second, third = waiting(store)
        store.acknowledge(ack(first, third), 1_000)
        store.tidy(1_001)
        ((_, bounds),) = store.waiting(Lane.EVENT, None, 10)
        assert (bounds.floor, bounds.kept) == (2, 2)  # the third is behind one that waits: it stays
        assert store.resend(third.epoch, Lane.EVENT, 1, 3) == [third.key]
        assert [batch.key for batch in waiting(store)] == [second.key, third.key]


def test_a_resent_batch_is_the_same_bytes(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1)
        (batch,) = waiting(store)
        store.acknowledge(ack(batch), 5)
        assert waiting(store) == []
        store.resend(batch.epoch, Lane.EVENT, 1, 1)
        assert waiting(store) == [batch]


def test_the_past_is_sealed_on_demand_within_the_limits_of_a_batch(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        store.keep_readings([Reading("fridge.t_c", 1_000 + one, float(one)) for one in range(1_200)], ClockQuality.SYNCED)
        store.keep_readings([Reading("fridge.t_c", 9_000, 1.0), Position(9_001, 31.2, 121.5, 3.0, 90.0)], ClockQuality.CLOUD)
        while store.seal_backfill(10_000):
            pass
        batches = [decode_telemetry(batch.payload) for batch in waiting(store, Lane.BACKFILL)]
        counts = [sum(len(one.dt) for one in batch.series) + sum(len(one.dt) for one in batch.tracks) for batch in batches]
        assert counts == [500, 500, 200, 2]
        assert [batch.clock for batch in batches] == [*[ClockQuality.SYNCED] * 3, ClockQuality.CLOUD]
        assert all(len(batch.payload) <= MAX_BATCH_BYTES for batch in waiting(store, Lane.BACKFILL))
        values = [value for batch in batches[:3] for one in batch.series for value in one.v]
        assert values == [float(one) for one in range(1_200)]
        assert store.depth().lanes[Lane.BACKFILL].readings == 0


def test_what_does_not_fit_into_one_live_batch_becomes_the_past(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        store.seal_live([Reading("a.x_c", one, 1.0) for one in range(600)], ClockQuality.SYNCED, 700)
        assert len(waiting(store, Lane.LIVE)) == 1
        assert store.depth().lanes[Lane.BACKFILL].readings == 100


def test_a_clock_correction_moves_our_own_past_and_starts_a_boot_number(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        guess = Stamp(1_000, ClockQuality.UNSYNCED, 1_000)
        store.transact(lambda transaction: transaction.record(ParcelReceived(parcel="TTP"), guess))
        boot, hlc = store.counters.boot, store.counters.hlc
        store.transact(lambda transaction: transaction.correct_clock(50_000, stamp(51_500)))
        _, corrected = (decode_events(batch.payload).events[0] for batch in waiting(store))
        assert corrected.fact == ClockCorrected(boot=boot, offset_ms=50_000)
        assert corrected.boot == store.counters.boot == boot + 1
        assert corrected.hlc > hlc + hlc_from_ms(50_000)


def test_a_clock_that_ran_ahead_is_taken_back_but_never_behind_the_boots_begin(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1, now_ms=10_000)
    with Store(settings(tmp_path), 0) as store:
        began = store.counters.hlc
        ahead = Stamp(90_000, ClockQuality.UNSYNCED, 90_000)
        store.transact(lambda transaction: transaction.record(ParcelReceived(parcel="TTP"), ahead))
        store.transact(lambda transaction: transaction.correct_clock(-85_000, stamp(5_000)))
        assert began < store.counters.hlc < hlc_from_ms(90_000)


def test_without_events_a_correction_has_nothing_to_correct(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        store.transact(lambda transaction: transaction.correct_clock(50_000, stamp(51_500)))
        assert waiting(store) == []


def test_a_key_heard_from_the_cloud_is_never_fallen_behind_also_after_a_restart(tmp_path: Path) -> None:
    heard = hlc_from_ms(9_000_000)
    with Store(settings(tmp_path), 0) as store:
        store.transact(lambda transaction: transaction.hear(Hlc(heard)))
    with Store(settings(tmp_path), 0) as store:
        record(store, 1, now_ms=5)
        assert store.counters.hlc == heard + 1


def test_the_file_is_read_beside_its_writer_and_without_it(tmp_path: Path) -> None:
    assert depth_of_file(tmp_path / "site.db") is None
    with Store(settings(tmp_path), 0) as store:
        record(store, 1, now_ms=42)
        beside = depth_of_file(tmp_path / "site.db")
        assert beside is not None
        assert (beside.lanes[Lane.EVENT].batches, beside.lanes[Lane.EVENT].oldest_ms) == (1, 42)
        assert beside.epoch == store.depth().epoch
    after = depth_of_file(tmp_path / "site.db")
    assert after is not None
    assert after.lanes == beside.lanes


def test_a_write_in_the_middle_of_someone_elses_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        store.connection.set_busy_timeout(1)
        other = apsw.Connection(str(tmp_path / "site.db"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Exception, match="nothing was kept"):
            record(store, 1)
        other.execute("ROLLBACK")
        other.close()
        assert waiting(store) == []
        record(store, 2)
        assert store.depth().trouble == ""


def spoil(store: Store, seq: int) -> None:
    """The card changes one byte."""
    store.connection.execute(
        "UPDATE batch SET payload = CAST(substr(payload, 1, 9) || x'ff' || substr(payload, 11) AS BLOB) WHERE lane = 1 AND seq = ?",
        (seq,),
    )


def test_a_batch_the_card_has_spoilt_is_set_aside_with_its_bytes_and_the_lane_goes_on(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        for serial in range(1, 5):
            record(store, serial)
        spoil(store, 2)
        spoilt = store.connection.execute("SELECT payload FROM batch WHERE lane = 1 AND seq = 2").fetchall()
    with Store(settings(tmp_path), 0) as store:
        found = store.waiting(Lane.EVENT, None, 2)
        assert [batch.key.seq for batch, _ in found] == [1, 3]
        store.acknowledge(ack(*(batch for batch, _ in found)), 5)
        ((last, bounds),) = store.waiting(Lane.EVENT, None, 10)
        assert (last.key.seq, bounds.floor, bounds.kept) == (4, 4, 3)  # the cloud is told that 2 cannot be sent again
        assert store.connection.execute("SELECT payload FROM damaged").fetchall() == spoilt
        assert store.depth().lanes[Lane.EVENT].damaged == 1
        assert "1 bookings spoilt on the card" in store.depth().damage
        assert "LOST" in store.depth().damage
    with Store(settings(tmp_path), 0) as store:
        assert [batch.key.seq for batch in waiting(store)] == [4]
        assert store.depth().lanes[Lane.EVENT].damaged == 1
        beside = depth_of_file(tmp_path / "site.db")
        assert beside is not None
        assert beside.lanes == store.depth().lanes


def test_a_spoilt_batch_that_was_refused_is_not_sealed_anew(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        record(store, 1)
        (batch,) = waiting(store)
        spoil(store, 1)
        assert store.conflict(batch.epoch, Lane.EVENT, 1, mark(batch.sha256), 5) == batch.key
        assert waiting(store) == []
        assert store.depth().lanes[Lane.EVENT].damaged == 1


def test_an_earlier_releases_file_is_taken_over(tmp_path: Path) -> None:
    earlier = replace(settings(tmp_path), versions=FILE_VERSIONS[:2])
    connection = connect(earlier.path)
    migrate(connection, earlier.versions)
    connection.close()
    with Store(settings(tmp_path), 0) as store:
        record(store, 1)
        assert len(waiting(store)) == 1
        assert store.connection.pragma("user_version") == len(FILE_VERSIONS)


def test_acks_leave_the_list_sorted_and_whole_whatever_their_order(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        for serial in range(1, 8):
            record(store, serial)
        batches = waiting(store)
        store.acknowledge(ack(batches[5], batches[0], batches[3]), 5)
        store.acknowledge(ack(batches[3]), 6)  # again
        assert [batch.key.seq for batch in waiting(store)] == [2, 3, 5, 7]


def test_a_lane_says_how_far_it_is_settled_once_nothing_waits_in_it(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        assert store.settled_lanes(9) == []
        for serial in (1, 2):
            record(store, serial)
        first, second = waiting(store)
        store.acknowledge(ack(first), 3)
        assert store.settled_lanes(9) == []  # the next sending of the second says so
        store.acknowledge(ack(second), 4)
        assert store.settled_lanes(9) == [LaneBounds(first.epoch, Lane.EVENT, Bounds(floor=3, kept=1))]
        store.resend(first.epoch, Lane.EVENT, 2, 2)
        assert store.settled_lanes(9) == []


def test_of_an_epoch_that_is_over_the_file_says_how_far_it_is_settled(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        for serial in (1, 2, 3):
            record(store, serial)
        first, second, third = waiting(store)
        assert store.settled_lanes(9) == []  # its own batches say so
        store.conflict(first.epoch, Lane.EVENT, 1, mark(first.sha256), 2)
        assert store.settled_lanes(9) == [LaneBounds(first.epoch, Lane.EVENT, Bounds(floor=2, kept=1))]
        store.acknowledge(ack(second, third), 3)
        assert store.settled_lanes(9) == [LaneBounds(first.epoch, Lane.EVENT, Bounds(floor=4, kept=1))]
    with Store(settings(tmp_path), 0) as store:
        assert store.settled_lanes(9) == [LaneBounds(first.epoch, Lane.EVENT, Bounds(floor=4, kept=1))]
