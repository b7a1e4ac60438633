"""Imported versions of the roads: a folder each, and a file that names the one in use, replaced last.

Whoever reads follows the file; whoever has a version open goes on with it, for its files stay until two imports later.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cloud.trouble import Trouble

_POINTER, _LOCK, _ABOUT = "current", "lock", "about.json"
_UNFINISHED = ".making-"
GRAPH, MAP = "graph", "map.pmtiles"
_KEPT = 2


class About(msgspec.Struct, frozen=True):
    """What is known of a version. No path: the file's name only. ``ratio``: road over straight line, null without a graph."""

    version: str
    made_at: str
    source: str
    source_bytes: int
    attribution: str
    bounds: tuple[float, float, float, float]  # west, south, east, north
    roads: int
    has_graph: bool
    why_no_graph: str = ""
    ratio: float | None = None
    ratio_p95: float | None = None
    unreachable_share: float | None = None
    features: dict[str, int] = {}


class Versions:
    """Of one folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> About | None:
        """The version in use; None before the first import."""
        try:
            name = (self.folder / _POINTER).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return self.about(name)

    def about(self, version: str) -> About | None:
        """None where there is no such version, or no whole one."""
        if not version or version != Path(version).name:
            return None
        try:
            return msgspec.json.decode((self.folder / version / _ABOUT).read_bytes(), type=About)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def path(self, version: str, part: str) -> Path:
        return self.folder / version / part

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A folder to make a version in, gone afterwards unless `adopt` took it. One import at a time: Trouble for the second."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / _LOCK).open("w")
        except OSError as error:
            raise Trouble(
                f"{self.folder} can't be written: {error.strerror}", "set TUANTU_ROADS_DIR to a folder that can"
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Trouble("another import is under way", "wait for it") from None
            for left in self.folder.glob(f"{_UNFINISHED}*"):  # of one that was killed
                shutil.rmtree(left, ignore_errors=True)
            unfinished = self.folder / f"{_UNFINISHED}{os.getpid()}"
            unfinished.mkdir()
            try:
                yield unfinished
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)

    def adopt(self, unfinished: Path, about: About) -> None:
        """The version becomes whole, then the one in use: nobody ever sees a part of it."""
        (unfinished / _ABOUT).write_bytes(msgspec.json.encode(about))
        _sync(unfinished)
        place = self.folder / about.version
        if place.exists():  # imported before: the same input, made again
            aside = self.folder / f"{_UNFINISHED}old-{os.getpid()}"
            place.rename(aside)
            unfinished.rename(place)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            unfinished.rename(place)
        self.use(about.version)

    def use(self, version: str) -> None:
        """From now on this one; older ones but the last go."""
        before = self.current()
        fresh = self.folder / f"{_POINTER}.{os.getpid()}"
        with fresh.open("w", encoding="ascii") as file:
            file.write(version + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / _POINTER)
        kept = {version, before.version if before else version}
        others = [one for one in self.folder.iterdir() if (one / _ABOUT).exists() and one.name not in kept]
        for old in sorted(others, key=lambda one: (one / _ABOUT).stat().st_mtime, reverse=True)[max(0, _KEPT - len(kept)) :]:
            shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
