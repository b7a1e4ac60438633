"""Cases: what each action makes of one, what is refused and why, and what the rule does by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.case import (
    Action,
    Case,
    CaseProblem,
    CaseState,
    Liability,
    Origin,
    RefusedMoveError,
    Said,
    Why,
    decide,
    opened,
    possible,
)

S = CaseState


def after(case: Case, *said: Said) -> Case:
    for one in said:
        case, _ = decide(case, one)
    return case


GRID = Liability.GRID


def test_a_report_is_looked_at_approved_and_paid() -> None:
    case, steps = opened(Origin.RESIDENT, CaseProblem.DAMAGED, at_once=True)
    assert (case.state, [step.action for step in steps]) == (S.SUBMITTED, [Action.OPEN]), "never at once what only one person says"
    case = after(case, Said(Action.REVIEW))
    case, steps = decide(case, Said(Action.APPROVE, liability=GRID, refund_fen=1250))
    assert [step.state for step in steps] == [S.APPROVED, S.REFUNDING]
    case = after(case, Said(Action.REFUNDED, reference="pay-7"))
    assert case == Case(S.REFUNDED, Origin.RESIDENT, GRID, 1250, "pay-7")


def test_evidence_that_was_asked_for_brings_the_case_back() -> None:
    asked = after(Case(), Said(Action.ASK_EVIDENCE, "a photograph, please"))
    assert asked.state is S.EVIDENCE_NEEDED
    assert after(asked, Said(Action.GIVE_EVIDENCE, has_photos=True)).state is S.REVIEWING
    assert after(Case(), Said(Action.GIVE_EVIDENCE, "and the egg is broken")).state is S.SUBMITTED
    with pytest.raises(RefusedMoveError) as refused:
        decide(asked, Said(Action.GIVE_EVIDENCE))
    assert refused.value.why is Why.TEXT


def test_goods_that_have_to_come_back_are_paid_when_they_are_back() -> None:
    case = after(Case(), Said(Action.APPROVE_RETURN, liability=Liability.SUPPLIER))
    assert case.state is S.RETURN_REQUIRED
    with pytest.raises(RefusedMoveError):
        decide(case, Said(Action.REFUND))
    assert after(case, Said(Action.TAKE_BACK), Said(Action.REFUND)).state is S.REFUNDING


def test_a_payment_that_failed_is_tried_again_and_a_refusal_can_be_looked_at_again() -> None:
    failed = after(Case(), Said(Action.APPROVE, liability=GRID), Said(Action.REFUND_FAILED))
    assert after(failed, Said(Action.REFUND), Said(Action.REFUNDED, reference="2")).state is S.REFUNDED
    refused = after(Case(), Said(Action.REFUSE, "the photograph shows another parcel"))
    assert after(refused, Said(Action.REVIEW), Said(Action.APPROVE, liability=GRID)).state is S.REFUNDING


@pytest.mark.parametrize(
    ("case", "said", "why"),
    [
        (Case(), Said(Action.REFUSE), Why.TEXT),
        (Case(), Said(Action.ASK_EVIDENCE), Why.TEXT),
        (Case(), Said(Action.CLOSE), Why.TEXT),
        (Case(), Said(Action.APPROVE), Why.LIABILITY),
        (Case(), Said(Action.REFUND), Why.STATE),
        (Case(S.REFUNDING), Said(Action.REFUNDED), Why.REFERENCE),
        (Case(S.REFUNDED), Said(Action.APPROVE, liability=GRID), Why.STATE),
        (Case(S.REFUNDING), Said(Action.CLOSE, "enough"), Why.STATE),
        (Case(S.CLOSED), Said(Action.REOPEN), Why.STATE),
        (Case(S.REFUSED), Said(Action.GIVE_EVIDENCE, "look"), Why.STATE),
        (Case(origin=Origin.CONFLICT), Said(Action.APPROVE, liability=GRID), Why.CONFLICT),
        (Case(origin=Origin.CONFLICT), Said(Action.GIVE_EVIDENCE, "me"), Why.CONFLICT),
    ],
)
def test_what_a_case_does_not_allow_is_named(case: Case, said: Said, why: Why) -> None:
    with pytest.raises(RefusedMoveError) as refused:
        decide(case, said)
    assert refused.value.why is why


def test_the_rule_refunds_at_once_what_the_station_or_the_allocation_found() -> None:
    case, steps = opened(Origin.ALLOCATION, CaseProblem.SHORT, at_once=True)
    assert (case.state, case.liability) == (S.REFUNDING, Liability.SUPPLIER)
    assert [step.action for step in steps] == [Action.OPEN, Action.APPROVE, Action.REFUND]
    assert opened(Origin.STATION, CaseProblem.MISSING, at_once=False)[0].state is S.SUBMITTED
    assert opened(Origin.CONFLICT, CaseProblem.LEFT_TWICE, at_once=True)[0].state is S.SUBMITTED


def test_what_is_found_again_is_settled_and_money_that_was_underway_all_the_same_is_booked() -> None:
    underway, _ = opened(Origin.STATION, CaseProblem.MISSING, at_once=True)
    settled = after(underway, Said(Action.SETTLE))
    assert (settled.state, settled.is_settled) == (S.CLOSED, True)
    assert possible(settled) == (Action.REFUNDED,)
    assert after(settled, Said(Action.REFUNDED, reference="late")).state is S.REFUNDED
    assert after(settled, Said(Action.REOPEN)).state is S.SUBMITTED
    with pytest.raises(RefusedMoveError):
        decide(Case(S.REFUNDED), Said(Action.SETTLE))


@given(st.sampled_from(Origin), st.lists(st.sampled_from(Action), max_size=12))
def test_whatever_is_done_what_is_possible_is_allowed_and_all_else_is_refused(origin: Origin, actions: list[Action]) -> None:
    case = Case(origin=origin)
    for action in actions:
        said = Said(action, "because", GRID, 100, "ref", has_photos=True)
        may = action in possible(case) or action in (Action.SETTLE, Action.AMEND, Action.REOPEN, Action.GIVE_EVIDENCE)
        try:
            case, steps = decide(case, said)
        except RefusedMoveError:
            assert action not in possible(case)
            continue
        assert may
        assert steps[-1].state is case.state
        assert not case.is_settled or case.state is S.CLOSED
