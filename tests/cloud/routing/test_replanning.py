"""The rest of a day planned anew: what is done or aboard stays, pins hold, and the smallest change is small."""

from dataclasses import replace as with_
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from cloud.routing.answer import answer
from cloud.routing.checker import check
from cloud.routing.day import ByZone, Place, StationDue, due_at
from cloud.routing.disruption import Impossible, disrupted, pins_fault
from cloud.routing.measures import measures
from cloud.routing.move_words import MoveKind
from cloud.routing.plan import StepKind
from cloud.routing.repair import changed, turned
from cloud.routing.replanning import Replanned, tours_before
from cloud.routing.situation import Aside, Breakdown, Closed, Delay, Lying, NewStop, NewTimes, Pin
from cloud.routing.wording import said
from tests.cloud.routing.underway import HOUR_S, Disturbed, asked, disturb, disturbed, situation

NEW = StationDue(Place("st-new", "新站", 31.23, 121.43), ByZone(2, 1), 7 * HOUR_S, 15 * HOUR_S)


def holds(case: Disturbed) -> Replanned:
    """All that must be true of any answer to any event."""
    found = case.replanned()
    problem, plan, after = found.problem, found.solved.plan, case.after
    gone = {*after.closed, *(one.site for one in after.aside)}
    assert check(problem, with_(plan, unassigned=tuple(one for one in plan.unassigned if one.stop_id not in gone))) == []
    van_of = plan.van_of
    assert not set(van_of) & set(case.before.served), "what is done is done"
    for site in case.before.van_of:
        if case.before.is_aboard(site) and site in van_of and not after.van[case.before.van_of[site].id].is_out:
            assert van_of[site] == case.before.van_of[site].id, "what is aboard stays aboard"
    for pin in after.pins:
        assert van_of.get(pin.site, pin.van) == pin.van
    assert not {van.id for van in after.vans if van.is_out} & set(van_of.values())
    ahead = {one.stop_id for one in plan.unassigned} | set(van_of)
    assert ahead == {one.place.site for one in case.rest.stations}, "nobody is forgotten"
    for one in plan.unassigned:
        assert said(one.reason).en != said(one.reason).zh
    for move in found.moves:
        words = move.said("st")
        assert "{" not in words.en + words.zh
    answer(case.rest, problem, found.solved, found.moves)
    return found


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(case=disturbed())
def test_nothing_done_or_loaded_moves_and_pins_hold_in_the_smallest_change(case: Disturbed) -> None:
    first = holds(case)
    assert case.replanned().solved.plan == first.solved.plan, "the same each time"


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(case=disturbed(answer="best"))
def test_nothing_done_or_loaded_moves_and_pins_hold_in_the_best(case: Disturbed) -> None:
    best = holds(case)
    least = replace(case.rest, situation=replace(case.after, answer="smallest"))
    smallest = Disturbed(case.day, case.before, least).replanned()
    assert cost(best) <= cost(smallest)


def cost(found: Replanned) -> int:
    left = tuple(one for one in found.solved.plan.unassigned if one.stop_id in found.problem.stop)
    return measures(found.problem, with_(found.solved.plan, unassigned=left)).cost_mfen


def changes(case: Disturbed, found: Replanned) -> tuple[int, int]:
    return changed(tours_before(case.after, found.problem), list(found.solved.plan.tours))


def test_a_delay_that_hurts_nobody_changes_nothing() -> None:
    day = asked()
    found = holds(case := disturb(day, situation(day, 8 * HOUR_S, 1, 3), Delay("1", 20 * 60)))
    assert (changes(case, found), found.moves) == ((0, 0), ())
    assert found.solved.plan.routes[0].start_s >= 8 * HOUR_S + 20 * 60


def test_what_a_delayed_van_has_aboard_and_cannot_bring_in_time_is_left_out_and_said() -> None:
    day = asked()
    found = holds(disturb(day, situation(day, 8 * HOUR_S, 1, 3), Delay("1", 7 * HOUR_S)))
    left = {one.stop_id: one.reason.code for one in found.solved.plan.unassigned}
    assert set(left) == {"st-4", "st-7"}
    assert {move.kind for move in found.moves} == {MoveKind.LEFT_OUT}


def test_a_delayed_van_that_is_not_loaded_gives_its_stops_to_one_other() -> None:
    day = asked()
    found = holds(case := disturb(day, situation(day, 6 * HOUR_S, 0, 0), Delay("1", 9 * HOUR_S)))
    assert not found.solved.plan.unassigned
    assert {(move.before, move.kind) for move in found.moves} == {("1", MoveKind.VAN)}
    assert len({move.after for move in found.moves}) == 1
    assert changes(case, found) == (2, 3)
    words = found.moves[0].said("自提点 1")
    assert words.en == "自提点 1 goes to van 2: van 1 would come too late"
    assert words.zh == "自提点 1改由2号车：1号车赶不上时间窗"


def test_goods_of_a_broken_van_are_fetched_where_it_stands_before_they_are_brought() -> None:
    day = asked()
    case = disturb(day, situation(day, 8 * HOUR_S, 1, 3), Breakdown("2"))
    found = holds(case)
    plan = answer(case.rest, found.problem, found.solved, found.moves)
    assert not plan.unassigned
    meets = [(route.van, meet) for route in plan.routes for meet in route.meets]
    assert {meet.van for _, meet in meets} == {"2"}
    assert {site for _, meet in meets for site in meet.sites} == {"st-5", "st-8"}
    for van, meet in meets:
        stops = {stop.site: stop for route in plan.routes if route.van == van for stop in route.stops}
        assert all(stops[site].arrival_s > meet.departure_s for site in meet.sites)
    assert len(meets) == 1, "one van comes, once"
    assert {move.said_en.split(": ")[1] for move in plan.moves} == {"van 2 drives no more today"}


def test_a_van_that_breaks_down_before_it_is_loaded_leaves_its_goods_at_the_depot() -> None:
    day = asked()
    case = disturb(day, situation(day, 8 * HOUR_S, 1, 2), Breakdown("3"))
    assert {one.van for one in case.after.lying} == {""}
    found = holds(case)
    fetched = [step for route in found.solved.plan.routes for step in route.steps if step.kind is StepKind.COLLECT]
    assert fetched
    assert {step.place for step in fetched} == {0}


def test_a_full_van_takes_nothing_over_and_the_reason_names_its_zone() -> None:
    day = asked(room=ByZone(9, 8, 4))
    full = replace(day, stations=tuple(replace(one, load=ByZone(3, 0)) for one in day.stations))
    found = holds(disturb(full, situation(full, 8 * HOUR_S, 0, 3), Breakdown("2")))
    # Whoever has unloaded first has room; with all three of its own aboard nobody has at once.
    assert all(one.reason.code in ("vans_full", "too_late", "shift_over") for one in found.solved.plan.unassigned)


def test_a_closed_station_is_passed_over_its_goods_take_room_and_nothing_else_changes() -> None:
    day = asked()
    case = disturb(day, situation(day, 8 * HOUR_S, 1, 3), Closed("st-4"))
    found = holds(case)
    assert [(one.stop_id, one.reason.code) for one in found.solved.plan.unassigned] == [("st-4", "station_closed")]
    assert case.after.aside == (Aside("st-4", "1"),)
    load = next(one.load for one in day.stations if one.place.site == "st-4")
    assert found.problem.capacity(found.problem.van["1"]).ambient_slots == 20 - load.ambient
    assert [(move.stop_id, move.kind, move.before) for move in found.moves] == [("st-4", MoveKind.LEFT_OUT, "1")]


def test_a_station_that_opens_later_is_come_to_later() -> None:
    day = asked()
    found = holds(disturb(day, situation(day, 8 * HOUR_S, 1, 3), Closed("st-4", 13 * HOUR_S)))
    (step,) = [step for route in found.solved.plan.routes for step in route.steps if step.id == "st-4"]
    assert step.start_s >= 13 * HOUR_S


def test_a_station_that_takes_goods_at_other_times_is_come_to_then_or_named_with_why() -> None:
    day = asked()
    for begin_s, end_s, is_met in ((13, 14, True), (9, 9.01, False)):
        due = replace(due_at(day.stations)["st-4"], from_s=round(begin_s * HOUR_S), to_s=round(end_s * HOUR_S))
        changed = replace(day, stations=tuple(due if one.place.site == "st-4" else one for one in day.stations))
        before = situation(day, 9 * HOUR_S, 1, 3)
        found = holds(disturb(changed, before, NewTimes()))
        starts = [step.start_s for route in found.solved.plan.routes for step in route.steps if step.id == "st-4"]
        assert bool(starts) is is_met
        assert all(due.from_s <= start_s <= due.to_s for start_s in starts)
        if not is_met:
            assert [one.reason.code for one in found.solved.plan.unassigned] == ["windows_cannot_be_met"]


def test_a_station_that_was_closed_and_is_wanted_again_comes_from_the_van_that_has_it() -> None:
    day = asked()
    closed = disturb(day, situation(day, 8 * HOUR_S, 1, 3), Closed("st-4"))
    case = disturb(closed.rest, closed.after, NewStop("st-4"))
    assert (case.after.aside, case.after.closed) == ((), ())
    assert holds(case).solved.plan.van_of["st-4"] == "1"


def test_a_new_stop_is_fetched_at_the_depot_by_whoever_brings_it() -> None:
    day = asked()
    case = disturb(day, situation(day, 8 * HOUR_S, 1, 3), NewStop("st-new"), NEW)
    found = holds(case)
    (move,) = [move for move in found.moves if move.stop_id == "st-new"]
    assert move.kind is MoveKind.TAKEN_ON
    assert changes(case, found)[0] == 1


def test_what_is_on_the_way_to_a_stop_goes_there_first() -> None:
    day = asked()
    before = situation(day, 8 * HOUR_S, 1, 3)
    vans = (replace(before.vans[0], ahead=before.vans[0].ahead[::-1], heads=("st-7",)), *before.vans[1:])
    found = holds(disturb(day, replace(before, vans=vans), NewStop("st-new"), NEW))
    (route,) = [route for route in found.solved.plan.routes if route.van_id == "1"]
    assert route.stops[0] == "st-7"


def test_goods_that_were_never_fetched_after_a_breakdown_are_still_there() -> None:
    day = asked()
    before = situation(day, 8 * HOUR_S, 1, 3)
    lying = (Lying("st-4", before.vans[1].lat, before.vans[1].lon, "2"),)
    found = holds(disturb(day, replace(before, lying=lying), Delay("3", 60)))
    assert [step.kind for step in found.solved.plan.routes[0].steps].count(StepKind.COLLECT) == 1


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        (Delay("9", 60), "no_van", "event.van"),
        (Breakdown("9"), "no_van", "event.van"),
        (Closed("st-1"), "stop_served", "event.site"),
        (Closed("st-99"), "no_stop_ahead", "event.site"),
        (NewStop("st-1"), "stop_served", "event.site"),
        (NewStop("st-4"), "stop_planned", "event.site"),
        (NewStop("st-99"), "not_due", "event.site"),
    ],
)
def test_what_cannot_have_happened_is_said(event: Any, code: str, field: str) -> None:
    day = asked()
    found = disrupted(day, situation(day, 8 * HOUR_S, 1, 3), event)
    assert isinstance(found, Impossible)
    assert (found.code, found.field) == (code, field)


def test_the_last_van_cannot_break_down_and_one_that_is_out_cannot_again() -> None:
    day = asked(vans=2)
    once = disturb(day, situation(day, 8 * HOUR_S, 1, 2), Breakdown("1"))
    for van, code in (("2", "no_van_left"), ("1", "van_out")):
        found = disrupted(once.rest, once.after, Breakdown(van))
        assert isinstance(found, Impossible)
        assert found.code == code


@pytest.mark.parametrize(
    ("pin", "code"),
    [
        (Pin("st-4", "9"), "no_van"), (Pin("st-1", "1"), "stop_served"), (Pin("st-4", "2"), "aboard_elsewhere"),
        (Pin("st-4", "1"), None),
    ],
)  # fmt: skip
def test_a_pin_that_nobody_could_keep_is_said(pin: Pin, code: str | None) -> None:
    day = asked()
    fault = pins_fault(situation(day, 8 * HOUR_S, 1, 3, (pin,)))
    assert (None if fault is None else fault.code) == code


def test_of_stops_that_changed_their_turn_the_fewest_are_counted() -> None:
    assert turned("abcde", "abcde") == []
    assert turned("abcde", "bcdea") == ["a"]
    assert turned("abc", "cxab") == ["c"]
