"""Input events to characters. The captured bytes are those of a 64-bit kernel."""

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.hid_keys import EVENT, KEYS, NO_CHARACTER, HidKeys
from firmware_sim.hid import event, press, typed

ENTER = press(28)


def test_a_captured_event_is_read_as_it_lies_in_memory() -> None:
    if EVENT.size != 24:
        pytest.skip("the captured bytes are those of a 64-bit machine")
    shift = bytes.fromhex("00c9e16500000000 20a1070000000000 0100 2a00 01000000")
    t_down = bytes.fromhex("00c9e16500000000 30a1070000000000 0100 1400 01000000")
    mark = bytes.fromhex("00c9e16500000000 30a1070000000000 0000 0000 00000000")
    assert HidKeys().feed(shift + t_down + mark) == b"T"


def test_every_printable_ascii_character_can_be_typed() -> None:
    text = string.ascii_letters + string.digits + string.punctuation + " "
    assert HidKeys().feed(typed(text)) == text.encode()


def test_enter_and_tab_end_a_label_and_control_bracket_is_the_group_separator() -> None:
    keys = HidKeys()
    assert keys.feed(typed("]d2010952\x1d21") + ENTER + press(15) + press(96)) == b"]d2010952\x1d21\r\r\r"


def test_the_keypad_types_digits() -> None:
    assert HidKeys().feed(b"".join(map(press, (79, 80, 81, 75, 76, 77, 71, 72, 73, 82)))) == b"1234567890"


def test_caps_lock_turns_letters_and_nothing_else() -> None:
    assert HidKeys().feed(press(58) + typed("aB1!") + press(58) + typed("a")) == b"Ab1!a"


def test_a_key_held_down_types_once() -> None:
    assert HidKeys().feed(event(1, 30, 1) + event(1, 30, 2) * 20 + event(1, 30, 0)) == b"a"


@pytest.mark.parametrize("code", [1, 14, 59, 103, 113, 240, 767])
def test_a_key_that_types_nothing_marks_the_label_as_no_label(code: int) -> None:
    assert HidKeys().feed(press(code)) == NO_CHARACTER


def test_alt_codes_and_other_control_keys_are_marked() -> None:
    alt_0 = event(1, 56, 1) + press(82) + event(1, 56, 0)
    control_c = event(1, 29, 1) + press(46) + event(1, 29, 0)
    assert HidKeys().feed(alt_0 + control_c + typed("x")) == NO_CHARACTER * 2 + b"x"


def test_dropped_events_mark_the_label_and_forget_what_was_held() -> None:
    assert HidKeys().feed(event(1, 42, 1) + event(0, 3, 0) + typed("a")) == NO_CHARACTER + b"a"


def test_an_unplug_forgets_half_an_event_and_what_was_held() -> None:
    keys = HidKeys()
    keys.feed(event(1, 42, 1) + typed("a")[:7])
    keys.lost()
    assert keys.feed(typed("a")) == b"a"


def test_no_key_is_named_twice() -> None:
    assert len({shifted for _, shifted in KEYS.values()} | {plain for plain, _ in KEYS.values()}) == 95


@given(st.text(string.printable[:95], max_size=20), st.lists(st.integers(0, 4000), max_size=6))
def test_the_same_events_type_the_same_however_they_are_cut(text: str, cuts: list[int]) -> None:
    data = typed(text)
    keys = HidKeys()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    assert b"".join(keys.feed(data[start:end]) for start, end in itertools.pairwise(edges)) == text.encode()


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_no_bytes_raise(chunks: list[bytes]) -> None:
    keys = HidKeys()
    for chunk in chunks:
        keys.feed(chunk)
    assert len(keys._rest) < EVENT.size
