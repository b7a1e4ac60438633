"""What the station asks of a cabinet of lockers: which doors are open, and open this one. Vocabulary, Protocol and settings.

Leaves bytes to locker_cu16, locker_cu48, locker_xor8a and locker_wkly, and the line they share to locker_bus.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from edge.devices.ports import DeviceHealth

MAX_CELL = 9999  # four digits fit on a door


class Door(StrEnum):
    """What the board's contact says; a contact that nobody could ask is unknown, never closed."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"

    @property
    def opposite(self) -> "Door":
        return {Door.OPEN: Door.CLOSED, Door.CLOSED: Door.OPEN}.get(self, Door.UNKNOWN)


class Article(StrEnum):
    """What the infrared sensor in a cell says. Most boards have none: unknown."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"

    @property
    def opposite(self) -> "Article":
        return {Article.PRESENT: Article.ABSENT, Article.ABSENT: Article.PRESENT}.get(self, Article.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Cell:
    """The two signals of one cell. Whether it is reserved or occupied is the station's own affair."""

    door: Door = Door.UNKNOWN
    article: Article = Article.UNKNOWN


class OpenOutcome(StrEnum):
    """What became of one wish to open. Only OPENED and LEFT_OPEN mean that a hand can reach in."""

    OPENED = "opened"  # pulsed, and the door's contact went from closed to open
    LEFT_OPEN = "left_open"  # it stood open before: no pulse was given
    JAMMED = "jammed"  # the board confirmed the pulse, and the contact still says closed
    FAILED = "failed"  # it is closed, and no pulse is known of: not sent, refused, or a silent board that may not have heard
    UNKNOWN = "unknown"  # a pulse may have been given, and nobody can say what the door does: go and look


class Pulse(StrEnum):
    """Whether the lock was energised."""

    NONE = "none"  # certainly not: nothing was sent
    GIVEN = "given"  # the board confirmed it, or the door opened
    UNKNOWN = "unknown"  # sent, and never confirmed


@dataclass(frozen=True, slots=True)
class OpenResult:
    """The result of one ``open``. It is never retried by the driver: who wants another pulse asks again."""

    cell: int
    outcome: OpenOutcome
    pulse: Pulse
    door: Door  # as last heard, after the attempt
    detail: str = ""  # one line for staff: the fault and the remedy

    @property
    def is_open(self) -> bool:
        return self.outcome in (OpenOutcome.OPENED, OpenOutcome.LEFT_OPEN)


class LockerBoard(Protocol):
    """One board of locks. Unplugging is its own affair: it comes back by itself, and until then its doors are unknown.

    Boards that share a line are entered one by one and take turns on it by themselves. ``cell`` is the number on the door.
    """

    @property
    def name(self) -> str: ...

    @property
    def cells(self) -> range:
        """The numbers of its cells: ``first_cell`` and up."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def doors(self) -> Mapping[int, Door]:
        """Ask all doors, now. Every cell is in it; UNKNOWN where the board did not answer. Never raises for the line."""
        ...

    async def look(self) -> Mapping[int, Cell]:
        """As ``doors``, with the article sensors of boards that have them."""
        ...

    async def open(self, cell: int) -> OpenResult:
        """Pulse one lock at most once, and watch its door. ValueError for a cell that is not on this board.

        Cancelled after the pulse was sent, it leaves the pulse given and the result unheard: record the wish before.
        """
        ...

    async def wait_closed(self, cell: int, within_s: float) -> Door:
        """CLOSED as soon as it is; after ``within_s`` OPEN (left open, 门未关) or UNKNOWN, as last heard."""
        ...

    def health(self) -> DeviceHealth: ...


class BoardFamily(StrEnum):
    """Who makes the board, that is: which frames it speaks."""

    CU16 = "cu16"  # KERONG KR-CU16
    CU48 = "cu48"  # KERONG CU48
    XOR8A = "8a"  # the "8A" boards of many makers: frames that begin with 8A and end with an XOR
    WKLY = "wkly"  # frames that begin with "WKLY"


class StatusOrder(StrEnum):
    """Which byte of a whole-board status has locks 1 to 8."""

    LOW_FIRST = "low_first"
    HIGH_FIRST = "high_first"


class DoorScan(StrEnum):
    """How all doors of a board are asked."""

    EACH = "each"  # lock by lock
    BOARD = "board"  # one frame for all


class Echo(StrEnum):
    """Whether the adapter hears itself: on RS-485 everything sent may come back."""

    DETECT = "detect"  # found out with the first question of each connection, before any lock can be pulsed
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class FamilyTraits:
    """What is the same for all boards of a family."""

    baud: int
    wait_s: float  # silence before a request
    reply_s: float
    lock_base: int  # the number that the line uses for lock 1
    max_locks: int
    max_address: int
    unlock_replies: bool


FAMILIES: Mapping[BoardFamily, FamilyTraits] = {
    # 100-200 ms of silence before a request, else it answers with the tail of the reply before (shared/design/devices.md).
    # Address 15 is every board's. Whether unlock replies: sources disagree (locker_cu16).
    BoardFamily.CU16: FamilyTraits(19200, 0.15, 0.3, 0, 16, 14, False),
    BoardFamily.CU48: FamilyTraits(19200, 0.15, 0.3, 0, 48, 255, True),
    # Answers come up to 200 ms later (makers' sheet 锁控板通讯协议, "六、读锁状态命令").
    BoardFamily.XOR8A: FamilyTraits(9600, 0.03, 0.5, 1, 64, 255, True),
    BoardFamily.WKLY: FamilyTraits(9600, 0.03, 0.5, 1, 64, 255, True),
}


@dataclass(frozen=True, slots=True)
class LockerBoardSettings:
    """One ``[[locker.board]]`` of the site's TOML: the settings on which boards, firmwares and their documents disagree.

    ``one_is``: what the contact's 1 means (0x11 on 8A boards): "closed" for a contact that closes with the door (上锁短路),
    "open" for the other kind (开锁短路). ``lock_base``: the number the line uses for lock 1, where it is not the family's.
    ``status_order``, ``scan`` and ``bit_one_is``: see locker_cu16 and locker_xor8a.
    """

    name: str
    address: int  # as its switches say and the line carries it
    locks: int
    first_cell: int = 1  # the number on the door of lock 1, where the numbering runs on over several boards
    prefix: str = ""  # what stands before the number on the doors, such as "B-"
    one_is: Door = Door.CLOSED
    lock_base: int | None = None
    unlock_replies: bool | None = None
    status_order: StatusOrder = StatusOrder.LOW_FIRST
    scan: DoorScan | None = None  # left out: each for 8A, else board
    bit_one_is: Door | None = None  # 8A with scan = "board"
    article_one_is: Article = Article.PRESENT  # CU16
    feedback_s: float = 2.0  # how long after a pulse the door is watched

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name: want one for each board")
        if self.address < 0:
            raise ValueError(f"address: want 0 or more, got {self.address}")
        if self.locks < 1:
            raise ValueError(f"locks: want 1 or more, got {self.locks}")
        if not 1 <= self.first_cell <= MAX_CELL - self.locks + 1:
            raise ValueError(f"first_cell: want 1 to {MAX_CELL - self.locks + 1}, got {self.first_cell}")
        if not re.fullmatch(r"(?:[A-Z0-9][A-Z0-9-]{0,15})?", self.prefix):
            raise ValueError(f"prefix: want up to 16 of A-Z, 0-9 and -, got {self.prefix!r}")
        if Door.UNKNOWN in (self.one_is, self.bit_one_is):
            raise ValueError("one_is, bit_one_is: want open or closed")
        if self.article_one_is is Article.UNKNOWN:
            raise ValueError("article_one_is: want present or absent")
        if self.lock_base not in (None, 0, 1):
            raise ValueError(f"lock_base: want 0 or 1, got {self.lock_base}")
        if not 0.1 <= self.feedback_s <= 30.0:
            raise ValueError(f"feedback_s: want 0.1 to 30, got {self.feedback_s}")

    @property
    def cell_names(self) -> Mapping[str, int]:
        """What the manifest calls its cells (LockerCell.cell), to the numbers that ``open`` takes."""
        return {f"{self.prefix}{cell}": cell for cell in range(self.first_cell, self.first_cell + self.locks)}


@dataclass(frozen=True, slots=True)
class LockerBusSettings:
    """One ``[[locker]]`` of the site's TOML: a serial line with the boards on it, all of one family."""

    name: str
    port: str  # /dev/serial/by-id/…, COM3, or a pty
    family: BoardFamily
    board: tuple[LockerBoardSettings, ...]
    baud: int | None = None  # left out: the family's
    echo: Echo = Echo.DETECT
    rs485: bool = False  # the kernel switches the direction (UART of the Pi itself); USB adapters do it by themselves
    wait_s: float | None = None  # silence before a request; left out: the family's
    reply_s: float | None = None  # how long an answer may take; left out: the family's
    watch_s: float = 5.0  # how often a board that nobody asks is asked whether it is there

    def __post_init__(self) -> None:
        if not self.port:
            raise ValueError("port: want a device such as /dev/serial/by-id/usb-…")
        if not self.board:
            raise ValueError("board: want one [[locker.board]] at least")
        if self.wait_s is not None and not 0.0 <= self.wait_s <= 1.0:
            raise ValueError(f"wait_s: want 0 to 1, got {self.wait_s}")
        if self.reply_s is not None and not 0.01 <= self.reply_s <= 5.0:
            raise ValueError(f"reply_s: want 0.01 to 5, got {self.reply_s}")
        if not 0.05 <= self.watch_s <= 3600.0:
            raise ValueError(f"watch_s: want 0.05 to 3600, got {self.watch_s}")
        for what, values in (
            ("name", [board.name for board in self.board]),
            ("address", [board.address for board in self.board]),
            ("cell", [name for board in self.board for name in board.cell_names]),
        ):
            if twice := [value for value, times in Counter(values).items() if times > 1]:
                raise ValueError(f"board: {what} {twice[0]!r} is given to two boards of {self.name}")
        for board in self.board:
            _check_family(self.family, board)

    @property
    def traits(self) -> FamilyTraits:
        return FAMILIES[self.family]


def lock_base(family: BoardFamily, board: LockerBoardSettings) -> int:
    """The number that the line uses for the board's lock 1."""
    return FAMILIES[family].lock_base if board.lock_base is None else board.lock_base


def _check_family(family: BoardFamily, board: LockerBoardSettings) -> None:
    traits = FAMILIES[family]
    base = lock_base(family, board)
    if board.address > traits.max_address:
        raise ValueError(f"address: want 0 to {traits.max_address} for {family.value}, got {board.address}")
    most = traits.max_locks - (base if family is BoardFamily.CU16 else 0)  # its lock number is four bits
    if board.locks > most:
        raise ValueError(f"locks: want 1 to {most} for {family.value} with lock_base {base}, got {board.locks}")
    if family is BoardFamily.XOR8A:
        _check_xor8a(board, base)
    elif board.scan is DoorScan.EACH and family is not BoardFamily.WKLY:
        raise ValueError(f"scan: {family.value} answers for the whole board only")
    elif board.bit_one_is is not None:
        raise ValueError(f"bit_one_is: only for 8a boards, not for {family.value}")


def _check_xor8a(board: LockerBoardSettings, base: int) -> None:
    if base != 1:
        raise ValueError("lock_base: want 1 for 8a boards: their lock 0 means all locks at once")
    if board.scan is DoorScan.BOARD and board.locks <= 8:
        raise ValueError('scan: want "each" for 8 locks or fewer: a status of one byte looks like a request')
    if board.scan is DoorScan.BOARD and board.bit_one_is is None:
        raise ValueError('bit_one_is: want open or closed with scan = "board"; documents disagree: open a door and look')
