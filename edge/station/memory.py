"""Small things the station remembers over a restart: wrong guesses, who works where, the stock-take that is going on."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.outbox.transaction import Execute
from edge.rules.attempts import Attempts, GuessRules, after_restart
from edge.station.staff import Session


@dataclass(frozen=True, slots=True)
class StockTake:
    """``scope``: a shelf's letters, "" for everything. ``after_row``: bookings after this one are its."""

    scope: str
    after_row: int


def read_attempts(execute: Execute, rules: GuessRules, now_s: float) -> dict[str, Attempts]:
    """At start; a place that was locked is locked anew."""
    rows = execute("SELECT place, failures, level, locked FROM attempt").fetchall()
    return {
        place: after_restart(failures, level, is_locked=bool(locked), rules=rules, now_s=now_s)
        for place, failures, level, locked in rows
    }


def keep_attempts(execute: Execute, place: str, attempts: Attempts) -> None:
    """In the commit of what was answered."""
    execute(
        """INSERT INTO attempt (place, failures, level, locked) VALUES (?, ?, ?, ?)
           ON CONFLICT (place) DO UPDATE SET failures = excluded.failures, level = excluded.level, locked = excluded.locked""",
        (place, attempts.failures, attempts.level, attempts.locked_until_s is not None),
    )


def forget_attempts(execute: Execute, places: Iterable[str]) -> None:
    """Nobody was wrong there for long."""
    for place in places:
        execute("DELETE FROM attempt WHERE place = ?", (place,))


def read_sessions(execute: Execute) -> dict[str, Session]:
    """Who works at which device."""
    rows = execute("SELECT device, staff, since_ms FROM session").fetchall()
    return {device: Session(device, staff, since_ms) for device, staff, since_ms in rows}


def keep_session(execute: Execute, session: Session) -> None:
    """From now on they work there, and nobody else."""
    execute(
        """INSERT INTO session (device, staff, since_ms) VALUES (?, ?, ?)
           ON CONFLICT (device) DO UPDATE SET staff = excluded.staff, since_ms = excluded.since_ms""",
        (session.device, session.staff, session.since_ms),
    )


def end_session(execute: Execute, device: str) -> None:
    """Nobody works there."""
    execute("DELETE FROM session WHERE device = ?", (device,))


def stock_take(execute: Execute) -> StockTake | None:
    """The one that is going on."""
    for scope, after_row in execute("SELECT scope, after_row FROM stock_take").fetchall():
        return StockTake(scope, after_row)
    return None


def begin_stock_take(execute: Execute, take: StockTake, now_ms: int) -> None:
    """A new one takes the place of one that was never closed."""
    execute(
        """INSERT INTO stock_take (one, scope, after_row, began_at_ms) VALUES (1, ?, ?, ?)
           ON CONFLICT (one) DO UPDATE SET scope = excluded.scope, after_row = excluded.after_row,
               began_at_ms = excluded.began_at_ms""",
        (take.scope, take.after_row, now_ms),
    )


def end_stock_take(execute: Execute) -> None:
    """Closed."""
    execute("DELETE FROM stock_take")
