"""A station's set-up, its manifest, what its residents show, and commands: from REST to what the agent would read."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pytest
import zxingcpp
from pydantic import SecretStr

from cloud.auth.pickup import PickupKeys
from cloud.auth.residents import ResidentVault
from cloud.jobs.housekeeping import delete_served
from cloud.jobs.manifests import ManifestMaker
from edge.wire.clock import to_ms
from edge.wire.manifest import Manifest, decode_manifest
from edge.wire.pickup import badge_key, is_signed_by, read_code, read_token, secret_key
from tests.cloud.api.world import NOW, SECRET, World, order, scan

pytestmark = pytest.mark.slow

TODAY = "2026-11-22"


def maker() -> ManifestMaker:
    return ManifestMaker(PickupKeys(SecretStr(SECRET)), ResidentVault(SecretStr(SECRET)))


async def settle_station(world: World) -> dict[str, Any]:
    """Quick codes, staff, shelves, cells, articles, one order for today; returns the order as it is shown."""
    for path, body in {
        "/api/sites/st-a1/rules": {"code_cost": 1024, "rules": {"guesses": 4}},
        "/api/sites/st-a1/shelves": {"shelves": [{"slot": "A12", "zone": "ambient"}, {"slot": "C1", "zone": "chilled"}]},
        "/api/sites/st-a1/cells": {"cells": [{"cell": "1-07", "zone": "ambient", "size": "M"}]},
        "/api/operators/op-a/articles": {"articles": [{"sku": "egg", "name": "土鸡蛋", "eans": ["4006381333931"], "weight_g": 60}]},
    }.items():
        answer = await world.call("dispatcher-a", "PUT", path, json=body)
        assert answer.status_code == 200, answer.text
    imported = await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(pickup_date=TODAY)])
    assert imported.json()["created"] == 1
    return (await world.get("dispatcher-a", "/api/operators/op-a/orders/A-1001")).json()["order"]  # type: ignore[no-any-return]


async def made(world: World) -> Manifest:
    await maker().make(world.connection, "st-a1", NOW)
    return decode_manifest(
        bytes(await world.one("SELECT body FROM manifest WHERE site_id = 'st-a1' ORDER BY version DESC LIMIT 1"))
    )


async def link(world: World) -> str:
    return str((await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"])


def basic(username: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{key}".encode()).decode()}


async def fetch(world: World, sha256: str, username: str, key: str) -> httpx.Response:
    return await world.get(None, f"/api/sites/st-a1/manifest/{sha256}", headers=basic(username, key))


async def test_a_manifest_tells_a_station_its_day_and_is_made_anew_only_when_something_changed(world: World) -> None:
    shown = await settle_station(world)
    manifest = await made(world)
    (claim,) = manifest.claims
    assert (claim.operator, claim.orders, claim.name, claim.tail) == ("op-a", ("op-a/A-1001",), "王*明", "5678")
    assert claim.deadline_ms == 1_795_352_400_000  # 21:00 there
    assert {parcel.parcel for parcel in manifest.parcels} == {parcel["id"] for parcel in shown["parcels"]}
    assert {(article.sku, article.name, article.eans) for article in manifest.articles} == {
        ("egg", "土鸡蛋", ("4006381333931",)),
        ("milk", "牛奶", ()),
    }
    assert [shelf.slot for shelf in manifest.shelves] == ["A12", "C1"]
    assert (manifest.cells[0].cell, manifest.rules.guesses, manifest.day) == ("1-07", 4, TODAY)
    assert not await maker().make(world.connection, "st-a1", NOW)
    parcel = manifest.parcels[0].parcel
    await scan(world.connection, "st-a1", parcel, "parcel_released", 1)
    again = await made(world)
    assert again.version > manifest.version
    assert parcel not in {one.parcel for one in again.parcels}
    assert again.code_cost == manifest.code_cost, "one salt a day"
    assert await world.one("SELECT version FROM desired WHERE site_id = 'st-a1'") == 2


async def test_who_has_fetched_everything_stays_in_the_days_manifest_with_when_and_how(world: World) -> None:
    shown = await settle_station(world)
    before = await made(world)
    for n, parcel in enumerate(shown["parcels"], start=1):
        await scan(world.connection, "st-a1", parcel["id"], "parcel_released", n, how="code")
    assert (await delete_served(world.connection, NOW))["pickup_codes"] == 0
    after = await made(world)
    (claim,) = after.claims
    assert (claim.done, claim.done_how, claim.orders) == ("released", "code", ("op-a/A-1001",))
    assert claim.done_at_ms == to_ms(NOW)
    assert (after.parcels, after.codes) == ((), before.codes)
    assert after.codes[0].expires_ms == claim.deadline_ms + 3 * 86_400_000
    await maker().make(world.connection, "st-a1", NOW + timedelta(days=1))
    body = await world.one("SELECT body FROM manifest WHERE site_id = 'st-a1' ORDER BY version DESC LIMIT 1")
    assert decode_manifest(bytes(body)).claims == (), "the next day it is nobody's at the counter"


async def test_the_days_total_stays_what_it_was_while_parcels_are_handed_out_and_sent_back(world: World) -> None:
    shown = await settle_station(world)
    before = await made(world)
    total = len(before.parcels)
    assert (before.released, before.removed) == (0, 0)
    first, second, *_ = (parcel["id"] for parcel in shown["parcels"])
    await scan(world.connection, "st-a1", first, "parcel_released", 1, how="code")
    after = await made(world)
    assert (len(after.parcels), after.released, after.removed) == (total - 1, 1, 0)
    await scan(world.connection, "st-a1", second, "parcel_disposed", 2, reason="spoiled")
    after = await made(world)
    assert (len(after.parcels), after.released, after.removed) == (total - 2, 1, 1)
    await maker().make(world.connection, "st-a1", NOW + timedelta(days=1))
    body = await world.one("SELECT body FROM manifest WHERE site_id = 'st-a1' ORDER BY version DESC LIMIT 1")
    assert decode_manifest(bytes(body)).released == 0, "the next day has a total of its own"


async def test_a_code_that_was_taken_back_is_told_to_the_station_for_a_while_and_only_the_last_few(world: World) -> None:
    await settle_station(world)
    for _ in range(5):
        await made(world)
        await world.post("leader-a1", "/api/operators/op-a/orders/A-1001/pickup/revoke")
    manifest = await made(world)
    assert sorted(one.is_revoked for one in manifest.codes) == [False, True, True, True]
    await maker().make(world.connection, "st-a1", NOW + timedelta(days=2))
    body = await world.one("SELECT body FROM manifest WHERE site_id = 'st-a1' ORDER BY version DESC LIMIT 1")
    assert [one.is_revoked for one in decode_manifest(bytes(body)).codes] == [False]


async def test_only_the_site_itself_fetches_its_manifest(world: World) -> None:
    await settle_station(world)
    await made(world)
    sha256 = await world.one("SELECT manifest_sha256 FROM desired WHERE site_id = 'st-a1'")
    key = (await world.post("dispatcher-a", "/api/sites/st-a1/credentials", json={})).json()["key"]
    other = (await world.post("dispatcher-a", "/api/sites/st-a2/credentials", json={"key": "a-broker-password"})).json()
    assert other == {"username": "st-a2", "key": "a-broker-password"}
    fetched = await fetch(world, sha256, "st-a1", key)
    assert (fetched.status_code, hashlib.sha256(fetched.content).hexdigest()) == (200, sha256)
    for username, password in (("st-a1", "wrong-password-here"), ("st-a2", "a-broker-password"), ("st-a2", key), ("", "")):
        assert (await fetch(world, sha256, username, password)).status_code == 401
    assert (await world.get("admin", f"/api/sites/st-a1/manifest/{sha256}")).status_code == 401
    assert (await fetch(world, "0" * 64, "st-a1", key)).status_code == 404
    await world.call("dispatcher-a", "DELETE", "/api/sites/st-a1/credentials")
    assert (await fetch(world, sha256, "st-a1", key)).status_code == 401
    assert (await world.post("dispatcher-b", "/api/sites/st-a1/credentials", json={})).status_code == 404
    assert (await world.post("dispatcher-a", "/api/sites/st-both/credentials", json={})).json()["error"]["code"] == "shared_site"


async def test_what_a_resident_is_shown_is_what_the_station_takes(world: World) -> None:
    await settle_station(world)
    token = await link(world)
    wrong = await world.post(None, f"/api/links/{token}/pickup", json={"tail": "0000"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (403, "wrong_tail")
    shown = (await world.post(None, f"/api/links/{token}/pickup", json={"tail": "5678"})).json()
    manifest = await made(world)
    code = read_code(shown["code"])
    assert code is not None
    assert [(one.claim, one.token) for one in manifest.codes if one.key == secret_key(code, manifest.code_cost)] == [
        (manifest.claims[0].claim, "")
    ]
    signed = read_token(shown["qr"])
    assert is_signed_by(signed, manifest.keys[0].public)
    assert (signed.token.key, signed.token.site, signed.token.orders) == (manifest.keys[0].key, "st-a1", ("op-a/A-1001",))
    assert not signed.token.is_proxy
    assert read_modules(shown["qr_rows"]) == shown["qr"]
    assert shown["until"] == "2026-11-22T13:00:00.000Z"
    assert (await world.post(None, f"/api/links/{token}/pickup", json={"tail": "5678"})).json()["code"] == shown["code"]


async def test_a_proxy_comes_once_and_is_taken_back(world: World) -> None:
    await settle_station(world)
    token = await link(world)
    tail = {"tail": "5678"}
    proxy = (await world.post(None, f"/api/links/{token}/proxies", json=tail)).json()
    assert read_token(proxy["qr"]).token.is_proxy
    manifest = await made(world)
    assert sorted(one.token for one in manifest.codes) == ["", proxy["token"]]
    listed = (await world.post(None, f"/api/links/{token}/pickup", json=tail)).json()
    assert [one["token"] for one in listed["proxies"]] == [proxy["token"]]
    assert (await world.post(None, f"/api/links/{token}/proxies/nobody/revoke", json=tail)).status_code == 404
    assert (await world.post(None, f"/api/links/{token}/proxies/{proxy['token']}/revoke", json=tail)).status_code == 204
    after = await made(world)
    assert after.revoked == (proxy["token"],)
    assert {one.token: one.is_revoked for one in after.codes} == {"": False, proxy["token"]: True}
    for _ in range(5):
        assert (await world.post(None, f"/api/links/{token}/proxies", json=tail)).status_code == 201
    assert (await world.post(None, f"/api/links/{token}/proxies", json=tail)).json()["error"]["code"] == "too_many_proxies"


async def test_who_comes_instead_has_a_page_that_says_when_it_is_good_for_nothing(world: World) -> None:
    shown = await settle_station(world)
    token = await link(world)
    proxy = (await world.post(None, f"/api/links/{token}/proxies", json={"tail": "5678"})).json()
    path = f"/api/proxies/{proxy['url'].rpartition('/')[2]}"
    seen = (await world.get(None, path)).json()
    assert (seen["state"], seen["code"], seen["site_name"]) == ("ready", proxy["code"], "站 st-a1")
    assert read_modules(seen["qr_rows"]) == proxy["qr"]
    assert (await world.get(None, f"/api/proxies/{token}")).status_code == 404, "a link to the order is none to come with"
    assert (await world.get(None, f"/api/links/{proxy['url'].rpartition('/')[2]}")).status_code == 404
    parcel = shown["parcels"][0]["id"]
    await scan(world.connection, "st-a1", parcel, "parcel_released", 1, token=proxy["token"])
    assert (await world.get(None, path)).json()["state"] == "used"
    second = (await world.post(None, f"/api/links/{token}/proxies", json={"tail": "5678"})).json()
    path = f"/api/proxies/{second['url'].rpartition('/')[2]}"
    await world.post(None, f"/api/links/{token}/proxies/{second['token']}/revoke", json={"tail": "5678"})
    gone = (await world.get(None, path)).json()
    assert (gone["state"], gone["code"], gone["qr_rows"]) == ("revoked", "", [])
    third = (await world.post(None, f"/api/links/{token}/proxies", json={"tail": "5678"})).json()
    world.clock.ms += 5 * 86_400_000
    assert (await world.get(None, f"/api/proxies/{third['url'].rpartition('/')[2]}")).json()["state"] == "expired"
    world.clock.ms += 9 * 86_400_000
    assert (await world.get(None, f"/api/proxies/{third['url'].rpartition('/')[2]}")).status_code == 410


def read_modules(rows: list[str]) -> str:
    """What a reader makes of the drawn QR."""
    size, module = len(rows) + 8, 6
    picture = np.full((size * module, size * module), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, one in enumerate(row):
            if one == "1":
                picture[(y + 4) * module : (y + 5) * module, (x + 4) * module : (x + 5) * module] = 0
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)


async def test_a_leader_takes_back_a_code_that_went_astray(world: World) -> None:
    await settle_station(world)
    token = await link(world)
    first = (await world.post(None, f"/api/links/{token}/pickup", json={"tail": "5678"})).json()
    path = "/api/operators/op-a/orders/A-1001/pickup/revoke"
    assert (await world.post("staff-a1", path)).status_code == 403
    assert (await world.post("leader-a2", path)).status_code == 404
    assert (await world.post("leader-a1", path)).status_code == 204
    second = (await world.post(None, f"/api/links/{token}/pickup", json={"tail": "5678"})).json()
    manifest = await made(world)
    assert second["code"] != first["code"]
    assert manifest.revoked == (read_token(first["qr"]).token.token,)


async def test_guessing_the_last_four_is_stopped(world: World) -> None:
    await settle_station(world)
    token = await link(world)
    for _ in range(10):
        assert (await world.post(None, f"/api/links/{token}/pickup", json={"tail": "0000"})).status_code == 403
    locked = await world.post(None, f"/api/links/{token}/pickup", json={"tail": "5678"})
    assert (locked.status_code, locked.json()["error"]["code"]) == (429, "too_many_attempts")


async def test_staff_log_in_by_what_the_manifest_says_and_no_two_by_one_pin(world: World) -> None:
    await settle_station(world)
    staff = "/api/sites/st-a1/staff"
    mei = (await world.call("dispatcher-a", "PUT", f"{staff}/mei", json={"name": "小美", "pin": "1234", "with_badge": True})).json()
    taken = await world.call("dispatcher-a", "PUT", f"{staff}/lei", json={"name": "小雷", "pin": "1234"})
    assert taken.json()["error"]["code"] == "pin_taken"
    assert (await world.call("dispatcher-a", "PUT", f"{staff}/lei", json={"name": "小雷", "pin": "12"})).status_code == 422
    manifest = await made(world)
    (member,) = manifest.staff
    assert member.pin_key == secret_key("1234", manifest.staff_cost)
    assert member.badge_key == badge_key(mei["badge"], manifest.staff_cost.salt)
    assert (await world.get("dispatcher-a", staff)).json()["staff"][0]["badge"] is None
    assert (await world.call("dispatcher-a", "DELETE", f"{staff}/mei")).status_code == 204
    assert (await made(world)).staff == ()
    assert (await world.call("dispatcher-a", "DELETE", f"{staff}/mei")).status_code == 404


async def test_a_door_is_opened_from_afar_only_with_a_reason_and_by_who_may(world: World) -> None:
    wanted = {"action": "open_cell", "cell": "1-07", "reason": "住户在现场, 屏幕坏了"}
    path = "/api/sites/st-a1/commands"
    assert (await world.post("leader-a1", path, json=wanted)).json()["error"]["code"] == "site_away"
    await world.connection.execute(
        """INSERT INTO site_status (site_id, operator_id, boot, connect, online, nonce, heard_at)
           VALUES ('st-a1', 'op-a', 1, 1, true, 'n1', now())"""
    )
    assert (await world.post("leader-a1", path, json={**wanted, "reason": ""})).status_code == 422
    assert (await world.post("leader-a1", path, json={**wanted, "cell": ""})).status_code == 422
    assert (await world.post("staff-a1", path, json=wanted)).status_code == 403
    assert (await world.post("leader-a2", path, json=wanted)).status_code == 404
    asked = await world.post("leader-a1", path, json=wanted)
    assert (asked.status_code, asked.json()["is_sent"], asked.json()["outcome"]) == (202, False, None)
    command = asked.json()["id"]
    assert await world.one("SELECT detail->>'cell' FROM audit WHERE action = 'command.open_cell'") == "1-07"
    for n, (kind, fact) in enumerate({"cell_opened": "opened", "command_finished": "done"}.items(), start=1):
        await scan(world.connection, "st-a1", "", kind, n, command=command, outcome=fact)
    seen = (await world.get("leader-a1", f"{path}/{command}")).json()
    assert (seen["outcome"], seen["door"]) == ("done", "opened")
    assert (await world.get("leader-a1", f"{path}/other")).status_code == 404
