"""A site's file of an earlier release: what was booked in it stands as it stood."""

import time
from pathlib import Path

import apsw

from edge.outbox import Store
from edge.outbox.schema import migrate
from edge.rules.custody import ParcelState
from edge.station import cell_book, ledger
from edge.station.cells import CellNote
from edge.station.day import NO_DAY
from edge.station.schema import FILE_VERSIONS
from edge.wire.ids import SiteId
from edge.wire.labels import parcel_label
from tests.edge.outbox.sites import settings

EPOCH = "0b5fdfd5-6c3c-4f3e-8d5a-0f1e2d3c4b5a"
OLD = FILE_VERSIONS[:4]  # before every fact was booked
RECEIVED, SHELVED, RELEASED, UNDONE = (parcel_label(serial) for serial in range(4))
ROWS = [
    (RECEIVED, "received", "", 0, 1),
    (SHELVED, "received", "", 0, 2),
    (SHELVED, "shelved", "A12", 0, 2),
    (RELEASED, "shelved", "A1", 0, None),
    (RELEASED, "released", "A1", 0, None),
    (UNDONE, "received", "", 1, 6),
]


def test_cells_that_an_earlier_release_knew_of_are_known(tmp_path: Path) -> None:
    place = settings(tmp_path)
    connection = apsw.Connection(str(place.path))
    migrate(connection, FILE_VERSIONS[:10])  # before a cell's cause was kept
    connection.execute(f"INSERT INTO epoch (id, uuid, reason, opened_at_ms) VALUES (1, '{EPOCH}', 'created', 0)")
    connection.execute("INSERT INTO state VALUES (1, 'st-1', 'machine-1', 1, 1, 0, 7, 1, 1, NULL)")
    connection.execute("INSERT INTO cell (cell, state, parcel, since_ms) VALUES ('1-01', 'fault', '', 1000)")
    connection.close()
    with Store(place, int(time.time() * 1000)) as store:
        assert cell_book.notes(store.execute) == {"1-01": CellNote("fault")}


def test_bookings_of_an_earlier_release_stand_as_they_stood(tmp_path: Path) -> None:
    place = settings(tmp_path)
    connection = apsw.Connection(str(place.path))
    migrate(connection, OLD)
    connection.execute(
        "INSERT INTO epoch (id, uuid, reason, opened_at_ms) VALUES (1, '0b5fdfd5-6c3c-4f3e-8d5a-0f1e2d3c4b5a', 'created', 0)"
    )
    connection.execute("INSERT INTO state VALUES (1, 'st-1', 'machine-1', 1, 1, 0, 7, 1, 1, NULL)")
    for n, (parcel, kind, slot, undone, scan_n) in enumerate(ROWS, 1):
        connection.execute(
            """INSERT INTO booking (parcel, kind, slot, at_ms, device, actor, epoch, n, scan_n, undone)
               VALUES (?, ?, ?, 1000, 'scanner-1', 'staff-9', 1, ?, ?, ?)""",
            (parcel, kind, slot, n, scan_n, undone),
        )
    connection.close()
    with Store(place, int(time.time() * 1000)) as store:
        standing = {label: ledger.parcel(store.execute, NO_DAY, label).standing for label in (RECEIVED, SHELVED, RELEASED, UNDONE)}
        assert [one.state for one in standing.values()] == [
            ParcelState.RECEIVED,
            ParcelState.SHELVED,
            ParcelState.RELEASED,
            ParcelState.EXPECTED,
        ]
        assert standing[SHELVED].place == "A12"
        recent = ledger.recent(store.execute, SiteId("st-1"), 10)
        assert [(one.thing, one.event.n, one.actor, one.is_undone) for one in recent] == [
            (UNDONE, 6, "staff-9", True),
            (RELEASED, 5, "staff-9", False),
            (RELEASED, 4, "staff-9", False),
            (SHELVED, 3, "staff-9", False),
            (RECEIVED, 1, "staff-9", False),
        ]
        shelved = ledger.find(store.execute, recent[3].event)
        assert shelved is not None
        assert [one.event.n for one in ledger.of_same_act(store.execute, shelved)] == [3, 2]
