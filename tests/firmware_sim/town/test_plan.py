from datetime import UTC, date, datetime

from edge.wire.clock import to_ms
from firmware_sim.town.goods import Zone
from firmware_sim.town.plan import Day, Parcel, StepKind, known_dates, plan_day, service_date, slot, steps

DAY = date(2026, 11, 23)


def parcels_of(day: Day) -> list[Parcel]:
    zones = [(order, zone) for order in day.orders for zone in sorted({line.good.zone for line in order.lines})]
    return [Parcel(f"TTP{n:010d}", zone, order.external_id) for n, (order, zone) in enumerate(zones)]


def test_the_same_seed_gives_the_same_day_whatever_was_asked_before() -> None:
    first = plan_day(7, "st-0002", 1, DAY)
    plan_day(7, "st-0001", 0, DAY)
    assert plan_day(7, "st-0002", 1, DAY) == first
    assert plan_day(8, "st-0002", 1, DAY) != first


def test_a_hundred_days_have_the_sizes_the_domain_gives() -> None:
    days = [plan_day(1, f"st-{n:04d}", 0, DAY) for n in range(300)]
    orders = [order for day in days for order in day.orders]
    assert 9.0 < len(orders) / len(days) < 12.5  # mean 11, a Monday 0.95
    zones = [line.good.zone for order in orders for line in order.lines]
    assert 0.57 < zones.count(Zone.AMBIENT) / len(zones) < 0.67
    assert 0.03 < sum(order.pickup_at is None for order in orders) / len(orders) < 0.09
    assert len({order.external_id for order in orders}) == len(orders)
    assert all(len(order.phone) == 11 and order.phone.isdigit() for order in orders)


def test_orders_are_placed_before_the_cut_off_and_collected_in_the_opening_hours() -> None:
    for order in plan_day(3, "st-0001", 0, DAY).orders:
        assert order.placed_at < datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
        if order.pickup_at is not None:
            assert datetime(2026, 11, 23, 3, 0, tzinfo=UTC) <= order.pickup_at <= datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


def test_each_parcel_is_received_then_shelved_then_released_and_no_earlier_than_its_resident_comes() -> None:
    day = plan_day(5, "st-0001", 0, DAY)
    parcels = parcels_of(day)
    plan = steps(5, day, parcels)
    assert plan == sorted(plan, key=lambda step: step.at_ms)
    pickups = {order.external_id: order.pickup_at for order in day.orders}
    for parcel in parcels:
        own = [step for step in plan if step.label == parcel.label]
        pickup_at = pickups[parcel.external_id]
        kinds = [StepKind.RECEIVE, StepKind.SHELVE] + ([StepKind.RELEASE] if pickup_at else [])
        assert [step.kind for step in own] == kinds
        assert own[1].slot
        if pickup_at:
            assert own[2].at_ms >= to_ms(pickup_at)
    assert max(s.at_ms for s in plan if s.kind is StepKind.RECEIVE) < min(s.at_ms for s in plan if s.kind is StepKind.SHELVE)


def test_the_service_date_turns_at_six_in_the_morning_and_tomorrow_is_known_from_the_cut_off() -> None:
    def at(hour: int, day: int = 23) -> int:
        return to_ms(datetime(2026, 11, day, hour, 30, tzinfo=UTC))

    assert service_date(at(21, 22)) == date(2026, 11, 22)  # 05:30 in Shanghai
    assert service_date(at(22, 22)) == DAY  # 06:30
    assert known_dates(at(1)) == [DAY]  # 09:30
    assert known_dates(at(15)) == [DAY, date(2026, 11, 24)]  # 23:30


def test_slots_tell_the_zone() -> None:
    assert [slot("ambient", 0), slot("ambient", 19), slot("ambient", 20), slot("chilled", 1), slot("frozen", 0)] == [
        "A1", "A20", "B1", "C2", "F1",
    ]  # fmt: skip
