import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.api.tracker_links import Addresses, set_ups
from cloud.auth.broker_passwords import mosquitto_hash
from cloud.store.trackers import TrackerProtocol, token_hash
from tests.cloud.api.vans import van
from tests.cloud.api.world import World

AT = Addresses("https://phones.example", "mqtts://broker.example:8883", "trucks.example:7611")


def wanted(**changes: Any) -> dict[str, Any]:
    return {"operator": "op-a", "vehicle": "van-1", "protocol": "osmand", "name": "王师傅的手机", **changes}


async def test_a_phone_is_enrolled_with_a_link_that_sets_it_up(world: World) -> None:
    await van(world)
    answer = await world.post("dispatcher-a", "/api/trackers", json=wanted())
    assert answer.status_code == 201
    said = answer.json()
    assert (said["tracker"]["vehicle_name"], said["tracker"]["is_personal"], said["tracker"]["fix_at"]) == ("一号车", True, None)
    traccar, osmand = said["set_ups"]
    token = parse_qs(urlsplit(traccar["link"]).query)["id"][0]
    assert {setting["name"]: setting["value"] for setting in traccar["settings"]} == {
        "server": "http://127.0.0.1:5055",
        "id": token,
    }
    assert len({len(row) for row in traccar["qr"]}) == 1
    assert f"id={token}&lat={{0}}" in osmand["settings"][0]["value"]
    assert bytes(await world.one("SELECT token_sha256 FROM tracker")) == token_hash(token)
    assert token not in str(await world.one("SELECT jsonb_agg(to_jsonb(a)) FROM audit a"))


async def test_each_operator_sees_and_revokes_its_own(world: World) -> None:
    await van(world)
    number = (await world.post("dispatcher-a", "/api/trackers", json=wanted())).json()["tracker"]["id"]
    assert (await world.get("dispatcher-b", "/api/trackers")).json() == {"trackers": []}
    assert (await world.call("dispatcher-b", "DELETE", f"/api/trackers/{number}")).status_code == 404
    for login in ("leader-a1", "staff-a1"):
        assert (await world.get(login, "/api/trackers")).status_code == 403
    assert (await world.get(None, "/api/trackers")).status_code == 401
    assert (await world.call("dispatcher-a", "DELETE", f"/api/trackers/{number}")).status_code == 204
    (listed,) = (await world.get("dispatcher-a", "/api/trackers")).json()["trackers"]
    assert listed["revoked_at"] == "2026-11-22T08:00:00.000Z"
    assert [action async for (action,) in await world.connection.execute("SELECT action FROM audit ORDER BY id")] == [
        "tracker.enrol", "tracker.revoke",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"operator": "op-b"}, 403, "operator"),
        ({"vehicle": "st-a1"}, 422, "vehicle"),
        ({"vehicle": "van-b"}, 422, "vehicle"),
        ({"vehicle": "nowhere"}, 422, "vehicle"),
        ({"protocol": "smoke"}, 422, "protocol"),
        ({"protocol": "jt808"}, 422, "terminal"),
        ({"protocol": "jt808", "terminal": "0000"}, 422, "terminal"),
        ({"protocol": "jt808", "terminal": "12-34"}, 422, "terminal"),
        ({"name": ""}, 422, "name"),
    ],
)
async def test_what_is_wrong_is_named(world: World, changes: dict[str, Any], status: int, field: str) -> None:
    await van(world)
    await van(world, "van-b", "op-b")
    answer = await world.post("dispatcher-a", "/api/trackers", json=wanted(**changes))
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    assert await world.one("SELECT count(*) FROM tracker") == 0


async def test_a_terminals_number_is_enrolled_once_with_or_without_its_zeros(world: World) -> None:
    await van(world)
    first = await world.post("dispatcher-a", "/api/trackers", json=wanted(protocol="jt808", terminal="013912345678"))
    assert first.json()["tracker"]["terminal"] == "13912345678"
    again = await world.post("dispatcher-a", "/api/trackers", json=wanted(protocol="jt808", terminal="00000013912345678"))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "terminal_taken")
    await world.call("dispatcher-a", "DELETE", f"/api/trackers/{first.json()['tracker']['id']}")
    assert (
        await world.post("dispatcher-a", "/api/trackers", json=wanted(protocol="jt808", terminal="13912345678"))
    ).status_code == 201


def test_owntracks_is_set_up_by_its_own_link_for_http_and_where_it_can_for_mqtt() -> None:
    http, mqtt = set_ups(TrackerProtocol.OWNTRACKS, 7, "t0ken", AT)
    said = json.loads(base64.b64decode(parse_qs(urlsplit(http.link).query)["inline"][0]))
    assert (said["_type"], said["mode"], said["url"]) == ("configuration", 3, "https://phones.example/owntracks")
    assert (said["username"], said["password"]) == ("tracker-7", "t0ken")
    said = json.loads(base64.b64decode(parse_qs(urlsplit(mqtt.link).query)["inline"][0]))
    assert (said["mode"], said["host"], said["port"], said["tls"]) == (0, "broker.example", 8883, True)
    assert said["pubTopicBase"] == "owntracks/%u/%d"
    assert [way.app for way in set_ups(TrackerProtocol.OWNTRACKS, 7, "t", Addresses("https://x", "", "x:1"))] == ["OwnTracks HTTP"]


def test_a_terminal_is_set_up_by_hand() -> None:
    (way,) = set_ups(TrackerProtocol.JT808, 7, "13912345678", AT)
    assert (way.link, dict(way.settings)) == ("", {"server": "trucks.example", "port": "7611", "terminal": "13912345678"})


def test_the_brokers_password_is_hashed_as_mosquitto_does() -> None:
    # What mosquitto_passwd 2.0 writes has the same form.
    kind, rounds, salt, key = mosquitto_hash("secret", b"123456789012").split("$")[1:]
    assert (kind, rounds, len(base64.b64decode(salt)), len(base64.b64decode(key))) == ("7", "101", 12, 64)
