"""A few megabytes held back, so that there is room to tidy up in when the disk is full.

Deleting rows needs room too: SQLite writes the changed pages to the WAL first.
"""

import contextlib
import os
from pathlib import Path


class Reserve:
    """A preallocated file beside the database. ``size_bytes`` 0: none is held."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes

    @property
    def is_held(self) -> bool:
        return self._size_bytes == 0 or self._path.exists()

    def hold(self) -> bool:
        """Take the room where it is to be had twice over. False: the disk is too full for it."""
        if self.is_held:
            return True
        space = os.statvfs(self._path.parent)
        if space.f_bavail * space.f_frsize < 2 * self._size_bytes:
            return False
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size_bytes)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the room back to the disk."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
