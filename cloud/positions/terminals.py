"""JT/T 808 terminals over TCP: one connection each, from which one frame after the other is read, kept, and answered.

Leaves what bytes mean to `jt808_session`. A terminal that says nothing for longer than its heartbeat is let go.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import SecretStr

from cloud.positions import jt808_session as session
from cloud.positions.intake import Intake
from cloud.positions.jt808 import Registration, Result
from cloud.positions.jt808_session import Session
from cloud.positions.messages import Caller, Message
from cloud.positions.meters import PositionMeters
from cloud.store.pool import Connection, Unavailable, is_unavailable
from cloud.store.trackers import Asked, Tracker, TrackerProtocol, found, pin_device
from edge.wire.clock import Clock

IDLE_S = 15 * 60.0  # heartbeats come every 30 s to 5 min; sleeping terminals make it 10
MAX_TERMINALS = 5_000
_READ_BYTES = 16 * 1024
_WRITE_WITHIN_S = 10.0
_HELLO_WITHIN_S = 60.0

log = structlog.get_logger("positions")


@dataclass(slots=True)
class Terminals:
    """Takes connections while `listening`."""

    intake: Intake
    pool: AsyncConnectionPool[Connection]
    clock: Clock
    meters: PositionMeters
    secret: SecretStr
    _open: int = 0

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Yields the port; at the end every connection is closed. OSError where the port is taken."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # asyncio runs this in one
            tasks.add(task)
            try:
                await self._serve(reader, writer)
            finally:
                tasks.discard(task)

        server = await asyncio.start_server(serve, host, port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= MAX_TERMINALS:
            writer.close()
            return
        self._open += 1
        self.meters.terminals.set(self._open)
        try:
            await self._converse(reader, writer, Session())
        except (ConnectionError, TimeoutError):
            pass  # it went, or was silent: it comes back by itself
        except Unavailable as error:
            log.info("a terminal is let go", why=str(error))
        finally:
            self._open -= 1
            self.meters.terminals.set(self._open)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, machine: Session) -> None:
        while True:
            async with asyncio.timeout(IDLE_S if machine.terminal else _HELLO_WITHIN_S):
                data = await reader.read(_READ_BYTES)
            if not data:
                return
            for effect in machine.receive(data):
                if isinstance(effect, session.Close):
                    log.info("a connection is closed: no terminal, or a broken one", why=effect.why)
                    return
                said = await self._carry_out(machine, effect)
                if said:
                    writer.write(said)
            async with asyncio.timeout(_WRITE_WITHIN_S):
                await writer.drain()

    async def _carry_out(self, machine: Session, effect: session.Effect) -> bytes:
        """The answer; b"" for none. Unavailable ends the connection: the terminal sends again what was not answered."""
        match effect:
            case session.Send(data=data):
                return data
            case session.Register(packet=packet, said=said):
                tracker = await self._tracker(packet.name)
                if tracker is None:
                    await self._keep(packet.name, packet.body, "this terminal is not enrolled")
                    return machine.registered(packet, Registration.NO_SUCH_TERMINAL)
                if not await self._pin(tracker, said.device):
                    await self._keep(packet.name, packet.body, f"another device registers under this number: {said.device}")
                    return machine.registered(packet, Registration.TERMINAL_TAKEN)
                return machine.registered(packet, Registration.DONE, self._code(tracker))
            case session.LogIn(packet=packet, code=code):
                tracker = await self._tracker(packet.name)
                is_right = tracker is not None and hmac.compare_digest(self._code(tracker).encode(), code.encode())
                if not is_right:
                    await self._keep(packet.name, b"(code)", "a wrong code: the terminal has to register anew")
                return machine.logged_in(packet, is_right=is_right)
            case session.Heard(packet=packet, report=report):
                caller = Caller(TrackerProtocol.JT808, None, packet.name)
                answer = await self.intake.take(
                    Message(caller, self.clock.now_ms(), packet.body, f"jt808/{packet.message_id:04x}", report)
                )
                return machine.answered(packet, Result.DONE if answer.is_known else Result.FAILED)
            case session.Refused(terminal=terminal, content=content, why=why, is_unreadable=is_unreadable):
                await self._keep(terminal, content, why, is_unreadable=is_unreadable)
        return b""

    async def _keep(self, terminal: str, content: bytes, why: str, *, is_unreadable: bool = False) -> None:
        caller = Caller(TrackerProtocol.JT808, None, terminal)
        await self.intake.take(Message(caller, self.clock.now_ms(), content, "jt808", None, why, is_unreadable))

    async def _tracker(self, name: str) -> Tracker | None:
        try:
            async with self.pool.connection(timeout=5.0) as connection:
                known = await found(connection, Asked(terminals=[name])) if name else []
        except Exception as error:
            raise _unavailable(error) from error
        return known[0] if known else None

    async def _pin(self, tracker: Tracker, device: str) -> bool:
        try:
            async with self.pool.connection(timeout=5.0) as connection:
                return await pin_device(connection, tracker.id, device)
        except Exception as error:
            raise _unavailable(error) from error

    def _code(self, tracker: Tracker) -> str:
        """Derived, so that nothing has to be kept: the same for as long as the tracker is enrolled."""
        text = f"jt808/{tracker.id}/{tracker.terminal}"
        return hmac.new(self.secret.get_secret_value().encode(), text.encode(), hashlib.sha256).hexdigest()[:16]


def _unavailable(error: Exception) -> Unavailable:
    if isinstance(error, PoolTimeout) or is_unavailable(error):
        return Unavailable("the database cannot serve now")
    raise error
