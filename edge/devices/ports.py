"""What the station asks of its devices: scans come in, sounds and lights go out, and each says how it is.

One file a device family implements these; which devices a site has is configuration, and edge.devices.registry makes them.
The app enters each with ``async with``, iterates ``scans()`` in a task of its own and asks ``health()`` when it likes.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import NamedTuple, Protocol, Self, runtime_checkable

from edge.devices.trigger import TriggerKind


class Scan(NamedTuple):
    """One decoded label. ``measured_at_ms`` is domain time (Clock) when its last byte came or its frame was taken."""

    text: str  # without suffix and AIM identifier; GS1 as the driver normalised it for edge.wire.labels.classify
    device: str  # the name of its [[scanner]], [[hid]] or [[camera]]
    measured_at_ms: int
    symbology: str = ""  # AIM identifier without ']', such as "E0" or "C1"; "" where unknown
    heard_s: float = 0.0  # time.monotonic at the same moment: what latency and debounce count from
    fault: str = ""  # why this is no label (noise, too long, cut off); ``text`` is then what could be shown of it


class DeviceState(StrEnum):
    """The words of edge.wire.messages.DeviceChanged."""

    OK = "ok"
    LOST = "lost"  # unplugged or silent: the driver keeps looking for it
    FAILED = "failed"  # there, but not usable: a library is missing, access denied


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """How a device is now, and since when (domain time)."""

    device: str
    state: DeviceState
    detail: str = ""  # one line for staff: the fault and the remedy; no personal data
    since_ms: int = 0


class DeviceError(OSError):
    """A device is away or not usable: ``state`` says which, the text names the place and the remedy."""

    def __init__(self, state: DeviceState, text: str) -> None:
        super().__init__(text)
        self.state = state


class Scanner(Protocol):
    """A source of scans. Unplugging is its own affair: it reconnects by itself and ``scans`` goes on.

    ``scans`` ends only by cancellation. Between the device and the iterator stands a bounded queue that holds the bytes
    back when it is full (a scan is never skipped); what the device itself loses is counted in ``health``'s detail.
    """

    @property
    def name(self) -> str: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def scans(self) -> AsyncIterator[Scan]: ...

    def health(self) -> DeviceHealth: ...


@runtime_checkable
class Triggered(Protocol):
    """A scanner that can be told to read."""

    async def trigger(self, *, on: bool) -> None:
        """Start reading, or stop. DeviceError: not set up for it, away, refused, or no answer; the text has the remedy."""


class Sound(StrEnum):
    """What staff hear (and see) after a scan; only ``OK`` and ``ATTENTION`` say that it is booked."""

    OK = "ok"
    ATTENTION = "attention"  # booked, and something is not as expected: look at the screen
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ERROR = "error"  # nothing was kept: scan again
    IDENTIFY = "identify"  # "which box are you?"
    ALARM = "alarm"  # of no scan: something in the cold chain is wrong, and nobody has seen it


class Reason(StrEnum):
    """Why something was refused (`REFUSED`), or what fails: told apart by the rhythm, so that nobody has to look up."""

    WRONG_SITE = "wrong_site"  # another station's, or not here
    WRONG_PARCEL = "wrong_parcel"  # somebody else's
    WRONG_ZONE = "wrong_zone"  # a shelf, cell or container of another temperature
    WRONG_CONTAINER = "wrong_container"
    WRONG_RUN = "wrong_run"
    OTHER_OPERATOR = "other_operator"
    NOT_READY = "not_ready"  # not yet, or something has to be done before
    ALREADY_RELEASED = "already_released"
    UNKNOWN_CODE = "unknown_code"
    FORGED = "forged"
    EXPIRED = "expired"
    REVOKED = "revoked"  # or used before
    LOCKED_OUT = "locked_out"  # guessed too often
    TOO_WARM = "too_warm"
    SEAL_LACKS = "seal_lacks"
    NOT_AT_CABINET = "not_at_cabinet"  # a label, an article or a badge, where only residents' codes count
    NO_LOG_IN = "no_log_in"
    NO_CELL = "no_cell"  # none fits, or this one is taken or out of use
    LOCKER_FAULT = "locker_fault"  # a board that answers nothing or garbage: look at the door
    DEVICE_FAULT = "device_fault"  # a device that worked does not any more
    SENSOR_FAULT = "sensor_fault"  # a sensor that says nothing, nonsense (85 °C), or the same for hours


Cue = Sound | Reason


@runtime_checkable
class Feedback(Protocol):
    """Something that can beep or light up. Best effort: it never raises and never blocks longer than 100 ms."""

    async def signal(self, cue: Cue) -> None: ...


class ScanPlace(StrEnum):
    """``place`` of a source of scans: in whose hand it is."""

    COUNTER = "counter"
    CABINET = "cabinet"


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """One ``[[scanner]]`` of the site's TOML."""

    name: str
    port: str  # /dev/serial/by-id/…, COM3, or a pty
    baud: int = 9600
    max_length: int = 512  # characters of one label; longer is noise
    idle_s: float = 0.3  # a frame without suffix ends after this silence
    trigger: TriggerKind | None = None  # how it is told to read; left out: by its own button or stand
    place: ScanPlace = ScanPlace.COUNTER

    def __post_init__(self) -> None:
        if not self.port:
            raise ValueError("port: want a device such as /dev/serial/by-id/usb-…")
        if not 0.01 <= self.idle_s <= 5.0:
            raise ValueError(f"idle_s: want 0.01 to 5, got {self.idle_s}")
        if not 8 <= self.max_length <= 512:
            raise ValueError(f"max_length: want 8 to 512, got {self.max_length}")


@dataclass(frozen=True, slots=True)
class HidSettings:
    """One ``[[hid]]`` of the site's TOML: a scanner that types like a keyboard."""

    name: str
    port: str  # /dev/input/by-id/…-event-kbd
    max_length: int = 512  # characters of one label; longer is noise
    idle_s: float = 0.3  # a label without Enter or Tab ends after this silence
    place: ScanPlace = ScanPlace.COUNTER

    def __post_init__(self) -> None:
        if not self.port:
            raise ValueError("port: want a device such as /dev/input/by-id/usb-…-event-kbd")
        if not 0.01 <= self.idle_s <= 5.0:
            raise ValueError(f"idle_s: want 0.01 to 5, got {self.idle_s}")
        if not 8 <= self.max_length <= 512:
            raise ValueError(f"max_length: want 8 to 512, got {self.max_length}")


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One ``[[camera]]`` of the site's TOML."""

    name: str
    source: str  # a video device such as "/dev/video0" or "0", a video file, or a folder of photographs
    frames_per_s: float = 10.0
    loop: bool = False  # a folder or a file: again from the start, for ever
    gap_s: float = 2.0  # a folder: nothing in view between two photographs, as between two parcels
    place: ScanPlace = ScanPlace.COUNTER

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("source: want a video device or a folder of photographs")
        if not 0.1 <= self.frames_per_s <= 60.0:
            raise ValueError(f"frames_per_s: want 0.1 to 60, got {self.frames_per_s}")
        if not 0.0 <= self.gap_s <= 60.0:
            raise ValueError(f"gap_s: want 0 to 60, got {self.gap_s}")


class SignalKind(StrEnum):
    """``kind`` of ``[signal]``."""

    GPIO = "gpio"
    RELAY = "relay"
    BELL = "bell"


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """``[signal]`` of the site's TOML: one buzzer, one green and one red lamp, whichever of them there are."""

    kind: SignalKind
    name: str = "signal"
    port: str = ""  # relay: its serial line; bell: a console such as /dev/tty1
    baud: int = 9600
    buzzer: int | None = None  # gpio: BCM numbers; relay: channels, from 1
    green: int | None = None
    red: int | None = None
    active_low: bool = False  # gpio: the pin is low while the lamp is on

    def __post_init__(self) -> None:
        used = {name: number for name in ("buzzer", "green", "red") if (number := getattr(self, name)) is not None}
        if self.kind is not SignalKind.GPIO and not self.port:
            raise ValueError(f"port: want a device for kind {self.kind.value!r}")
        if self.kind is not SignalKind.BELL and not used:
            raise ValueError("buzzer: want at least one of buzzer, green and red")
        least, most = (0, 27) if self.kind is SignalKind.GPIO else (1, 16)
        for name, number in used.items():
            if not least <= number <= most:
                raise ValueError(f"{name}: want {least} to {most}, got {number}")
            if list(used.values()).count(number) > 1:
                raise ValueError(f"{name}: {number} is given to two of them")

    @property
    def place(self) -> str:
        """Where it hangs, in a word."""
        return self.port or "GPIO" + "/".join(str(number) for number in (self.buzzer, self.green, self.red) if number is not None)
