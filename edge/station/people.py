"""Who works where: log-in and log-out at a device, and whose id an act there carries. Sessions outlast a restart."""

import asyncio
from collections.abc import Callable

from edge.devices.ports import Scan
from edge.outbox import Outbox, Stamp, Transaction
from edge.outbox.transaction import Execute
from edge.site_clock import SiteClock
from edge.station import memory, staff
from edge.station.deriving import derive
from edge.station.gates import STATION, Gates, LogInBy
from edge.station.results import ScanResult
from edge.station.staff import Session
from edge.station.station import Station, Who, record
from edge.station.verdict import Verdict
from edge.wire.manifest import StaffMember
from edge.wire.messages import StaffLoggedOut
from edge.wire.pickup import badge_key, read_pin


class People:
    """``load`` before use. PINs are derived one at a time, off the loop: whoever tries many waits for each."""

    def __init__(self, outbox: Outbox, clock: SiteClock, station: Station, read_monotonic_s: Callable[[], float]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._station = station
        self._read_monotonic_s = read_monotonic_s
        self._gates = Gates(lambda: station.day.guess_rules, read_monotonic_s)
        self._one_at_a_time = asyncio.Lock()
        self.sessions: dict[str, Session] = {}

    async def load(self) -> None:
        """At start."""
        rules, now_s = self._station.day.guess_rules, self._read_monotonic_s()
        self.sessions = await self._outbox.run(lambda store: memory.read_sessions(store.execute))
        attempts = await self._outbox.run(lambda store: memory.read_attempts(store.execute, rules, now_s))
        self._gates.remember({place: one for place, one in attempts.items() if place.split("/")[0] == STATION})

    @property
    def are_known(self) -> bool:
        """Whether the manifest names anybody: only then can a log-in be asked for."""
        return bool(self._station.day.staff)

    def actor_at(self, device: str) -> str:
        """Whose act it is: who is logged in there; at a scanner without a log-in the only person that is logged in anywhere."""
        if not self.sessions:
            return ""
        if (session := self.sessions.get(device)) is not None:
            return session.staff
        working = {session.staff for session in self.sessions.values()}
        return working.pop() if len(working) == 1 else ""

    async def take_badge(self, scan: Scan, _actor: str) -> ScanResult | None:
        """A scan that is a badge logs its owner in at that scanner. None: it is none. NotKeptError."""
        return await self._log_in(scan.text, scan.device, "badge") if badge_key(scan.text, b"") is not None else None

    async def log_in(self, secret: str, device: str, address: str = "") -> ScanResult:
        """A badge's text or a PIN. ``address``: where on the network the page is. NotKeptError."""
        return await self._log_in(secret, device, "pin" if badge_key(secret, b"") is None else "badge", address)

    async def log_out(self, device: str) -> ScanResult:
        """Nobody works there from now on. NotKeptError."""
        session = self.sessions.get(device)

        def forget(execute: Execute, _verdict: Verdict) -> None:
            memory.end_session(execute, device)

        result = await self._station.act(Who(device, self.actor_at(device)), lambda *_: staff.log_out(session), forget)
        self.sessions.pop(device, None)
        return result

    async def end_old_sessions(self) -> None:
        """Housekeeping: shifts that are over, people who left. NotKeptError."""
        if not self.are_known:
            return
        over = staff.ended(self.sessions.values(), self._station.day.staff.values(), self._clock.now_ms())
        for session, fact in over:
            await self._outbox.transact(_end(session, fact, self._clock.stamp()))
            self.sessions.pop(session.device, None)

    async def _log_in(self, secret: str, device: str, by: LogInBy, address: str = "") -> ScanResult:
        async with self._one_at_a_time:
            if (closed := staff.locked(self._gates.gate(by, device, address))) is not None:
                return await self._station.act(Who(device), lambda *_: closed)
            member = await self._find(secret, by)
            gate = self._gates.gate(by, device, address)
            made = staff.log_in(member, by, gate, device, self.sessions.get(device), self._clock.now_ms())
            old = self._gates.forget_old()

            def keep(execute: Execute, _verdict: Verdict) -> None:
                memory.forget_attempts(execute, old)
                for place, attempts in made.attempts.items():
                    memory.keep_attempts(execute, place, attempts)
                if made.session is not None:
                    memory.keep_session(execute, made.session)

            self._gates.remember(made.attempts)  # a full disk is no reason to let anybody guess on
            result = await self._station.act(Who(device, member.staff if member else ""), lambda *_: made.verdict, keep)
            if made.session is not None:
                self.sessions[device] = made.session
            return result

    async def _find(self, secret: str, by: LogInBy) -> StaffMember | None:
        day = self._station.day
        if day.manifest is None:
            return None
        cost = day.manifest.staff_cost
        if by == "badge":
            key = badge_key(secret, cost.salt)
            return None if key is None else day.member_of_badge(key)
        pin = read_pin(secret)
        return None if pin is None else day.member_of_pin(await derive(pin, cost))


def _end(session: Session, fact: StaffLoggedOut, stamp: Stamp) -> Callable[[Transaction], None]:
    def work(transaction: Transaction) -> None:
        record(transaction, (fact,), stamp, Who(session.device, session.staff))
        memory.end_session(transaction.execute, session.device)

    return work
