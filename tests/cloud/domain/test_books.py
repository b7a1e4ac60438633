from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.books import Account, Complaint, Delivery, Line, Side, Unresolved, Variance, close
from edge.rules.custody import ParcelState
from edge.wire.messages import Problem

FINAL = (ParcelState.RELEASED, ParcelState.RETURNED, ParcelState.DISPOSED)
SKUS = ("rice", "milk", "ice")
EGGS = Account("egg", "ambient")


def delivery(
    state: ParcelState, contents: Mapping[str, int] | None = None, variances: Sequence[Variance] = (), *,
    is_disputed: bool = False, is_missing: bool = False, parcel: str = "P1",
) -> Delivery:  # fmt: skip
    return Delivery(
        parcel, "st-1", "ambient", state, contents or {"egg": 3}, variances, is_disputed=is_disputed, is_missing=is_missing
    )


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (ParcelState.RELEASED, Line(EGGS, 3, 3, 0, 0, 0)),
        (ParcelState.RETURNED, Line(EGGS, 3, 0, 3, 0, 0)),
        (ParcelState.DISPOSED, Line(EGGS, 3, 0, 0, 3, 0)),
    ],
)
def test_what_has_left_is_on_the_side_by_which_it_left(state: ParcelState, line: Line) -> None:
    books = close([delivery(state)])
    assert books.lines == (line,)
    assert books.is_balanced


@pytest.mark.parametrize("state", [state for state in ParcelState if state not in FINAL])
def test_a_parcel_that_has_not_left_and_that_nobody_has_reported_is_named(state: ParcelState) -> None:
    books = close([delivery(state), delivery(ParcelState.RELEASED, parcel="P2")])
    assert not books.is_balanced
    assert books.unresolved == (Unresolved("P1", "st-1", state, 3),)
    assert books.lines[0].open == 3


def test_what_is_missing_or_disputed_is_a_case_as_a_whole() -> None:
    missing = delivery(ParcelState.EXPECTED, is_missing=True)
    disputed = delivery(ParcelState.RELEASED, is_disputed=True, parcel="P2")
    assert close([missing, disputed]).lines == (Line(EGGS, 6, 0, 0, 0, 6),)


def test_pieces_that_were_reported_are_a_case_and_the_others_left() -> None:
    said = [Variance(Problem.SHORT, "egg", 1), Variance(Problem.SPOILED, "egg", 1)]
    assert close([delivery(ParcelState.RELEASED, variances=said)]).lines == (Line(EGGS, 3, 1, 0, 0, 2),)
    assert close([delivery(ParcelState.DISPOSED, variances=said)]).lines == (Line(EGGS, 3, 0, 0, 2, 1),)
    assert close([delivery(ParcelState.SHELVED, variances=said)]).unresolved[0].pieces == 1


def test_a_piece_that_is_wrong_in_two_ways_is_one_case() -> None:
    said = [Variance(Problem.DAMAGED, "egg", 2), Variance(Problem.SPOILED, "egg", 2)]
    assert close([delivery(ParcelState.RELEASED, variances=said)]).lines == (Line(EGGS, 3, 0, 0, 0, 3),)


def test_what_came_besides_is_counted_as_sent_and_is_a_case() -> None:
    said = [Variance(Problem.WRONG_ITEM, "salt", 1), Variance(Problem.SHORT, "egg", 1)]
    books = close([delivery(ParcelState.RELEASED, variances=said)])
    assert books.lines == (Line(EGGS, 3, 2, 0, 0, 1), Line(Account("salt", "ambient"), 1, 0, 0, 0, 1))
    assert (books.is_balanced, books.total(Side.SENT), books.total(Side.IN_CASES)) == (True, 4, 2)


def test_what_its_resident_complains_of_after_it_was_handed_out_is_a_case() -> None:
    released = replace(delivery(ParcelState.RELEASED), complaints=[Complaint("egg", 1), Complaint("salt", 1)])
    assert close([released]).lines == (Line(EGGS, 3, 2, 0, 0, 1),)
    whole = replace(delivery(ParcelState.RELEASED), complaints=[Complaint("", 1)])
    assert close([whole]).lines == (Line(EGGS, 3, 0, 0, 0, 3),)
    thrown_away = replace(delivery(ParcelState.DISPOSED), complaints=[Complaint("egg", 2)])
    assert close([thrown_away]).lines == (Line(EGGS, 3, 0, 0, 3, 0),)


def test_pieces_below_zero_are_refused_for_they_would_make_another_parcels_open_ones_up() -> None:
    with pytest.raises(ValueError, match="pieces: want 0 or more, got -3 of egg in P1"):
        close([delivery(ParcelState.SHELVED, {"egg": -3}), delivery(ParcelState.SHELVED, parcel="P2")])


variances = st.lists(
    st.builds(Variance, st.sampled_from(Problem), st.sampled_from(SKUS), st.integers(1, 3)), max_size=4
)  # fmt: skip
contents = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 5), min_size=1)


@given(
    st.lists(
        st.builds(
            Delivery, st.text("PQ123", min_size=1), st.just("st-1"), st.sampled_from(["ambient", "chilled"]),
            st.sampled_from(ParcelState), contents, variances, st.booleans(), st.booleans(),
            st.lists(st.builds(Complaint, st.sampled_from(["", *SKUS]), st.integers(1, 3)), max_size=2),
        )
    )
)  # fmt: skip
def test_every_piece_is_on_one_side_or_in_a_parcel_that_is_named(deliveries: list[Delivery]) -> None:
    books = close(deliveries)
    assert sum(line.open for line in books.lines) == sum(one.pieces for one in books.unresolved)
    assert all(
        line.open >= 0 and min(line.sent, line.released, line.returned, line.disposed, line.in_cases) >= 0 for line in books.lines
    )
    came_besides = sum(
        one.pieces for parcel in deliveries for one in parcel.variances if one.problem in (Problem.SURPLUS, Problem.WRONG_ITEM)
    )
    assert books.total(Side.SENT) == came_besides + sum(sum(parcel.contents.values()) for parcel in deliveries)
    resolved = [one for one in deliveries if one.state in FINAL or one.is_disputed or one.is_missing]
    assert close(resolved).is_balanced
