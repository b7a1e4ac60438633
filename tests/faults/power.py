"""An SQLite VFS that knows what would survive a power cut: what was synced, and of the rest whatever the disk felt like.

The files on disk are the process's view; beside each lies, in memory, what a disk would hold. ``cut`` writes that to another
folder, from which the next life starts. The same VFS plays a full disk and a disk that fails to sync.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import apsw

_SECTOR_BYTES = 512


@dataclass(slots=True)
class _Write:
    """A write (or, without data, a truncation) the disk has not been made to keep."""

    offset: int
    data: bytes | None


@dataclass(slots=True)
class _Platter:
    """What a disk holds of one file: surely, and perhaps."""

    kept: bytearray
    unsynced: list[_Write] = field(default_factory=list)

    def sync(self) -> None:
        for write in self.unsynced:
            _apply(self.kept, write)
        self.unsynced.clear()

    def after_cut(self, random: Random, survival: float) -> bytes:
        """``survival``: the probability of each sector of each unsynced write to have reached the disk."""
        content = bytearray(self.kept)
        for write in self.unsynced:
            if write.data is None:
                if random.random() < survival:
                    _apply(content, write)
                continue
            for start in range(0, len(write.data), _SECTOR_BYTES):
                if random.random() < survival:
                    _apply(content, _Write(write.offset + start, write.data[start : start + _SECTOR_BYTES]))
        return bytes(content)


def _apply(content: bytearray, write: _Write) -> None:
    if write.data is None:
        del content[write.offset :]
        return
    if len(content) < write.offset:
        content.extend(bytes(write.offset - len(content)))
    content[write.offset : write.offset + len(write.data)] = write.data


class PowerCutVfs(apsw.VFS):
    """Registered under ``name`` while in its ``with`` block. Operations (writes, syncs) are counted from 1 on."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "unix")
        self.name = name
        self.operations = 0
        self.dies_at: int | None = None  # the operation that does not happen, nor any after it
        self.full_from: int | None = None  # operations from which on no file may grow
        self.syncs_fail = False
        self.is_dead = False  # every operation fails: the process lives its last moments
        self.is_cut = False  # nothing happens any more, and nobody is told
        self.syncs = 0
        self._platters: dict[Path, _Platter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unregister()

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name) if name is not None else None
        if path is not None and path not in self._platters:
            self._platters[path] = _Platter(bytearray(path.read_bytes() if path.exists() else b""))
        return _File(self, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        if not self.step():
            return
        self._platters.pop(Path(filename), None)
        super().xDelete(filename, syncdir)

    def platter(self, path: Path) -> _Platter:
        return self._platters[path]

    def step(self) -> bool:
        """Count one operation, and say whether it may happen. apsw.IOError from the moment of death on, False after the cut."""
        if self.is_cut:
            return False
        self.operations += 1
        if self.dies_at is not None and self.operations >= self.dies_at:
            self.is_dead = True
        if self.is_dead:
            raise apsw.IOError("the power is gone")
        return True

    @property
    def is_full(self) -> bool:
        return self.full_from is not None and self.operations >= self.full_from

    def cut(self, folder: Path, random: Random, survival: float) -> None:
        """The power goes: what is left of every file is written to ``folder``; nothing is written through this VFS any more."""
        self.is_cut = True
        folder.mkdir(parents=True, exist_ok=True)
        for path, platter in self._platters.items():
            (folder / path.name).write_bytes(platter.after_cut(random, survival))


class _File(apsw.VFSFile):
    def __init__(self, vfs: PowerCutVfs, path: Path | None, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._vfs = vfs
        self._path = path

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if not self._vfs.step():
            return
        if self._vfs.is_full and offset + len(data) > self.xFileSize():
            raise apsw.FullError("no space left on the device")
        super().xWrite(data, offset)
        self._keep(lambda platter: platter.unsynced.append(_Write(offset, bytes(data))))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        if not self._vfs.step():
            return
        super().xTruncate(newsize)
        self._keep(lambda platter: platter.unsynced.append(_Write(newsize, None)))

    def xSync(self, flags: int) -> None:  # noqa: N802
        if not self._vfs.step():
            return
        if self._vfs.syncs_fail:
            raise apsw.IOError("fsync failed")
        super().xSync(flags)
        self._vfs.syncs += 1
        self._keep(_Platter.sync)

    def _keep(self, change: Callable[[_Platter], None]) -> None:
        if self._path is not None:
            change(self._vfs.platter(self._path))
