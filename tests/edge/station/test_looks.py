"""However many look at a cabinet, its boards are asked once, and not again for a second."""

import asyncio

from edge.station.looks import FRESH_S, Looks
from tests.edge.station.boards import TestBoard


async def test_many_who_look_at_once_or_soon_after_share_one_look() -> None:
    now_s, board = 100.0, TestBoard()
    looks = Looks(lambda: now_s)
    seen = await asyncio.gather(*(looks.at(board) for _ in range(20)))
    assert (board.looks, len(seen), set(seen[0])) == (1, 20, set(board.cells))
    now_s += FRESH_S - 0.1
    await looks.at(board)
    assert board.looks == 1
    now_s += 0.2
    await looks.at(board)
    assert board.looks == 2


async def test_who_goes_away_while_it_looks_ends_it_for_nobody_else() -> None:
    board = TestBoard()
    looks = Looks(lambda: 0.0)
    first, second = asyncio.create_task(looks.at(board)), asyncio.create_task(looks.at(board))
    await asyncio.sleep(0)
    first.cancel()
    assert set(await second) == set(board.cells)
    assert board.looks == 1
