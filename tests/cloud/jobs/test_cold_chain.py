"""Parcels' cold-chain accounts on a real database: what ingest brings in, whenever it comes, is what they say in the end."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from cloud.ingest.batch import Arrival
from cloud.ingest.flush import Flusher
from cloud.ingest.presence import hear
from cloud.jobs.cold_chain import keep_accounts
from cloud.store import cold_accounts
from cloud.store.goods_limits import set_limits
from cloud.store.mode import StoreMode
from cloud.store.pool import Connection
from cloud.store.rollup import roll_up
from edge.wire import messages as m
from edge.wire.clock import to_ms, utc
from edge.wire.codec import MSGPACK, encode
from edge.wire.ids import Lane
from tests.cloud.ingest.sites import TestSite
from tests.cloud.jobs.conftest import SetClock

pytestmark = pytest.mark.slow

MIN = 60_000
FRIDGE = m.ColdBox(name="fridge-1", goods="chilled", sensor="fridge-1_c", holds=["C"])
DISPLAY = m.ColdBox(name="display-1", goods="chilled", sensor="display-1_c", holds=["D"])
ORDER = """
INSERT INTO operator (id, name) VALUES ('green', '绿');
INSERT INTO site (id, kind, name, created_at)
    VALUES ('s1', 'station', '小店', now()), ('dock', 'dock', '仓', now()), ('van-1', 'van', '车', now());
INSERT INTO site_operator (site_id, operator_id) VALUES ('s1', 'green');
INSERT INTO customer_order (id, operator_id, external_id, site_id, pickup_date, placed_at, state_at)
    VALUES ('green/7', 'green', '7', 's1', '2026-03-02', '2026-03-01T12:00Z', '2026-03-01T12:00Z');
INSERT INTO parcel (id, operator_id, order_id, site_id, zone, created_at) VALUES
    ('P1', 'green', 'green/7', 's1', 'ambient', now()), ('P2', 'green', 'green/7', 's1', 'chilled', now()),
    ('P3', 'green', 'green/7', 's1', 'chilled', now());
INSERT INTO order_line (order_id, line, parcel_id, sku, name, quantity)
    VALUES ('green/7', 1, 'P1', 'egg', '鸡蛋', 2), ('green/7', 2, 'P2', 'milk', '牛奶', 1),
           ('green/7', 3, 'P3', 'grape', '葡萄', 1);
"""


class Shop:
    """A station with a fridge and a display case, its cloud, and the domain clock of both."""

    def __init__(self, connection: Connection, clock: SetClock, mode: StoreMode) -> None:
        self.connection, self.clock, self.mode = connection, clock, mode
        self.flusher = Flusher(connection, clock)
        self.site = TestSite("s1")
        self.start_ms = clock.ms
        self._births = 0

    @property
    def now(self) -> datetime:
        return utc(self.clock.ms)

    def minute(self, minute: int) -> int:
        return self.start_ms + minute * MIN

    async def pass_time(self, to_minute: int) -> None:
        self.clock.ms = max(self.clock.ms, self.minute(to_minute))

    async def scan(self, minute: int, *facts: m.AnyFact, site: TestSite | None = None) -> None:
        await self.pass_time(minute)
        batch = (site or self.site).scans(*facts, ms=self.minute(minute))
        assert not (await self.flusher.flush([batch.arrival(self.clock.ms)])).quarantined

    async def measure(
        self,
        from_minute: int,
        values: Sequence[float | None],
        sensor: str = "fridge-1_c",
        *,
        now: int | None = None,
        site: TestSite | None = None,
    ) -> None:
        """A value a minute; it arrives when the last was taken, or at ``now``."""
        await self.pass_time(from_minute + len(values) if now is None else now)
        series = m.Series(sensor=sensor, t0=self.minute(from_minute), dt=[n * MIN for n in range(len(values))], v=list(values))
        body = m.TelemetryBatch(boot=1, clock=m.ClockQuality.SYNCED, series=[series])
        lane = Lane.LIVE if now is None else Lane.BACKFILL
        batch = (site or self.site).seal(lane, body)
        assert not (await self.flusher.flush([batch.arrival(self.clock.ms)])).quarantined

    async def say_boxes(self, *boxes: m.ColdBox, site: str = "s1") -> None:
        self._births += 1
        birth = m.Birth(
            version="1",
            boot=1,
            connect=self._births,
            nonce="n",
            epoch="e",
            at_ms=self.clock.ms,
            clock=m.ClockQuality.SYNCED,
            boxes=list(boxes),
        )
        await hear(self.connection, [Arrival(f"tt/v1/green/{site}/status", encode(birth), (), MSGPACK, self.clock.ms)], self.now)

    async def account(self) -> dict[str, int]:
        """The two jobs that bear on it, as the schedule runs them."""
        await roll_up(self.connection, self.mode, self.now)
        return dict(await keep_accounts(self.connection, self.now))

    async def of(self, parcel: str = "P2") -> tuple[Any, ...]:
        """Verdict, observed and expected minutes, minutes out of range, whether it is settled."""
        cursor = await self.connection.execute(
            """
            SELECT verdict, observed_min::int, expected_min::int, (above_min + below_min)::int, is_settled
            FROM cold_account WHERE parcel_id = %s
            """,
            [parcel],
        )
        return await cursor.fetchone() or ()

    async def exceptions(self, parcel: str = "P2") -> list[str]:
        cursor = await self.connection.execute("SELECT exceptions FROM parcel WHERE id = %s", [parcel])
        row = await cursor.fetchone()
        assert row is not None
        return list(row[0])

    async def value(self, query: str, *arguments: object) -> Any:
        cursor = await self.connection.execute(query.encode(), arguments)
        row = await cursor.fetchone()
        return None if row is None else row[0]


@pytest.fixture
async def shop(connection: Connection, clock: SetClock, mode: StoreMode) -> Shop:
    for statement in ORDER.split(";\n"):
        if statement.strip():
            await connection.execute(statement.encode())
    shop = Shop(connection, clock, mode)
    await shop.say_boxes(FRIDGE, DISPLAY)
    return shop


async def put_away(shop: Shop) -> None:
    """P2 in the fridge at minute 1, P3 in the display case."""
    await shop.scan(0, m.ParcelReceived(parcel="P1"), m.ParcelReceived(parcel="P2"), m.ParcelReceived(parcel="P3"))
    await shop.scan(1, m.ParcelShelved(parcel="P2", slot="C1"), m.ParcelShelved(parcel="P3", slot="D1"))


async def test_only_the_parcel_that_was_in_the_warm_fridge_has_the_breach_and_everybody_is_told(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [3.0] * 120, "display-1_c")
    await shop.measure(0, [3.0] * 30 + [7.0] * 25 + [3.0] * 65)
    done = await shop.account()
    assert done["breaches"] == 1
    assert await shop.of("P2") == ("breach", 120, 120, 25, False)
    assert await shop.of("P3") == ("in_range", 120, 120, 0, False)
    assert await shop.of("P1") == (), "nobody has to keep it cold"
    assert (await shop.exceptions("P2"), await shop.exceptions("P3")) == (["temp_breach"], [])
    order = await shop.value("SELECT body FROM room_entry WHERE room = 'order:green/7' AND key = 'order'")
    assert [one["exceptions"] for one in order["parcels"]] == [[], ["temp_breach"], []]
    assert await shop.value("SELECT body->'exceptions' FROM room_entry WHERE room = 'site:s1' AND key = 'parcel/P2'") == [
        "temp_breach"
    ]
    assert await shop.value("SELECT breached_at FROM parcel WHERE id = 'P2'") == utc(shop.minute(30))


CASES = "SELECT count(*) FROM after_sales_case WHERE problem = 'temp_breach' AND state <> 'closed'"


async def test_what_was_too_warm_and_is_handed_out_has_a_case_once_and_what_still_lies_there_has_none(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [9.5] * 60)
    await shop.measure(0, [9.5] * 60, "display-1_c")
    await shop.account()
    assert await shop.value(CASES) == 0
    await shop.scan(61, m.ParcelReleased(parcel="P2"))
    assert await shop.value(CASES) == 1, "from the hand-out on"
    await shop.account()
    await shop.scan(62, m.VarianceFound(problem=m.Problem.TEMP_BREACH, parcel="P2"))
    cursor = await shop.connection.execute(
        "SELECT key, origin, parcel_id, liability, sites, cardinality(events) FROM after_sales_case"
    )
    assert await cursor.fetchall() == [("station/P2/temp_breach/", "readings", "P2", "station", ["s1"], 1)]


async def test_a_breach_found_after_the_hand_out_opens_a_case_and_better_knowledge_settles_it(shop: Shop) -> None:
    await put_away(shop)
    await shop.scan(100, m.ParcelReleased(parcel="P2"))
    await shop.measure(0, [7.0] * 60, now=101)
    await shop.account()
    assert await shop.value(CASES) == 1
    await shop.measure(0, [3.0] * 100, "display-1_c", now=102)
    phone = shop.site.event(m.ParcelShelved(parcel="P2", slot="D2"), ms=shop.minute(5))
    await shop.flusher.flush([shop.site.events(phone).arrival(shop.clock.ms)])
    await shop.account()
    assert await shop.exceptions() == []
    assert await shop.value("SELECT state || is_settled FROM after_sales_case") == "closedtrue"


async def test_what_an_outage_kept_back_is_accounted_for_when_it_comes_however_late(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [3.0] * 20)
    await shop.scan(200, m.ParcelReleased(parcel="P2"))
    await shop.pass_time(400)
    await shop.account()
    assert await shop.of() == ("in_range", 24, 200, 0, True), "the last reading holds until its sensor is called silent"
    await shop.measure(20, [3.0] * 50 + [9.5] * 30 + [3.0] * 100, now=700)
    assert (await shop.account())["late"] > 0
    assert await shop.of() == ("breach", 200, 200, 30, True)
    assert await shop.exceptions() == ["temp_breach"]
    assert await shop.account() == {"late": 0, "accounts": 0, "breaches": 0}, "nothing is left to do"


async def test_readings_of_an_hour_that_is_not_closed_yet_are_looked_for_until_it_is(shop: Shop) -> None:
    await put_away(shop)
    await shop.scan(10, m.ParcelReleased(parcel="P2"))
    await shop.account()
    assert await shop.of() == ("no_data", 0, 10, 0, False)
    await shop.measure(0, [3.0] * 10, now=25)
    await shop.account()
    assert await shop.of() == ("in_range", 10, 10, 0, False)
    await shop.pass_time(75)
    await shop.account()
    assert await shop.of() == ("in_range", 10, 10, 0, True)


async def test_where_it_was_said_to_be_late_changes_whose_readings_are_its(shop: Shop) -> None:
    """The scan into the display case came from a phone that was offline."""
    await put_away(shop)
    await shop.measure(0, [3.0] * 120, "display-1_c")
    await shop.measure(0, [3.0] * 30 + [9.5] * 30 + [3.0] * 60)
    await shop.account()
    assert await shop.exceptions() == ["temp_breach"]
    await shop.scan(150, m.ParcelShelved(parcel="P3", slot="D1"))
    phone = shop.site.event(m.ParcelShelved(parcel="P2", slot="D2"), ms=shop.minute(20))
    await shop.flusher.flush([shop.site.events(phone).arrival(shop.clock.ms)])
    await shop.account()
    assert (await shop.of(), await shop.exceptions()) == (("in_range", 124, 150, 0, False), [])


async def test_an_undone_scan_takes_its_breach_back(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [9.5] * 60)
    await shop.measure(0, [3.0] * 60, "display-1_c")
    await shop.account()
    assert await shop.exceptions() == ["temp_breach"]
    await shop.scan(61, m.ParcelShelved(parcel="P2", slot="D3"), m.EventUndone(target=f"s1/{shop.site.epoch}/4"))
    await shop.account()
    assert (await shop.of())[0] == "breach", "it lay about somewhere first: perhaps in the fridge"
    await shop.scan(62, m.EventUndone(target=f"s1/{shop.site.epoch}/2"))
    await shop.account()
    assert await shop.exceptions() == []


async def test_the_way_in_the_van_counts_where_the_vans_own_agent_loaded_it(shop: Shop) -> None:
    van = TestSite("van-1")
    await shop.say_boxes(m.ColdBox(name="cold", goods="chilled", sensor="cold_c"), site="van-1")
    dock = TestSite("dock")
    await shop.scan(0, m.ParcelPacked(parcel="P2", container="TTC1"), site=dock)
    await shop.scan(10, m.ContainerLoaded(container="TTC1", run="r1"), site=van)
    await shop.measure(0, [7.0] * 60, "cold_c", site=van)
    await shop.scan(60, m.ContainerSigned(container="TTC1", run="r1"))
    await shop.measure(60, [3.0] * 60)
    await shop.account()
    assert await shop.of() == ("breach", 110, 120, 50, False)
    cursor = await shop.connection.execute("SELECT site_id, basis, sensor, out_min::int FROM cold_stay ORDER BY n")
    assert await cursor.fetchall() == [("dock", "none", "", 0), ("van-1", "zone", "cold_c", 50), ("s1", "zone", "fridge-1_c", 0)]
    await shop.scan(121, m.ParcelReceived(parcel="P2", container="TTC1"), m.ParcelReleased(parcel="P2"))
    cursor = await shop.connection.execute("SELECT liability, sites FROM after_sales_case")
    assert await cursor.fetchall() == [("driver", ["s1", "van-1"])], "whose place it was is asked for it"


async def test_the_way_in_the_van_counts_where_only_the_dock_loaded_it_and_the_run_says_which_van(shop: Shop) -> None:
    await shop.say_boxes(m.ColdBox(name="cold", goods="chilled", sensor="cold_c"), site="van-1")
    dock, van = TestSite("dock"), TestSite("van-1")
    await shop.connection.execute(
        """
        INSERT INTO run (operator_id, service_date, name, vehicle_id, state, state_at)
        SELECT o.id, (%(at)s::timestamptz AT TIME ZONE 'UTC')::date, 'r1', 'van-1', 'departed', %(at)s FROM operator o
        """,
        {"at": utc(shop.minute(0))},
    )
    await shop.scan(0, m.ParcelPacked(parcel="P2", container="TTC1"), m.ContainerLoaded(container="TTC1", run="r1"), site=dock)
    await shop.measure(0, [7.0] * 60, "cold_c", site=van)
    await shop.scan(60, m.ContainerSigned(container="TTC1", run="r1"))
    await shop.measure(60, [3.0] * 60)
    await shop.account()
    cursor = await shop.connection.execute("SELECT site_id, basis, sensor, out_min::int FROM cold_stay ORDER BY n")
    assert await cursor.fetchall() == [("van-1", "zone", "cold_c", 60), ("s1", "zone", "fridge-1_c", 0)]


async def test_a_run_of_another_operator_with_the_same_name_is_in_another_van(shop: Shop) -> None:
    van, other, dock = TestSite("van-1"), TestSite("van-2"), TestSite("dock")
    await shop.connection.execute("INSERT INTO operator (id, name) VALUES ('red', '红')")
    await shop.connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('van-2', 'van', '车', now())")
    await shop.connection.execute(
        "INSERT INTO parcel (id, operator_id, site_id, zone, created_at) VALUES ('P9', 'red', 's1', 'chilled', now())"
    )
    for name in ("van-1", "van-2"):
        await shop.say_boxes(m.ColdBox(name="cold", goods="chilled", sensor="cold_c"), site=name)
    packed = m.ParcelPacked(parcel="P2", container="TTC1"), m.ParcelPacked(parcel="P9", container="TTC9")
    await shop.scan(0, *packed, site=dock)
    await shop.scan(1, m.ContainerLoaded(container="TTC1", run="r1"), site=van)
    await shop.scan(1, m.ContainerLoaded(container="TTC9", run="r1"), site=other)
    await shop.measure(1, [7.0] * 60, "cold_c", site=van)
    await shop.measure(1, [3.0] * 60, "cold_c", site=other)
    await shop.account()
    assert ((await shop.of("P2"))[0], (await shop.of("P9"))[0]) == ("breach", "in_range")
    cursor = await shop.connection.execute("SELECT parcel_id, site_id FROM cold_stay WHERE is_aboard ORDER BY parcel_id")
    assert await cursor.fetchall() == [("P2", "van-1"), ("P9", "van-2")]


async def test_of_two_vans_on_runs_of_one_name_neither_is_blamed_for_the_other(shop: Shop) -> None:
    van, later, dock = TestSite("van-1"), TestSite("van-2"), TestSite("dock")
    await shop.connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('van-2', 'van', '车', now())")
    for name in ("van-1", "van-2"):
        await shop.say_boxes(m.ColdBox(name="cold", goods="chilled", sensor="cold_c"), site=name)
    await shop.scan(0, m.ParcelPacked(parcel="P2", container="TTC1"), site=dock)
    await shop.scan(1, m.ContainerLoaded(container="TTC1", run="r1"), site=van)
    await shop.measure(1, [3.0] * 59, "cold_c", site=van)
    await shop.measure(1, [9.0] * 59, "cold_c", site=later)
    await shop.scan(60, m.ContainerSigned(container="TTC1", run="r1"))
    await shop.scan(70, m.ContainerReturned(container="TTC1"))
    await shop.scan(75, m.ContainerLoaded(container="TTC1", run="r1"), site=later)
    await shop.account()
    assert (await shop.of("P2"))[0] == "no_data"
    cursor = await shop.connection.execute(
        "SELECT site_id, basis FROM cold_stay WHERE is_aboard AND parcel_id = 'P2' ORDER BY n LIMIT 1"
    )
    assert await cursor.fetchall() == [("", "none")]


async def test_a_site_that_says_what_its_fridge_holds_is_believed_from_then_on(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [3.0] * 60)
    await shop.measure(0, [9.5] * 60, "display-1_c")
    await shop.account()
    assert (await shop.of("P3"))[0] == "breach"
    both = msgspec.structs.replace(FRIDGE, holds=["C", "D"])
    await shop.say_boxes(both)
    await shop.measure(60, [3.0] * 30)
    await shop.account()
    cursor = await shop.connection.execute("SELECT sensor FROM cold_stay WHERE parcel_id = 'P3' ORDER BY n")
    assert [row[0] for row in await cursor.fetchall()][-2:] == ["display-1_c", "fridge-1_c"]
    assert await shop.value("SELECT count(*) FROM site_boxes") == 2
    await shop.say_boxes(both)
    assert await shop.value("SELECT count(*) FROM site_boxes") == 2, "said again, it is no news"


async def test_limits_and_classes_are_the_operators(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [8.0] * 60)
    await shop.measure(0, [8.0] * 60, "display-1_c")
    await shop.connection.execute(
        "INSERT INTO article (operator_id, sku, name, goods) VALUES ('green', 'grape', '葡萄', 'chilled_wide')"
    )
    await shop.account()
    assert ((await shop.of("P2"))[0], (await shop.of("P3"))[0]) == ("breach", "in_range")
    await set_limits(shop.connection, "green", {"chilled": m.GoodsLimits(low_c=0.0, high_c=8.5)}, shop.now)
    await shop.pass_time(80)
    await shop.account()
    assert (await shop.of("P2"))[0] == "in_range"
    assert await shop.value("SELECT limits->>'high_c' FROM cold_account WHERE parcel_id = 'P2'") == "8.5"


async def test_a_settled_parcel_is_judged_by_what_was_in_force_then(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [4.0] * 60)
    await shop.scan(60, m.ParcelReleased(parcel="P2"))
    await shop.pass_time(300)
    await shop.account()
    assert await shop.of() == ("in_range", 60, 60, 0, True)
    await set_limits(shop.connection, "green", {"chilled": m.GoodsLimits(low_c=0.0, high_c=3.0)}, shop.now)
    await shop.measure(0, [4.0], now=310)
    await shop.account()
    assert await shop.of() == ("in_range", 60, 60, 0, True)


async def test_what_was_in_force_when_its_order_came_in_does_not_bind_a_parcel_that_has_lain_nowhere(shop: Shop) -> None:
    """An import folds its parcels, and so has them accounted for before they come."""
    await shop.connection.execute("INSERT INTO cold_note (parcel_id) VALUES ('P2')")
    await shop.account()
    assert await shop.of() == ("no_data", 0, 0, 0, True)
    await set_limits(shop.connection, "green", {"chilled": m.GoodsLimits(low_c=0.0, high_c=3.0)}, shop.now)
    await put_away(shop)
    await shop.measure(0, [5.0] * 60)
    await shop.account()
    assert (await shop.of())[0] == "breach"


async def test_a_settled_parcel_of_which_the_class_is_corrected_is_judged_as_what_it_is(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [8.0] * 60)
    await shop.scan(60, m.ParcelReleased(parcel="P2"))
    await shop.pass_time(300)
    await shop.account()
    assert await shop.of() == ("breach", 60, 60, 60, True)
    await shop.connection.execute(
        "INSERT INTO article (operator_id, sku, name, goods) VALUES ('green', 'milk', '牛奶', 'chilled_wide')"
    )
    await shop.connection.execute("INSERT INTO cold_note (parcel_id) VALUES ('P2')")
    await shop.account()
    assert await shop.of() == ("in_range", 60, 60, 0, True)


BREACHED_AT = "SELECT breached_at FROM parcel WHERE id = 'P2'"


async def test_readings_that_come_late_tell_that_it_was_too_warm_sooner(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(60, [9.5] * 60)
    await shop.account()
    first = await shop.value(BREACHED_AT)
    assert first == utc(shop.minute(60))
    await shop.measure(1, [9.5] * 59, now=200)
    await shop.account()
    assert await shop.value(BREACHED_AT) < first


async def test_a_parcel_of_which_the_zone_is_corrected_to_ambient_was_never_too_warm(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [9.5] * 60)
    await shop.account()
    assert await shop.exceptions() == ["temp_breach"]
    await shop.connection.execute("UPDATE parcel SET zone = 'ambient' WHERE id = 'P2'")
    await shop.connection.execute("INSERT INTO cold_note (parcel_id) VALUES ('P2')")
    await shop.account()
    assert (await shop.of(), await shop.value(BREACHED_AT), await shop.exceptions()) == ((), None, [])


async def test_work_that_is_cut_off_anywhere_is_done_the_next_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await put_away(shop)
    await shop.measure(0, [9.5] * 60)

    async def die(*_: object) -> None:
        raise ConnectionError("the machine went")

    with monkeypatch.context() as patched:
        patched.setattr(cold_accounts, "_say_breaches", die)
        with pytest.raises(ConnectionError):
            await shop.account()
    assert await shop.of() == ()
    assert await shop.value("SELECT count(*) FROM cold_note") > 0
    await shop.account()
    assert await shop.exceptions() == ["temp_breach"]
    assert await shop.value("SELECT count(*) FROM cold_note") == 0


async def test_goods_that_lie_forgotten_are_told_of_for_a_fortnight(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [3.0] * 60)
    await shop.pass_time(int(timedelta(days=15) / timedelta(minutes=1)))
    await shop.account()
    verdict, observed, expected, _, is_settled = await shop.of()
    assert (verdict, observed, expected, is_settled) == ("in_range", 64, 14 * 24 * 60, True)


async def test_an_alarm_has_the_parcels_there_computed_before_their_turn(shop: Shop) -> None:
    await put_away(shop)
    await shop.measure(0, [3.0] * 60)
    await shop.account()
    await shop.measure(60, [9.5] * 5)
    assert (await shop.account())["accounts"] == 0, "ten minutes are not over"
    raised = m.AlarmRaised(alarm="fridge-1_c/high/1", subject="fridge-1_c", rule="high", severity="critical")
    await shop.scan(65, raised)
    await shop.account()
    assert await shop.exceptions() == ["temp_breach"]
    assert to_ms(await shop.value("SELECT computed_at FROM cold_account WHERE parcel_id = 'P2'")) == shop.clock.ms
