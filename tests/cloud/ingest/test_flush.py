import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from cloud.ingest.answers import Credit, answers
from cloud.ingest.batch import Arrival
from cloud.ingest.flush import Flusher, Outcome
from cloud.ingest.keys import ask_no_keys
from cloud.store.pool import Connection, Unavailable, connect, is_unavailable
from edge.wire.envelope import mark
from edge.wire.ids import Lane
from edge.wire.messages import (
    Ack,
    ClockQuality,
    EventBatch,
    LabelUnknown,
    Nack,
    ParcelReceived,
    ParcelReleased,
    Series,
    TelemetryBatch,
    Track,
)
from tests.cloud.ingest.sites import WALL, Batch, FixedClock, TestSite, count, now_ms, rows

pytestmark = pytest.mark.slow
DAY_MS = 86_400_000


def seqs(outcome: Outcome) -> list[int]:
    return sorted(item.envelope.seq for item in outcome.answered if item.envelope is not None)


async def flush(flusher: Flusher, *batches: Batch, received_at_ms: int | None = None) -> Outcome:
    return await flusher.flush([batch.arrival(received_at_ms) for batch in batches])


async def test_a_batch_is_applied_once_however_often_it_comes(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    readings, event = site.readings([1.0, 2.0]), site.scans(ParcelReceived(parcel="P"))
    first = await flush(flusher, readings, readings, event)
    again = await flush(flusher, event, readings)
    assert (first.rows, first.duplicates) == (3, 1)
    assert (again.rows, again.duplicates) == (0, 2)
    assert seqs(again) == [1, 1]
    assert count(database_url, "SELECT count(*) FROM reading") == 2
    assert count(database_url, "SELECT count(*) FROM event") == 1


async def test_the_mutant_without_dedupe_doubles_readings(connection: Connection, database_url: str) -> None:
    flusher = Flusher(connection, WALL, dedupe=ask_no_keys)
    readings = TestSite("s1").readings([1.0])
    await flush(flusher, readings)
    await flush(flusher, readings)
    assert count(database_url, "SELECT count(*) FROM reading") == 2


async def test_one_key_with_two_contents_is_refused_and_kept_and_the_first_stands(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    first = site.readings([1.0])
    other = site.seal(Lane.LIVE, TelemetryBatch(boot=1, clock=ClockQuality.SYNCED), seq=1)
    await flush(flusher, first)
    outcome = await flush(flusher, other, site.readings([5.0]))
    assert seqs(outcome) == [2]
    assert [item.envelope for item in outcome.refused] == [other.envelope]
    (nack,) = [one.message for one in answers(outcome, Credit(lambda: 0.0), 7) if isinstance(one.message, Nack)]
    assert (nack.seq, nack.mark, nack.reason) == (1, mark(other.envelope.sha256), "conflict")
    assert rows(database_url, "SELECT reason, payload FROM quarantine") == [("conflict", other.payload)]


async def test_two_contents_of_one_key_in_one_flush_are_told_apart(flusher: Flusher) -> None:
    site = TestSite("s1")
    first, other = site.readings([1.0]), site.seal(Lane.LIVE, TelemetryBatch(boot=1, clock=ClockQuality.SYNCED), seq=1)
    outcome = await flush(flusher, first, other)
    assert [item.envelope for item in outcome.answered] == [first.envelope]
    assert [item.envelope for item in outcome.refused] == [other.envelope]


async def test_an_event_number_with_two_contents_is_a_conflict_and_the_rest_of_the_flush_stands(
    flusher: Flusher, database_url: str
) -> None:
    card, clone, honest = TestSite("s1"), TestSite("s1"), TestSite("s2")
    clone.epoch = card.epoch
    await flush(flusher, card.events(card.event(ParcelReceived(parcel="P1"), n=1)))
    twin = clone.seal(Lane.EVENT, EventBatch(events=[clone.event(ParcelReleased(parcel="P9"), n=1)]), seq=2)
    outcome = await flush(flusher, twin, honest.scans(ParcelReceived(parcel="P2")))
    assert [item.envelope for item in outcome.refused] == [twin.envelope]
    assert [item.topic.site for item in outcome.answered if item.topic is not None] == ["s2"]
    assert rows(database_url, "SELECT site_id, n FROM event ORDER BY 1") == [("s1", 1), ("s2", 1)]
    assert rows(database_url, "SELECT reason FROM quarantine") == [("conflict",)]


async def test_a_seq_below_the_floor_is_a_duplicate(flusher: Flusher, connection: Connection, database_url: str) -> None:
    site = TestSite("s1")
    batch = site.readings([1.0])
    await connection.execute(
        "INSERT INTO lane_floor (site_id, epoch, lane, floor, claimed) VALUES ('s1', %s, 2, 5, 5)", (site.epoch,)
    )
    outcome = await flush(flusher, batch)
    assert (outcome.duplicates, seqs(outcome)) == (1, [1])
    assert count(database_url, "SELECT count(*) FROM reading") == 0
    assert count(database_url, "SELECT count(*) FROM batch") == 0


async def test_what_cannot_be_read_is_kept_with_its_bytes_and_acknowledged(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    bad = site.seal(Lane.EVENT, b"\xc1 rubbish")
    outcome = await flush(flusher, bad, site.scans(ParcelReceived(parcel="P")))
    assert seqs(outcome) == [1, 2]
    again = await flush(flusher, bad)
    assert (again.duplicates, again.quarantined) == (1, [])
    ((topic, reason, payload, batch_key, seen),) = rows(
        database_url, "SELECT topic, reason, payload, batch_key, seen FROM quarantine"
    )
    assert (topic, reason, payload, seen) == (bad.topic, "payload", bad.payload, 1)
    assert batch_key == f"{site.epoch}/event/1"
    (body,) = rows(database_url, "SELECT body FROM room_entry WHERE room = 'site:s1' AND key = 'problem/ingest'")[0]
    assert (body["reason"], body["acknowledged"]) == ("payload", True)


async def test_broken_properties_are_kept_but_not_acknowledged_and_the_site_is_marked(flusher: Flusher, database_url: str) -> None:
    batch = TestSite("s1").scans(ParcelReceived(parcel="P"))
    broken = Arrival(batch.topic, batch.payload, (("seq", "a\0b"), ("epoch", "\ud800")), "", now_ms())
    for _ in range(2):
        outcome = await flusher.flush([broken])
        assert (outcome.answered, outcome.refused) == ([], [])
    assert rows(database_url, "SELECT reason, seen FROM quarantine") == [("properties", 2)]
    (body,) = rows(database_url, "SELECT body FROM room_entry WHERE room = 'site:s1' AND key = 'problem/ingest'")[0]
    assert (body["reason"], body["acknowledged"]) == ("properties", False)


async def test_a_topic_of_nobody_is_kept(flusher: Flusher, database_url: str) -> None:
    await flusher.flush([Arrival("tt/v1/GREEN/\0/up/event", b"x", (), "", now_ms())])
    assert rows(database_url, "SELECT reason, site_id FROM quarantine") == [("topic", None)]


async def test_ten_megabytes_are_cut_to_one_and_their_length_is_kept(flusher: Flusher, database_url: str) -> None:
    batch = TestSite("s1").seal(Lane.LIVE, b"x" * 10_000_000)
    outcome = await flush(flusher, batch)
    assert outcome.answered == []
    assert rows(database_url, "SELECT reason, payload_bytes, length(payload) FROM quarantine") == [
        ("size", 10_000_000, 1024 * 1024)
    ]


async def test_the_one_batch_the_database_refuses_is_found_and_kept_alone(
    flusher: Flusher, connection: Connection, database_url: str
) -> None:
    await connection.execute("ALTER TABLE event ADD CONSTRAINT no_thirteen CHECK (n <> 13)")
    site = TestSite("s1")
    batches = [site.scans(LabelUnknown(text=str(n))) for n in range(1, 21)]
    outcome = await flush(flusher, *batches)
    assert seqs(outcome) == list(range(1, 21))
    assert outcome.rows == 19
    assert rows(database_url, "SELECT reason, batch_key FROM quarantine") == [("database", f"{site.epoch}/event/13")]


@pytest.mark.parametrize(
    ("measured_ms", "is_believed"),
    [(0, False), (4_102_444_800_000, False), (-91 * DAY_MS, False), (-89 * DAY_MS, True), (200_000, True), (400_000, False)],
)
async def test_a_time_nobody_believes_lies_at_its_receipt_and_is_kept(
    connection: Connection, database_url: str, measured_ms: int, is_believed: bool
) -> None:
    received_ms = 1_790_000_000_000
    flusher = Flusher(connection, FixedClock(received_ms))
    site = TestSite("s1")
    ms = measured_ms if measured_ms in (0, 4_102_444_800_000) else received_ms + measured_ms
    track = Track(t0=ms, dt=[0], lat=[31.2], lon=[121.4], speed_m_s=[None], heading_deg=[90.0])
    series = Series(sensor="t_c", t0=ms, dt=[0], v=[1.0])
    body = TelemetryBatch(boot=1, clock=ClockQuality.SYNCED, series=[series], tracks=[track])
    await flush(flusher, site.seal(Lane.LIVE, body), site.scans(ParcelReceived(parcel="P"), ms=ms), received_at_ms=received_ms)
    measured, received = (datetime.fromtimestamp(value / 1000, UTC) for value in (ms, received_ms))
    expected = (measured, None) if is_believed else (received, measured)
    assert rows(database_url, "SELECT at, measured_at FROM reading") == [expected]
    assert rows(database_url, "SELECT at, measured_at FROM position") == [expected]
    assert rows(database_url, "SELECT measured_at FROM event") == [(measured,)]
    assert rows(database_url, "SELECT state_at FROM parcel") == [(expected[0],)]


async def test_a_late_position_never_replaces_a_newer_one(flusher: Flusher, database_url: str) -> None:
    site = TestSite("van1")

    def at(ms: int, lat: float) -> Batch:
        track = Track(t0=ms, dt=[0, 1], lat=[lat, lat], lon=[1.0, 1.0], speed_m_s=[3.0, None], heading_deg=[None, 0.0])
        return site.seal(Lane.LIVE, TelemetryBatch(boot=1, clock=ClockQuality.SYNCED, tracks=[track]))

    now = now_ms()
    await flush(flusher, at(now - 10_000, 10.0), at(now - 5_000, 20.0))
    late = await flush(flusher, at(now - 60_000, 30.0))
    assert rows(database_url, "SELECT lat, version FROM position_current") == [(20.0, 1)]
    assert late.versions == []
    assert count(database_url, "SELECT count(*) FROM position") == 6
    bodies = dict(rows(database_url, "SELECT room || ' ' || key, body FROM room_entry"))
    assert set(bodies) == {"site:van1 position", "vans:green van/van1"}
    assert bodies["site:van1 position"]["lat"] == 20.0


async def test_a_position_that_is_told_again_in_another_batch_is_kept_once(flusher: Flusher, database_url: str) -> None:
    site, now = TestSite("van1"), now_ms()

    def at(*seconds: int) -> Batch:
        times = [second * 1000 for second in seconds]
        track = Track(
            t0=now - 60_000, dt=times, lat=[31.2 + second / 10_000 for second in seconds], lon=[121.4] * len(times),
            speed_m_s=[8.0] * len(times), heading_deg=[0.0] * len(times),
        )  # fmt: skip
        return site.seal(Lane.BACKFILL, TelemetryBatch(boot=1, clock=ClockQuality.SYNCED, tracks=[track]))

    await flush(flusher, at(30, 10, 20))
    await flush(flusher, at(20, 40), at(40, 30, 5))
    assert rows(database_url, "SELECT round((lat - 31.2)::numeric * 10000)::int FROM position ORDER BY at") == [
        (5,), (10,), (20,), (30,), (40,),
    ]  # fmt: skip
    assert rows(database_url, "SELECT round((lat - 31.2)::numeric * 10000)::int FROM position_current") == [(40,)]


async def test_transactions_that_cross_are_tried_again_until_all_are_in(database_url: str) -> None:
    connections = [await connect(database_url, "test") for _ in range(4)]
    try:
        flushers = [Flusher(connection, WALL) for connection in connections]
        sites = [TestSite(f"s{i}") for i in range(4)]
        parcels = [f"P{i}" for i in range(6)]

        async def work(index: int) -> None:
            site = sites[index]
            for turn in range(6):
                order = parcels if (turn + index) % 2 else list(reversed(parcels))
                await flush(flushers[index], *(site.scans(ParcelReceived(parcel=parcel)) for parcel in order))

        await asyncio.gather(*(work(index) for index in range(4)))
    finally:
        for connection in connections:
            await connection.close()
    assert count(database_url, "SELECT count(*) FROM event") == 4 * 6 * 6
    assert count(database_url, "SELECT count(*) FROM batch") == 4 * 6 * 6


async def test_two_workers_with_the_same_batches_write_them_once(database_url: str) -> None:
    connections = [await connect(database_url, "test") for _ in range(2)]
    try:
        batches = [TestSite(f"s{i}").readings([float(i)]) for i in range(50)]
        outcomes = await asyncio.gather(*(flush(Flusher(connection, WALL), *batches) for connection in connections))
    finally:
        for connection in connections:
            await connection.close()
    assert sum(outcome.rows for outcome in outcomes) == 50
    assert [len(outcome.answered) for outcome in outcomes] == [50, 50]
    assert count(database_url, "SELECT count(*) FROM reading") == 50


async def test_nothing_is_answered_where_the_database_went_away(flusher: Flusher, database_url: str) -> None:
    answered: list[Outcome] = []
    flusher = replace(flusher, after_commit=answered.append)
    await flush(flusher, TestSite("s1").readings([1.0]))
    ours = "datname = current_database() AND application_name LIKE 'tuantu-test%%'"
    count(database_url, f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {ours}")
    with pytest.raises((psycopg.OperationalError, Unavailable)) as raised:
        await flush(flusher, TestSite("s2").readings([1.0]))
    assert is_unavailable(raised.value)
    assert len(answered) == 1


async def test_sensors_are_made_once_for_all_workers(database_url: str, flusher: Flusher) -> None:
    site = TestSite("s1")
    await flush(flusher, site.readings([1.0], sensor="a_c"), site.readings([1.0], sensor="b_c"), site.readings([1.0], sensor="a_c"))
    assert rows(database_url, "SELECT site_id, name, operator_id FROM sensor ORDER BY name") == [
        ("s1", "a_c", "green"),
        ("s1", "b_c", "green"),
    ]


async def test_an_ack_names_every_seq_with_its_content_and_gives_credit(flusher: Flusher) -> None:
    site, other = TestSite("s1"), TestSite("s2")
    batches = [
        site.readings([1.0], lane=Lane.BACKFILL),
        site.readings([2.0], lane=Lane.BACKFILL),
        other.readings([1.0], lane=Lane.BACKFILL),
    ]
    outcome = await flush(flusher, *batches)
    made: dict[str, Any] = {one.topic: one.message for one in answers(outcome, Credit(lambda: 0.0), 99)}
    assert set(made) == {"tt/v1/green/s1/ack", "tt/v1/green/s2/ack"}
    ack = made["tt/v1/green/s1/ack"]
    assert isinstance(ack, Ack)
    assert (ack.epoch, ack.lane, ack.seqs, ack.cloud_time_ms) == (str(site.epoch), "backfill", [1, 2], 99)
    assert ack.marks == [mark(batch.envelope.sha256) for batch in batches[:2]]
    assert ack.credit > 0


def test_the_sum_of_all_credit_stays_below_what_the_broker_queues() -> None:
    now_s = [0.0]
    credit = Credit(lambda: now_s[0])
    sites = [TestSite(f"s{i}").site for i in range(1000)]
    for site in sites:
        credit.hear(site)  # type: ignore[arg-type]
    assert credit.share() * len(sites) <= 10_000
    now_s[0] = 120.0
    assert credit.share() == 32
