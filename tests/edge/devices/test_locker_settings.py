import tomllib
from typing import Any

import msgspec
import pytest

from edge.devices.locker import (
    Article,
    BoardFamily,
    Door,
    DoorScan,
    Echo,
    LockerBoardSettings,
    LockerBusSettings,
    StatusOrder,
    lock_base,
)

TOML = """
name = "lockers"
port = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
family = "8a"
echo = "no"

[[board]]
name = "left"
address = 1
locks = 24
prefix = "A-"

[[board]]
name = "right"
address = 2
locks = 12
first_cell = 25
one_is = "open"
scan = "board"
bit_one_is = "open"
status_order = "high_first"
"""


def bus(family: BoardFamily = BoardFamily.CU16, **board: Any) -> LockerBusSettings:
    settings = {"name": "A", "address": 1, "locks": 8, **board}
    return LockerBusSettings("lockers", "/dev/ttyUSB0", family, (LockerBoardSettings(**settings),))


def test_a_line_with_its_boards_is_read_from_toml() -> None:
    settings = msgspec.convert(tomllib.loads(TOML), LockerBusSettings)
    left, right = settings.board
    assert (settings.family, settings.echo, settings.traits.baud) == (BoardFamily.XOR8A, Echo.NO, 9600)
    assert (left.one_is, left.scan) == (Door.CLOSED, None)
    assert (right.one_is, right.scan, right.bit_one_is) == (Door.OPEN, DoorScan.BOARD, Door.OPEN)
    assert right.status_order is StatusOrder.HIGH_FIRST
    assert list(left.cell_names)[:2] == ["A-1", "A-2"]
    assert right.cell_names == {str(cell): cell for cell in range(25, 37)}


def test_lock_1_is_what_the_family_counts_from_unless_it_is_told() -> None:
    (board,) = bus().board
    assert [lock_base(family, board) for family in BoardFamily] == [0, 0, 1, 1]
    (told,) = bus(lock_base=1).board
    assert lock_base(BoardFamily.CU16, told) == 1


def test_what_is_the_other_way_round_is_unknown_where_it_was_unknown() -> None:
    assert [door.opposite for door in Door] == [Door.CLOSED, Door.OPEN, Door.UNKNOWN]
    assert [article.opposite for article in Article] == [Article.ABSENT, Article.PRESENT, Article.UNKNOWN]


@pytest.mark.parametrize(
    ("family", "board", "text"),
    [
        ("cu16", {"name": ""}, "name"),
        ("cu16", {"address": -1}, "address: want 0 or more"),
        ("cu16", {"address": 15}, "address: want 0 to 14 for cu16"),
        ("cu48", {"address": 256}, "address: want 0 to 255"),
        ("cu16", {"locks": 0}, "locks: want 1 or more"),
        ("cu16", {"locks": 17}, "locks: want 1 to 16"),
        ("cu16", {"locks": 16, "lock_base": 1}, "locks: want 1 to 15 for cu16 with lock_base 1"),
        ("cu48", {"locks": 49}, "locks: want 1 to 48"),
        ("wkly", {"locks": 65}, "locks: want 1 to 64"),
        ("wkly", {"first_cell": 0}, "first_cell"),
        ("wkly", {"first_cell": 9999}, "first_cell: want 1 to 9992"),
        ("wkly", {"prefix": "a b"}, "prefix"),
        ("wkly", {"one_is": Door.UNKNOWN}, "one_is"),
        ("cu16", {"article_one_is": Article.UNKNOWN}, "article_one_is"),
        ("wkly", {"lock_base": 2}, "lock_base: want 0 or 1"),
        ("wkly", {"feedback_s": 0.0}, "feedback_s"),
        ("8a", {"lock_base": 0}, "all locks at once"),
        ("8a", {"scan": DoorScan.BOARD, "bit_one_is": Door.OPEN}, "looks like a request"),
        ("8a", {"locks": 24, "scan": DoorScan.BOARD}, "open a door and look"),
        ("cu48", {"scan": DoorScan.EACH}, "whole board only"),
        ("wkly", {"bit_one_is": Door.OPEN}, "only for 8a"),
    ],
)
def test_an_impossible_board_is_refused_by_name(family: str, board: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        bus(BoardFamily(family), **board)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ({"port": ""}, "port"),
        ({"board": ()}, "board: want one"),
        ({"wait_s": 2.0}, "wait_s"),
        ({"reply_s": 0.0}, "reply_s"),
        ({"watch_s": 0.0}, "watch_s"),
        ({"board": (LockerBoardSettings("A", 1, 4), LockerBoardSettings("B", 1, 4))}, "address 1 is given to two boards"),
        ({"board": (LockerBoardSettings("A", 1, 4), LockerBoardSettings("A", 2, 4))}, "name 'A' is given to two boards"),
        ({"board": (LockerBoardSettings("A", 1, 4), LockerBoardSettings("B", 2, 4, 4))}, "cell '4' is given to two boards"),
    ],
)
def test_an_impossible_line_is_refused_by_name(line: dict[str, Any], text: str) -> None:
    told = {"name": "x", "port": "/dev/x", "family": BoardFamily.WKLY, "board": (LockerBoardSettings("A", 1, 4),), **line}
    with pytest.raises(ValueError, match=text):
        LockerBusSettings(**told)
