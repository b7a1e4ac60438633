"""Commands from the cloud: safe to lose, never to repeat.

The id is committed before the act. A repeat gets the recorded result; one that began and has no result, because the agent
died in between, is "unknown" and is not tried again.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from edge.devices.ports import Sound
from edge.downlink import Received
from edge.outbox import Outbox, Transaction
from edge.outbox.transaction import Execute
from edge.site_clock import SiteClock
from edge.station import forgetting
from edge.station.station import NoSuchScanError, Station
from edge.station.unbroken import Unbroken
from edge.wire.ids import EventId
from edge.wire.messages import Command, CommandFinished, CommandResponse

CLOUD = "cloud"  # the actor of what is done from there
KEEP_MS = 7 * 24 * 3600 * 1000  # how long ids are remembered
NEWEST_KEPT = 1_000

Outcome = Literal["done", "refused", "failed", "unknown"]
OpenCell = Callable[[str, str], Awaitable[tuple[Outcome, str]]]  # of a command's id and a cell
# Of an alarm, how severe it was when somebody in the cloud saw it, and what they note.
SeeAlarm = Callable[[str, str, str], Awaitable[tuple[Outcome, str]]]


class CommandDesk:
    """Judges, records, acts, reports. ``report`` publishes what is in force; ``open_cell``: where there are lockers.

    ``see_alarm``: where somebody watches over alarms.
    """

    def __init__(
        self,
        outbox: Outbox,
        clock: SiteClock,
        station: Station,
        report: Callable[[], None],
        read_monotonic_s: Callable[[], float],
        open_cell: OpenCell | None = None,
        see_alarm: SeeAlarm | None = None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._station = station
        self._report = report
        self._read_monotonic_s = read_monotonic_s
        self._open_cell = open_cell
        self._unbroken = Unbroken()
        self._see_alarm = see_alarm

    async def settle_interrupted(self) -> None:
        """At start: what was begun and never finished is unknown, and says so."""
        stamp = self._clock.stamp()

        def work(transaction: Transaction) -> None:
            begun = transaction.execute("SELECT id FROM command WHERE outcome IS NULL").fetchall()
            for (command,) in begun:
                _finish(transaction.execute, command, "unknown", "the agent stopped before it was done")
                transaction.record(CommandFinished(command=command, outcome="unknown"), stamp)

        await self._outbox.transact(work)

    async def carry_out(self, received: Received) -> CommandResponse:
        """Do it once, whatever happens, and to its end, also where the connection it came by breaks meanwhile.

        NotKeptError: it could not be recorded, so it was not done.
        """
        return await self._unbroken.run(self._carry_out(received))

    async def refuse(self, received: Received, why: str) -> CommandResponse:
        """Do not do it, on the record; nothing where it was begun or settled before. NotKeptError."""
        command, stamp = received.command, self._clock.stamp()

        def work(transaction: Transaction) -> tuple[Outcome, str]:
            if (known := _known(transaction.execute, command.id)) is not None:
                return known
            _begin(transaction.execute, command, stamp.measured_at_ms)
            _finish(transaction.execute, command.id, "refused", why)
            transaction.record(CommandFinished(command=command.id, outcome="refused", detail=why), stamp)
            return "refused", why

        outcome, detail = await self._outbox.transact(work)
        return CommandResponse(id=command.id, outcome=outcome, detail=detail)

    async def _carry_out(self, received: Received) -> CommandResponse:
        command = received.command
        known = await self._outbox.run(lambda store: _known(store.execute, command.id))
        if known is not None:
            return CommandResponse(id=command.id, outcome=known[0], detail=known[1])
        refusal = self._refusal(received)
        if refusal:
            await self._record(command, "refused", refusal)
            return CommandResponse(id=command.id, outcome="refused", detail=refusal)
        now_ms = self._clock.now_ms()
        await self._outbox.transact(lambda transaction: _begin(transaction.execute, command, now_ms))
        outcome, detail = await self._do(command)
        await self._record(command, outcome, detail)
        return CommandResponse(id=command.id, outcome=outcome, detail=detail)

    async def _do(self, command: Command) -> tuple[Outcome, str]:
        match command.action:
            case "identify":
                await self._station.signal(Sound.IDENTIFY)
            case "report":
                self._report()
            case "open_cell":
                if self._open_cell is None:
                    return "refused", "no lockers at this site"
                return await self._open_cell(command.id, command.cell)
            case "acknowledge_alarm":
                if self._see_alarm is None:
                    return "refused", "nobody watches over alarms at this site"
                return await self._see_alarm(command.alarm, command.severity, command.note)
            case "undo":
                return await self._undo(command)
        return "done", ""

    async def _undo(self, command: Command) -> tuple[Outcome, str]:
        """Two scans contradict each other, and somebody at a distance knows which is wrong; who, is in the cloud's books."""
        try:
            await self._station.undo(EventId.parse(command.event), CLOUD, command.note)
        except NoSuchScanError as error:
            return "refused", str(error)
        return "done", ""

    def _refusal(self, received: Received) -> str:
        if received.command.nonce != received.connection_nonce:
            return "meant for an earlier connection"
        if self._read_monotonic_s() - received.heard_s > received.command.ttl_s:
            return "too old"
        return ""

    async def _record(self, command: Command, outcome: Outcome, detail: str) -> None:
        stamp = self._clock.stamp()

        def work(transaction: Transaction) -> None:
            _begin(transaction.execute, command, stamp.measured_at_ms)
            _finish(transaction.execute, command.id, outcome, detail)
            transaction.record(CommandFinished(command=command.id, outcome=outcome, detail=detail), stamp)

        await self._outbox.transact(work)


def forget_old(execute: Execute, now_ms: int) -> None:
    """Housekeeping. A clock that jumps and comes back carries out nothing twice."""
    forgetting.forget_old(execute, "command", "received_at_ms", now_ms - KEEP_MS, NEWEST_KEPT)


def _known(execute: Execute, command: str) -> tuple[Outcome, str] | None:
    for outcome, detail in execute("SELECT outcome, detail FROM command WHERE id = ?", (command,)).fetchall():
        return ("unknown", "begun before") if outcome is None else (outcome, detail)
    return None


def _begin(execute: Execute, command: Command, now_ms: int) -> None:
    execute(
        "INSERT INTO command (id, action, received_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (command.id, command.action, now_ms),
    )


def _finish(execute: Execute, command: str, outcome: Outcome, detail: str) -> None:
    execute("UPDATE command SET outcome = ?, detail = ? WHERE id = ?", (outcome, detail, command))
