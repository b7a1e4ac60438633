import pytest
from pydantic import SecretStr

from cloud.config import CloudConfig
from cloud.ingest import quarantine_tool
from cloud.ingest.flush import Flusher
from cloud.ingest.replay import replay, replay_requested
from cloud.store.pool import Connection
from cloud.store.quarantine import StateError, discard, listed, request_replay
from edge.wire.clock import utc
from edge.wire.ids import Lane
from edge.wire.messages import LabelUnknown, ParcelReceived
from tests.cloud.ingest.sites import WALL, TestSite, count, now_ms, relate, rows

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _known_site(database_url: str) -> None:
    relate(database_url, "green", "s1")


async def kept(flusher: Flusher, connection: Connection) -> int:
    """A batch that this database refuses for now."""
    await connection.execute("ALTER TABLE event ADD CONSTRAINT not_yet CHECK (kind <> 'parcel_received')")
    outcome = await flusher.flush([TestSite("s1").scans(ParcelReceived(parcel="X")).arrival()])
    assert [one.reason for one in outcome.quarantined] == ["database"]
    assert len(outcome.answered) == 1
    return (await listed(connection))[0].id


async def test_a_batch_that_was_refused_is_applied_exactly_once_when_it_can_be(
    flusher: Flusher, connection: Connection, database_url: str
) -> None:
    row_id = await kept(flusher, connection)
    refused = await replay(connection, row_id, WALL)
    assert not refused.is_applied
    assert rows(database_url, "SELECT state, left(outcome, 13) FROM quarantine") == [("kept", "still refused")]
    await connection.execute("ALTER TABLE event DROP CONSTRAINT not_yet")
    applied = await replay(connection, row_id, WALL)
    assert applied.is_applied
    assert "site:s1" in {version.room for version in applied.versions}
    again = await replay(connection, row_id, WALL)
    assert (again.is_applied, again.outcome) == (False, "it is replayed")
    assert rows(database_url, "SELECT state FROM parcel") == [("received",)]
    assert count(database_url, "SELECT count(*) FROM event") == 1


async def test_readings_out_of_quarantine_are_not_doubled(flusher: Flusher, connection: Connection, database_url: str) -> None:
    await connection.execute("ALTER TABLE reading ADD CONSTRAINT not_yet CHECK (value < 100)")
    batch = TestSite("s1").readings([1.0, 500.0])
    await flusher.flush([batch.arrival()])
    row_id = (await listed(connection))[0].id
    await connection.execute("ALTER TABLE reading DROP CONSTRAINT not_yet")
    assert (await replay(connection, row_id, WALL)).is_applied
    assert not (await replay(connection, row_id, WALL)).is_applied
    await flusher.flush([batch.arrival()])
    assert count(database_url, "SELECT count(*) FROM reading") == 2


async def test_a_newer_batch_waits_for_the_upgrade(
    flusher: Flusher, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = TestSite("s1")
    newer = site.seal(Lane.EVENT, site.scans(LabelUnknown(text="?")).payload, seq=7, schema=2)
    await flusher.flush([newer.arrival()])
    row = (await listed(connection))[0]
    assert (row.reason, row.batch_key) == ("schema", f"{site.epoch}/event/7")
    assert not (await replay(connection, row.id, WALL)).is_applied
    monkeypatch.setattr("cloud.ingest.checks.SCHEMA", 2)  # the upgraded cloud
    assert (await replay(connection, row.id, WALL)).is_applied


async def test_what_a_person_asks_for_is_replayed_and_answered(flusher: Flusher, connection: Connection, database_url: str) -> None:
    row_id = await kept(flusher, connection)
    await request_replay(connection, row_id, utc(now_ms()))
    assert await replay_requested(connection, WALL) == []
    assert rows(database_url, "SELECT state, outcome <> '' FROM quarantine") == [("kept", True)]
    await connection.execute("ALTER TABLE event DROP CONSTRAINT not_yet")
    await request_replay(connection, row_id, utc(now_ms()))
    assert await replay_requested(connection, WALL)
    assert rows(database_url, "SELECT state, outcome FROM quarantine") == [("replayed", "applied: 1 rows")]


async def test_a_fault_of_another_kind_is_written_beside_the_message_and_not_met_for_ever(
    flusher: Flusher, connection: Connection, database_url: str
) -> None:
    row_id = await kept(flusher, connection)
    await connection.execute("ALTER TABLE event RENAME TO elsewhere")
    await request_replay(connection, row_id, utc(now_ms()))
    assert await replay_requested(connection, WALL) == []
    ((state, outcome),) = rows(database_url, "SELECT state, outcome FROM quarantine")
    assert state == "kept"
    assert "does not exist" in outcome


async def test_a_discarded_message_is_not_replayed(flusher: Flusher, connection: Connection) -> None:
    row_id = await kept(flusher, connection)
    await discard(connection, row_id, utc(now_ms()))
    assert (await replay(connection, row_id, WALL)).outcome == "it is discarded"
    with pytest.raises(StateError, match="it is discarded"):
        await request_replay(connection, row_id, utc(now_ms()))
    with pytest.raises(LookupError):
        await discard(connection, row_id + 1, utc(now_ms()))


async def test_a_cut_payload_and_a_conflict_are_not_replayed(flusher: Flusher, connection: Connection) -> None:
    site = TestSite("s1")
    await flusher.flush([site.seal(Lane.LIVE, b"x" * 2_000_000).arrival()])
    first, second = site.scans(LabelUnknown(text="a")), TestSite("s1", epoch=site.epoch).scans(LabelUnknown(text="b"))
    await flusher.flush([first.arrival(), second.arrival()])
    outcomes = {row.reason: (await replay(connection, row.id, WALL)).outcome for row in await listed(connection)}
    assert outcomes["size"].startswith("its payload was cut")
    assert outcomes["conflict"].startswith("a conflict is not replayed")


async def test_the_tool_lists_shows_replays_and_discards(
    flusher: Flusher, connection: Connection, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CloudConfig(database_url=SecretStr(database_url))
    row_id = await kept(flusher, connection)

    async def tool(*arguments: str) -> tuple[int, str]:
        code = await quarantine_tool.main(arguments, config, WALL)
        return code, capsys.readouterr().out

    code, text = await tool("list")
    assert code == 0
    assert "tt/v1/green/s1/up/event" in text
    assert "1 messages kept" in text
    code, text = await tool("show", str(row_id))
    assert code == 0
    assert "sha256 = " in text
    assert "parcel_received" in text.replace("\n", "") or "0000  " in text
    assert await tool("show", "999999") == (1, "999999: there is no such message in quarantine\n")
    assert (await tool("replay", str(row_id)))[0] == 1
    await connection.execute("ALTER TABLE event DROP CONSTRAINT not_yet")
    assert await tool("replay", str(row_id)) == (0, f"{row_id}: applied: 1 rows\n")
    code, text = await tool("discard", str(row_id))
    assert (code, "it is replayed" in text) == (1, True)
