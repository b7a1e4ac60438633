"""Who works at which device: log-in by PIN or badge, without a network. Pure.

A session belongs to a device (a page's own id, or a scanner): its acts carry that person's id. It ends when they say so, when
somebody else logs in there, when the manifest does not name them any more, or after a shift.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from edge.devices.ports import Sound
from edge.rules.attempts import Attempts, after_failure
from edge.station.handout import Guessing
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import StaffMember
from edge.wire.messages import AskingLocked, StaffLoggedIn, StaffLoggedOut, StaffRefused

SESSION_MS = 12 * 3_600_000  # nobody's shift is longer; whoever forgot to log out is not there any more

LogInBy = Literal["pin", "badge"]


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in at a device, since when (domain time)."""

    device: str
    staff: str
    since_ms: int

    def is_over(self, now_ms: int) -> bool:
        """Whether a shift's length has passed. A clock that was set back ends nothing."""
        return now_ms - self.since_ms >= SESSION_MS


@dataclass(frozen=True, slots=True)
class LogIn:
    """What came of one. ``session``: from now on; None: nobody was logged in, and who was stays. ``attempts``: to be kept."""

    verdict: Verdict
    attempts: Attempts
    session: Session | None = None


def log_in(
    member: StaffMember | None, by: LogInBy, guessing: Guessing, device: str, before: Session | None, now_ms: int
) -> LogIn:  # fmt: skip
    """Somebody showed a badge or typed a PIN that is ``member``'s, or nobody's. Asked only while the place is not locked."""
    if member is None:
        attempts = after_failure(guessing.attempts, guessing.rules, guessing.now_s)
        refused = StaffRefused(how=by, reason="unknown")
        if attempts.locked_until_s is None:
            return LogIn(Verdict(Word.LOG_IN_UNKNOWN, Sound.REFUSED, (refused,)), attempts)
        seconds = int(attempts.locked_until_s - guessing.now_s)
        lock = AskingLocked(place=guessing.place, failures=guessing.rules.guesses, lock_s=seconds)
        return LogIn(Verdict(Word.LOCKED_OUT, Sound.REFUSED, (refused, lock), amount=seconds), attempts)
    logged_in = StaffLoggedIn(staff=member.staff, how=by)
    session = Session(device, member.staff, now_ms)
    if before is None or before.staff == member.staff:
        return LogIn(Verdict(Word.LOGGED_IN, Sound.OK, (logged_in,), detail=member.staff), Attempts(), session)
    replaced = StaffLoggedOut(staff=before.staff, why="replaced")
    return LogIn(Verdict(Word.LOGGED_IN, Sound.OK, (replaced, logged_in), detail=member.staff), Attempts(), session)


def log_out(session: Session | None) -> Verdict:
    """Somebody stops working at a device."""
    if session is None:
        return Verdict(Word.LOGGED_OUT, Sound.DUPLICATE)
    return Verdict(Word.LOGGED_OUT, Sound.OK, (StaffLoggedOut(staff=session.staff),), detail=session.staff)


def ended(sessions: Iterable[Session], staff: Iterable[StaffMember], now_ms: int) -> list[tuple[Session, StaffLoggedOut]]:
    """Sessions that are over: after a shift, or of somebody who does not work here any more."""
    known = {member.staff for member in staff}
    over: list[tuple[Session, StaffLoggedOut]] = []
    for session in sessions:
        if session.staff not in known:
            over.append((session, StaffLoggedOut(staff=session.staff, why="removed")))
        elif session.is_over(now_ms):
            over.append((session, StaffLoggedOut(staff=session.staff, why="idle")))
    return over
