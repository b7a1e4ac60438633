"""Where a buzzer and lamps hang: GPIO pins, a relay board on a serial line, or a console that can ring its bell. Blocking.

Leaves when they go on and off to signal.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import serial

from edge.devices.gpio import lgpio_factory
from edge.devices.ports import DeviceError, DeviceState, SignalKind, SignalSettings
from edge.devices.serial_port import open_port, read_some, write_all
from edge.devices.signal_patterns import DARK, Lamps

_NAMES = ("buzzer", "green", "red")


class Outputs(Protocol):
    """Called in the device's own thread. DeviceError when it is away."""

    def open(self) -> None: ...

    def show(self, lamps: Lamps) -> None: ...

    def check(self) -> None:
        """Is it still there?"""
        ...

    def close(self) -> None: ...


def outputs_of(settings: SignalSettings) -> Outputs:
    """What the settings name."""
    match settings.kind:
        case SignalKind.GPIO:
            return GpioOutputs(settings)
        case SignalKind.RELAY:
            return RelayOutputs(settings)
        case SignalKind.BELL:
            return BellOutputs(settings)


class GpioOutputs:
    """Pins of the Pi, by gpiozero."""

    def __init__(self, settings: SignalSettings, read_factory: Callable[[], Any] = lgpio_factory) -> None:
        """``read_factory`` gives gpiozero's pin factory instead of lgpio's, for a machine without pins."""
        self._settings = settings
        self._read_factory = read_factory
        self._pins: dict[str, Any] = {}

    def open(self) -> None:
        try:
            from gpiozero import DigitalOutputDevice
            from gpiozero.exc import GPIOZeroError
        except ImportError as error:
            raise DeviceError(DeviceState.FAILED, f"GPIO: {error}; install the agent's packages again") from error
        factory = self._read_factory()
        for name in _NAMES:
            pin = getattr(self._settings, name)
            if pin is None:
                continue
            try:
                self._pins[name] = DigitalOutputDevice(pin, active_high=not self._settings.active_low, pin_factory=factory)
            except (GPIOZeroError, OSError) as error:
                text = f"GPIO{pin}: {error}; another pin for {name}? the agent's user needs the group gpio"
                raise DeviceError(DeviceState.FAILED, text) from error

    def show(self, lamps: Lamps) -> None:
        for name, pin in self._pins.items():
            pin.value = getattr(lamps, name)

    def check(self) -> None:
        """A pin does not go away."""

    def close(self) -> None:
        pins, self._pins = self._pins, {}
        for pin in pins.values():
            pin.off()
            pin.close()


class RelayOutputs:
    """A USB relay board of the LCUS kind, 9600 8N1, which answers nothing::

    A0 CHANNEL 01 | 00 SUM      SUM = sum of all before & FF; 01 closes the contact
    """

    def __init__(self, settings: SignalSettings) -> None:
        self._settings = settings
        self._port: serial.Serial | None = None

    def open(self) -> None:
        self._port = open_port(self._settings.port, self._settings.baud)
        self.show(DARK)

    def show(self, lamps: Lamps) -> None:
        frames = [relay_frame(self._channel(name), getattr(lamps, name)) for name in _NAMES if self._channel(name)]
        if self._port is not None:
            write_all(self._port, b"".join(frames))

    def check(self) -> None:
        if self._port is not None:
            read_some(self._port)

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with suppress(DeviceError):  # it may be what went away
                write_all(port, b"".join(relay_frame(self._channel(name), False) for name in _NAMES if self._channel(name)))
            port.close()

    def _channel(self, name: str) -> int:
        return getattr(self._settings, name) or 0


def relay_frame(channel: int, is_on: bool) -> bytes:
    """Close or open one contact; channels count from 1."""
    head = bytes((0xA0, channel, int(is_on)))
    return head + bytes((sum(head) & 0xFF,))


class BellOutputs:
    """A terminal that rings: the machine's console, where it has a speaker. The last resort, without lamps."""

    def __init__(self, settings: SignalSettings) -> None:
        self._path = settings.port
        self._is_ringing = False

    def open(self) -> None:
        self._is_ringing = False
        self._write(b"")

    def show(self, lamps: Lamps) -> None:
        if lamps.buzzer and not self._is_ringing:
            self._write(b"\a")
        self._is_ringing = lamps.buzzer

    def check(self) -> None:
        self._write(b"")

    def close(self) -> None:
        """Nothing is held open: a console belongs to everybody."""

    def _write(self, data: bytes) -> None:
        try:
            # Not as our controlling terminal: its hang-up would end the agent. Not blocking: Ctrl-S stops a console.
            console = os.open(self._path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            text = f"{self._path}: access denied; add the agent's user to the group tty"
            raise DeviceError(DeviceState.FAILED, text) from error
        except OSError as error:
            raise DeviceError(DeviceState.LOST, f"{self._path}: {error.strerror}; correct port in [signal]") from error
        try:
            if not os.isatty(console):
                raise DeviceError(DeviceState.FAILED, f"{self._path}: no terminal; set port to one such as /dev/tty1")
            with suppress(BlockingIOError):  # a bell that cannot ring now rings never
                os.write(console, data)
        finally:
            os.close(console)
