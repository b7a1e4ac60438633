"""A serial line as the other end sees it: a pseudo-terminal behind a stable path, as udev's /dev/serial/by-id would give it.

Leaves what is said on it to the device.
"""

import asyncio
import errno
import os
import time
import tty
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

WRITE_RETRIES = 100  # of 10 ms
READ_BYTES = 4096


class UnpluggedError(RuntimeError):
    """There is no line to write to."""


@dataclass(slots=True)
class Terminal:
    """Opened and closed by ``with`` (or plug and unplug). ``path`` is the symlink a driver opens; it is gone while unplugged."""

    path: Path
    _: KW_ONLY
    sleep: Callable[[float], None] = time.sleep
    hear: Callable[[bytes], None] | None = None  # what the driver writes; called by the loop that plugged it in
    drops: bool = False  # what nobody takes is lost, as on a line without handshake, instead of being waited for
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
        """A new pseudo-terminal behind ``path``; nothing if it is plugged already. With ``hear``, a loop must be running."""
        if self._master is not None:
            return
        self._master, self._slave = os.openpty()
        # Our end of the slave stays open: else the line would hang up whenever the driver closes it. Raw, for a terminal
        # that echoes would send our bytes back to us before the driver has set its own mode.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        if self.hear is not None:
            asyncio.get_running_loop().add_reader(self._master, self._read)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.path)

    def unplug(self) -> None:
        """The line hangs up and its path goes away; nothing if it is unplugged already."""
        if self._master is None or self._slave is None:
            return
        if self.hear is not None:
            asyncio.get_running_loop().remove_reader(self._master)
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = None

    def write(self, data: bytes) -> None:
        """Put bytes on the line. UnpluggedError; TimeoutError if nobody takes them for a second (``drops``: they are lost)."""
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
                if self.drops:
                    return
                retries += 1
                if retries > WRITE_RETRIES:
                    raise TimeoutError(f"{self.path.name}: nobody reads this line") from None
                self.sleep(0.01)

    def read(self) -> bytes:
        """What the driver has written since the last look; empty for nothing. For who does not ``hear``. UnpluggedError."""
        if self._master is None:
            raise UnpluggedError(f"{self.path.name}: unplugged")
        try:
            return os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return b""

    def _read(self) -> None:
        if self._master is not None and self.hear is not None:
            self.hear(os.read(self._master, READ_BYTES))
