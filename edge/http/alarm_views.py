"""An alarm as the staff page sees it."""

from typing import Literal

from edge.cold_chain.records import AlarmRecord
from edge.http.forms import Form
from edge.station.day import Day


class AlarmView(Form):
    """One alarm with its life. ``severity`` may have grown; then ``acknowledged_ms`` is null again."""

    id: str
    subject: str
    rule: Literal["high", "low", "door_open", "silent", "stuck"]
    severity: Literal["warning", "critical"]
    since_ms: int
    raised_ms: int
    value: float | None
    limit: float | None
    explained: Literal["", "door", "defrost"]
    detail: str
    stands: bool
    acknowledged_ms: int | None
    acknowledged_by: str
    acknowledged_name: str
    note: str
    cleared_ms: int | None
    cleared_value: float | None
    closed_ms: int | None
    closed_by: str


def alarm_view(record: AlarmRecord, day: Day) -> AlarmView:
    """One alarm."""
    member = day.staff.get(record.acknowledged_by)
    return AlarmView(
        id=record.id,
        subject=record.subject,
        rule=record.rule.value,
        severity=record.severity.value,
        since_ms=record.since_ms,
        raised_ms=record.raised_ms,
        value=record.value,
        limit=record.limit,
        explained=record.explained,
        detail=record.detail,
        stands=record.stands,
        acknowledged_ms=record.acknowledged_ms,
        acknowledged_by=record.acknowledged_by,
        acknowledged_name=member.name if member else "",
        note=record.note,
        cleared_ms=record.cleared_ms,
        cleared_value=record.cleared_value,
        closed_ms=record.closed_ms,
        closed_by=record.closed_by,
    )
