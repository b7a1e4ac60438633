from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.domain.order import iso
from cloud.ingest.flush import Flusher
from cloud.store.folding import order_view
from cloud.store.pool import Connection, connect
from edge.wire.messages import (
    ClockCorrected,
    CommandFinished,
    DeviceChanged,
    EventUndone,
    LabelUnknown,
    ParcelReceived,
    ParcelReleased,
    ParcelShelved,
)
from tests.cloud.ingest.sites import WALL, Batch, TestSite, now_ms, rows

pytestmark = pytest.mark.slow

ORDER = """
INSERT INTO operator (id, name) VALUES ('green', '绿');
INSERT INTO site (id, kind, name, address, created_at)
    VALUES ('s1', 'station', '小店', '门口', now()), ('s2', 'station', '大店', '', now());
INSERT INTO customer_order (id, operator_id, external_id, site_id, pickup_date, placed_at, state_at)
    VALUES ('green/7', 'green', '7', 's1', '2026-09-22', now() - interval '1 day', now());
INSERT INTO parcel (id, operator_id, order_id, site_id, zone, created_at)
    VALUES ('P1', 'green', 'green/7', 's1', 'ambient', now()), ('P2', 'green', 'green/7', 's1', 'chilled', now());
INSERT INTO order_line (order_id, line, parcel_id, sku, name, quantity)
    VALUES ('green/7', 1, 'P1', 'egg', '鸡蛋', 2), ('green/7', 2, 'P2', 'milk', '牛奶', 1);
"""


@pytest.fixture
async def order(connection: Connection) -> None:
    for statement in ORDER.split(";\n"):
        if statement.strip():
            await connection.execute(statement.encode())


async def flush(flusher: Flusher, *batches: Batch) -> None:
    outcome = await flusher.flush([batch.arrival() for batch in batches])
    assert outcome.refused == []


def state(url: str, parcel: str) -> tuple[Any, ...]:
    return rows(url, "SELECT state, slot, at_site_id, exceptions FROM parcel WHERE id = %s", parcel)[0]


def body(url: str, room: str, key: str) -> Any:
    return rows(url, "SELECT body FROM room_entry WHERE room = %s AND key = %s", room, key)[0][0]


def room_version(url: str, room: str) -> int:
    found = rows(url, "SELECT version FROM room WHERE name = %s", room)
    return int(found[0][0]) if found else 0


@pytest.mark.usefixtures("order")
async def test_an_order_moves_with_its_parcels_and_its_resident_sees_it(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    seen = []
    view: Any = None
    for fact in (
        ParcelReceived(parcel="P1"),
        ParcelReceived(parcel="P2"),
        ParcelShelved(parcel="P1", slot="A12"),
        ParcelReleased(parcel="P1"),
        ParcelReleased(parcel="P2"),
    ):
        before = room_version(database_url, "order:green/7")
        await flush(flusher, site.scans(fact))
        view = body(database_url, "order:green/7", "order")
        assert room_version(database_url, "order:green/7") > before
        assert rows(database_url, "SELECT state FROM customer_order")[0][0] == view["state"]
        assert body(database_url, "operator:green", "order/green/7")["state"] == view["state"]
        seen.append(view["state"])
    assert seen == ["arrived", "ready", "ready", "partially_collected", "collected"]
    assert [entry["state"] for entry in view["timeline"]] == [
        "placed", "received", "received", "shelved", "released", "released", "collected",
    ]  # fmt: skip
    assert {entry["site_name"] for entry in view["timeline"][1:]} == {"小店"}
    assert view["lines"][0] == {"name": "鸡蛋", "quantity": 2, "zone": "ambient", "parcel": "P1"}
    assert body(database_url, "site:s1", "parcel/P1")["state"] == "released"


@pytest.mark.usefixtures("order")
async def test_the_order_read_without_a_room_is_the_one_in_the_room(
    flusher: Flusher, connection: Connection, database_url: str
) -> None:
    await flush(flusher, TestSite("s1").scans(ParcelReceived(parcel="P1")))
    view = await order_view(connection, "green/7")
    assert view is not None
    assert view.state == body(database_url, "order:green/7", "order")["state"] == "arrived"
    assert await order_view(connection, "green/8") is None


async def test_a_parcel_scanned_before_its_order_is_a_skeleton(flusher: Flusher, database_url: str) -> None:
    await flush(flusher, TestSite("s1").scans(ParcelReceived(parcel="X")))
    assert rows(database_url, "SELECT state, order_id, at_site_id FROM parcel") == [("received", None, "s1")]
    assert "order_id" not in body(database_url, "site:s1", "parcel/X")  # a site is shared by operators


@pytest.mark.parametrize("undo_comes_first", [True, False])
async def test_an_undo_works_whichever_comes_first(flusher: Flusher, database_url: str, undo_comes_first: bool) -> None:
    site = TestSite("s1")
    received = site.scans(ParcelReceived(parcel="X"))
    released = site.scans(ParcelReleased(parcel="X"))
    undone = site.scans(EventUndone(target=f"s1/{site.epoch}/2", reason="错了"))
    await flush(flusher, received)
    for batch in (undone, released) if undo_comes_first else (released, undone):
        await flush(flusher, batch)
    assert state(database_url, "X")[0] == "received"
    assert len(rows(database_url, "SELECT n FROM event_subject WHERE entity_id = 'X'")) == 3


async def test_an_undo_of_an_undo_that_came_before_both_works(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    released = site.scans(ParcelReleased(parcel="X"))
    undone = site.scans(EventUndone(target=f"s1/{site.epoch}/1"))
    redone = site.scans(EventUndone(target=f"s1/{site.epoch}/2"))
    for batch in (redone, undone, released):
        await flush(flusher, batch)
    assert state(database_url, "X")[0] == "released"


async def test_an_undo_at_another_site_works(flusher: Flusher, database_url: str) -> None:
    station, office = TestSite("s1"), TestSite("hq")
    await flush(flusher, station.scans(ParcelReleased(parcel="X")))
    await flush(flusher, office.scans(EventUndone(target=f"s1/{station.epoch}/1")))
    assert state(database_url, "X")[0] == "expected"


async def test_two_releases_at_two_sites_are_a_dispute_that_both_see(flusher: Flusher, database_url: str) -> None:
    one, two = TestSite("s1"), TestSite("s2")
    early, late = one.scans(ParcelReleased(parcel="X"), ms=now_ms() - 9_000), two.scans(ParcelReleased(parcel="X"))
    await flush(flusher, late)
    await flush(flusher, early)
    assert state(database_url, "X") == ("released", "", "s1", ["wrong_release"])
    for room in ("site:s1", "site:s2"):
        assert body(database_url, room, "parcel/X")["dispute"] == [f"s1/{one.epoch}/1", f"s2/{two.epoch}/1"]


async def test_a_parcel_that_went_elsewhere_leaves_the_room(flusher: Flusher, database_url: str) -> None:
    await flush(flusher, TestSite("s1").scans(ParcelReceived(parcel="X"), ms=now_ms() - 5000))
    await flush(flusher, TestSite("s2").scans(ParcelReceived(parcel="X")))
    assert body(database_url, "site:s1", "parcel/X") is None
    assert body(database_url, "site:s2", "parcel/X")["at_site"] == "s2"


async def test_a_clock_event_moves_a_boots_events_to_their_time(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    lost_clock_ms = 60_000
    true_ms = now_ms() - 30_000
    early = site.events(site.event(ParcelReceived(parcel="X"), ms=lost_clock_ms, clock="unsynced"))
    other_site_in_between = TestSite("s2").scans(ParcelReceived(parcel="X"), ms=true_ms + 10_000)
    await flush(flusher, early)
    await flush(flusher, other_site_in_between)
    assert state(database_url, "X")[2] == "s2"
    shelved = site.events(site.event(ParcelShelved(parcel="X", slot="B2"), ms=lost_clock_ms + 20_000, clock="unsynced"))
    corrected = site.scans(ClockCorrected(boot=1, offset_ms=true_ms - lost_clock_ms))
    await flush(flusher, shelved)
    assert state(database_url, "X")[2] == "s2"
    await flush(flusher, corrected)
    assert state(database_url, "X") == ("shelved", "B2", "s1", [])
    late = site.events(site.event(LabelUnknown(text="?"), ms=lost_clock_ms, clock="unsynced"))
    await flush(flusher, late)
    assert body(database_url, "site:s1", "problem/label")["at"] == iso(true_ms)


async def test_the_sites_room_shows_devices_labels_and_commands(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    await flush(
        flusher,
        site.scans(
            DeviceChanged(device="scanner-1", state="ok"),
            DeviceChanged(device="scanner-1", state="lost", detail="unplugged"),
            LabelUnknown(text="69012", reason="EAN check digit is wrong: scan again"),
            CommandFinished(command="c1", outcome="done"),
        ),
    )
    assert body(database_url, "site:s1", "device/scanner-1")["fact"]["state"] == "lost"
    assert body(database_url, "site:s1", "problem/label")["fact"]["text"] == "69012"
    assert body(database_url, "site:s1", "command")["fact"]["outcome"] == "done"


async def test_the_ack_carries_the_highest_order_key_of_what_was_touched(flusher: Flusher) -> None:
    ahead = now_ms() + 200_000
    await flush(flusher, TestSite("s1").scans(ParcelReceived(parcel="X"), ms=ahead))
    outcome = await flusher.flush([TestSite("s2").scans(ParcelReleased(parcel="X")).arrival()])
    assert outcome.hlc >> 16 == ahead


FACTS = st.one_of(
    st.sampled_from([ParcelReceived(parcel="X"), ParcelReleased(parcel="X"), ParcelReceived(parcel="Y")]),
    st.builds(ParcelShelved, parcel=st.just("X"), slot=st.sampled_from(["A1", "B2"])),
    st.integers(1, 5),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(st.tuples(st.sampled_from(["a", "b"]), FACTS), min_size=1, max_size=7), data=st.data())
async def test_batches_in_any_order_and_split_leave_the_same_rows(
    database_url: str, facts: list[tuple[str, Any]], data: st.DataObject
) -> None:
    results = []
    sites = {"a": TestSite("a"), "b": TestSite("b")}
    base = now_ms() - 60_000
    batches = []
    for index, (name, fact) in enumerate(facts):
        site = sites[name]
        what = EventUndone(target=f"{name}/{site.epoch}/{fact}") if isinstance(fact, int) else fact
        batches.append(site.scans(what, ms=base + index * 100))
    connection = await connect(database_url, "test")
    try:
        for order in (batches, data.draw(st.permutations(batches))):
            await connection.execute(
                "TRUNCATE batch, event, event_subject, event_undo, parcel, room, room_entry, order_line CASCADE"
            )
            flusher = Flusher(connection, WALL)
            remaining = list(order)
            while remaining:
                size = data.draw(st.integers(1, len(remaining)))
                await flush(flusher, *remaining[:size])
                remaining = remaining[size:]
            cursor = await connection.execute("SELECT id, state, slot, at_site_id, exceptions FROM parcel ORDER BY id")
            results.append(await cursor.fetchall())
    finally:
        await connection.close()
    assert results[0] == results[1]
