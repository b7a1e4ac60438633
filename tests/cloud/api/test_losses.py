"""What is gone for good is a reason to worry until somebody takes note of it, and a number for ever."""

from typing import Any

import pytest

from cloud.api import losses_tool, status_tool
from cloud.api.health_check import LAG_S
from cloud.config import CloudConfig
from cloud.store.heartbeat import beat
from tests.cloud.api.world import TestClock, World

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _looks_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.api.health_check._KEEP_S", 0.0)


async def lose(world: World, batches: int) -> None:
    await world.connection.execute(
        """
        INSERT INTO lane_floor (site_id, epoch, lane, lost) VALUES ('st-a1', gen_random_uuid(), 1, %s)
        """,
        (batches,),
    )


async def health(world: World) -> dict[str, Any]:
    found: dict[str, Any] = (await world.get(None, "/health")).json()
    return found


def worries(found: dict[str, Any], word: str) -> list[str]:
    return [reason for reason in found["reasons"] if word in reason]


async def test_lost_batches_worry_until_somebody_takes_note_of_them_and_the_number_stays(world: World) -> None:
    await lose(world, 7)
    assert worries(await health(world), "lost for good") == [
        "7 batches are lost for good; find out why, then: python -m cloud losses"
    ]
    answer = await world.post("admin", "/api/losses/batches/acknowledge", json={"total": 7, "note": "the card of st-a1"})
    assert answer.status_code == 200
    assert (answer.json()["open"], answer.json()["acknowledged_by"], answer.json()["note"]) == (0, "admin", "the card of st-a1")
    found = await health(world)
    assert worries(found, "lost for good") == []
    assert (found["backlog"]["lost_batches"], found["backlog"]["lost_batches_acknowledged"]) == (7, 7)
    assert await world.one("SELECT detail->>'total' FROM audit WHERE action = 'loss.acknowledge'") == "7"
    await lose(world, 2)
    assert worries(await health(world), "lost for good") == [
        "2 batches are lost for good; find out why, then: python -m cloud losses"
    ]


async def test_nobody_takes_note_of_more_than_is_lost_or_of_the_same_twice(world: World) -> None:
    await lose(world, 3)
    path = "/api/losses/batches/acknowledge"
    assert (await world.post("admin", path, json={"total": 4})).status_code == 409
    assert (await world.post("admin", path, json={"total": 2})).json()["open"] == 1
    assert (await world.post("admin", path, json={"total": 2})).status_code == 409
    assert (await world.post("admin", "/api/losses/quarantine/acknowledge", json={"total": 1})).status_code == 409
    assert (await world.post("admin", "/api/losses/socks/acknowledge", json={"total": 1})).status_code == 422


async def test_losses_are_an_admins_matter(world: World) -> None:
    await lose(world, 1)
    for login in ("dispatcher-a", "leader-a1", "staff-a1"):
        assert (await world.get(login, "/api/losses")).status_code == 403
        assert (await world.post(login, "/api/losses/batches/acknowledge", json={"total": 1})).status_code == 403
    assert (await world.get(None, "/api/losses")).status_code == 401
    assert [one["total"] for one in (await world.get("admin", "/api/losses")).json()["losses"]] == [1, 0]


async def test_the_command_line_takes_note_with_a_name_and_leaves_it_in_the_audit(
    world: World, config: CloudConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await losses_tool.main(["acknowledge", "batches", "--by", "王"], config, TestClock()) == 1
    await lose(world, 5)
    assert await losses_tool.main(["acknowledge", "batches", "--by", "王", "--note", "card"], config, TestClock()) == 0
    assert await losses_tool.main([], config, TestClock()) == 0
    said = capsys.readouterr().out
    assert "5 acknowledged by 王 at 2026-11-22T08:00:00+00:00: card" in said
    assert await world.one("SELECT detail->>'by' FROM audit WHERE action = 'loss.acknowledge'") == "王"


async def test_health_tells_the_silence_of_ingest_from_its_lag(
    world: World, config: CloudConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    await beat(world.connection, "ingest", "one", 0.2000000000003929)
    await beat(world.connection, "ingest", "two", LAG_S + 1)
    found = await health(world)
    assert found["ingest_silent_s"] < 5
    assert found["ingest_lag_s"] == LAG_S + 1
    assert worries(found, "behind") == ["ingest is 6 s behind"]
    await world.connection.execute("UPDATE heartbeat SET beat_at = now() - interval '1 hour' WHERE instance = 'two'")
    assert (await health(world))["ingest_lag_s"] == 0.2  # what a dead one said long ago is no lag
    processes = (await health(world))["processes"]
    assert [(one["instance"], one["lag_s"], one["gone"]) for one in processes] == [("two", LAG_S + 1, True), ("one", 0.2, False)]
    assert await status_tool.main([], config, TestClock()) == 1
    said = capsys.readouterr().out
    assert "process   ingest two: gone, last heard 3600 s ago" in said
    assert "process   ingest one: heard 0 s ago" in said
