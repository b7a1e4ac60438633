"""What opens a case by itself: once, whatever comes in which order; and what becomes of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.breach import Breach, WarmPlace
from cloud.domain.case import Action, Case, CaseProblem, CaseState, Liability, Origin
from cloud.domain.case_causes import Cause, Followed, Moved, Opened, ParcelPlace, follow, of_container, of_parcel
from cloud.domain.events import RecordedEvent
from cloud.domain.parcel import fold_parcel
from edge.wire import messages as m
from tests.cloud.domain.test_any_order import histories
from tests.cloud.domain.test_parcel_fold import B, event, undo

P = "TTP000000001J"
PLACE = ParcelPlace(P, "green", "green/7", "a")
RECEIVED = event(1, m.ParcelReceived(parcel=P))


def causes(*events: RecordedEvent, place: ParcelPlace = PLACE) -> list[Cause]:
    return of_parcel(place, fold_parcel(events), events)


def test_a_parcel_released_at_two_stations_is_one_conflict_that_names_both() -> None:
    first, second = event(2, m.ParcelReleased(parcel=P)), event(3, m.ParcelReleased(parcel=P), site=B)
    (cause,) = causes(RECEIVED, first, second)
    assert (cause.origin, cause.problem, cause.sites) == (Origin.CONFLICT, CaseProblem.LEFT_TWICE, ("a", "b"))
    assert cause.events == (str(first.id), str(second.id))
    assert causes(RECEIVED, first, second, undo(4, first)) == []
    assert [one.order for one in causes(RECEIVED, first, second, place=ParcelPlace(P, None, None, None))] == [None]


def test_what_the_resident_does_not_get_is_owed_an_article_at_a_time() -> None:
    damaged = m.VarianceFound(problem=m.Problem.DAMAGED, parcel=P, sku="egg", quantity=1, photo="ab" * 32)
    short = m.VarianceFound(problem=m.Problem.SHORT, parcel=P, sku="milk", quantity=2)
    again = m.VarianceFound(problem=m.Problem.SHORT, parcel=P, sku="milk", quantity=1)
    surplus = m.VarianceFound(problem=m.Problem.SURPLUS, parcel=P)
    found = causes(RECEIVED, event(2, damaged), event(3, damaged), event(4, short), event(5, again), event(6, surplus))
    assert {(one.problem, one.sku): one.quantity for one in found} == {
        (CaseProblem.DAMAGED, "egg"): 2,
        (CaseProblem.SHORT, "milk"): 1,
    }
    assert found[0].photos == ("a/" + "ab" * 32,)
    assert causes(event(2, damaged), place=ParcelPlace(P, "green", None, "a")) == [], "nobody is known who is owed anything"


def test_what_is_found_again_is_owed_no_more_and_what_was_thrown_away_in_time_is() -> None:
    missing = event(1, m.VarianceFound(problem=m.Problem.MISSING, parcel=P))
    assert [one.problem for one in causes(missing)] == [CaseProblem.MISSING]
    assert causes(missing, event(2, m.ParcelReceived(parcel=P))) == []
    warm = event(2, m.ParcelDisposed(parcel=P, reason="temp_breach"))
    assert [one.problem for one in causes(RECEIVED, warm)] == [CaseProblem.TEMP_BREACH]
    assert causes(RECEIVED, warm, undo(3, warm)) == []
    assert causes(RECEIVED, event(2, m.ParcelDisposed(parcel=P, reason="expired"))) == []


TRUCK = replace(PLACE, breach=Breach(WarmPlace.TRUCK, "van-1"))


def test_what_was_too_warm_is_owed_once_it_is_out_of_everybodys_reach_by_whose_place_it_was() -> None:
    released = event(2, m.ParcelReleased(parcel=P))
    assert causes(RECEIVED, place=TRUCK) == [], "the station keeps it back, and is told"
    (found,) = causes(RECEIVED, released, place=TRUCK)
    assert (found.origin, found.problem, found.liability) == (Origin.READINGS, CaseProblem.TEMP_BREACH, Liability.DRIVER)
    assert (found.key, found.sites, found.sku) == (f"station/{P}/temp_breach/", ("a", "van-1"), "")
    assert causes(RECEIVED, released, undo(3, released), place=TRUCK) == []
    assert causes(released, place=replace(TRUCK, order=None)) == [], "nobody is known who is owed anything"
    (unknown,) = causes(RECEIVED, released, place=replace(PLACE, breach=Breach(WarmPlace.TRUCK, "")))
    assert unknown.sites == ("a",)


def test_a_stations_own_report_and_the_readings_are_one_case() -> None:
    released = event(3, m.ParcelReleased(parcel=P))
    told = event(2, m.VarianceFound(problem=m.Problem.TEMP_BREACH, parcel=P))
    (found,) = causes(RECEIVED, told, released, place=TRUCK)
    (alone,) = causes(RECEIVED, released, place=TRUCK)
    assert found.key == alone.key
    assert (found.origin, found.liability, found.sites) == (Origin.STATION, Liability.DRIVER, ("a", "van-1"))
    milk = event(2, m.VarianceFound(problem=m.Problem.TEMP_BREACH, parcel=P, sku="milk"))
    (of_milk,) = causes(RECEIVED, milk, released, place=TRUCK)
    assert (of_milk.sku, of_milk.liability) == ("milk", Liability.DRIVER)


def test_what_was_thrown_away_whole_is_owed_once_though_it_was_too_warm_besides() -> None:
    spoiled = event(2, m.ParcelDisposed(parcel=P, reason="spoiled"))
    assert [(one.problem, one.liability) for one in causes(RECEIVED, spoiled, place=TRUCK)] == [
        (CaseProblem.SPOILED, Liability.DRIVER)
    ]
    expired = event(2, m.ParcelDisposed(parcel=P, reason="expired"))
    assert [one.problem for one in causes(RECEIVED, expired, place=TRUCK)] == [CaseProblem.TEMP_BREACH]


def test_who_is_liable_by_the_readings_is_not_put_over_what_a_person_said() -> None:
    (found,) = causes(RECEIVED, event(2, m.ParcelReleased(parcel=P)), place=TRUCK)
    (first,) = follow([], [found], {})
    assert isinstance(first, Opened)
    assert (first.case.state, first.case.liability) == (CaseState.SUBMITTED, Liability.DRIVER)
    (paid,) = follow([], [found], {"green": ["temp_breach"]})
    assert (paid.case.state, paid.case.liability) == (CaseState.REFUNDING, Liability.DRIVER)
    station = Followed(1, found.key, Case(CaseState.REVIEWING, Origin.STATION), 1, found.events)
    (told,) = follow([station], [found], {})
    assert told.case.liability is Liability.DRIVER
    said = replace(station, case=replace(station.case, liability=Liability.SUPPLIER))
    assert follow([said], [found], {}) == []


@pytest.mark.parametrize("state", [CaseState.REFUNDING, CaseState.REFUNDED])
def test_an_article_named_after_the_whole_parcel_was_paid_for_by_its_readings_is_not_paid_again_by_rule(state: CaseState) -> None:
    released, rule = event(2, m.ParcelReleased(parcel=P)), {"green": ["temp_breach"]}
    (whole,) = causes(RECEIVED, released, place=TRUCK)
    paid = Followed(1, whole.key, Case(state, Origin.READINGS, whole.liability), 1, ())
    milk = event(3, m.VarianceFound(problem=m.Problem.TEMP_BREACH, parcel=P, sku="milk"))
    told = [one for one in follow([paid], causes(RECEIVED, released, milk, place=TRUCK), rule) if isinstance(one, Opened)]
    assert [(one.cause.sku, one.case.state) for one in told] == [("milk", CaseState.SUBMITTED)]
    (first,) = follow([], causes(RECEIVED, released, milk, place=TRUCK), rule)
    assert first.case.state is CaseState.REFUNDING, "where nothing was paid the rule pays"


@given(histories(), st.data())
def test_any_order_of_events_gives_the_same_causes(history: list[RecordedEvent], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(history))
    assert causes(*shuffled) == causes(*history)
    assert len({one.key for one in causes(*history)}) == len(causes(*history))


def cause(key: str = "k", quantity: int = 1) -> Cause:
    return Cause(key, Origin.STATION, CaseProblem.SHORT, "green", "green/7", P, quantity=quantity)


def followed(case: Case, quantity: int = 1) -> Followed:
    return Followed(1, "k", case, quantity, ())


def test_a_cause_opens_a_case_once_settles_it_and_opens_it_again() -> None:
    (first,) = follow([], [cause(), cause()], {"green": ["short"]})
    assert isinstance(first, Opened)
    assert first.case.state is CaseState.REFUNDING
    assert follow([followed(first.case)], [cause()], {}) == []
    (settled,) = follow([followed(first.case)], [], {})
    assert isinstance(settled, Moved)
    assert (settled.case.state, settled.cause) == (CaseState.CLOSED, None)
    (again,) = follow([followed(settled.case)], [cause()], {})
    assert isinstance(again, Moved)
    assert [step.action for step in again.steps] == [Action.REOPEN]


def test_what_a_person_decided_stands_whatever_its_cause_does() -> None:
    for state in (CaseState.CLOSED, CaseState.REFUNDED, CaseState.REFUSED):
        assert follow([followed(Case(state))], [], {}) == []
        assert follow([followed(Case(state))], [cause()], {"green": ["short"]}) == []
    (amended,) = follow([followed(Case(CaseState.REVIEWING))], [cause(quantity=5)], {})
    assert isinstance(amended, Moved)
    assert (amended.case.state, amended.cause and amended.cause.quantity) == (CaseState.REVIEWING, 5)


def said(quantity: int, *events: str, key: str = "k") -> Cause:
    return replace(cause(key, quantity), events=events)


class Cases:
    """What is kept of cases from fold to fold."""

    def __init__(self) -> None:
        self.kept: list[Followed] = []

    def fold(self, *causes: Cause) -> int:
        """How many changed."""
        changes = follow(self.kept, causes, {"green": ["short"]} if not self.kept else {})
        for change in changes:
            if isinstance(change, Opened):
                assert change.cause.key not in {one.key for one in self.kept}, "a key stands for one case"
                one = Followed(len(self.kept), change.cause.key, change.case, change.cause.quantity, change.cause.events)
                self.kept.append(one)
            else:
                one = replace(self.kept[change.id], case=change.case)
                if change.cause is not None:
                    one = replace(one, quantity=change.cause.quantity, events=change.cause.events)
                self.kept[change.id] = one
        return len(changes)

    def decide(self, state: CaseState) -> None:
        """By a person, about the youngest."""
        self.kept[-1] = replace(self.kept[-1], case=Case(state, Origin.STATION))

    @property
    def seen(self) -> list[tuple[CaseState, int, tuple[str, ...]]]:
        return [(one.case.state, one.quantity, one.events) for one in self.kept]


DECIDED = (CaseState.REFUNDED, CaseState.CLOSED, CaseState.REFUSED)


def test_what_is_lost_after_a_decision_is_a_case_of_its_own_that_somebody_looks_at() -> None:
    for state in DECIDED:
        cases = Cases()
        cases.fold(said(1, "a"))
        cases.decide(state)
        assert cases.fold(said(2, "a", "b")) == 1
        assert cases.fold(said(2, "a", "b")) == 0, "once"
        assert cases.seen == [(state, 1, ("a",)), (CaseState.SUBMITTED, 1, ("b",))]
        cases.fold(said(4, "a", "b", "c"))
        assert cases.seen[1:] == [(CaseState.SUBMITTED, 3, ("b", "c"))], "it is amended while nobody has decided it"
        cases.fold(said(1, "a"))
        assert [one[0] for one in cases.seen] == [state, CaseState.CLOSED], "it is settled when it is so no longer"
        assert cases.fold(said(1, "a")) == 0
        cases.fold(said(2, "a", "c"))
        assert cases.seen[1:] == [(CaseState.SUBMITTED, 1, ("c",))]
        cases.decide(CaseState.REFUNDED)
        cases.fold(said(3, "a", "c", "d"))
        assert cases.seen[2:] == [(CaseState.SUBMITTED, 1, ("d",))]
        assert [one.key for one in cases.kept] == ["k", "k\n2", "k\n3"]


def test_a_larger_shortage_of_an_allocation_owes_the_difference() -> None:
    cases = Cases()
    cases.fold(said(1))
    cases.decide(CaseState.REFUNDED)
    cases.fold(said(3))
    assert cases.seen[1:] == [(CaseState.SUBMITTED, 2, ())]
    assert cases.fold(said(3)) == 0


def test_what_was_paid_is_not_owed_by_counting_it_again_and_what_was_refused_is_looked_at() -> None:
    for state, opened in {CaseState.REFUNDED: 0, CaseState.REFUSED: 1, CaseState.CLOSED: 1}.items():
        cases = Cases()
        cases.fold(said(2, "a"))
        cases.decide(state)
        assert cases.fold(said(2, "a", "b")) == opened
        assert cases.fold(said(2, "a", "b")) == 0


def test_a_refusal_that_is_looked_at_again_leaves_its_follow_up_alone() -> None:
    cases = Cases()
    cases.fold(said(1, "a"))
    cases.decide(CaseState.REFUSED)
    cases.fold(said(2, "a", "b"))
    cases.kept[0] = replace(cases.kept[0], case=Case(CaseState.REVIEWING, Origin.STATION))
    assert cases.fold(said(2, "a", "b")) == 0
    assert cases.fold() == 2
    assert {one[0] for one in cases.seen} == {CaseState.CLOSED}, "both are settled with their cause"


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcd")), st.sampled_from([None, *DECIDED])), max_size=12))
def test_no_piece_is_ever_owed_twice_and_a_fold_again_changes_nothing(folds: list[tuple[set[str], CaseState | None]]) -> None:
    cases = Cases()
    for events, decision in folds:
        wanted = [said(len(events), *sorted(events))] if events else []
        cases.fold(*wanted)
        assert cases.fold(*wanted) == 0
        unpaid = [one for one in cases.seen if not one[0].is_over]
        assert len(unpaid) <= 1
        paid = sum(one[1] for one in cases.seen if one[0] is CaseState.REFUNDED)
        assert not unpaid or paid + unpaid[0][1] <= len(events)
        if decision is not None and unpaid and unpaid[0] == cases.seen[-1]:
            cases.decide(decision)


def test_a_container_signed_for_twice_is_a_conflict_of_its_operator() -> None:
    (one,) = of_container("TTC0000000017", "green", [(RECEIVED.id, event(2, m.ParcelReceived(parcel=P), site=B).id)])
    assert (one.container, one.operator, one.parcel, one.sites) == ("TTC0000000017", "green", None, ("a", "b"))
