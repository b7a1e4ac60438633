"""A full disk: acknowledged copies go first, then every second unsealed reading, then the scan is refused. Nothing told is lost."""

from pathlib import Path

import pytest

from edge.outbox import Limits, OutboxFullError, Reading, Store
from edge.outbox.reserve import Reserve
from edge.wire.codec import decode_telemetry
from edge.wire.ids import Lane
from edge.wire.messages import ClockQuality
from tests.edge.outbox.sites import ack, record, settings, waiting


def fill(store: Store) -> None:
    """From now on the file may not grow by a page; SQLite then says what it says on a full disk."""
    store.connection.execute(f"PRAGMA max_page_count = {store.connection.pragma('page_count')}")


def scan_until_refused(store: Store, first: int) -> int:
    """How many were told before."""
    for serial in range(first, first + 1_000):
        try:
            record(store, serial)
        except OutboxFullError:
            return serial - first
    pytest.fail("it never became full")


def test_acknowledged_copies_make_room_for_new_scans(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        for serial in range(300):
            record(store, serial)
        store.acknowledge(ack(*waiting(store)[:250]), 5)
        fill(store)
        for serial in range(300, 400):
            record(store, serial)
        assert store.kept_bytes == 0
        assert len(waiting(store)) == 150
        assert store.depth().trouble == ""


def test_readings_that_are_not_sealed_are_thinned_and_say_so(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        store.keep_readings(
            [Reading(f"fridge-{one % 2}.t_c", 1_000 + one, float(one)) for one in range(4_000)], ClockQuality.SYNCED
        )
        fill(store)
        for serial in range(100):
            record(store, serial)
        assert len(waiting(store)) == 100
        assert store.depth().lanes[Lane.BACKFILL].readings == 2_000
        while store.seal_backfill(9_999):
            pass
        series = [one for batch in waiting(store, Lane.BACKFILL) for one in decode_telemetry(batch.payload).series]
        assert {one.thinned for one in series} == {1}
        assert {one.sensor for one in series} == {"fridge-0.t_c", "fridge-1.t_c"}


def test_when_nothing_may_go_the_scan_is_refused_and_what_was_told_stays(tmp_path: Path) -> None:
    with Store(settings(tmp_path), 0) as store:
        for serial in range(50):
            record(store, serial)
        fill(store)
        told = 50 + scan_until_refused(store, 50)
        assert len(waiting(store)) == told
        assert store.depth().is_full
        number = store.counters.next_event
        store.connection.execute("PRAGMA max_page_count = 1000000")
        record(store, 1_000)
        assert not store.depth().is_full
        assert waiting(store)[-1].key.seq == number  # no number was used up by what was refused
    with Store(settings(tmp_path), 0) as store:
        assert len(waiting(store)) == told + 1


def test_the_reserve_is_given_back_to_the_disk_when_it_is_full_and_taken_again_later(tmp_path: Path) -> None:
    with Store(settings(tmp_path, limits=Limits(reserve_bytes=1 << 20)), 0) as store:
        beside = tmp_path / "site.db.reserve"
        assert beside.stat().st_size == 1 << 20
        fill(store)
        scan_until_refused(store, 0)
        assert not beside.exists()
        store.connection.execute("PRAGMA max_page_count = 1000000")
        store.tidy(1)
        assert beside.exists()


def test_a_reserve_is_not_taken_from_a_disk_that_has_no_room_for_it(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 1 << 60)
    assert not reserve.hold()
    assert not reserve.is_held
