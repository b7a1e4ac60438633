from datetime import UTC, date, datetime

from edge.wire.clock import to_ms
from firmware_sim.town.chances import AS_USUAL
from firmware_sim.town.goods import Zone
from firmware_sim.town.plan import known_dates, plan_day, service_date, stock_of
from firmware_sim.town.steps import Way

DAY = date(2026, 11, 23)


def test_the_same_seed_gives_the_same_day_whatever_was_asked_before() -> None:
    first = plan_day(7, "st-0002", DAY)
    plan_day(7, "st-0001", DAY)
    assert plan_day(7, "st-0002", DAY) == first
    assert plan_day(8, "st-0002", DAY) != first


def test_some_hundred_days_have_the_sizes_the_domain_gives() -> None:
    days = [plan_day(1, f"st-{n:04d}", DAY) for n in range(300)]
    orders = [order for day in days for order in day.orders]
    assert 9.0 < len(orders) / len(days) < 12.5  # mean 11, a Monday 0.95
    zones = [line.good.zone for order in orders for line in order.lines]
    assert 0.57 < zones.count(Zone.AMBIENT) / len(zones) < 0.67
    assert 0.03 < sum(not order.calls for order in orders) / len(orders) < 0.09
    assert len({order.external_id for order in orders}) == len(orders)
    assert all(len(order.phone) == 11 and order.phone.isdigit() for order in orders)
    ways = [call.visit.way for order in orders for call in order.calls]
    assert 0.45 < ways.count(Way.CODE) / len(ways) < 0.6
    assert {Way.QR, Way.TAIL, Way.PROXY} <= set(ways)
    assert Way.CABINET not in ways
    assert sum(len(order.calls) == 2 for order in orders) > 5, "some come again for the rest"


def test_where_there_is_a_cabinet_some_fetch_their_things_there() -> None:
    orders = [order for n in range(50) for order in plan_day(1, f"st-{n:04d}", DAY, has_cabinet=True).orders]
    assert 0.3 < sum(order.for_cabinet for order in orders) / len(orders) < 0.45


def test_orders_are_placed_before_the_cut_off_and_collected_in_the_opening_hours() -> None:
    for order in plan_day(3, "st-0001", DAY, chances=AS_USUAL.worse(20)).orders:
        assert order.placed_at < datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
        for call in order.calls:
            assert datetime(2026, 11, 23, 3, 0, tzinfo=UTC) <= call.at <= datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
        assert list(order.calls) == sorted(order.calls, key=lambda call: call.at)


def test_of_few_articles_there_is_not_enough_and_never_less_than_none() -> None:
    orders = [order for n in range(30) for order in plan_day(4, f"st-{n:04d}", DAY).orders]
    demand: dict[str, int] = {}
    for order in orders:
        for line in order.lines:
            demand[line.good.sku] = demand.get(line.good.sku, 0) + line.quantity
    usual, worse = stock_of(4, DAY, orders), stock_of(4, DAY, orders, AS_USUAL.worse(10))
    assert set(usual) < set(worse) < set(demand)
    assert all(0 <= quantity < demand[sku] for sku, quantity in worse.items())
    assert stock_of(4, DAY, orders, AS_USUAL.worse(0)) == {}


def test_the_service_date_turns_at_six_in_the_morning_and_tomorrow_is_known_from_the_cut_off() -> None:
    def at(hour: int, day: int = 23) -> int:
        return to_ms(datetime(2026, 11, day, hour, 30, tzinfo=UTC))

    assert service_date(at(21, 22)) == date(2026, 11, 22)  # 05:30 in Shanghai
    assert service_date(at(22, 22)) == DAY  # 06:30
    assert known_dates(at(1)) == [DAY]  # 09:30
    assert known_dates(at(15)) == [DAY, date(2026, 11, 24)]  # 23:30
