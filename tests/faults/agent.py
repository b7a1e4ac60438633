"""``python -m tests.faults.agent FOLDER run --config FILE``: the real agent, on an SD card that can lose power and fill up.

Beside every SQLite file under FOLDER/data lies, in FOLDER/platter, what the card would hold after a power cut: what was synced.
Killing this process with -9 and putting those files back (``put_back``) is a power cut. A file FOLDER/full with a number in it
fills the card: files may grow by so many bytes more.
"""

import os
import runpy
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import apsw


@dataclass(slots=True)
class _Platter:
    """One file as the card holds it."""

    descriptor: int
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.unsynced:
            if data is None:
                os.ftruncate(self.descriptor, min(offset, os.fstat(self.descriptor).st_size))
            else:
                os.pwrite(self.descriptor, data, offset)
        self.unsynced.clear()


class CardVfs(apsw.VFS):
    """The default VFS of the process from here on."""

    def __init__(self, folder: Path) -> None:
        super().__init__("card", "unix", makedefault=True)
        self._data = (folder / "data").resolve()
        self._platters_folder = folder / "platter"
        self._platters_folder.mkdir(parents=True, exist_ok=True)
        self._full = folder / "full"
        self._grown_bytes = 0
        self._platters: dict[Path, _Platter] = {}

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        path = Path(text).resolve() if text is not None else None
        if path is None or path.parent != self._data:
            return apsw.VFSFile("unix", name, flags)
        if path not in self._platters:
            platter = self._platters_folder / path.name
            is_new = not platter.exists()
            self._platters[path] = _Platter(os.open(platter, os.O_RDWR | os.O_CREAT, 0o600))
            if path.exists():
                # What an earlier process wrote and never synced is still in the machine's memory; a sync takes it along.
                self._platters[path].unsynced += [(0, None), (0, path.read_bytes())]
                if is_new:
                    self._platters[path].sync()
        return _CardFile(self, self._platters[path], name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        platter = self._platters.pop(Path(filename).resolve(), None)
        if platter is not None:
            os.close(platter.descriptor)
            (self._platters_folder / Path(filename).name).unlink(missing_ok=True)

    def grow(self, by_bytes: int) -> None:
        """apsw.FullError where the card has no room for that."""
        try:
            room_bytes = int(self._full.read_text() or "0")
        except (FileNotFoundError, ValueError):
            self._grown_bytes = 0
            return
        if self._grown_bytes + by_bytes > room_bytes:
            raise apsw.FullError("no space left on the card")
        self._grown_bytes += by_bytes


class _CardFile(apsw.VFSFile):
    def __init__(self, vfs: CardVfs, platter: _Platter, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._vfs = vfs
        self._platter = platter
        self._size = super().xFileSize()

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        end = offset + len(data)
        if end > self._size:
            self._vfs.grow(end - self._size)
        super().xWrite(data, offset)
        self._size = max(self._size, end)
        self._platter.unsynced.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._size = newsize
        self._platter.unsynced.append((newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._platter.sync()


def put_back(folder: Path) -> None:
    """What the card holds after the cut becomes what the next start finds. The agent is dead."""
    for path in (folder / "data").glob("*.db*"):
        path.unlink()
    for path in (folder / "platter").iterdir():
        shutil.copyfile(path, folder / "data" / path.name)


if __name__ == "__main__":
    CARD = CardVfs(Path(sys.argv[1]))
    sys.argv[1:] = sys.argv[2:]
    runpy.run_module("edge", run_name="__main__", alter_sys=True)
