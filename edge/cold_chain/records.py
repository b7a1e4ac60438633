"""Alarms and their life as the site's file holds them, and the facts of it, in one commit with what the rules remember."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, assert_never

from edge.outbox import Stamp, Transaction
from edge.outbox.transaction import Execute
from edge.rules.alarm_words import Alarm, Cleared, Raised, Rule, Said, Severity
from edge.wire.messages import AlarmAcknowledged, AlarmCleared, AlarmClosed, AlarmRaised

RECENT = 100  # that a page can scroll back to
KEEP_MS = 90 * 24 * 3600 * 1000  # of what is over and seen; the cloud keeps it for good

StampOf = Callable[[int], Stamp]  # of what the domain clock called so

_COLUMNS = """id, subject, rule, severity, since_ms, raised_ms, value, bound, explained, detail,
              acknowledged_ms, acknowledged_by, note, cleared_ms, cleared_value, closed_ms, closed_by"""


class NoSuchAlarmError(Exception):
    """Never raised here, or forgotten. The text is for staff."""


class AlarmWorseError(Exception):
    """It is of another severity than somebody has seen. The text is for staff."""


class AlarmStandsError(Exception):
    """It cannot be closed while what it complains of goes on. The text is for staff."""


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """One alarm with its life; times in ms of the site's clock."""

    id: str
    subject: str
    rule: Rule
    severity: Severity
    since_ms: int
    raised_ms: int
    value: float | None
    limit: float | None
    explained: Literal["", "door", "defrost"]
    detail: str
    acknowledged_ms: int | None
    acknowledged_by: str
    note: str
    cleared_ms: int | None
    cleared_value: float | None
    closed_ms: int | None
    closed_by: str

    @property
    def stands(self) -> bool:
        return self.cleared_ms is None

    @property
    def needs_somebody(self) -> bool:
        """It stands, and nobody has seen it."""
        return self.cleared_ms is None and self.acknowledged_ms is None


def keep(transaction: Transaction, said: Said, stamp_of: StampOf) -> None:
    """What a rule said: its fact and its row."""
    match said:
        case Raised(alarm):
            _raise(transaction, alarm, stamp_of)
        case Cleared(alarm, at_ms, value):
            stamp = stamp_of(at_ms)
            transaction.record(AlarmCleared(alarm=alarm.id, value=value), stamp)
            transaction.execute(
                "UPDATE alarm SET cleared_ms = ?, cleared_value = ? WHERE id = ?", (stamp.measured_at_ms, value, alarm.id)
            )
        case _:
            assert_never(said)


def _raise(transaction: Transaction, alarm: Alarm, stamp_of: StampOf) -> None:
    stamp, since_ms = stamp_of(alarm.raised_ms), stamp_of(alarm.since_ms).measured_at_ms
    detail = alarm.detail[:200]
    fact = AlarmRaised(
        alarm=alarm.id,
        subject=alarm.subject,
        rule=alarm.rule.value,
        severity=alarm.severity.value,
        value=alarm.value,
        limit=alarm.limit,
        since_ms=since_ms,
        explained=alarm.explained.value,
        detail=detail,
    )
    transaction.record(fact, stamp)
    transaction.execute(
        """INSERT INTO alarm (id, subject, rule, severity, since_ms, raised_ms, value, bound, explained, detail)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, raised_ms = excluded.raised_ms, value = excluded.value,
               bound = excluded.bound, explained = excluded.explained, detail = excluded.detail,
               acknowledged_ms = NULL, acknowledged_by = '', note = '', cleared_ms = NULL, cleared_value = NULL""",
        (
            alarm.id, alarm.subject, alarm.rule.value, alarm.severity.value, since_ms, stamp.measured_at_ms, alarm.value,
            alarm.limit, alarm.explained.value, detail,
        ),
    )  # fmt: skip


def acknowledge(
    transaction: Transaction, alarm: str, device: str, actor: str, note: str, stamp: Stamp, severity: str = ""
) -> AlarmRecord:  # fmt: skip
    """Somebody has seen it. The first one counts; again is no fact. ``severity``: as they saw it, "" where they see it as it is.

    NoSuchAlarmError, AlarmWorseError.
    """
    record = find(transaction.execute, alarm)
    if severity not in ("", record.severity.value):
        raise AlarmWorseError(f"it is {record.severity.value} by now")
    if record.acknowledged_ms is not None:
        return record
    transaction.record(AlarmAcknowledged(alarm=alarm, note=note), stamp, device=device, actor=actor)
    transaction.execute(
        "UPDATE alarm SET acknowledged_ms = ?, acknowledged_by = ?, note = ? WHERE id = ?",
        (stamp.measured_at_ms, actor, note, alarm),
    )
    return find(transaction.execute, alarm)


def close(transaction: Transaction, alarm: str, device: str, actor: str, note: str, stamp: Stamp) -> AlarmRecord:
    """Somebody has dealt with it, and so has seen it. NoSuchAlarmError, AlarmStandsError."""
    record = find(transaction.execute, alarm)
    if record.closed_ms is not None:
        return record
    if record.stands:
        raise AlarmStandsError(f"{record.subject}: this still goes on; acknowledge it, and close it when it is over")
    acknowledge(transaction, alarm, device, actor, note, stamp)
    transaction.record(AlarmClosed(alarm=alarm, note=note), stamp, device=device, actor=actor)
    transaction.execute("UPDATE alarm SET closed_ms = ?, closed_by = ? WHERE id = ?", (stamp.measured_at_ms, actor, alarm))
    return find(transaction.execute, alarm)


def find(execute: Execute, alarm: str) -> AlarmRecord:
    """NoSuchAlarmError."""
    for row in execute(f"SELECT {_COLUMNS} FROM alarm WHERE id = ?", (alarm,)).fetchall():  # noqa: S608  # our own columns
        return _record(row)
    raise NoSuchAlarmError(f"no alarm {alarm[:80]!r}")


def open_ones(execute: Execute) -> list[AlarmRecord]:
    """That stand, or that nobody has seen; newest first."""
    rows = execute(
        f"SELECT {_COLUMNS} FROM alarm WHERE cleared_ms IS NULL OR acknowledged_ms IS NULL ORDER BY n DESC"  # noqa: S608  # as above
    ).fetchall()
    return [_record(row) for row in rows]


def recent(execute: Execute) -> list[AlarmRecord]:
    """The open ones first, then the newest of the others."""
    rows = execute(
        f"""SELECT {_COLUMNS} FROM alarm WHERE cleared_ms IS NOT NULL AND acknowledged_ms IS NOT NULL
            ORDER BY n DESC LIMIT ?""",  # noqa: S608  # as above
        (RECENT,),
    ).fetchall()
    return [*open_ones(execute), *(_record(row) for row in rows)]


def forget_old(execute: Execute, now_ms: int) -> None:
    """Housekeeping."""
    execute("DELETE FROM alarm WHERE raised_ms < ? AND cleared_ms IS NOT NULL AND acknowledged_ms IS NOT NULL", (now_ms - KEEP_MS,))


def read_memory(execute: Execute) -> tuple[bytes | None, bytes]:
    """What the rules remember, and the limits that the cloud wants."""
    ((watched, limits),) = execute("SELECT watched, limits FROM alarm_memory").fetchall()
    return watched, limits


def keep_watched(execute: Execute, watched: bytes) -> None:
    """In the commit of what follows from it, or by itself."""
    execute("UPDATE alarm_memory SET watched = ?", (watched,))


def keep_limits(execute: Execute, limits: bytes) -> None:
    """In force from now on."""
    execute("UPDATE alarm_memory SET limits = ?", (limits,))


def _record(row: tuple[object, ...]) -> AlarmRecord:
    alarm, subject, rule, severity, *rest = row
    return AlarmRecord(alarm, subject, Rule(rule), Severity(severity), *rest)  # type: ignore[arg-type]  # as the table says
