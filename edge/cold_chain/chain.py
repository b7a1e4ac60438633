"""The station's alarms: every reading through the rules, what they say into the file and to the buzzer, and who has seen it.

A raised alarm is on the disk, with its fact and all that the rules remember, before anything sounds. Leaves the rules to
edge.rules.alarms and screens to edge.http.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
import structlog

from edge.cold_chain import records
from edge.cold_chain.records import AlarmRecord
from edge.cold_chain.reminder import Reminder, cue_of
from edge.cold_chain.watches import watches_of
from edge.config.settings import ColdSettings
from edge.devices.ports import Feedback
from edge.devices.sensor import Measured as Sensed
from edge.devices.sensor import Reading
from edge.outbox import NotKeptError, Outbox, Transaction
from edge.rules import alarm_state, alarms
from edge.rules.alarm_limits import DEFAULT_LIMITS, limits_of
from edge.rules.alarm_words import Alarm, Cleared, Explained, Raised, Said
from edge.rules.alarms import Measured, Watch, Watched
from edge.site_clock import SiteClock
from edge.wire.clock import Clock
from edge.wire.messages import FROM_AFAR, GoodsLimits

CLOUD = "dispatcher"  # who acknowledged, where it was somebody in the cloud: no name travels
ROUND_S = 1.0  # real seconds
UNDERWAY_S = 3.0  # real seconds a reading may take from the sensor to us; who seems silent for less is not
SAVE_S = 60.0  # real seconds: a power cut costs a minute of what is counted, no more
MAX_JUMP_MS = 5_000  # a clock that moves more than this beside the monotonic one was set
MAX_UNKEPT = 1_000  # while the disk takes nothing; overflow policy: the oldest goes, and the log says so

_log = structlog.get_logger()


class ColdChain:
    """One a site, on the event loop. ``load`` before use; ``take`` hears every reading; ``run`` until cancelled."""

    def __init__(
        self,
        boxes: Sequence[ColdSettings],
        every_s: Mapping[str, float],
        outbox: Outbox,
        clock: Clock,
        site_clock: SiteClock,
        feedback: Sequence[Feedback],
        read_monotonic_s: Callable[[], float],
    ) -> None:
        """``every_s``: how often each sensor speaks. ``clock`` is the one readings are stamped with."""
        self.boxes = boxes
        self._every_s = every_s
        self._outbox = outbox
        self._clock = clock
        self._site_clock = site_clock
        self._feedback = feedback
        self._read_monotonic_s = read_monotonic_s
        self._limits: Mapping[str, GoodsLimits] = {}
        self.watches: Mapping[str, Watch] = watches_of(boxes, every_s, DEFAULT_LIMITS)
        self._watched = Watched(0)
        self._unkept: list[Said] = []
        self._news = asyncio.Event()
        self._listeners: list[Callable[[AlarmRecord], None]] = []
        self._reminder = Reminder()
        self._was_kept = True
        self._saved_s = self._seen_s = read_monotonic_s()
        self._seen_ms = clock.now_ms()
        self.open: list[AlarmRecord] = []

    def on_alarm(self, listener: Callable[[AlarmRecord], None]) -> None:
        """Call this after each change of an alarm's life. It must not block or raise."""
        self._listeners.append(listener)

    async def load(self) -> None:
        """At start: go on where the file stands."""
        watched, limits = await self._outbox.run(lambda store: records.read_memory(store.execute))
        self.open = await self._outbox.run(lambda store: records.open_ones(store.execute))
        try:
            self._limits = msgspec.json.decode(limits, type=dict[str, GoodsLimits])
            self.watches = watches_of(self.boxes, self._every_s, limits_of(self._limits))
            self._begin(None if watched is None else alarm_state.load(watched))
        except ValueError as error:  # of a release before or after this one
            _log.error("alarm_memory_not_read", reason=str(error))
            self._begin(None)
        self._clear_forgotten()

    def take(self, measured: Sensed) -> None:
        """One reading, as the sensors hand it over."""
        if not isinstance(measured, Reading) or measured.sensor not in self.watches:
            return
        self._follow_clock()
        told = Measured(measured.sensor, measured.measured_at_ms, measured.value, measured.fault)
        self._keep_outcome(alarms.take(self.watches, self._watched, told))

    async def apply(self, limits: Mapping[str, GoodsLimits]) -> None:
        """The cloud's limits, kept over restarts; impossible ones are refused as a whole. NotKeptError."""
        if limits == self._limits:
            return
        try:
            checked = limits_of(limits)
        except ValueError as error:
            _log.error("limits_refused", reason=str(error))
            return
        data = msgspec.json.encode(limits)
        await self._outbox.transact(lambda transaction: records.keep_limits(transaction.execute, data))
        self._limits = limits
        self.watches = watches_of(self.boxes, self._every_s, checked)
        self._begin(self._watched)

    def now_ms(self) -> int:
        """As the alarms are stamped."""
        return self._site_clock.now_ms()

    async def recent(self) -> list[AlarmRecord]:
        """The open ones first."""
        return await self._outbox.run(lambda store: records.recent(store.execute))

    async def acknowledge(self, alarm: str, device: str, actor: str, note: str) -> AlarmRecord:
        """``actor`` has seen it; the buzzer is quiet about it from now on. NoSuchAlarmError, NotKeptError."""
        stamp = self._site_clock.stamp()
        return await self._change(lambda transaction: records.acknowledge(transaction, alarm, device, actor, note, stamp))

    async def seen_from_cloud(self, alarm: str, severity: str, note: str) -> tuple[Literal["done", "refused"], str]:
        """Somebody in the cloud has seen it; what came of that, and why not. What has become worse since, they have not seen."""
        try:
            stamp = self._site_clock.stamp()
            await self._change(lambda transaction: records.acknowledge(transaction, alarm, FROM_AFAR, CLOUD, note, stamp, severity))
        except (records.NoSuchAlarmError, records.AlarmWorseError) as error:
            return "refused", str(error)
        return "done", ""

    async def close(self, alarm: str, device: str, actor: str, note: str) -> AlarmRecord:
        """``actor`` has dealt with it. NoSuchAlarmError, AlarmStandsError, NotKeptError."""
        stamp = self._site_clock.stamp()
        return await self._change(lambda transaction: records.close(transaction, alarm, device, actor, note, stamp))

    async def forget_old(self) -> None:
        """Housekeeping. NotKeptError."""
        now_ms = self._site_clock.now_ms()
        await self._outbox.transact(lambda transaction: records.forget_old(transaction.execute, now_ms))

    async def run(self) -> None:
        """Look, keep, sound; what counts so far is kept at the end."""
        try:
            while True:
                try:
                    async with asyncio.timeout(ROUND_S):
                        await self._news.wait()
                except TimeoutError:
                    pass
                await self.round()
        finally:
            await asyncio.shield(self._keep())

    async def round(self) -> None:
        """One round of ``run``."""
        self._news.clear()
        self._look()
        is_news = any(isinstance(one, Raised) for one in self._unkept)
        if self._unkept or self._read_monotonic_s() - self._saved_s >= SAVE_S:
            is_news = await self._keep() and is_news
        if self._reminder.is_due(self.open, self._read_monotonic_s(), is_news=is_news):
            for device in self._feedback:
                await device.signal(cue_of(self.open))

    def _begin(self, watched: Watched | None) -> None:
        self._keep_outcome(alarms.begin(self.watches, watched, self._clock.now_ms()))

    def _clear_forgotten(self) -> None:
        """What stands in the file and the rules know nothing of would stand for ever."""
        known = {alarm.id for alarm in self._watched.alarms} | {one.alarm.id for one in self._unkept}
        for one in self.open:
            if one.stands and one.id not in known:
                alarm = Alarm(one.id, one.subject, one.rule, one.severity, one.since_ms, one.raised_ms, explained=Explained.NOT)
                self._unkept.append(Cleared(alarm, self._clock.now_ms()))

    def _look(self) -> None:
        self._follow_clock()
        now_ms = self._clock.now_ms() - int(UNDERWAY_S * self._clock.rate * 1000)
        self._keep_outcome(alarms.look(self.watches, self._watched, now_ms))

    def _keep_outcome(self, outcome: tuple[Watched, tuple[Said, ...]]) -> None:
        self._watched, said = outcome
        if said:
            self._unkept += said
            if len(self._unkept) > MAX_UNKEPT:
                _log.error("alarms_dropped", dropped=len(self._unkept) - MAX_UNKEPT)
                del self._unkept[:-MAX_UNKEPT]
            self._news.set()

    def _follow_clock(self) -> None:
        """A wall clock that is set takes what is remembered along. A town's clock is never set."""
        now_s, now_ms = self._read_monotonic_s(), self._clock.now_ms()
        jump_ms = now_ms - self._seen_ms - int((now_s - self._seen_s) * 1000)
        self._seen_s, self._seen_ms = now_s, now_ms
        if abs(jump_ms) > MAX_JUMP_MS and not self._clock.is_simulated:
            self._watched = alarms.shift(self._watched, jump_ms)

    async def _keep(self) -> bool:
        """What was said since the last time, and what the rules remember, in one commit. False: not taken; later again."""
        said, self._unkept = self._unkept, []
        watched = alarm_state.dump(self._watched)
        stamp_of = self._site_clock.stamp

        def work(transaction: Transaction) -> list[AlarmRecord]:
            for one in said:
                records.keep(transaction, one, stamp_of)
            records.keep_watched(transaction.execute, watched)
            return records.open_ones(transaction.execute)

        try:
            self.open = await self._outbox.transact(work)
        except NotKeptError as error:
            if self._was_kept:
                _log.error("alarms_not_kept", alarms=len(said), error=str(error))
            self._was_kept = False
            self._unkept = [*said, *self._unkept]
            return False
        self._was_kept = True
        self._saved_s = self._read_monotonic_s()
        await self._announce({one.alarm.id for one in said})
        return True

    async def _announce(self, ids: set[str]) -> None:
        if not ids or not self._listeners:
            return
        changed = [one for one in await self.recent() if one.id in ids]
        for record in changed:
            for listener in self._listeners:
                listener(record)

    async def _change(self, change: Callable[[Transaction], AlarmRecord]) -> AlarmRecord:
        def work(transaction: Transaction) -> tuple[AlarmRecord, list[AlarmRecord]]:
            return change(transaction), records.open_ones(transaction.execute)

        record, self.open = await self._outbox.transact(work)
        for listener in self._listeners:
            listener(record)
        return record
