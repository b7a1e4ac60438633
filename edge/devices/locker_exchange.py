"""One request on its way to a locker board and back: who waits for it, until when it may be sent, and putting it on the port.

Leaves whose turn it is to locker_bus.
"""

import asyncio
import errno
import math
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import serial
import serial.rs485
import structlog

from edge.devices.locker_frames import LockerCodec, Reply
from edge.devices.ports import DeviceState
from edge.devices.serial_port import PortError

_NO_RS485 = (errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP)

_log = structlog.get_logger()


class NotSentError(Exception):
    """Not a byte of the request went out; the text says why."""


class BusMember(Protocol):
    """A board, as its line sees it."""

    @property
    def codec(self) -> LockerCodec: ...

    def hear(self, frame: Reply) -> None:
        """Any good frame with its address, asked for or not."""
        ...

    def note_answer(self, *, came: bool) -> None:
        """A question to it was answered, or was not in time."""
        ...


@dataclass(slots=True, eq=False)
class Exchange:
    """One request and its answer. ``result`` None: nobody waits. An answer None: sent, or perhaps, and not answered in time."""

    request: bytes
    answers: Callable[[Reply], bool]
    reply_s: float
    send_by_s: float  # monotonic
    result: "asyncio.Future[Reply | None] | None"
    member: BusMember | None
    on_sent: Callable[[], None]
    until_s: float = math.inf
    may_be_sent: bool = False

    @property
    def has_lapsed(self) -> bool:
        """Nobody wants it any more, or it is too late for it."""
        return time.monotonic() > self.send_by_s or (self.result is not None and self.result.cancelled())

    def conclude(self, answer: Reply | None) -> None:
        if self.result is not None and not self.result.done():
            self.result.set_result(answer)

    def refuse(self, reason: str) -> None:
        """It was not sent."""
        if self.result is not None and not self.result.done():
            self.result.set_exception(NotSentError(reason))


def flush_and_send(port: serial.Serial, exchange: Exchange) -> tuple[bytes, bool]:
    """What was there before, and whether the request was sent: not if it has lapsed meanwhile. Blocking; PortError."""
    try:
        stale: bytes = port.read(waiting) if (waiting := port.in_waiting) else b""
        if exchange.has_lapsed:
            return stale, False
        exchange.may_be_sent = True  # from here on: a line that breaks may have carried it
        port.write(exchange.request)
        return stale, True
    except (OSError, termios.error, TypeError) as error:  # TypeError: pyserial's read on a port closed meanwhile
        raise PortError(DeviceState.LOST, f"{port.port}: not there; plug it in") from error


def forget_unsent(port: serial.Serial) -> None:
    """Before closing: the kernel would go on sending for half a minute, and a lock must not be pulsed that late."""
    try:
        port.reset_output_buffer()
    except (OSError, termios.error) as error:
        _log.debug("locker_line_gone", port=port.port, error=str(error))


def set_rs485(port: serial.Serial) -> None:
    """Let the kernel switch the direction, where it can: a pseudo-terminal and most USB adapters cannot, or need not."""
    try:
        port.rs485_mode = serial.rs485.RS485Settings()
    except ValueError as error:  # pyserial's word for the ioctl's refusal
        cause = error.__context__
        if not isinstance(cause, OSError) or cause.errno not in _NO_RS485:
            raise PortError(DeviceState.FAILED, f"{port.port}: no RS-485 mode ({error}); set rs485 = false") from error
        _log.info("no_rs485_mode", port=port.port)
