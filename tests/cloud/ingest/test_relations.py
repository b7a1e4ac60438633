"""A site speaks only for operators it serves; what it says too early is not lost."""

from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest

from cloud.ingest.batch import Arrival
from cloud.ingest.flush import Flusher
from cloud.ingest.presence import hear
from cloud.ingest.relations import ASK_AGAIN_S, REFRESH_S, Relations
from cloud.ingest.replay import replay, replay_requested
from cloud.store.pool import Connection
from cloud.store.quarantine import listed, request_replay
from edge.wire.clock import utc
from edge.wire.codec import MSGPACK, encode
from edge.wire.messages import Birth, ClockQuality, ParcelReceived
from tests.cloud.ingest.sites import WALL, TestSite, count, now_ms, relate, rows, running_ingest, until, uplink_of
from tests.conftest import TestBroker

pytestmark = pytest.mark.slow


@dataclass
class Monotonic:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def monotonic() -> Monotonic:
    return Monotonic()


@pytest.fixture
def relations(monotonic: Monotonic) -> Relations:
    return Relations(WALL, monotonic)


@pytest.fixture
def strict(connection: Connection, relations: Relations) -> Flusher:
    return Flusher(connection, WALL, relations.admit)


def valid(url: str, text: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE site_operator SET valid = %s::daterange", (text,))


async def test_a_site_that_speaks_for_an_operator_it_does_not_serve_is_refused_with_the_remedy_and_keeps_what_it_said(
    strict: Flusher, database_url: str
) -> None:
    relate(database_url, "green", "s1")
    relate(database_url, "blue", "s2")
    mine, not_mine = TestSite("s1"), TestSite("s1", operator="blue")
    outcome = await strict.flush([mine.scans(ParcelReceived(parcel="X")).arrival(), not_mine.readings([1.0]).arrival()])
    assert [one.topic.operator for one in outcome.answered if one.topic] == ["green"]
    assert [one.reason for one in outcome.quarantined] == ["relation"]
    ((reason, detail, site),) = rows(database_url, "SELECT reason, detail, site_id FROM quarantine")
    assert (reason, site) == ("relation", "s1")
    assert "s1 does not serve blue" in detail
    assert "POST /api/sites/s1/operators" in detail
    assert count(database_url, "SELECT count(*) FROM reading") == 0
    assert rows(database_url, "SELECT site_id, lane FROM batch") == [("s1", 1)]


async def test_a_relation_that_came_a_second_later_counts_from_then_on(
    strict: Flusher, monotonic: Monotonic, database_url: str
) -> None:
    batch = TestSite("s1").readings([1.0])
    assert (await strict.flush([batch.arrival()])).answered == []
    relate(database_url, "green", "s1")
    monotonic.now_s += ASK_AGAIN_S
    assert len((await strict.flush([batch.arrival()])).answered) == 1


async def test_a_stranger_costs_a_query_a_second_and_a_known_site_none(
    connection: Connection, relations: Relations, monotonic: Monotonic, database_url: str
) -> None:
    relate(database_url, "green", "s1")
    pairs = {("green", "s1"), ("blue", "s1")}
    assert await relations.strangers(connection, pairs) == {("blue", "s1")}
    await connection.close()  # whoever asks now fails
    assert await relations.strangers(connection, pairs) == {("blue", "s1")}
    monotonic.now_s += REFRESH_S - 1
    assert await relations.strangers(connection, {("green", "s1")}) == set()
    with pytest.raises(psycopg.OperationalError):
        await relations.strangers(connection, pairs)


async def test_a_relation_that_is_taken_away_counts_a_minute_at_most(
    connection: Connection, relations: Relations, monotonic: Monotonic, database_url: str
) -> None:
    relate(database_url, "green", "s1")
    pair = {("green", "s1")}
    assert not await relations.strangers(connection, pair)
    valid(database_url, "empty")
    assert not await relations.strangers(connection, pair)
    monotonic.now_s += REFRESH_S
    assert await relations.strangers(connection, pair) == pair


@pytest.mark.parametrize(("days", "is_served"), [(-100, False), (-80, True), (100, True)])
async def test_what_a_site_kept_from_before_a_relation_ended_is_taken_for_90_days(
    connection: Connection, relations: Relations, database_url: str, days: int, is_served: bool
) -> None:
    relate(database_url, "green", "s1")
    valid(database_url, f"[,{(utc(now_ms()) + timedelta(days=days)).date()})")
    assert (not await relations.strangers(connection, {("green", "s1")})) is is_served


async def test_what_was_refused_is_replayed_by_itself_once_the_relation_is_there(
    strict: Flusher, connection: Connection, database_url: str
) -> None:
    site = TestSite("s1")
    await strict.flush([site.scans(ParcelReceived(parcel="X")).arrival(), site.readings([1.0, 2.0]).arrival()])
    assert await replay_requested(connection, WALL) == []
    relate(database_url, "green", "s1")
    assert await replay_requested(connection, WALL)
    assert rows(database_url, "SELECT DISTINCT state FROM quarantine") == [("replayed",)]
    assert rows(database_url, "SELECT state FROM parcel") == [("received",)]
    assert count(database_url, "SELECT count(*) FROM reading") == 2


async def test_what_the_site_has_sent_again_meanwhile_is_not_doubled_by_the_replay(
    strict: Flusher, connection: Connection, monotonic: Monotonic, database_url: str
) -> None:
    batch = TestSite("s1").readings([1.0, 2.0])
    await strict.flush([batch.arrival()])
    relate(database_url, "green", "s1")
    monotonic.now_s += ASK_AGAIN_S
    await strict.flush([batch.arrival()])
    await replay_requested(connection, WALL)
    assert rows(database_url, "SELECT state FROM quarantine") == [("replayed",)]
    assert count(database_url, "SELECT count(*) FROM reading") == 2


async def test_a_person_can_not_replay_what_a_site_may_not_say(strict: Flusher, connection: Connection, database_url: str) -> None:
    await strict.flush([TestSite("s1").readings([1.0]).arrival()])
    row = (await listed(connection))[0]
    await request_replay(connection, row.id, utc(now_ms()))
    assert not (await replay(connection, row.id, WALL)).is_applied
    assert count(database_url, "SELECT count(*) FROM reading") + count(database_url, "SELECT count(*) FROM sensor") == 0
    # It was tried: from here on it waits for a person, and costs nobody a look.
    relate(database_url, "green", "s1")
    assert await replay_requested(connection, WALL) == []


async def test_a_site_shows_itself_to_no_operator_it_does_not_serve_and_is_seen_once_it_does(
    database_url: str, broker: TestBroker
) -> None:
    birth = Birth(version="1", boot=1, connect=1, nonce="n", epoch="e", at_ms=1, clock=ClockQuality.SYNCED)
    site = TestSite("relation-1", operator="relation-op")
    async with running_ingest(database_url, broker), uplink_of(site, broker) as link:
        link.publish("tt/v1/relation-op/relation-1/status", encode(birth))
        await until(lambda: count(database_url, "SELECT count(*) FROM quarantine") == 1)
        assert rows(database_url, "SELECT key FROM room_entry WHERE room LIKE 'operator:%%'") == []
        assert count(database_url, "SELECT count(*) FROM site_status") == 0
        relate(database_url, "relation-op", "relation-1")
        await until(lambda: count(database_url, "SELECT count(*) FROM site_status WHERE online") == 1)
    assert rows(database_url, "SELECT key FROM room_entry WHERE room = 'operator:relation-op'") == [("site/relation-1",)]


async def test_an_old_word_out_of_quarantine_does_not_replace_a_newer_one(
    connection: Connection, relations: Relations, monotonic: Monotonic, database_url: str
) -> None:
    async def say(boot: int) -> None:
        word = Birth(version="1", boot=boot, connect=1, nonce=str(boot), epoch="e", at_ms=boot, clock=ClockQuality.SYNCED)
        arrival = Arrival("tt/v1/green/s1/status", encode(word), (), MSGPACK, now_ms())
        await hear(connection, [arrival], utc(now_ms()), relations)

    await say(1)
    relate(database_url, "green", "s1")
    monotonic.now_s += ASK_AGAIN_S
    await say(2)
    await replay_requested(connection, WALL)
    assert rows(database_url, "SELECT boot, nonce FROM site_status") == [(2, "2")]
    assert rows(database_url, "SELECT state, outcome FROM quarantine") == [("replayed", "the site has said something newer since")]
