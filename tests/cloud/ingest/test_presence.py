import random
from typing import Any

import pytest
from structlog.testing import capture_logs

from cloud.ingest.batch import Arrival
from cloud.ingest.presence import Heard, hear
from cloud.store.pool import Connection
from edge.wire.clock import utc
from edge.wire.codec import encode
from edge.wire.messages import Birth, ClockQuality, Message, Reported, Will
from tests.cloud.ingest.sites import now_ms, relate, rows

pytestmark = pytest.mark.slow


def birth(boot: int = 1, connect: int = 1, *, nonce: str = "n", epoch: str = "e1", at_ms: int = 1000, gun: str = "ok") -> Birth:
    return Birth(
        version="0.1.0",
        boot=boot,
        connect=connect,
        nonce=nonce,
        epoch=epoch,
        at_ms=at_ms,
        clock=ClockQuality.SYNCED,
        devices={"gun": gun},
    )


async def say(connection: Connection, *messages: Message | bytes, site: str = "s1", leaf: str = "status") -> Heard:
    arrivals = [
        Arrival(f"tt/v1/green/{site}/{leaf}", one if isinstance(one, bytes) else encode(one), (), "application/msgpack", now_ms())
        for one in messages
    ]
    return await hear(connection, arrivals, utc(now_ms()))


def status(url: str) -> tuple[Any, ...]:
    return rows(url, "SELECT boot, connect, online, nonce FROM site_status")[0]


async def test_a_birth_is_shown_in_the_rooms_of_site_and_operator(connection: Connection, database_url: str) -> None:
    heard = await say(connection, birth())
    assert {version.room for version in heard.versions} == {"site:s1", "operator:green", "sites:green"}
    bodies = dict(rows(database_url, "SELECT key, body FROM room_entry"))
    assert set(bodies) == {"status", "site/s1"}
    assert bodies["status"]["online"] is True
    assert bodies["status"]["said"]["devices"] == {"gun": "ok"}


async def test_every_operator_a_site_serves_sees_what_it_says_of_itself(connection: Connection, database_url: str) -> None:
    relate(database_url, "blue", "s1")
    relate(database_url, "red", "s1")
    await connection.execute("UPDATE site_operator SET valid = '[,2020-01-01)' WHERE operator_id = 'red'")
    await say(connection, birth())
    seen = rows(database_url, "SELECT room, key, body->>'online' FROM room_entry WHERE room LIKE 'sites:%%' ORDER BY 1")
    assert seen == [("sites:blue", "site/s1", "true"), ("sites:green", "site/s1", "true")]


async def test_the_same_word_again_changes_nothing(connection: Connection) -> None:
    await say(connection, birth())
    assert (await say(connection, birth())).versions == []


async def test_a_birth_said_again_shows_its_devices_anew_and_an_earlier_one_does_not_come_back(
    connection: Connection, database_url: str
) -> None:
    again = birth(1, 2, gun="ok", at_ms=2000)
    await say(connection, birth(1, 2, gun="lost"))
    assert {one.room for one in (await say(connection, again)).versions} == {"site:s1", "operator:green", "sites:green"}
    assert (await say(connection, birth(1, 2, gun="lost"), again)).versions == []
    assert rows(database_url, "SELECT said->'devices'->>'gun', online FROM site_status") == [("ok", True)]


async def test_a_will_takes_a_site_off_and_an_older_one_does_not(connection: Connection, database_url: str) -> None:
    await say(connection, birth(1, 2), Will(boot=1, connect=2))
    assert status(database_url) == (1, 2, False, "n")
    await say(connection, birth(1, 3, nonce="m"))
    await say(connection, Will(boot=1, connect=2))
    assert status(database_url) == (1, 3, True, "m")


async def test_a_birth_does_not_raise_the_dead_of_its_own_connection(connection: Connection, database_url: str) -> None:
    await say(connection, birth(1, 2), Will(boot=1, connect=2))
    await say(connection, birth(1, 2))
    assert status(database_url)[2] is False


async def test_a_later_boot_beats_a_higher_connect_number(connection: Connection, database_url: str) -> None:
    await say(connection, birth(1, 9), birth(2, 1, nonce="new"))
    await say(connection, birth(1, 10))
    assert status(database_url) == (2, 1, True, "new")


async def test_a_new_database_file_starts_its_numbers_over(connection: Connection, database_url: str) -> None:
    await say(connection, birth(7, 7, at_ms=5000))
    await say(connection, birth(1, 1, epoch="e2", nonce="fresh", at_ms=9000))
    assert status(database_url) == (1, 1, True, "fresh")
    await say(connection, birth(6, 1, epoch="e0", nonce="stale", at_ms=1000))
    assert status(database_url) == (1, 1, True, "fresh")


async def test_an_old_card_image_put_back_is_heard_when_it_says_a_later_time(connection: Connection, database_url: str) -> None:
    await say(connection, birth(7, 7, at_ms=5000), Will(boot=7, connect=7))
    await say(connection, birth(3, 1, nonce="stale", at_ms=4000))
    assert status(database_url) == (7, 7, False, "n")
    await say(connection, birth(3, 1, nonce="back", at_ms=9000))
    assert status(database_url) == (3, 1, True, "back")


async def test_a_word_that_the_database_refuses_does_not_stop_the_others(connection: Connection, database_url: str) -> None:
    await connection.execute("ALTER TABLE site_status ADD CONSTRAINT not_this CHECK (boot <> 13)")
    said = [
        Arrival(f"tt/v1/green/{site}/status", encode(birth(boot)), (), "application/msgpack", now_ms())
        for site, boot in (("s1", 1), ("s2", 13), ("s3", 1))
    ]
    heard = await hear(connection, said, utc(now_ms()))
    assert {version.room for version in heard.versions} >= {"site:s1", "site:s3", "operator:green"}
    assert rows(database_url, "SELECT site_id, online FROM site_status ORDER BY 1") == [("s1", True), ("s3", True)]
    assert rows(database_url, "SELECT reason, site_id FROM quarantine") == [("database", "s2")]
    assert [one.reason for one in heard.quarantined] == ["database"]


async def test_a_word_that_not_even_quarantine_holds_is_dropped_with_a_line_in_the_log(
    connection: Connection, database_url: str
) -> None:
    await connection.execute("ALTER TABLE quarantine ADD CONSTRAINT nothing CHECK (seen < 0)")
    with capture_logs() as lines:
        await say(connection, b"nonsense", birth())
    assert status(database_url)[2] is True
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["message dropped: quarantine cannot hold it"]


async def test_a_topic_of_any_length_is_kept_cut(connection: Connection, database_url: str) -> None:
    # Random, for PostgreSQL compresses what repeats.
    topic = "tt/v1/green/" + "".join(random.Random(1).choices([chr(code) for code in range(0x4E00, 0x9F00)], k=20_000))
    for _ in range(2):
        await hear(connection, [Arrival(topic, b"x", (), "application/msgpack", now_ms())], utc(now_ms()))
    ((kept, seen),) = rows(database_url, "SELECT topic, seen FROM quarantine")
    assert topic.startswith(kept)
    assert 490 < len(kept.encode()) <= 500
    assert seen == 2


async def test_what_is_in_force_is_kept_beside_it_and_fenced_too(connection: Connection, database_url: str) -> None:
    await say(connection, birth(2, 1))
    await say(connection, Reported(version=4, boot=2, connect=1, mode="release"), leaf="reported")
    await say(connection, Reported(version=3, boot=1, connect=9), leaf="reported")
    assert rows(database_url, "SELECT reported->>'mode', (reported->>'version')::int FROM site_status") == [("release", 4)]


@pytest.mark.parametrize("payload", [b"\xc1", b"{}", b"\x81\xa4kind\xa5alien"])
async def test_nonsense_is_kept_in_quarantine_and_the_rest_is_heard(
    connection: Connection, database_url: str, payload: bytes
) -> None:
    heard = await say(connection, payload, birth())
    assert [one.reason for one in heard.quarantined] == ["payload"]
    assert status(database_url)[2] is True
    assert rows(database_url, "SELECT reason, topic FROM quarantine") == [("payload", "tt/v1/green/s1/status")]


async def test_an_emptied_retained_message_says_nothing(connection: Connection, database_url: str) -> None:
    assert (await say(connection, b"")).versions == []
    assert rows(database_url, "SELECT count(*) FROM quarantine") == [(0,)]


async def test_a_site_with_a_wrong_name_is_kept_in_quarantine(connection: Connection, database_url: str) -> None:
    await say(connection, birth(), site="S1")
    assert rows(database_url, "SELECT reason FROM quarantine") == [("topic",)]
