"""Logging in and out without a network."""

from dataclasses import replace

from edge.devices.ports import Sound
from edge.rules.attempts import Attempts, GuessRules
from edge.station import staff
from edge.station.gates import Gate
from edge.station.handout import Guessing
from edge.station.staff import SESSION_MS, Session
from edge.station.verdict import Word
from edge.wire.messages import AskingLocked, StaffLoggedIn, StaffLoggedOut, StaffRefused
from tests.edge.station.days import NOON_MS
from tests.edge.station.things import DAY

CHEN, ZHOU = DAY.staff
RULES = GuessRules(guesses=2)
FRESH = Gate(Guessing("staff/pin/page-1", Attempts(), RULES, 10.0), Guessing("staff", Attempts(), GuessRules(guesses=9), 10.0))


def test_a_badge_logs_its_owner_in_at_the_device_and_whoever_was_there_out() -> None:
    first = staff.log_in(CHEN, "badge", FRESH, "page-1", None, NOON_MS)
    assert first.verdict.facts == (StaffLoggedIn(staff="staff-1", how="badge"),)
    assert first.session == Session("page-1", "staff-1", NOON_MS)
    second = staff.log_in(ZHOU, "pin", FRESH, "page-1", first.session, NOON_MS)
    assert second.verdict.facts == (
        StaffLoggedOut(staff="staff-1", why="replaced"),
        StaffLoggedIn(staff="staff-2", how="pin"),
    )


def test_wrong_pins_are_counted_and_lock_the_log_in_and_a_right_one_clears_them() -> None:
    once = staff.log_in(None, "pin", FRESH, "page-1", None, NOON_MS)
    assert (once.verdict.word, once.verdict.sound, once.session) == (Word.LOG_IN_UNKNOWN, Sound.REFUSED, None)
    again = replace(FRESH, own=Guessing("staff/pin/page-1", once.attempts["staff/pin/page-1"], RULES, 11.0))
    twice = staff.log_in(None, "pin", again, "page-1", None, NOON_MS)
    assert twice.verdict.facts == (
        StaffRefused(how="pin", reason="unknown"),
        AskingLocked(place="staff/pin/page-1", failures=2, lock_s=60),
    )
    assert (twice.verdict.word, twice.verdict.amount) == (Word.LOCKED_OUT, 60)
    assert staff.log_in(CHEN, "pin", again, "page-1", None, NOON_MS).attempts == {"staff/pin/page-1": Attempts()}


def test_a_session_ends_when_asked_after_a_shift_or_with_the_job() -> None:
    mine, old, gone = Session("p1", "staff-1", NOON_MS), Session("p2", "staff-2", NOON_MS - SESSION_MS), Session("p3", "x", NOON_MS)
    assert staff.log_out(mine).facts == (StaffLoggedOut(staff="staff-1"),)
    assert staff.log_out(None).facts == ()
    assert staff.ended([mine, old, gone], DAY.staff, NOON_MS) == [
        (old, StaffLoggedOut(staff="staff-2", why="idle")),
        (gone, StaffLoggedOut(staff="x", why="removed")),
    ]
    assert not mine.is_over(NOON_MS - 10 * SESSION_MS)
