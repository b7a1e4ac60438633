"""Opening and reading a serial line with pyserial, blocking: for a driver's own thread, never for the event loop.

Leaves what the bytes mean, and coming back after a loss, to the drivers.
"""

import errno
import termios

import serial

from edge.devices.ports import DeviceError, DeviceState

READ_TIMEOUT_S = 0.05  # how late the silence after a frame may be noticed
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
