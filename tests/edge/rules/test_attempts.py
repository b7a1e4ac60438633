"""Guessing: how often, how long nobody is answered after it, and what a restart changes of that (nothing)."""

from hypothesis import given
from hypothesis import strategies as st

from edge.rules.attempts import FORGET_S, Attempts, GuessRules, after_failure, after_restart, lock_s, wait_s

RULES = GuessRules(guesses=3, first_lock_s=60, longest_lock_s=200)


def failed(times: int, attempts: Attempts, now_s: float) -> Attempts:
    for _ in range(times):
        attempts = after_failure(attempts, RULES, now_s)
    return attempts


def test_the_third_wrong_guess_locks_for_a_minute() -> None:
    assert wait_s(failed(2, Attempts(), 100.0), 100.0) == 0
    locked = failed(3, Attempts(), 100.0)
    assert (wait_s(locked, 100.0), wait_s(locked, 159.0), wait_s(locked, 160.0)) == (60, 1, 0)


def test_after_a_lock_one_more_wrong_guess_locks_for_twice_as_long_up_to_the_longest() -> None:
    attempts, waits = failed(3, Attempts(), 0.0), []
    for _ in range(4):
        now_s = attempts.locked_until_s or 0.0
        attempts = after_failure(attempts, RULES, now_s)
        waits.append(wait_s(attempts, now_s))
    assert waits == [120, 200, 200, 200]


def test_slips_of_different_people_do_not_add_up_over_a_day() -> None:
    attempts = Attempts()
    for hour in range(8):
        attempts = after_failure(attempts, RULES, hour * FORGET_S)
        assert wait_s(attempts, hour * FORGET_S) == 0
    assert attempts.failures == 1


def test_a_quiet_while_after_a_lock_gives_all_guesses_back_but_the_next_lock_is_longer() -> None:
    locked = failed(3, Attempts(), 0.0)
    later_s = 60.0 + FORGET_S
    assert wait_s(failed(2, locked, later_s), later_s) == 0
    assert wait_s(failed(3, locked, later_s), later_s) == 120


def test_a_restart_while_locked_begins_the_lock_anew_and_forgets_no_guess() -> None:
    again = after_restart(2, 2, is_locked=True, rules=RULES, now_s=5.0)
    assert wait_s(again, 5.0) == 120
    unlocked = after_restart(2, 0, is_locked=False, rules=RULES, now_s=5.0)
    assert wait_s(unlocked, 5.0) == 0
    assert wait_s(after_failure(unlocked, RULES, 6.0), 6.0) == 60


@given(st.lists(st.floats(0.0, 4000.0), max_size=200))
def test_no_rhythm_of_guessing_gets_more_than_about_a_hundred_answers_a_day(gaps_s: list[float]) -> None:
    rules, attempts, now_s = GuessRules(), Attempts(), 0.0
    answered: list[float] = []
    for gap_s in gaps_s:
        now_s += gap_s
        if wait_s(attempts, now_s) == 0:
            answered.append(now_s)
            attempts = after_failure(attempts, rules, now_s)
    for start_s in answered:
        assert sum(start_s <= one_s < start_s + 86_400 for one_s in answered) <= 110


def test_a_lock_never_outgrows_the_longest() -> None:
    assert [lock_s(RULES, level) for level in (1, 2, 3, 1000)] == [60, 120, 200, 200]
