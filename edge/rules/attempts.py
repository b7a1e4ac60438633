"""How often somebody may guess: one counter a place for every way of asking, then nobody is answered there for a while.

With 5 guesses and locks that double from 1 to 15 minutes a guesser has about a hundred tries a day at 10^8 codes of which 300 are
someone's: one hit in ten years. Real monotonic time: a clock that is set back opens nothing.
"""

from dataclasses import dataclass, replace

FORGET_S = 3600.0  # wrong keys of different people over a day must not add up to a lock


@dataclass(frozen=True, slots=True)
class GuessRules:
    """So many wrong guesses; the first lock; the longest, for each lock doubles."""

    guesses: int = 5
    first_lock_s: int = 60
    longest_lock_s: int = 900


@dataclass(frozen=True, slots=True)
class Attempts:
    """What a place remembers. Times are monotonic seconds. ``level``: locks since somebody was last right."""

    failures: int = 0
    level: int = 0
    failed_s: float = 0.0
    locked_until_s: float | None = None


def wait_s(attempts: Attempts, now_s: float) -> float:
    """How long nobody is answered yet; 0: ask."""
    return 0.0 if attempts.locked_until_s is None else max(0.0, attempts.locked_until_s - now_s)


def lock_s(rules: GuessRules, level: int) -> int:
    """How long the lock of this level holds, levels from 1."""
    return min(rules.first_lock_s << min(level - 1, 20), rules.longest_lock_s)


def after_failure(attempts: Attempts, rules: GuessRules, now_s: float) -> Attempts:
    """A wrong guess, made while unlocked. The one after a lock locks again."""
    quiet_s = now_s - max(attempts.failed_s, attempts.locked_until_s or attempts.failed_s)
    failures = (0 if quiet_s >= FORGET_S else attempts.failures) + 1
    if failures < rules.guesses:
        return replace(attempts, failures=failures, failed_s=now_s, locked_until_s=None)
    level = attempts.level + 1
    return Attempts(rules.guesses - 1, level, now_s, now_s + lock_s(rules, level))


def after_restart(failures: int, level: int, *, is_locked: bool, rules: GuessRules, now_s: float) -> Attempts:
    """What the disk remembers. A lock starts anew, for nobody knows how long the machine was off."""
    return Attempts(failures, level, now_s, now_s + lock_s(rules, max(level, 1)) if is_locked else None)
