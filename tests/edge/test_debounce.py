"""A scanner held over one label."""

from edge.rules.debounce import REMEMBERED, WINDOW_S, forget, is_repeat, remember

A, B = "A", "B"


def test_the_same_label_again_within_the_window_is_the_same_act() -> None:
    seen = remember({}, A, 10.0)
    assert is_repeat(seen, A, 10.0 + WINDOW_S / 2)
    assert not is_repeat(seen, A, 10.0 + WINDOW_S)
    assert not is_repeat(seen, B, 10.1)


def test_what_a_camera_saw_a_moment_before_the_scanner_read_it_is_the_same_act_though_it_comes_in_later() -> None:
    seen = remember({}, A, 10.0)
    assert is_repeat(seen, A, 9.9)
    assert not is_repeat(seen, A, 10.0 - WINDOW_S)


def test_what_came_to_nothing_may_be_scanned_again_at_once() -> None:
    seen = forget(remember(remember({}, A, 10.0), B, 10.1), B)
    assert not is_repeat(seen, B, 10.2)
    assert is_repeat(seen, A, 10.2)


def test_a_label_that_stays_in_view_stays_the_same_act() -> None:
    seen = remember({}, A, 0.0)
    for tenth in range(1, 100):
        assert is_repeat(seen, A, tenth / 10)
        seen = remember(seen, A, tenth / 10)


def test_two_labels_in_view_by_turns_are_two_acts() -> None:
    seen = remember(remember({}, A, 0.0), B, 0.1)
    assert is_repeat(seen, A, 0.2)
    assert is_repeat(seen, B, 0.2)


def test_memory_is_bounded_and_a_clock_that_went_back_forgets() -> None:
    seen = remember({}, A, 0.0)
    for number in range(100):
        seen = remember(seen, str(number), 0.0)
    assert len(seen) == REMEMBERED
    assert not is_repeat(remember({}, A, 50.0), A, 10.0)
