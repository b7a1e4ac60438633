"""Cut-off, allocation, packing, sort wall."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.allocation import Demand, LineKey, Pick, ShortageRule, allocate, pick_list, split
from cloud.domain.cut_off import CutOff
from cloud.domain.packing import CAPACITY, ToPack, pack
from cloud.domain.sort_wall import Loading, Route, Stop, loading_list, stops, with_goods

EVENING = CutOff(time(23), "Asia/Shanghai")


def test_orders_close_the_evening_before_by_the_servers_time_in_the_operators_zone() -> None:
    assert EVENING.closes(date(2026, 11, 23)) == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert not EVENING.is_closed(date(2026, 11, 23), datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC))
    assert EVENING.is_closed(date(2026, 11, 23), datetime(2026, 11, 22, 15, tzinfo=UTC))
    assert EVENING.today(datetime(2026, 11, 22, 16, tzinfo=UTC)) == date(2026, 11, 23)


def demand(order: str, quantity: int, placed_at_ms: int, sku: str = "egg", site: str = "s1") -> Demand:
    return Demand(LineKey(order, 1), sku, "鸡蛋", "ambient", site, quantity, placed_at_ms)


def test_whoever_ordered_first_gets_first_and_the_rest_is_short() -> None:
    lines = [demand("late", 3, 9), demand("early", 4, 1), demand("other", 2, 5, "milk")]
    short = allocate(lines, {"egg": 5})
    assert short == {LineKey("early", 1): 0, LineKey("late", 1): 2, LineKey("other", 1): 0}
    assert pick_list(lines, short) == [Pick("ambient", "egg", "鸡蛋", 5, 1), Pick("ambient", "milk", "鸡蛋", 2, 1)]


@pytest.mark.parametrize(
    ("pieces", "wanted", "first", "even"),
    [
        (5, [4, 3], [4, 1], [3, 2]),
        (2, [1, 1, 1], [1, 1, 0], [1, 1, 0]),
        (7, [1, 9, 2], [1, 6, 0], [1, 4, 2]),
        (0, [2, 2], [0, 0], [0, 0]),
        (99, [2, 2], [2, 2], [2, 2]),
        (3, [], [], []),
    ],
)
def test_the_declared_rule_says_who_goes_short(pieces: int, wanted: list[int], first: list[int], even: list[int]) -> None:
    assert split(pieces, wanted, ShortageRule.FIRST) == first
    assert split(pieces, wanted, ShortageRule.EVEN) == even


@given(st.integers(0, 400), st.lists(st.integers(1, 90), max_size=12))
def test_by_the_even_rule_nobody_has_two_more_than_one_who_still_wants(pieces: int, wanted: list[int]) -> None:
    given_out = split(pieces, wanted, ShortageRule.EVEN)
    assert sum(given_out) == min(pieces, sum(wanted))
    hungry = [given for given, one in zip(given_out, wanted, strict=True) if given < one]
    assert all(0 <= given <= one for given, one in zip(given_out, wanted, strict=True))
    assert not hungry or max(given_out) - min(hungry) <= 1


demands = st.lists(
    st.builds(
        demand, st.text("abc", min_size=1, max_size=4), st.integers(1, 9), st.integers(0, 5), st.sampled_from(["egg", "milk"])
    ),
    max_size=12,
    unique_by=lambda one: one.key,
)


@given(demands, st.dictionaries(st.sampled_from(["egg", "milk"]), st.integers(0, 20)), st.sampled_from(ShortageRule))
def test_nothing_is_given_away_twice_and_nothing_lies_while_somebody_waits(
    lines: list[Demand], stock: dict[str, int], rule: ShortageRule
) -> None:
    short = allocate(lines, stock, rule)
    for sku in ("egg", "milk"):
        asked = sum(one.quantity for one in lines if one.sku == sku)
        given_out = asked - sum(short[one.key] for one in lines if one.sku == sku)
        assert given_out == min(asked, stock.get(sku, asked))


parcels = st.lists(
    st.builds(ToPack, st.text("ABCDEF0123", min_size=3, max_size=8), st.sampled_from(["s1", "s2"]), st.sampled_from(list(CAPACITY)),
              st.integers(1, 20)),
    max_size=40, unique_by=lambda one: one.parcel,
)  # fmt: skip


@given(parcels, st.randoms())
def test_every_parcel_is_in_one_container_of_its_station_and_zone_and_none_is_overfull(
    to_pack: list[ToPack], random: object
) -> None:
    loads = pack(to_pack)
    held = {parcel: load for load in loads for parcel in load.parcels}
    assert sum(len(load.parcels) for load in loads) == len(to_pack) == len(held)
    for one in to_pack:
        assert (held[one.parcel].site, held[one.parcel].zone) == (one.site, one.zone)
    assert all(load.items <= CAPACITY[load.zone] or len(load.parcels) == 1 for load in loads)
    random.shuffle(to_pack)  # type: ignore[attr-defined]
    assert pack(to_pack) == loads


def test_lanes_follow_the_routes_and_a_van_is_loaded_last_stop_first() -> None:
    routes = [Route("r1", ("a", "b")), Route("r2", ("c",))]
    places = stops(routes)
    assert {site: stop.lane for site, stop in places.items()} == {"a": "A1", "b": "A2", "c": "B1"}
    assert loading_list(routes[0], places, [("C2", "b"), ("C1", "a"), ("C3", "b"), ("C9", "c")]) == [
        Loading(2, "b", "A2", ("C2", "C3")),
        Loading(1, "a", "A1", ("C1",)),
    ]
    many = stops([Route(f"r{n}", (f"s{n}",)) for n in range(28)])
    assert (many["s25"].lane, many["s26"].lane, many["s27"].lane) == ("Z1", "AA1", "AB1")


def test_a_station_without_goods_is_no_stop_and_a_run_without_stops_is_none() -> None:
    routes = [Route("r1", ("a", "b", "c")), Route("r2", ("d",))]
    assert with_goods(routes, {"a", "c", "elsewhere"}) == [Route("r1", ("a", "c"))]
    assert stops(with_goods(routes, {"c", "d"})) == {"c": Stop("r1", 1, "A1"), "d": Stop("r2", 1, "B1")}


def test_a_station_on_two_runs_or_twice_on_one_is_refused() -> None:
    with pytest.raises(ValueError, match="a is on r1 and on r2"):
        stops([Route("r1", ("a",)), Route("r2", ("a",))])
    with pytest.raises(ValueError, match="r1 comes to a station twice"):
        Route("r1", ("a", "a"))
