"""A parcel at another station than its own, and one that comes a day early: what both stations and the resident are told."""

from datetime import timedelta
from typing import Any

import pytest

from edge.wire.clock import to_ms
from edge.wire.manifest import Manifest, OtherParcel, Zone
from tests.cloud.api.test_docks import newest
from tests.cloud.api.test_stations import TODAY, maker
from tests.cloud.api.world import LABELS, NOW, World, order, scan

pytestmark = pytest.mark.slow

RIGHT, WRONG = "st-a1", "st-a2"


async def settle(world: World, external_id: str = "A-1001", day: str = TODAY) -> dict[str, Any]:
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(external_id, RIGHT, pickup_date=day)])
    return await shown(world, external_id)


async def shown(world: World, external_id: str = "A-1001") -> dict[str, Any]:
    return (await world.get("dispatcher-a", f"/api/operators/op-a/orders/{external_id}")).json()["order"]  # type: ignore[no-any-return]


def labels(seen: dict[str, Any]) -> list[str]:
    """Ambient, chilled."""
    return [one["id"] for one in sorted(seen["parcels"], key=lambda one: str(one["zone"]))]


async def manifest(world: World, site: str) -> Manifest:
    await maker().make_all(world.connection, NOW + timedelta(seconds=1))
    return await newest(world, site)


async def test_the_wrong_station_hears_whose_it_is_and_the_right_one_where_it_lies(world: World) -> None:
    first, second = labels(await settle(world))
    await scan(world.connection, RIGHT, first, "parcel_shelved", 1, slot="A12")
    await scan(world.connection, RIGHT, second, "parcel_shelved", 2, slot="C1")
    assert (await shown(world))["state"] == "ready"
    await scan(world.connection, WRONG, second, "parcel_received", 3)
    (stray,) = (await manifest(world, WRONG)).others
    assert stray == OtherParcel(parcel=second, why="elsewhere", zone=Zone.CHILLED, station=f"站 {RIGHT}")
    own = {one.parcel: (one.seen_at, one.is_sent_on) for one in (await manifest(world, RIGHT)).parcels}
    assert own == {first: ("", False), second: (f"站 {WRONG}", False)}
    seen = await shown(world)
    assert (seen["state"], seen["counts"]) == ("arrived", {"total": 2, "here": 1, "collected": 0})
    assert {one["id"]: one.get("elsewhere", "") for one in seen["parcels"]} == {first: "", second: f"站 {WRONG}"}


async def test_what_the_wrong_station_gave_to_a_van_is_expected_again_and_arrives(world: World) -> None:
    first, second = labels(await settle(world))
    for n, label in enumerate((first, second), start=1):
        await scan(world.connection, WRONG, label, "parcel_received", n)
        await scan(world.connection, WRONG, label, "parcel_returned", n + 10)
    assert (await shown(world))["state"] == "in_transit"
    assert (await manifest(world, WRONG)).others == ()
    assert {(one.seen_at, one.is_sent_on) for one in (await manifest(world, RIGHT)).parcels} == {(f"站 {WRONG}", True)}
    for n, label in enumerate((first, second), start=21):
        await scan(world.connection, RIGHT, label, "parcel_received", n)
    seen = await shown(world)
    assert (seen["state"], [one["exceptions"] for one in seen["parcels"]]) == ("ready", [[], []])
    assert {one.seen_at for one in (await manifest(world, RIGHT)).parcels} == {""}


async def test_a_parcel_of_no_order_or_of_a_cancelled_one_is_named_as_that(world: World) -> None:
    cancelled = labels(await settle(world, day="2026-11-23"))[0]
    answer = await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/cancel", json={"reason": "moved away"})
    assert answer.status_code == 200, answer.text
    await scan(world.connection, RIGHT, cancelled, "parcel_received", 1)
    await scan(world.connection, RIGHT, LABELS[3], "parcel_received", 2)
    others = {one.parcel: one.why for one in (await manifest(world, RIGHT)).others}
    assert others == {cancelled: "cancelled", LABELS[3]: "unknown"}


async def test_a_station_knows_its_parcels_of_the_days_to_come_and_from_when_they_are_due(world: World) -> None:
    first, second = labels(await settle(world, day="2026-11-23"))
    await settle(world, "A-far", day="2026-12-24")
    made = await manifest(world, RIGHT)
    midnight_ms = to_ms(NOW.replace(hour=16, minute=0))  # there
    assert made.others == tuple(
        OtherParcel(parcel=label, why="later", zone=zone, day="2026-11-23", from_ms=midnight_ms)
        for label, zone in sorted([(first, Zone.AMBIENT), (second, Zone.CHILLED)])
    )
    assert made.parcels == ()
    await maker().make_all(world.connection, NOW + timedelta(days=1))
    tomorrow = await newest(world, RIGHT)
    assert ({one.parcel for one in tomorrow.parcels}, tomorrow.others) == ({first, second}, ())


async def link(world: World) -> str:
    return str((await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"])


async def test_a_resident_is_told_that_the_station_is_silent_and_since_when_until_it_is_back(world: World) -> None:
    await settle(world)
    path = f"/api/links/{await link(world)}/station"
    answer = await world.get(None, path)
    assert (answer.json(), answer.headers["cache-control"]) == ({"is_silent": False, "as_of": None}, "no-store")
    await world.connection.execute(
        "INSERT INTO site_status (site_id, operator_id, boot, connect, online, heard_at) VALUES (%s, 'op-a', 1, 1, true, %s)",
        [RIGHT, NOW],
    )
    assert (await world.get(None, path)).json()["is_silent"] is False
    await world.connection.execute("UPDATE site_status SET online = false WHERE site_id = %s", [RIGHT])
    await world.connection.execute(
        "INSERT INTO lane_floor (site_id, epoch, lane, heard_at) VALUES (%s, gen_random_uuid(), 2, %s)",
        [RIGHT, NOW - timedelta(minutes=1)],
    )
    silent = (await world.get(None, path)).json()
    assert silent == {"is_silent": True, "as_of": "2026-11-22T07:59:00.000Z"}, "when the last batch came, not when its will did"
    await world.connection.execute("UPDATE lane_floor SET heard_at = %s", [NOW + timedelta(minutes=3)])
    assert (await world.get(None, path)).json()["is_silent"] is False, "it lives, though its birth was lost"
    await world.call("dispatcher-a", "DELETE", "/api/operators/op-a/orders/A-1001/link")
    assert (await world.get(None, path)).status_code == 410
