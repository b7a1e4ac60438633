from hypothesis import given
from hypothesis import strategies as st

from edge.devices.barcode import Symbol
from edge.devices.sightings import AGREE_S, FRAMES_UNCHECKED, MAX_IN_VIEW, REARM_S, Sightings

BAR = Symbol("6901234567892", "E0")
MATRIX = Symbol("TTP", "Q1")


def test_a_bar_code_needs_a_second_frame_that_agrees() -> None:
    view = Sightings()
    assert view.frame([BAR], 0.0) == []
    assert view.frame([BAR], AGREE_S) == [BAR]


def test_a_code_without_a_check_digit_needs_one_frame_more() -> None:
    view = Sightings()
    unchecked = Symbol("123456", "I0")
    assert [view.frame([unchecked], n * 0.1) for n in range(FRAMES_UNCHECKED + 1)] == [[], [], [unchecked], []]


def test_frames_that_agree_come_one_soon_after_the_other() -> None:
    view = Sightings()
    unchecked = Symbol("123456", "I0")
    assert [view.frame([unchecked], at_s) for at_s in (0.0, 0.1, 0.6, 0.7)] == [[], [], [], []]
    assert view.frame([unchecked], 0.8) == [unchecked]


def test_a_misread_between_two_good_frames_is_no_scan() -> None:
    view = Sightings()
    misread = Symbol("1077778003259", "E0")
    assert view.frame([BAR], 0.0) == []
    assert view.frame([misread], 0.1) == []
    assert view.frame([BAR], 0.2) == [BAR]


def test_two_frames_too_far_apart_do_not_agree() -> None:
    view = Sightings()
    assert view.frame([BAR], 0.0) == []
    assert view.frame([BAR], AGREE_S + 0.01) == []
    assert view.frame([BAR], AGREE_S + 0.1) == [BAR]


def test_a_matrix_code_is_believed_at_once() -> None:
    assert Sightings().frame([MATRIX], 0.0) == [MATRIX]


def test_what_stays_in_view_is_one_scan_and_what_comes_back_is_another() -> None:
    view = Sightings()
    assert view.frame([MATRIX], 0.0) == [MATRIX]
    for n in range(1, 100):
        assert view.frame([MATRIX], n * 0.5) == []
    gone_s = 99 * 0.5
    assert view.frame([], gone_s + REARM_S - 0.01) == []
    assert view.frame([MATRIX], gone_s + REARM_S) == [MATRIX]


def test_several_labels_in_one_frame_are_several_scans() -> None:
    view = Sightings()
    assert view.frame([BAR, MATRIX], 0.0) == [MATRIX]
    assert view.frame([BAR, MATRIX], 0.1) == [BAR]


@given(st.lists(st.tuples(st.sampled_from([BAR, MATRIX, None]), st.floats(0.0, 3.0)), max_size=60))
def test_no_two_scans_of_one_label_without_a_pause_in_which_it_was_unseen(steps: list[tuple[Symbol | None, float]]) -> None:
    view = Sightings()
    now_s = 0.0
    last_seen: dict[Symbol, float] = {}
    scanned: set[Symbol] = set()
    for symbol, pause_s in steps:
        now_s += pause_s
        if symbol is not None and now_s - last_seen.get(symbol, -10.0) >= REARM_S:
            scanned.discard(symbol)
        for found in view.frame([symbol] if symbol else [], now_s):
            assert found not in scanned
            scanned.add(found)
        if symbol is not None:
            last_seen[symbol] = now_s


def test_memory_is_bounded_whatever_is_shown() -> None:
    view = Sightings()
    for n in range(20):
        view.frame([Symbol(f"{n}/{m}", "C0") for m in range(100)], n * 0.01)
    assert len(view._seen) == MAX_IN_VIEW
