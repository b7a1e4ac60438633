"""When the town's clock stands, and when it goes on."""

from firmware_sim.town.waiting import MOST_S, Waiting


def test_the_time_stands_while_the_night_is_late_and_goes_on_at_its_pace() -> None:
    waiting = Waiting()
    assert waiting.look(30.0, 0.0, is_behind=False) is None
    assert waiting.look(30.0, 1.0, is_behind=True) == 0.0
    assert waiting.look(0.0, 2.0, is_behind=True) is None
    assert waiting.look(0.0, 3.0, is_behind=False) == 30.0
    assert waiting.look(30.0, 4.0, is_behind=False) is None


def test_a_clock_that_was_held_before_the_town_came_goes_on_when_all_is_there() -> None:
    waiting = Waiting(60.0)
    assert waiting.look(0.0, 5_000.0, is_behind=True) is None
    assert waiting.look(0.0, 5_060.0, is_behind=True) is None
    assert waiting.look(0.0, 5_061.0, is_behind=False) == 60.0


def test_who_sets_another_pace_meanwhile_has_the_last_word() -> None:
    waiting = Waiting()
    assert waiting.look(30.0, 0.0, is_behind=True) == 0.0
    assert waiting.look(60.0, 1.0, is_behind=True) is None
    assert waiting.look(60.0, 2.0, is_behind=True) is None
    assert waiting.look(60.0, 3.0, is_behind=False) is None
    assert waiting.look(60.0, 4.0, is_behind=True) == 0.0


def test_a_pause_of_somebody_is_theirs() -> None:
    waiting = Waiting()
    assert waiting.look(0.0, 0.0, is_behind=True) is None
    assert waiting.look(0.0, 1.0, is_behind=False) is None


def test_what_is_broken_holds_the_time_up_for_three_minutes_and_then_not_again_until_it_is_mended() -> None:
    waiting = Waiting()
    assert waiting.look(30.0, 0.0, is_behind=True) == 0.0
    assert waiting.look(0.0, MOST_S, is_behind=True) == 30.0
    assert waiting.look(30.0, MOST_S + 1, is_behind=True) is None
    assert waiting.look(30.0, MOST_S + 2, is_behind=False) is None
    assert waiting.look(30.0, MOST_S + 3, is_behind=True) == 0.0
