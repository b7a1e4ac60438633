"""One transaction a flush: who is it, can it be true, keep it, count it, rooms, commit. Then everybody is answered.

A flush that the database finds bad is halved down to the bad message, which alone is refused.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psycopg

from cloud.domain.notices import RoomNotice
from cloud.domain.whereabouts import implausible
from cloud.positions.messages import Answer, Caller, Message, Refusal
from cloud.positions.report import TrackerFix
from cloud.store.pool import Connection, is_bad_data
from cloud.store.positions import Fix, Written, write_fixes
from cloud.store.quarantine_kept import Unapplied, keep
from cloud.store.rooms import change
from cloud.store.trackers import Asked, Said, Tracker, TrackerProtocol, broker_user, found, note_heard, vehicles_underway
from edge.wire.clock import Clock, utc
from edge.wire.ids import OperatorId, SiteId

# Of strangers and of bytes that are no message: anybody can send them, and each is a row. The rest is only counted.
STRANGERS_A_S = 10.0
STRANGERS_AT_ONCE = 100


@dataclass(slots=True)
class Allowance:
    """So many a second, so many at once."""

    per_s: float = STRANGERS_A_S
    most: float = STRANGERS_AT_ONCE
    monotonic: Callable[[], float] = time.monotonic
    _left: float = STRANGERS_AT_ONCE
    _counted_s: float = 0.0

    def take(self) -> bool:
        """True where one more is allowed."""
        now_s = self.monotonic()
        self._left = min(self.most, self._left + (now_s - self._counted_s) * self.per_s)
        self._counted_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a committed flush came to: an answer a message, in their order, and the rooms that changed."""

    answers: list[Answer]
    notices: list[RoomNotice]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One message, judged: what is to be kept, what is not, and why."""

    message: Message
    tracker: Tracker | None
    fixes: tuple[Fix, ...] = ()
    unheard: int = 0
    refused: tuple[str, ...] = ()


@dataclass(slots=True)
class Flusher:
    """Writes flushes on one connection, which nobody else uses."""

    connection: Connection
    clock: Clock
    allowance: Allowance = field(default_factory=Allowance)

    async def flush(self, messages: Sequence[Message]) -> Flushed:
        """Raises what `is_unavailable` knows; then nothing of the raising half is written."""
        try:
            async with self.connection.transaction():
                return await self._steps(messages)
        except psycopg.Error as error:
            if not is_bad_data(error):
                raise
            if len(messages) > 1:
                middle = len(messages) // 2
                one, other = await self.flush(messages[:middle]), await self.flush(messages[middle:])
                return Flushed([*one.answers, *other.answers], [*one.notices, *other.notices])
            return Flushed([Answer(refused=(f"the database cannot hold it: {str(error).splitlines()[0]}",))], [])

    async def _steps(self, messages: Sequence[Message]) -> Flushed:
        now = utc(self.clock.now_ms())
        trackers = await self._trackers(messages)
        personal = {one.site_id for one in trackers.values() if one.is_personal}
        underway = await vehicles_underway(self.connection, sorted(personal)) if personal else set()
        judged = [_judge(message, trackers.get(message.caller), underway) for message in messages]
        fixes = [fix for one in judged for fix in one.fixes]
        written = await write_fixes(self.connection, fixes, once=True) if fixes else Written()
        await keep(self.connection, [one for each in judged for one in self._unapplied(each)], now)
        kept = {id(fix) for fix in written.kept}
        said = _said(judged, kept)
        if said:
            await note_heard(self.connection, said, now)
        notices = await change(self.connection, written.entries, now)
        return Flushed([_answer(one, kept) for one in judged], notices)

    async def _trackers(self, messages: Sequence[Message]) -> dict[Caller, Tracker]:
        known: dict[Caller, Tracker] = {}
        for one in await found(self.connection, Asked.all(caller.asked for caller in {message.caller for message in messages})):
            known[Caller(one.protocol, one.token_sha256, one.terminal or "")] = one
            if one.protocol is TrackerProtocol.OWNTRACKS:
                known[Caller(one.protocol, None, broker_user(one.id))] = one
        return known

    def _unapplied(self, judged: _Judged) -> list[Unapplied]:
        message = judged.message
        if judged.tracker is None or message.is_unreadable:
            if not self.allowance.take():
                return []
            reason = Refusal.UNREADABLE if message.is_unreadable else Refusal.STRANGER
            return [_kept(judged, reason, message.wrong or "this device is not enrolled, or was revoked: enrol it on the ops page")]
        if message.report is None:
            return [_kept(judged, Refusal.NOT_APPLIED, message.wrong)]
        if judged.refused:
            return [_kept(judged, Refusal.NOT_APPLIED, "; ".join(dict.fromkeys(judged.refused)))]
        return []


def _judge(message: Message, tracker: Tracker | None, underway: set[str]) -> _Judged:
    if tracker is None or message.report is None:
        return _Judged(message, tracker)
    said = message.report.fixes
    if tracker.is_personal and tracker.site_id not in underway:
        return _Judged(message, tracker, unheard=len(said))
    fixes: list[Fix] = []
    refused: list[str] = []
    for one in said:
        at_ms = message.received_at_ms if one.at_ms is None else one.at_ms
        why = implausible(one.lat, one.lon, at_ms, one.speed_m_s, message.received_at_ms)
        if why is None:
            fixes.append(_fix(one, at_ms, message.received_at_ms, tracker))
        else:
            refused.append(str(why))
    return _Judged(message, tracker, tuple(fixes), refused=tuple(refused))


def _fix(said: TrackerFix, at_ms: int, received_at_ms: int, tracker: Tracker) -> Fix:
    return Fix(
        SiteId(tracker.site_id), OperatorId(tracker.operator_id), at_ms, at_ms, received_at_ms, said.lat, said.lon,
        said.speed_m_s, said.heading_deg,
    )  # fmt: skip


def _kept(judged: _Judged, reason: Refusal, detail: str) -> Unapplied:
    message = judged.message
    site = None if judged.tracker is None else judged.tracker.site_id
    return Unapplied(message.caller.topic, site, (), message.content_type, message.content, reason, detail)


def _said(judged: Sequence[_Judged], kept: set[int]) -> list[Said]:
    """Of each tracker once, in the order of their numbers."""
    of_tracker: dict[int, list[_Judged]] = {}
    for one in judged:
        if one.tracker is not None and not one.message.is_unreadable:
            of_tracker.setdefault(one.tracker.id, []).append(one)
    return [_sum(number, of_tracker[number], kept) for number in sorted(of_tracker)]


def _sum(tracker_id: int, judged: Sequence[_Judged], kept: set[int]) -> Said:
    answers = [_answer(one, kept) for one in judged]
    reports = [one.message.report for one in judged if one.message.report is not None]
    batteries = [said.battery for report in reports for said in report.fixes if said.battery is not None]
    newest_ms = max((fix.at_ms for one in judged for fix in one.fixes), default=None)
    why = [text for one in answers for text in one.refused]
    return Said(
        tracker_id, None if newest_ms is None else utc(newest_ms), batteries[-1] if batteries else None,
        sum(one.kept for one in answers), sum(one.repeated for one in answers), sum(one.unheard for one in answers),
        len(why), why[-1] if why else "",
    )  # fmt: skip


def _answer(one: _Judged, kept: set[int]) -> Answer:
    new = sum(id(fix) in kept for fix in one.fixes)
    refused = one.refused or ((one.message.wrong,) if one.message.wrong else ())
    return Answer(one.tracker is not None, new, len(one.fixes) - new, one.unheard, refused)
