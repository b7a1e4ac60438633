"""Alarms by REST: who sees them, who says what of them, and what is on record of that."""

import pytest

from cloud.domain.alarm import Alarm
from cloud.store.alarm_folding import AlarmKey, keep_own
from edge.wire import messages as m
from edge.wire.clock import to_ms
from tests.cloud.api.test_cold_chain import tell
from tests.cloud.api.world import NOW, World

pytestmark = pytest.mark.slow


async def stand(world: World, site: str, severity: str = "warning", minutes: int = 20, *, is_over: bool = False) -> int:
    """An alarm of the cloud's own, folded; its number."""
    since_ms = to_ms(NOW) - minutes * 60_000
    silence = Alarm(
        site, "site_silent", severity, since_ms + 60_000, since_ms, raised_by=severity, cleared_ms=to_ms(NOW) if is_over else None
    )
    async with world.connection.transaction():
        await keep_own(world.connection, {AlarmKey(site, f"{site}/{since_ms}"): silence}, NOW)
    return int(await world.one("SELECT max(id) FROM alarm"))


async def test_the_open_ones_come_by_severity_to_whoever_may_see_the_site(world: World) -> None:
    warning = await stand(world, "st-a1", minutes=10)
    older = await stand(world, "st-a1", minutes=30)
    critical = await stand(world, "st-a2", "critical", minutes=90)
    elsewhere = await stand(world, "st-b1", "critical")

    async def seen(login: str, **more: str) -> list[int]:
        answer = await world.get(login, "/api/alarms", params=more)
        return [one["id"] for one in answer.json()["alarms"]]

    assert await seen("dispatcher-a") == [critical, warning, older]
    assert await seen("leader-a1") == [warning, older]
    assert await seen("leader-a1", site="st-a2") == []
    assert await seen("admin", site="st-b1") == [elsewhere]
    assert (await world.get("leader-a1", f"/api/alarms/{critical}")).status_code == 404
    assert (await world.get("dispatcher-b", f"/api/alarms/{warning}")).json()["error"]["code"] == "no_alarm"
    assert (await world.get(None, "/api/alarms")).status_code == 401
    pages = [await world.get("dispatcher-a", "/api/alarms", params={"show": "all", "limit": 2})]
    pages.append(
        await world.get("dispatcher-a", "/api/alarms", params={"show": "all", "limit": 2, "after": pages[0].json()["after"]})
    )
    assert [[one["id"] for one in page.json()["alarms"]] for page in pages] == [[critical, older], [warning]]


async def test_who_acknowledges_is_named_and_on_record_and_the_rooms_know(world: World) -> None:
    alarm = await stand(world, "st-a1")
    said = (await world.post("staff-a1", f"/api/alarms/{alarm}/acknowledge", json={"note": " 路由器断电 "})).json()
    assert (said["state"], said["acknowledged_by"], said["note"], said["stands"]) == (
        "acknowledged",
        "staff-a1",
        "路由器断电",
        True,
    )
    again = (await world.post("dispatcher-a", f"/api/alarms/{alarm}/acknowledge", json={})).json()
    assert again == said, "the first counts"
    assert await world.one("SELECT count(*) FROM audit WHERE action = 'alarm.acknowledged'") == 1
    assert await world.one("SELECT detail->>'note' FROM audit WHERE action = 'alarm.acknowledged'") == "路由器断电"
    shown = await world.one("SELECT body FROM room_entry WHERE room = 'sites:op-a' AND key = %s", f"alarm/{alarm}")
    assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "staff-a1")


async def test_what_goes_on_is_not_closed_and_what_is_over_may_be(world: World) -> None:
    standing, over = await stand(world, "st-a1", minutes=10), await stand(world, "st-a1", minutes=40, is_over=True)
    refused = await world.post("dispatcher-a", f"/api/alarms/{standing}/close", json={"note": "算了"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "alarm_stands")
    closed = (await world.post("dispatcher-a", f"/api/alarms/{over}/close", json={"note": "换了电源"})).json()
    assert (closed["state"], closed["closed_by"], closed["acknowledged_by"]) == ("closed", "dispatcher-a", "dispatcher-a")
    assert [one["id"] for one in (await world.get("dispatcher-a", "/api/alarms")).json()["alarms"]] == [standing]
    assert (await world.post("leader-b1", f"/api/alarms/{over}/close", json={})).status_code == 404


async def test_an_alarm_that_became_worse_waits_for_somebody_again(world: World) -> None:
    alarm = await stand(world, "st-a1", minutes=30)
    await world.post("dispatcher-a", f"/api/alarms/{alarm}/acknowledge", json={})
    assert await stand(world, "st-a1", "critical", minutes=30) == alarm
    worse = (await world.get("dispatcher-a", f"/api/alarms/{alarm}")).json()
    assert (worse["state"], worse["severity"], worse["acknowledged_by"]) == ("raised", "critical", "")


@pytest.mark.parametrize("body", [{"note": "x" * 501}, {"note": "\u0000"}, {"because": "x"}])
async def test_what_cannot_be_a_note_is_refused_by_its_field(world: World, body: dict[str, str]) -> None:
    alarm = await stand(world, "st-a1")
    refused = await world.post("dispatcher-a", f"/api/alarms/{alarm}/acknowledge", json=body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, next(iter(body)))


@pytest.mark.parametrize("is_online", [True, False])
async def test_a_site_that_is_connected_is_told_that_its_alarm_was_seen(world: World, is_online: bool) -> None:
    await world.connection.execute(
        """
        INSERT INTO site_status (site_id, operator_id, boot, connect, online, nonce, heard_at)
        VALUES ('st-a1', 'op-a', 1, 1, %s, 'n', %s)
        """,
        [is_online, NOW],
    )
    raised = m.AlarmRaised(alarm="fridge-1_c/high/1", subject="fridge-1_c", rule="high", severity="critical")
    await tell(world, "st-a1", 0, raised)
    alarm = await world.one("SELECT id FROM alarm")
    answer = await world.post("dispatcher-a", f"/api/alarms/{alarm}/acknowledge", json={"note": "已打电话"})
    assert answer.status_code == 200
    told = await world.one("SELECT jsonb_agg(detail) FROM command WHERE site_id = 'st-a1' AND action = 'acknowledge_alarm'")
    detail = {"alarm": "fridge-1_c/high/1", "severity": "critical", "note": "已打电话"}
    assert told == ([detail] if is_online else None)
