"""Opening, reading and writing a serial line with pyserial, blocking, for a driver's own thread; only ``read_soon`` is the loop's.

Leaves what the bytes mean, and coming back after a loss, to the drivers.
"""

import asyncio
import errno
import os
import termios

import serial

from edge.devices.ports import DeviceError, DeviceState

READ_TIMEOUT_S = 0.05  # how late the silence after a frame may be noticed
_CHUNK_BYTES = 4_096  # what a terminal's line buffer holds
# What a pseudo-terminal, and some USB adapters, answer where they have no modem lines or RS-485 mode.
_NO_SUCH_LINE = (errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP)
_DENIED = (errno.EACCES, errno.EPERM)
_IN_USE = (errno.EAGAIN, errno.EBUSY)


class PortError(DeviceError):
    """The line could not be opened, or is gone."""


def open_port(path: str, baud: int) -> serial.Serial:
    """8N1, nobody else may open it, RTS and DTR up where the line has them. PortError otherwise."""
    try:
        port = serial.Serial(path, baud, timeout=READ_TIMEOUT_S, write_timeout=1.0, exclusive=True)
    except (OSError, termios.error, ValueError) as error:
        raise _explained(path, error) from error
    try:
        port.rts = port.dtr = True
    except OSError as error:
        if error.errno not in _NO_SUCH_LINE:
            port.close()
            raise _explained(path, error) from error
    return port


def read_some(port: serial.Serial) -> bytes:
    """What is there, waiting READ_TIMEOUT_S at most for the first byte; empty for silence. PortError when the line is gone."""
    try:
        first: bytes = port.read(1)
        waiting = port.in_waiting if first else 0
        return first + port.read(waiting) if waiting else first
    except (OSError, termios.error, TypeError) as error:  # TypeError: pyserial's read on a port closed meanwhile
        raise _explained(str(port.port), error) from error


async def read_soon(port: serial.Serial, within_s: float | None) -> bytes:
    """What comes next, read by the loop itself as soon as it is there; empty after ``within_s``. PortError when the line is gone.

    Nothing is read while nobody waits: the bytes then stay with the operating system.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[bytes] = loop.create_future()
    try:
        descriptor = port.fileno()
    except OSError as error:  # closed meanwhile
        raise _explained(str(port.port), error) from error

    def read() -> None:
        loop.remove_reader(descriptor)
        try:
            data = os.read(descriptor, _CHUNK_BYTES)
        except OSError as error:
            arrived.set_exception(_explained(str(port.port), error))
            return
        if data:
            arrived.set_result(data)
        else:  # said to be readable, and nothing there: hung up
            arrived.set_exception(PortError(DeviceState.LOST, f"{port.port}: not there; plug it in"))

    loop.add_reader(descriptor, read)
    try:
        await asyncio.wait((arrived,), timeout=within_s)
        return arrived.result() if arrived.done() else b""
    finally:
        loop.remove_reader(descriptor)
        arrived.cancel()


def write_all(port: serial.Serial, data: bytes) -> None:
    """Put it on the line. PortError when the line is gone, or takes nothing for a second."""
    try:
        port.write(data)
    except serial.SerialTimeoutException as error:
        raise PortError(DeviceState.LOST, f"{port.port}: takes no bytes; switch the device on, check the cable") from error
    except (OSError, termios.error, TypeError) as error:
        raise _explained(str(port.port), error) from error


def _explained(path: str, error: Exception) -> PortError:
    number = getattr(error, "errno", None)
    if number in _DENIED:
        return PortError(DeviceState.FAILED, f"{path}: access denied; add the agent's user to the group dialout")
    if number in _IN_USE:
        text = f"{path}: in use by another program, or by another device of this site; stop that program, or correct port"
        return PortError(DeviceState.FAILED, text)
    if isinstance(error, ValueError):
        return PortError(DeviceState.FAILED, f"{path}: {error}; correct baud in the site's configuration")
    if isinstance(error.__context__, termios.error) and error.__context__.args[0] == errno.ENOTTY:
        return PortError(DeviceState.FAILED, f"{path}: not a serial line; correct port in the site's configuration")
    return PortError(DeviceState.LOST, f"{path}: not there; plug it in")
