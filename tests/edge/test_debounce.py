"""A scanner held over one label."""

from edge.rules.debounce import REMEMBERED, WINDOW_S, Sighting, is_repeat, remember

A, B = Sighting("scanner-1", "A"), Sighting("scanner-1", "B")


def test_the_same_label_again_within_the_window_is_the_same_act() -> None:
    seen = remember({}, A, 10.0)
    assert is_repeat(seen, A, 10.0 + WINDOW_S / 2)
    assert not is_repeat(seen, A, 10.0 + WINDOW_S)
    assert not is_repeat(seen, B, 10.1)


def test_what_the_camera_sees_of_a_label_just_scanned_is_the_same_act() -> None:
    seen = remember({}, A, 10.0)
    assert is_repeat(seen, Sighting("camera-1", "A"), 10.1)
    assert not is_repeat(seen, Sighting("camera-1", "A"), 10.0 + WINDOW_S)
    assert not is_repeat(seen, Sighting("camera-1", "B"), 10.1)


def test_a_label_in_the_cameras_view_and_under_the_scanner_stays_one_act_while_either_reads() -> None:
    seen = remember({}, A, 10.0)
    seen = remember(seen, Sighting("camera-1", "A"), 11.0)
    assert is_repeat(seen, A, 12.0)
    assert not is_repeat(seen, A, 12.6)


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
        seen = remember(seen, Sighting("s", str(number)), 0.0)
    assert len(seen) == REMEMBERED
    assert not is_repeat(remember({}, A, 50.0), A, 10.0)
