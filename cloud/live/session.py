"""One live socket's conversation, without its socket: frames in, effects out.

SILENT --hello--> CHECKING --admitted--> OPEN; refused, silent for too long or abusive: CLOSED. Leaves rooms' content to ``rooms``.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from cloud.domain.scope import Scope
from cloud.live import frames
from cloud.live.frames import MAX_ROOMS, AnyClientFrame, FrameError, Hello, Ping, Subscribe, Unsubscribe
from edge.wire.clock import Clock

HELLO_WITHIN_S = 10.0
# A page that subscribes, pings and comes back sends a few frames a minute; a loop gone wild is cut off.
_BURST_FRAMES = 100
_FRAMES_PER_S = 10.0
MAX_FAULTS = 50


class CloseCode:
    """Of the range for applications (RFC 6455, 7.4.2), where none of the standard's fits."""

    POLICY = 1008
    TRY_AGAIN = 1013
    LOG_IN_AGAIN = 4401


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Find out whose token this is, then call ``admitted`` or ``refused``."""

    token: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send this frame to this socket."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Join:
    """Bring this socket up to date in a room from a cursor, and keep it so."""

    room: str
    cursor: int


@dataclass(frozen=True, slots=True)
class Leave:
    """No more of this room."""

    room: str


@dataclass(frozen=True, slots=True)
class Close:
    """End the socket."""

    code: int
    reason: str


Effect = Authenticate | Send | Join | Leave | Close


class _State(Enum):
    SILENT = auto()
    CHECKING = auto()
    OPEN = auto()
    CLOSED = auto()


class Session:
    """Times are monotonic seconds, handed in; only what is sent of the time is the domain's clock."""

    def __init__(self, clock: Clock, now_s: float) -> None:
        self._clock = clock
        self._state = _State.SILENT
        self._scope: Scope | None = None
        self._rooms: set[str] = set()
        self._faults = 0
        self._allowance = float(_BURST_FRAMES)
        self._counted_s = now_s
        self.hello_by_s = now_s + HELLO_WITHIN_S

    @property
    def is_open(self) -> bool:
        """True from admission to closing."""
        return self._state is _State.OPEN

    @property
    def is_silent(self) -> bool:
        """True until hello."""
        return self._state is _State.SILENT

    @property
    def rooms(self) -> frozenset[str]:
        """The rooms joined."""
        return frozenset(self._rooms)

    def receive(self, data: str | bytes, now_s: float) -> list[Effect]:
        """Take one frame as it came."""
        if self._state is _State.CLOSED:
            return []
        self._allowance = min(_BURST_FRAMES, self._allowance + (now_s - self._counted_s) * _FRAMES_PER_S) - 1
        self._counted_s = now_s
        if self._allowance < 0:
            return self._close(CloseCode.POLICY, "too many frames")
        try:
            return self._take(frames.read_frame(data))
        except FrameError as error:
            return self._fault(error.field, error.message, error.remedy)

    def admitted(self, scope: Scope) -> list[Effect]:
        """The token is good."""
        if self._state is not _State.CHECKING:
            return []
        self._state = _State.OPEN
        self._scope = scope
        return [Send(frames.welcome(self._clock))]

    def rescoped(self, scope: Scope) -> list[Effect]:
        """The token still stands, its limits are others now: leave what is out of them."""
        if self._state is not _State.OPEN:
            return []
        self._scope = scope
        lost = sorted(room for room in self._rooms if not scope.may_see_room(room))
        self._rooms.difference_update(lost)
        effects: list[Effect] = [Leave(room) for room in lost]
        return effects + [Send(frames.error("rooms", f"{room} is not yours to see any more", "leave it out")) for room in lost]

    def refused(self, message: str, remedy: str) -> list[Effect]:
        """The token is not good (any more)."""
        if self._state is _State.CLOSED:
            return []
        return [Send(frames.error("token", message, remedy)), *self._close(CloseCode.LOG_IN_AGAIN, message)]

    def unavailable(self) -> list[Effect]:
        """Nobody can tell now whether the token is good."""
        if self._state is _State.CLOSED:
            return []
        frame = frames.error("token", "the database cannot serve now", "try again in a few seconds")
        return [Send(frame), *self._close(CloseCode.TRY_AGAIN, "the database cannot serve now")]

    def check_hello(self, now_s: float) -> list[Effect]:
        """Close a socket that has not said who it is in time."""
        if self._state is _State.SILENT and now_s >= self.hello_by_s:
            return self._close(CloseCode.POLICY, f"no hello within {HELLO_WITHIN_S:.0f} s")
        return []

    def _take(self, frame: AnyClientFrame) -> list[Effect]:
        match frame:
            case Hello(token=token):
                if self._state is not _State.SILENT:
                    return self._fault("type", "hello was said already", "open another socket to log in anew")
                self._state = _State.CHECKING
                return [Authenticate(token)]
            case Ping():
                return [Send(frames.pong(self._clock))]
            case Subscribe() | Unsubscribe() if self._scope is None:
                return self._fault("type", "say hello first", 'send {"type": "hello", "token": …} and wait for welcome')
            case Subscribe(rooms=wanted):
                return [effect for index, one in enumerate(wanted) for effect in self._join(index, one.room, one.cursor)]
            case Unsubscribe(rooms=rooms):
                left = [room for room in dict.fromkeys(rooms) if room in self._rooms]
                self._rooms.difference_update(left)
                return [Leave(room) for room in left]
            case _:
                assert_never(frame)

    def _join(self, index: int, room: str, cursor: int) -> list[Effect]:
        if self._state is not _State.OPEN:  # closed by an earlier room of the same frame
            return []
        if self._scope is None or not self._scope.may_see_room(room):
            return self._fault(f"rooms[{index}]", "there is no such room for you", "leave it out")
        if room not in self._rooms and len(self._rooms) >= MAX_ROOMS:
            return self._fault(f"rooms[{index}]", f"more than {MAX_ROOMS} rooms", "unsubscribe from others first")
        self._rooms.add(room)
        return [Join(room, cursor)]

    def _fault(self, field: str, message: str, remedy: str) -> list[Effect]:
        self._faults += 1
        if self._faults > MAX_FAULTS:
            return self._close(CloseCode.POLICY, "too many faulty frames")
        return [Send(frames.error(field, message, remedy))]

    def _close(self, code: int, reason: str) -> list[Effect]:
        self._state = _State.CLOSED
        left = [Leave(room) for room in sorted(self._rooms)]
        self._rooms.clear()
        return [*left, Close(code, reason)]
