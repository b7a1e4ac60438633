"""What opens a case by itself: once, whatever comes in which order; and what becomes of it."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.case import Action, Case, CaseProblem, CaseState, Origin
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
    for state in (CaseState.CLOSED, CaseState.REFUNDED):
        assert follow([followed(Case(state))], [], {}) == []
        assert follow([followed(Case(state))], [cause(quantity=5)], {}) == []
    (amended,) = follow([followed(Case(CaseState.REVIEWING))], [cause(quantity=5)], {})
    assert isinstance(amended, Moved)
    assert (amended.case.state, amended.cause and amended.cause.quantity) == (CaseState.REVIEWING, 5)


def test_a_container_signed_for_twice_is_a_conflict_of_its_operator() -> None:
    (one,) = of_container("TTC0000000017", "green", [(RECEIVED.id, event(2, m.ParcelReceived(parcel=P), site=B).id)])
    assert (one.container, one.operator, one.parcel, one.sites) == ("TTC0000000017", "green", None, ("a", "b"))
