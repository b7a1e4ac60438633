"""An after-sales case (售后): its states, who is liable, and what each action makes of it. Pure.

What a case is about is `case_causes`'; who may do what, and writing it down, is the caller's.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class CaseState(StrEnum):
    """Where a case stands; the pages translate."""

    SUBMITTED = "submitted"
    EVIDENCE_NEEDED = "evidence_needed"
    REVIEWING = "reviewing"
    APPROVED = "approved"
    REFUSED = "refused"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    RETURN_REQUIRED = "return_required"
    RETURNED_TO_GRID = "returned_to_grid"
    CLOSED = "closed"

    @property
    def is_over(self) -> bool:
        """True where nobody has to do anything any more."""
        return self in (CaseState.REFUSED, CaseState.REFUNDED, CaseState.CLOSED)


class Liability(StrEnum):
    """Who pays in the end (责任方)."""

    SUPPLIER = "supplier"
    CENTRE = "centre"
    GRID = "grid"
    DRIVER = "driver"
    STATION = "station"
    RESIDENT = "resident"


class Origin(StrEnum):
    """How a case came to be."""

    RESIDENT = "resident"
    STAFF = "staff"  # somebody of the operator or the station, for a resident
    STATION = "station"  # a count or a hand at the station found it
    READINGS = "readings"  # thermometers found it, on goods that nobody stopped
    ALLOCATION = "allocation"  # there was not enough for all
    CONFLICT = "conflict"  # two events that cannot both be true


class CaseProblem(StrEnum):
    """What is wrong. The last three are of conflicts."""

    SHORT = "short"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    SPOILED = "spoiled"
    UNDERWEIGHT = "underweight"
    TEMP_BREACH = "temp_breach"
    MISSING = "missing"
    OTHER = "other"
    LEFT_TWICE = "left_twice"
    SEEN_AFTER_LEAVING = "seen_after_leaving"
    AT_TWO_STATIONS = "at_two_stations"


REPORTABLE = (
    CaseProblem.SHORT, CaseProblem.WRONG_ITEM, CaseProblem.DAMAGED, CaseProblem.SPOILED, CaseProblem.UNDERWEIGHT,
    CaseProblem.TEMP_BREACH, CaseProblem.MISSING, CaseProblem.OTHER,
)  # fmt: skip


class Action(StrEnum):
    """What can be done about a case."""

    OPEN = "open"
    ASK_EVIDENCE = "ask_evidence"
    GIVE_EVIDENCE = "give_evidence"
    REVIEW = "review"
    APPROVE = "approve"  # and refund
    APPROVE_RETURN = "approve_return"  # once the goods are back
    REFUSE = "refuse"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    REFUNDED = "refunded"
    TAKE_BACK = "take_back"
    CLOSE = "close"
    SETTLE = "settle"  # what it was about is no more: found again, or undone
    REOPEN = "reopen"  # and is so again
    AMEND = "amend"  # what it is about was said anew


@dataclass(frozen=True, slots=True)
class Case:
    """``refund_fen``: how much money, None: the price of what is missing. ``reference``: of the payment."""

    state: CaseState = CaseState.SUBMITTED
    origin: Origin = Origin.RESIDENT
    liability: Liability | None = None
    refund_fen: int | None = None
    reference: str = ""
    is_settled: bool = False

    @property
    def is_decided(self) -> bool:
        """True where it was paid, refused or closed by a person: what is found after that is another case's."""
        return self.state.is_over and not self.is_settled


class Step(NamedTuple):
    """One entry of a case's record: what was done, and the state it led to."""

    action: Action
    state: CaseState


class Said(NamedTuple):
    """An action with what it was said with."""

    action: Action
    text: str = ""
    liability: Liability | None = None
    refund_fen: int | None = None
    reference: str = ""
    has_photos: bool = False


class Why(StrEnum):
    """Why a case does not allow an action."""

    STATE = "state"  # not now
    CONFLICT = "conflict"  # two events contradict each other: nothing is owed by that alone
    TEXT = "text"  # it has to be said why
    LIABILITY = "liability"  # and who pays
    REFERENCE = "reference"  # and by which payment


class RefusedMoveError(ValueError):
    """An action that a case does not allow."""

    def __init__(self, why: Why, action: Action, state: CaseState) -> None:
        super().__init__(f"{why}: {action} of a case that is {state}")
        self.why = why
        self.action = action
        self.state = state


_S = CaseState
_OPEN = frozenset({_S.SUBMITTED, _S.EVIDENCE_NEEDED, _S.REVIEWING})
# action → states it is possible in, and the one it leads to; None: the state stays.
_MOVES: dict[Action, tuple[frozenset[CaseState], CaseState | None]] = {
    Action.ASK_EVIDENCE: (_OPEN, _S.EVIDENCE_NEEDED),
    Action.REVIEW: (frozenset({_S.SUBMITTED, _S.EVIDENCE_NEEDED, _S.REFUSED}), _S.REVIEWING),
    Action.APPROVE: (_OPEN, _S.APPROVED),
    Action.APPROVE_RETURN: (_OPEN, _S.APPROVED),
    Action.REFUSE: (_OPEN, _S.REFUSED),
    Action.REFUND: (frozenset({_S.APPROVED, _S.RETURNED_TO_GRID}), _S.REFUNDING),
    Action.REFUND_FAILED: (frozenset({_S.REFUNDING}), _S.APPROVED),
    Action.REFUNDED: (frozenset({_S.REFUNDING}), _S.REFUNDED),
    Action.TAKE_BACK: (frozenset({_S.RETURN_REQUIRED}), _S.RETURNED_TO_GRID),
    Action.CLOSE: (frozenset(_S) - {_S.CLOSED, _S.REFUNDING}, _S.CLOSED),
    Action.SETTLE: (frozenset(_S) - {_S.CLOSED, _S.REFUNDED, _S.RETURNED_TO_GRID}, _S.CLOSED),
    Action.AMEND: (frozenset(_S) - {_S.CLOSED, _S.REFUNDED, _S.REFUSED}, None),
    Action.OPEN: (frozenset(), None),  # it is
}
# Of two events a person believes one: nothing is owed to anybody by that alone.
_OF_CONFLICTS = frozenset({Action.REVIEW, Action.CLOSE, Action.SETTLE, Action.REOPEN, Action.AMEND})
_NEEDS_TEXT = frozenset({Action.ASK_EVIDENCE, Action.REFUSE})
# What follows by itself.
_GOES_ON = {
    Action.APPROVE: Step(Action.REFUND, _S.REFUNDING),
    Action.APPROVE_RETURN: Step(Action.APPROVE_RETURN, _S.RETURN_REQUIRED),
}
# What the rule may give back without asking, and who is liable then unless a person says otherwise.
LIABLE_BY_RULE = {
    CaseProblem.SHORT: Liability.SUPPLIER,
    CaseProblem.MISSING: Liability.GRID,
    CaseProblem.WRONG_ITEM: Liability.GRID,
    CaseProblem.DAMAGED: Liability.DRIVER,
    CaseProblem.SPOILED: Liability.SUPPLIER,
    CaseProblem.UNDERWEIGHT: Liability.SUPPLIER,
    CaseProblem.TEMP_BREACH: Liability.DRIVER,
}


def opened(
    origin: Origin, problem: CaseProblem, *, at_once: bool, liability: Liability | None = None
) -> tuple[Case, tuple[Step, ...]]:
    """A new case. ``at_once``: the operator's rule refunds this without anybody looking; never what a person reported.

    ``liability``: who is liable by what was measured; a person may say otherwise.
    """
    case = Case(origin=origin, liability=liability)
    steps = (Step(Action.OPEN, case.state),)
    liable = liability or LIABLE_BY_RULE.get(problem)
    if not at_once or liable is None or origin not in (Origin.STATION, Origin.ALLOCATION, Origin.READINGS):
        return case, steps
    case, more = decide(case, Said(Action.APPROVE, liability=liable))
    return case, steps + more


def decide(case: Case, said: Said) -> tuple[Case, tuple[Step, ...]]:
    """The case after an action, and what goes into its record. RefusedMoveError."""
    if said.action is Action.GIVE_EVIDENCE:
        return _given(case, said)
    if said.action is Action.REOPEN:
        return _reopened(case)
    is_late = case.state is _S.CLOSED and case.is_settled and case.origin is not Origin.CONFLICT
    if said.action is Action.REFUNDED and is_late:
        return _paid(case, said)  # the money was on its way when what was missing was found
    _check(case, said)
    allowed, target = _MOVES[said.action]
    if case.state not in allowed:
        raise RefusedMoveError(Why.STATE, said.action, case.state)
    state = target or case.state
    steps = [Step(said.action, state)]
    if (then := _GOES_ON.get(said.action)) is not None:
        steps.append(then)
    case = replace(
        case,
        state=steps[-1].state,
        liability=said.liability or case.liability,
        refund_fen=said.refund_fen or case.refund_fen,
        reference=said.reference or case.reference,
        is_settled=said.action is Action.SETTLE,
    )
    return case, tuple(steps)


def possible(case: Case) -> tuple[Action, ...]:
    """What a person may do now, for the pages' buttons."""
    automatic = (Action.SETTLE, Action.AMEND)
    of_this = [action for action in _MOVES if case.origin is not Origin.CONFLICT or action in _OF_CONFLICTS]
    found = [action for action in of_this if action not in automatic and case.state in _MOVES[action][0]]
    if case.state is _S.CLOSED and case.is_settled and case.origin is not Origin.CONFLICT:
        found.append(Action.REFUNDED)
    return tuple(found)


def _check(case: Case, said: Said) -> None:
    """What the table of moves cannot say."""
    if case.origin is Origin.CONFLICT and said.action not in _OF_CONFLICTS:
        raise RefusedMoveError(Why.CONFLICT, said.action, case.state)
    needs_text = said.action in _NEEDS_TEXT or (said.action is Action.CLOSE and not case.state.is_over)
    if needs_text and not said.text:
        raise RefusedMoveError(Why.TEXT, said.action, case.state)
    if said.action in (Action.APPROVE, Action.APPROVE_RETURN) and said.liability is None and case.liability is None:
        raise RefusedMoveError(Why.LIABILITY, said.action, case.state)
    if said.action is Action.REFUNDED and not said.reference:
        raise RefusedMoveError(Why.REFERENCE, said.action, case.state)


def _given(case: Case, said: Said) -> tuple[Case, tuple[Step, ...]]:
    """Evidence is welcome as long as nobody has decided; where it was asked for, the case is looked at again."""
    if case.origin is Origin.CONFLICT:
        raise RefusedMoveError(Why.CONFLICT, said.action, case.state)
    if case.state not in _OPEN:
        raise RefusedMoveError(Why.STATE, said.action, case.state)
    if not said.text and not said.has_photos:
        raise RefusedMoveError(Why.TEXT, said.action, case.state)
    state = _S.REVIEWING if case.state is _S.EVIDENCE_NEEDED else case.state
    return replace(case, state=state), (Step(Action.GIVE_EVIDENCE, state),)


def _reopened(case: Case) -> tuple[Case, tuple[Step, ...]]:
    if case.state is not _S.CLOSED or not case.is_settled:
        raise RefusedMoveError(Why.STATE, Action.REOPEN, case.state)
    return replace(case, state=_S.SUBMITTED, is_settled=False), (Step(Action.REOPEN, _S.SUBMITTED),)


def _paid(case: Case, said: Said) -> tuple[Case, tuple[Step, ...]]:
    if not said.reference:
        raise RefusedMoveError(Why.REFERENCE, said.action, case.state)
    case = replace(case, state=_S.REFUNDED, reference=said.reference, is_settled=False)
    return case, (Step(Action.REFUNDED, _S.REFUNDED),)
