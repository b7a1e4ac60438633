"""A barcode scanner as its bytes: a pseudo-terminal behind a stable path, as udev's /dev/serial/by-id would give it.

Leaves what is scanned, and when, to its caller.
"""

import errno
import os
import time
import tty
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from firmware_sim.faults import PERFECT, LineFaults, pieces

WRITE_RETRIES = 100  # of 10 ms: the reader holds back (bounded queue), and a scanner waits for a second


class UnpluggedError(RuntimeError):
    """There is no line to write to."""


@dataclass(slots=True)
class SimulatedScanner:
    """Opened and closed by ``with`` (or plug and unplug). ``path`` is the symlink a driver opens; it is gone while unplugged."""

    path: Path
    random: Random
    suffix: bytes = b"\r"
    aim: str = ""  # such as "]C0", in front of every label
    faults: LineFaults = PERFECT
    sleep: Callable[[float], None] = time.sleep
    _master: int | None = field(default=None, init=False, repr=False)
    _slave: int | None = field(default=None, init=False, repr=False)

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unplug()

    @property
    def is_plugged(self) -> bool:
        return self._master is not None

    def plug(self) -> None:
        """A new pseudo-terminal behind ``path``; nothing if it is plugged already."""
        if self._master is not None:
            return
        self._master, self._slave = os.openpty()
        # Our end of the slave stays open: else the line would hang up whenever the driver closes it. Raw, for a terminal
        # that echoes would send our bytes back to us before the driver has set its own mode.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.path)

    def unplug(self) -> None:
        """The line hangs up and its path goes away; nothing if it is unplugged already."""
        if self._master is None or self._slave is None:
            return
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = None

    def scan_all(self, labels: Iterable[str]) -> None:
        """Scan one after another, as fast as the reader takes them."""
        for label in labels:
            self.scan(label)

    def scan(self, label: str, *, aim: str | None = None) -> None:
        """Write one label's bytes as this scanner sends them. UnpluggedError; TimeoutError if nobody takes them for a second."""
        prefix = self.aim if aim is None else aim
        frame = (prefix + label).encode() + self.suffix
        for piece in pieces(frame, self.faults, self.random, self.suffix):
            self.write(piece.data)
            if piece.pause_s:
                self.sleep(piece.pause_s)

    def write(self, data: bytes) -> None:
        """Put bytes on the line as they are. UnpluggedError; TimeoutError if nobody takes them for a second."""
        left = memoryview(data)
        retries = 0
        while left:
            if self._master is None:
                raise UnpluggedError(f"{self.path.name}: unplugged")
            try:
                left = left[os.write(self._master, left) :]
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                retries += 1
                if retries > WRITE_RETRIES:
                    raise TimeoutError(f"{self.path.name}: nobody reads this line") from None
                self.sleep(0.01)

    def read(self) -> bytes:
        """What the host has written to the scanner since the last look; empty for nothing. UnpluggedError."""
        if self._master is None:
            raise UnpluggedError(f"{self.path.name}: unplugged")
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""
