"""Who works at which device: log-in by PIN or badge, without a network. Pure.

A session belongs to a device (a page's own id, or a scanner): its acts carry that person's id. It ends when they say so, when
somebody else logs in there, when the manifest does not name them any more, or after a shift.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edge.devices.ports import Sound
from edge.rules.attempts import Attempts, after_failure, wait_s
from edge.station.gates import Gate, LogInBy, known_by
from edge.station.handout import Guessing
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import StaffMember
from edge.wire.messages import AskingLocked, StaffLoggedIn, StaffLoggedOut, StaffRefused

SESSION_MS = 12 * 3_600_000  # nobody's shift is longer; whoever forgot to log out is not there any more


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
    """What came of one. ``session``: from now on; None: nobody was logged in, and who was stays. ``attempts``: to be kept, by
    place.
    """

    verdict: Verdict
    attempts: Mapping[str, Attempts]
    session: Session | None = None


def log_in(
    member: StaffMember | None, by: LogInBy, gate: Gate, device: str, before: Session | None, now_ms: int
) -> LogIn:  # fmt: skip
    """Somebody showed a badge or typed a PIN that is ``member``'s, or nobody's. Asked only while the gate is open."""
    if member is None:
        return _refused(by, gate)
    logged_in = StaffLoggedIn(staff=member.staff, how=by)
    session = Session(device, member.staff, now_ms)
    cleared = {gate.own.place: Attempts(), known_by(device): Attempts()}
    if before is None or before.staff == member.staff:
        return LogIn(Verdict(Word.LOGGED_IN, Sound.OK, (logged_in,), detail=member.staff), cleared, session)
    replaced = StaffLoggedOut(staff=before.staff, why="replaced")
    return LogIn(Verdict(Word.LOGGED_IN, Sound.OK, (replaced, logged_in), detail=member.staff), cleared, session)


def locked(gate: Gate) -> Verdict | None:
    """Asked before anything is derived or looked up; None: the gate is open."""
    left_s = gate.wait_s
    return Verdict(Word.LOCKED_OUT, Sound.REFUSED, amount=math.ceil(left_s)) if left_s > 0.0 else None


def _refused(by: LogInBy, gate: Gate) -> LogIn:
    own, ceiling = _wronged(gate.own), None if gate.ceiling is None else _wronged(gate.ceiling)
    counters = [own] if ceiling is None else [own, ceiling]
    locks = tuple(
        AskingLocked(place=one.place, failures=one.rules.guesses, lock_s=int(wait_s(one.attempts, one.now_s)))
        for one in counters
        if wait_s(one.attempts, one.now_s)
    )
    verdict = locked(Gate(own, ceiling)) or Verdict(Word.LOG_IN_UNKNOWN, Sound.REFUSED)
    attempts = {one.place: one.attempts for one in counters}
    return LogIn(verdict._replace(facts=(StaffRefused(how=by, reason="unknown"), *locks)), attempts)


def _wronged(guessing: Guessing) -> Guessing:
    return replace(guessing, attempts=after_failure(guessing.attempts, guessing.rules, guessing.now_s))


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
