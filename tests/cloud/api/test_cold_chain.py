"""The cold chain by REST: what staff, dispatchers and residents are shown of it, and what not."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from psycopg.types.json import Jsonb

from cloud.jobs.cold_chain import keep_accounts
from cloud.jobs.downlink import Downlink
from cloud.store.alarm_folding import AlarmKey, lock_site, refold_alarms
from cloud.store.manifest_facts import day_facts
from cloud.store.site_boxes import keep_boxes
from edge.wire import messages as m
from edge.wire.clock import to_ms, utc
from tests.cloud.api.world import LABELS, NOW, World, order

pytestmark = pytest.mark.slow

MIN = 60_000
START_MS = to_ms(NOW) - 120 * MIN
FRIDGE = m.ColdBox(name="fridge-1", goods="chilled", sensor="fridge-1_c", door="fridge-1_open", holds=["C"])
DISPLAY = m.ColdBox(name="display-1", goods="chilled", sensor="display-1_c", holds=["D"])


async def tell(world: World, site: str, minute: int, *facts: m.AnyFact) -> None:
    """Events as ingest would have written them, folded or not: the account reads the events themselves."""
    epoch = uuid4()
    at = utc(START_MS + minute * MIN)
    for n, fact in enumerate(facts, start=1):
        said = msgspec.to_builtins(fact)
        await world.connection.execute(
            """
            INSERT INTO event
                (site_id, epoch, n, hlc, boot, kind, measured_at, received_at, clock, operator_id, device, actor, fact)
            VALUES (%s, %s, %s, %s, 1, %s, %s, %s, 'synced', 'op-a', 'scanner-1', '', %s)
            """,
            [site, epoch, n, (to_ms(at) << 16) + n, said["kind"], at, at, Jsonb(said)],
        )
        entity, name = ("alarm", f"{site}/{said['alarm']}") if "alarm" in said else ("parcel", said["parcel"])
        await world.connection.execute("INSERT INTO event_subject VALUES (%s, %s, %s, %s, %s)", [entity, name, site, epoch, n])
        if entity == "parcel":
            await world.connection.execute("INSERT INTO cold_note (parcel_id) VALUES (%s)", [name])
            await world.connection.execute("UPDATE parcel SET at_site_id = %s WHERE id = %s", [site, name])
        else:
            async with world.connection.transaction():
                await lock_site(world.connection, site)
                await refold_alarms(world.connection, [AlarmKey(site, said["alarm"])], at)


async def measure(world: World, site: str, sensor: str, from_minute: int, values: Sequence[float]) -> None:
    cursor = await world.connection.execute(
        """
        INSERT INTO sensor (site_id, name, operator_id) VALUES (%s, %s, 'op-a')
        ON CONFLICT (site_id, name) DO UPDATE SET operator_id = 'op-a' RETURNING id
        """,
        [site, sensor],
    )
    (number,) = await cursor.fetchone() or (0,)
    for n, value in enumerate(values):
        at = utc(START_MS + (from_minute + n) * MIN)
        await world.connection.execute("INSERT INTO reading VALUES (%s, %s, %s, 0, %s)", [at, at, number, value])


async def cold_order(world: World, external_id: str = "A-1001", site: str = "st-a1") -> list[str]:
    """Labels of its parcels: ambient, chilled."""
    await world.post("dispatcher-a", "/api/operators/op-a/orders", json=[order(external_id, site)])
    seen = (await world.get("dispatcher-a", f"/api/operators/op-a/orders/{external_id}")).json()["order"]
    return [one["id"] for one in sorted(seen["parcels"], key=lambda one: str(one["zone"]))]


@pytest.fixture
async def parcels(world: World) -> list[str]:
    """An ambient parcel, and a chilled one that lay in a fridge which was at 9.5 °C for a quarter of an hour."""
    labels = await cold_order(world)
    await keep_boxes(world.connection, "st-a1", [FRIDGE, DISPLAY], START_MS)
    await tell(world, "st-a1", 0, m.ParcelReceived(parcel=labels[1]), m.ParcelShelved(parcel=labels[1], slot="C12"))
    await measure(world, "st-a1", "fridge-1_c", 0, [3.0] * 60 + [9.5] * 15 + [3.0] * 5 + [3.5] * 40)
    await keep_accounts(world.connection, NOW)
    return labels


async def test_who_works_with_a_parcel_sees_where_it_lay_and_what_was_measured(world: World, parcels: list[str]) -> None:
    seen = (await world.get("staff-a1", f"/api/parcels/{parcels[1].lower()}/cold-chain")).json()
    assert (seen["verdict"], seen["coverage"], seen["basis"], seen["is_settled"]) == ("breach", 1.0, "place", False)
    assert (seen["above_min"], seen["above_c_min"], seen["coldest_c"], seen["warmest_c"]) == (15.0, 67.5, 3.0, 9.5)
    assert seen["limits"] == {"low_c": 0.0, "high_c": 5.0}
    assert 3.0 < seen["mean_kinetic_c"] < 9.5
    (stay,) = seen["stays"]
    assert (stay["site_name"], stay["place"], stay["sensor"], stay["out_min"]) == ("站 st-a1", "C12", "fridge-1_c", 15.0)
    (one,) = seen["excursions"]
    assert (one["minutes"], one["peak_c"], one["severity"], one["rule"]) == (15.0, 9.5, "critical", "high")
    assert (seen["step_s"], len(seen["series"]), seen["series"][60]["high"]) == (60, 120, 9.5)
    assert (await world.get("leader-a2", f"/api/parcels/{parcels[1]}/cold-chain")).status_code == 404
    assert (await world.get("dispatcher-b", f"/api/parcels/{parcels[1]}/cold-chain")).status_code == 404
    none = await world.get("dispatcher-a", f"/api/parcels/{parcels[0]}/cold-chain")
    assert (none.status_code, none.json()["error"]["code"]) == (404, "no_cold_account")
    shown = (await world.get("dispatcher-a", "/api/operators/op-a/orders/A-1001")).json()["order"]
    assert {one["id"]: one["exceptions"] for one in shown["parcels"]} == {parcels[0]: [], parcels[1]: ["temp_breach"]}


async def test_a_gap_is_a_gap_and_nobody_knows_is_said(world: World) -> None:
    label = (await cold_order(world))[1]
    await keep_boxes(world.connection, "st-a1", [FRIDGE], START_MS)
    await tell(world, "st-a1", 0, m.ParcelReceived(parcel=label), m.ParcelShelved(parcel=label, slot="Z1"))
    await keep_accounts(world.connection, NOW)
    seen = (await world.get("dispatcher-a", f"/api/parcels/{label}/cold-chain")).json()
    assert (seen["verdict"], seen["coverage"], seen["basis"], seen["mean_kinetic_c"]) == ("no_data", 0.0, "none", None)
    assert [one["mean"] for one in seen["series"]] == [None]
    await tell(world, "st-a1", 10, m.ParcelShelved(parcel=label, slot="C1"))
    await measure(world, "st-a1", "fridge-1_c", 10, [3.0] * 50)
    await keep_accounts(world.connection, NOW)
    seen = (await world.get("dispatcher-a", f"/api/parcels/{label}/cold-chain")).json()
    assert (seen["verdict"], [one["basis"] for one in seen["stays"]]) == ("in_range", ["none", "place"])
    values = [one["mean"] for one in seen["series"]]
    assert (values[:2], values[50:52]) == ([None, 3.0], [3.0, None])


async def test_the_zones_fridge_vouches_for_nothing_that_nobody_put_there(world: World) -> None:
    label = (await cold_order(world))[1]
    token = (await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"]
    await keep_boxes(world.connection, "st-a1", [FRIDGE], START_MS)
    await measure(world, "st-a1", "fridge-1_c", 0, [3.0] * 120)
    await tell(world, "st-a1", 0, m.ParcelReceived(parcel=label))
    await keep_accounts(world.connection, NOW)
    (seen,) = (await world.get(None, f"/api/links/{token}/cold-chain")).json()["parcels"]
    assert (seen["verdict"], seen["basis"], seen["observed_min"], seen["placed_min"]) == ("in_range", "zone", 120.0, 0.0)
    await tell(world, "st-a1", 30, m.ParcelShelved(parcel=label, slot="C12"))
    await keep_accounts(world.connection, NOW)
    (seen,) = (await world.get(None, f"/api/links/{token}/cold-chain")).json()["parcels"]
    assert (seen["observed_min"], seen["placed_min"], seen["expected_min"]) == (120.0, 90.0, 120.0)


async def test_a_resident_sees_their_own_parcels_and_no_others(world: World, parcels: list[str]) -> None:
    await cold_order(world, "A-1002")
    token = (await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1001/link")).json()["token"]
    other = (await world.post("dispatcher-a", "/api/operators/op-a/orders/A-1002/link")).json()["token"]
    answer = await world.get(None, f"/api/links/{token}/cold-chain")
    assert answer.headers["cache-control"] == "no-store"
    (seen,) = answer.json()["parcels"]
    assert (seen["parcel"], seen["verdict"], seen["above_min"], len(seen["series"])) == (parcels[1], "breach", 15.0, 120)
    assert "stays" not in seen, "neither sensors nor slots are theirs to know"
    waiting = (await world.get(None, f"/api/links/{other}/cold-chain")).json()
    assert (waiting["parcels"], len(waiting["waiting"])) == ([], 1)
    await world.call("dispatcher-a", "DELETE", "/api/operators/op-a/orders/A-1001/link")
    assert (await world.get(None, f"/api/links/{token}/cold-chain")).status_code == 410
    assert (await world.get(None, "/api/links/nonsense/cold-chain")).status_code == 404


async def test_an_alarm_names_the_parcels_it_touched_and_which_of_them_are_to_be_pulled(world: World, parcels: list[str]) -> None:
    here, gone, elsewhere, foreign = parcels[1], (await cold_order(world, "A-2"))[1], (await cold_order(world, "A-3"))[1], LABELS[9]
    await tell(world, "st-a1", 0, m.ParcelShelved(parcel=gone, slot="C2"), m.ParcelShelved(parcel=elsewhere, slot="D2"))
    await tell(world, "st-a1", 62, m.ParcelReleased(parcel=gone))
    await world.connection.execute(
        "INSERT INTO parcel (id, operator_id, zone, site_id, created_at) VALUES (%s, 'op-b', 'chilled', 'st-b1', now())", [foreign]
    )
    await tell(world, "st-a1", 0, m.ParcelShelved(parcel=foreign, slot="C3"))
    await measure(world, "st-a1", "display-1_c", 0, [3.0] * 120)
    since_ms = START_MS + 60 * MIN
    for subject, rule in (("fridge-1_c", "high"), ("fridge-1_open", "door_open")):
        alarm = f"{subject}/{rule}/1"
        await tell(
            world, "st-a1", 64, m.AlarmRaised(alarm=alarm, subject=subject, rule=rule, severity="critical", since_ms=since_ms)
        )
    await tell(world, "st-a1", 80, m.AlarmCleared(alarm="fridge-1_c/high/1", value=3.0))
    await keep_accounts(world.connection, NOW)
    alarms = {one["rule"]: one for one in (await world.get("dispatcher-a", "/api/alarms")).json()["alarms"]}

    async def touched(login: str, rule: str = "high") -> dict[str, Any]:
        answer = await world.get(login, f"/api/alarms/{alarms[rule]['id']}/parcels")
        return {one["id"]: (one["verdict"], one["out_min"], one["exceptions"]) for one in answer.json()["parcels"]}

    # At 9.5 °C, which is 4 °C beyond, two minutes are as bad as twenty.
    both = {here: ("breach", 15.0, ["temp_breach"]), gone: ("breach", 2.0, ["temp_breach"])}
    assert await touched("dispatcher-a") == both
    assert list(await touched("dispatcher-a")) == [here, gone]
    assert await touched("dispatcher-a", "door_open") == both
    assert set(await touched("staff-a1")) == {here, gone, foreign}, "who works there pulls every operator's"
    assert (await world.get("leader-a2", f"/api/alarms/{alarms['high']['id']}/parcels")).status_code == 404


async def test_a_silent_sensor_is_shown_as_silent(world: World, parcels: list[str]) -> None:
    assert parcels
    await measure(world, "st-a1", "attic_c", 0, [21.0])
    seen = (await world.get("leader-a1", "/api/sites/st-a1/sensor-health")).json()
    health = {one["sensor"]: (one["box"], one["is_silent"], one["last_value"]) for one in seen["sensors"]}
    assert health == {
        "attic_c": ("", False, 21.0),
        "display-1_c": ("display-1", True, None),
        "fridge-1_c": ("fridge-1", False, 3.5),
        "fridge-1_open": ("fridge-1", True, None),
    }
    kept = {one["sensor"]: (one["door"], one["low_c"], one["high_c"]) for one in seen["sensors"]}
    assert kept["fridge-1_c"] == ("fridge-1_open", 0.0, 5.0)
    assert kept["fridge-1_open"] == kept["attic_c"] == ("", None, None), "neither a door nor a sensor of no box has limits"
    await tell(world, "st-a1", 120, m.AlarmRaised(alarm="a/1", subject="attic_c", rule="silent", severity="warning"))
    seen = (await world.get("leader-a1", "/api/sites/st-a1/sensor-health")).json()
    assert [(one["is_silent"], one["alarms"]) for one in seen["sensors"] if one["sensor"] == "attic_c"] == [(True, ["silent"])]
    world.clock.ms += int(timedelta(minutes=10) / timedelta(milliseconds=1))
    seen = (await world.get("leader-a1", "/api/sites/st-a1/sensor-health")).json()
    assert all(one["is_silent"] for one in seen["sensors"])
    assert (await world.get("leader-b1", "/api/sites/st-a1/sensor-health")).status_code == 404


async def test_limits_are_configuration_of_the_operator_and_its_stations_are_told(world: World) -> None:
    shown = (await world.get("leader-a1", "/api/operators/op-a/goods-limits")).json()
    assert (shown["limits"]["chilled"]["high_c"], shown["limits"]["frozen"]["rebound_c"], shown["is_own"]) == (5.0, -15.0, [])
    await world.connection.execute(
        """
        INSERT INTO site_status (site_id, operator_id, boot, connect, online, heard_at)
        VALUES ('st-a1', 'op-a', 1, 1, true, now())
        """
    )
    await world.connection.execute("INSERT INTO desired (site_id, version, changed_at, published) VALUES ('st-a1', 3, now(), 3)")
    wanted = {"limits": {"chilled": {"low_c": 0, "high_c": 8, "alarm_s": 900}}}
    answer = await world.call("dispatcher-a", "PUT", "/api/operators/op-a/goods-limits", json=wanted)
    assert (answer.json()["limits"]["chilled"]["high_c"], answer.json()["is_own"]) == (8.0, ["chilled"])
    said: list[Any] = []

    class Line:
        def publish(self, topic: str, message: m.Message, *, retain: bool) -> None:
            said.append((topic, message, retain))

    downlink = Downlink.__new__(Downlink)
    downlink._public_url, downlink._clock = "https://cloud.example", world.clock
    await downlink.publish_wishes(world.connection, Line())  # type: ignore[arg-type]
    ((topic, desired, retain),) = said
    assert (topic, desired.version, retain) == ("tt/v1/op-a/st-a1/desired", 4, True)
    assert desired.limits == {"chilled": m.GoodsLimits(low_c=0.0, high_c=8.0, alarm_s=900)}
    assert await world.one("SELECT count(*) FROM audit WHERE action = 'goods_limits.set'") == 1


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"chilled": {"low_c": 4, "high_c": 5}}, "bad_limits"),
        ({"frozen": {"high_c": -18, "rebound_c": -20}}, "bad_limits"),
        ({"warm": {}}, "invalid.literal_error"),
        ({"chilled": {"high_c": 99}}, "invalid.less_than_equal"),
    ],
)
async def test_limits_that_make_no_sense_are_refused_by_name(world: World, limits: dict[str, Any], code: str) -> None:
    answer = await world.call("dispatcher-a", "PUT", "/api/operators/op-a/goods-limits", json={"limits": limits})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert (await world.call("leader-a1", "PUT", "/api/operators/op-a/goods-limits", json={"limits": {}})).status_code == 403


async def test_the_station_is_told_which_parcel_to_pull(world: World, parcels: list[str]) -> None:
    facts = await day_facts(world.connection, "st-a1", date(2026, 11, 23), NOW, lambda _operator, _sealed: "")
    assert {one.parcel: one.is_breached for one in facts.parcels} == {parcels[0]: False, parcels[1]: True}
