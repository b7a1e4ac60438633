"""Which sockets are in which rooms and how far each has come; what to fetch for whom, and to whom what was fetched goes.

Without input or output. Sockets that stand at the same version of a room form a group: one fetch and one encoding serve the group,
and a socket that lags stays behind in its old group, from which it is later brought to the newest state (conflation).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cloud.domain.notices import RoomNotice
from cloud.live import frames
from cloud.live.frames import Entry

S = TypeVar("S")

# Rows of one fetch: some hundred kB, the most a socket's buffer grows by at once. The rest follows once that is gone.
PAGE_ENTRIES = 200
# Groups of one query: one statement stays in the milliseconds.
_FETCHES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read a room's entries above a version."""

    room: str
    above: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read, in one snapshot of the database: the room's version, and entries above ``fetch.above`` by version.

    ``above`` a version the room has not reached: entries from the beginning. ``is_whole`` False: there is more,
    of higher versions than the last entry's.
    """

    fetch: Fetch
    version: int
    entries: Sequence[Entry]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Delivery(Generic[S]):
    """One frame and whom it goes to."""

    frame: bytes
    sockets: Collection[S]


@dataclass(slots=True)
class _Room(Generic[S]):
    """``version``: the newest known, 0 before it is. ``owed``: sockets that have had no answer to their subscription."""

    version: int = 0
    groups: dict[int, set[S]] = field(default_factory=dict)
    owed: set[S] = field(default_factory=set)


class Rooms(Generic[S]):
    """All rooms that this gateway serves. Sockets are told apart by identity or hash."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room[S]] = {}
        # Rooms somebody may be behind in, the longest waiting first.
        self._due: dict[str, None] = {}

    @property
    def served(self) -> Collection[str]:
        """Names of rooms with somebody in them."""
        return self._rooms.keys()

    @property
    def is_due(self) -> bool:
        """True where ``fetches`` may have something."""
        return bool(self._due)

    def join(self, name: str, socket: S, cursor: int) -> None:
        """Let a socket in that knows the room up to ``cursor``; in it already: start again from there."""
        room = self._rooms.setdefault(name, _Room())
        _remove(room, socket)
        room.groups.setdefault(cursor, set()).add(socket)
        room.owed.add(socket)
        self._due[name] = None

    def leave(self, names: Iterable[str], socket: S) -> None:
        """Let a socket out; an empty room is forgotten."""
        for name in names:
            room = self._rooms.get(name)
            if room is not None:
                _remove(room, socket)
                if not room.groups:
                    del self._rooms[name]
                    self._due.pop(name, None)

    def polled(self, versions: Mapping[str, int]) -> None:
        """The versions of all served rooms as the database has them; a room that is missing has none. They may go back."""
        for name, room in self._rooms.items():
            room.version = versions.get(name, 0)
            if room.owed or any(cursor != room.version for cursor in room.groups):
                self._due[name] = None

    def hinted(self, name: str, version: int) -> bool:
        """Somebody says that a room has moved; True where that is news. What is not above the known is an old hint."""
        room = self._rooms.get(name)
        if room is None or version <= room.version:
            return False
        room.version = version
        self._due[name] = None
        return True

    def told(self, notice: RoomNotice, lagging: set[S]) -> Delivery[S] | None:
        """Move those who stand where the room stood before the notice, by what it tells; the others are due (`hinted`)."""
        if notice.previous is None:
            return None
        news = [Entry(key, notice.version, notice.at, None if body is None else body.decode()) for key, body in notice.entries]
        return self.take(Fetched(Fetch(notice.room, notice.previous), notice.version, news, is_whole=True), lagging)

    def drained(self, names: Iterable[str]) -> None:
        """A socket that lagged in these rooms takes again."""
        self._due.update((name, None) for name in names if name in self._rooms)

    def fetches(self, lagging: set[S]) -> list[Fetch]:
        """What to read now: one fetch for each group that is behind and has somebody who takes. At most 256; then ask again."""
        wanted: list[Fetch] = []
        for name in list(self._due):
            room = self._rooms[name]
            behind = [
                cursor
                for cursor, members in room.groups.items()
                if (cursor != room.version or not room.owed.isdisjoint(members)) and not members <= lagging
            ]
            if wanted and len(wanted) + len(behind) > _FETCHES_AT_ONCE:
                break
            # Whoever stands nearest to the present comes first; a room of strangers to each other takes several rounds.
            wanted += [Fetch(name, cursor) for cursor in sorted(behind, reverse=True)[:_FETCHES_AT_ONCE]]
            del self._due[name]
            if len(behind) > _FETCHES_AT_ONCE:
                self._due[name] = None
        return wanted

    def take(self, fetched: Fetched, lagging: set[S]) -> Delivery[S] | None:
        """Move a fetch's group forward; who lags stays. None where nobody is to be told anything. Use it before the next call."""
        room = self._rooms.get(fetched.fetch.room)
        if room is None:
            return None
        above = fetched.fetch.above
        members = room.groups.get(above, set())
        takers = members - lagging if lagging else members
        if not takers:
            return None
        # A hint may have run ahead of this fetch: then the room is due again. Back it goes only by a poll.
        room.version = max(room.version, fetched.version)
        is_snapshot = above == 0 or above > fetched.version
        news = [one for one in fetched.entries if one.body is not None] if is_snapshot else fetched.entries
        cursor = fetched.version if fetched.is_whole else fetched.entries[-1].version
        told = takers if news or (is_snapshot and cursor != above) else takers & room.owed
        _advance(room, above, cursor, members, takers)
        if cursor != fetched.version:
            self._due[fetched.fetch.room] = None
        if not told:
            return None
        return Delivery(frames.entries(fetched.fetch.room, cursor, news, snapshot=is_snapshot), told)


def _advance(room: _Room[S], above: int, cursor: int, members: set[S], takers: set[S]) -> None:
    room.owed -= takers
    if cursor == above:
        return
    staying = members - takers
    if staying:
        room.groups[above] = staying
    else:
        del room.groups[above]
    room.groups[cursor] = room.groups[cursor] | takers if cursor in room.groups else takers


def _remove(room: _Room[S], socket: S) -> None:
    room.owed.discard(socket)
    for cursor, members in room.groups.items():
        if socket in members:
            members.discard(socket)
            if not members:
                del room.groups[cursor]
            return
