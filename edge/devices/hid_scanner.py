"""A scanner that types like a keyboard, read from the kernel's input device: grabbed, so that no console hears it as well.

Leaves keys to hid_keys, frames to scanner_frames, and the label's meaning to the station.
"""

import errno
import fcntl
import os
import select
import stat
import time

from edge.devices.frame_scanner import FrameScanner
from edge.devices.hid_keys import EVENT, HidKeys
from edge.devices.ports import DeviceError, DeviceState, HidSettings
from edge.devices.scanner_frames import ScannerFrames
from edge.wire.clock import Clock

READ_TIMEOUT_S = 0.05  # how late the silence after a frame may be noticed
_READ_BYTES = EVENT.size * 256
_EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int), linux/input.h
_INPUT_MAJOR = 13  # admin-guide/devices.txt
_NOISE = "a key that types no character; set the scanner to a US keyboard without Alt codes"


class HidScanner(FrameScanner):
    """A ports.Scanner. Its path is opened anew after each loss."""

    def __init__(self, settings: HidSettings, clock: Clock) -> None:
        super().__init__(settings.name, settings.port, clock, ScannerFrames(settings.max_length, settings.idle_s, _NOISE))
        self._keys = HidKeys()
        self._file: int | None = None

    async def _open(self) -> None:
        await self._blocking(self._open_blocking)
        self._say(DeviceState.OK)

    def _open_blocking(self) -> None:
        # Kept by the thread itself: a cancellation that comes while it opens then still finds the file and closes it.
        self._file = open_input(self._place)

    async def _serve(self) -> None:
        file = self._file
        while file is not None:
            data = await self._blocking(read_events, file, self._place)
            frames = self._frames.feed(self._keys.feed(data), time.monotonic())
            if frames:
                await self._deliver(frames)

    async def _lost(self) -> None:
        self._keys.lost()
        await super()._lost()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def open_input(path: str) -> int:
    """The open, grabbed device. DeviceError. A FIFO or a terminal is a simulated one and is not grabbed."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _explained(path, error) from error
    try:
        kind = os.fstat(file)
        if stat.S_ISCHR(kind.st_mode) and os.major(kind.st_rdev) == _INPUT_MAJOR:
            fcntl.ioctl(file, _EVIOCGRAB, 1)
        elif not (stat.S_ISFIFO(kind.st_mode) or os.isatty(file)):
            raise DeviceError(DeviceState.FAILED, f"{path}: no input device; set port to one of /dev/input/by-id/*-event-kbd")
    except OSError as error:
        os.close(file)
        raise error if isinstance(error, DeviceError) else _explained(path, error) from error
    return file


def read_events(file: int, path: str) -> bytes:
    """What is there, waiting READ_TIMEOUT_S at most; empty for silence. DeviceError when the device is gone."""
    try:
        if not select.select([file], [], [], READ_TIMEOUT_S)[0]:
            return b""
        data = os.read(file, _READ_BYTES)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise _explained(path, error) from error
    if not data:
        raise _explained(path, OSError(errno.ENODEV, "end of file"))
    return data


def _explained(path: str, error: OSError) -> DeviceError:
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return DeviceError(DeviceState.FAILED, f"{path}: access denied; add the agent's user to the group input")
        case errno.EBUSY:
            return DeviceError(DeviceState.FAILED, f"{path}: in use by another program; stop that one")
        case _:
            return DeviceError(DeviceState.LOST, f"{path}: not there; plug it in")
