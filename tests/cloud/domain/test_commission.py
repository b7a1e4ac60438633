"""What a leader has earned: by piece, less refunds, pending until nobody can complain any more."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.commission import COMPLAINTS, Commission, HandedOut, Piece, Refund, commission

DAY = date(2026, 11, 22)
LATER = DAY + COMPLAINTS + timedelta(days=1)


def line(parcel: str, sku: str, quantity: int, pickup: date = DAY) -> HandedOut:
    return HandedOut(Piece(parcel, sku), quantity, DAY, pickup)


def test_each_piece_that_was_handed_out_earns_and_is_due_once_nobody_can_complain() -> None:
    lines = [line("P1", "egg", 2), line("P1", "milk", 1)]
    assert commission(lines, [], 50, DAY) == Commission(pieces=3, pending_fen=150)
    assert commission(lines, [], 50, DAY + COMPLAINTS) == Commission(pieces=3, pending_fen=150)
    assert commission(lines, [], 50, LATER) == Commission(pieces=3, due_fen=150)
    assert commission([], [], 50, DAY) == Commission()


def test_what_was_refunded_earns_nothing_and_never_more_is_taken_than_was_handed_out() -> None:
    lines = [line("P1", "egg", 2), line("P1", "milk", 1), line("P2", "egg", 1)]
    refunds = [Refund(Piece("P1", "egg"), 1), Refund(Piece("P2", "egg"), 5), Refund(Piece("P9", "egg"), 1)]
    assert commission(lines, refunds, 50, DAY) == Commission(pieces=2, refunded=2, pending_fen=100)


def test_a_refund_of_a_whole_parcel_takes_all_its_lines() -> None:
    lines = [line("P1", "egg", 2), line("P1", "milk", 1), line("P2", "egg", 1)]
    assert commission(lines, [Refund(Piece("P1", ""), 1)], 50, DAY) == Commission(pieces=1, refunded=3, pending_fen=50)


def test_a_refund_the_leader_is_liable_for_is_taken_off_and_may_leave_less_than_nothing() -> None:
    found = commission([line("P1", "egg", 2)], [Refund(Piece("P1", "egg"), 1, 1_800)], 50, DAY)
    assert found == Commission(pieces=1, refunded=1, liable_fen=1_800, pending_fen=-1_750)
    assert found.total_fen == -1_750


def test_pending_and_due_are_told_apart_by_pickup_day() -> None:
    found = commission([line("P1", "egg", 1), line("P2", "egg", 1, LATER)], [], 50, LATER)
    assert (found.pending_fen, found.due_fen, found.total_fen) == (50, 50, 100)


pieces = st.builds(Piece, st.sampled_from(["P1", "P2"]), st.sampled_from(["egg", "milk"]))


@given(
    st.lists(st.builds(HandedOut, pieces, st.integers(1, 9), st.just(DAY), st.just(DAY)), unique_by=lambda one: one.piece),
    st.lists(st.builds(Refund, pieces, st.integers(1, 9))),
)
def test_every_piece_earns_or_was_given_back(lines: list[HandedOut], refunds: list[Refund]) -> None:
    found = commission(lines, refunds, 50, DAY)
    assert found.pieces + found.refunded == sum(one.quantity for one in lines)
    assert found.pending_fen == found.pieces * 50
    assert found.refunded <= sum(one.quantity for one in refunds)
