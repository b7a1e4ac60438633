import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from firmware_sim.faults import LineFaults
from firmware_sim.locker import LockerFaults, SimulatedLockers
from firmware_sim.locker_boards import MovedBy, SimulatedBoard
from firmware_sim.locker_speech import SPEECH, Ask, Speech, Unlock
from tests.edge.devices.locker_goldens import golden

DEADLINE_S = 10.0


def hear(family: str, raw: bytes) -> Ask | Unlock | None:
    speech: Speech = SPEECH[family]
    assert speech.length(raw) == len(raw)
    assert speech.length(raw[:1]) in (-1, len(raw))
    return speech.hear(raw, speech.base)


@pytest.mark.parametrize(
    ("family", "group", "name", "wish"),
    [
        ("cu16", "kerong_cu16", "status_req", Ask(0, 0)),
        ("cu16", "kerong_cu16", "unlock_5", Unlock(0, (5,))),
        ("cu48", "kerong_cu48", "status_req", Ask(0, 0)),
        ("cu48", "kerong_cu48", "unlock_1", Unlock(0, (1,))),
        ("8a", "xor8a", "unlock_1", Unlock(1, (1,))),
        ("8a", "xor8a", "unlock_all", Unlock(1, (0,))),
        ("8a", "xor8a", "query_1", Ask(1, 1)),
        ("8a", "xor8a", "query_all", Ask(1, 0)),
        ("wkly", "wkly", "open_1", Unlock(0, (1,))),
        ("wkly", "wkly", "query_1", Ask(0, 1)),
        ("wkly", "wkly", "query_all", Ask(0, 0)),
        ("wkly", "wkly", "open_all", Unlock(0, (0,))),
        ("wkly", "wkly", "open_123_together", Unlock(0, (1, 2, 3))),
        ("wkly", "wkly", "open_123_in_turn", Unlock(0, (1, 2, 3))),
    ],
)
def test_captured_requests_are_understood(family: str, group: str, name: str, wish: Ask | Unlock) -> None:
    assert hear(family, golden(group, name)) == wish


def test_boards_answer_with_the_captured_frames() -> None:
    cu16 = SimulatedBoard(0, 16, high_first=True)
    cu16.doors[5].is_open = cu16.doors[5].has_article = True
    assert SPEECH["cu16"].say_doors(cu16, 0, 0) == golden("kerong_cu16", "status_resp_lock5open_ir5")

    cu48 = SimulatedBoard(0, 48)
    assert SPEECH["cu48"].say_doors(cu48, 0, 0) == golden("kerong_cu48", "status_resp_all_closed")

    xor8a = SimulatedBoard(1, 24)
    assert SPEECH["8a"].say_doors(xor8a, 1, 1) == golden("xor8a", "closed")
    assert SPEECH["8a"].say_moved(xor8a, 1, 1) == golden("xor8a", "push_closed")
    assert SPEECH["8a"].say_unlocked(xor8a, 1, 1) == golden("xor8a", "unlock_fail_is_echo")
    xor8a.doors[1].is_open = True
    assert SPEECH["8a"].say_doors(xor8a, 1, 1) == golden("xor8a", "open")
    assert SPEECH["8a"].say_unlocked(xor8a, 1, 1) == golden("xor8a", "unlock_ok")
    whole = SimulatedBoard(1, 24, bit_one_is_open=True)
    for lock in (1, 9, 17):
        whole.doors[lock].is_open = True
    assert SPEECH["8a"].say_doors(whole, 0, 1) == golden("xor8a", "query_all_resp")

    wkly = SimulatedBoard(0, 4)
    assert SPEECH["wkly"].say_moved(wkly, 1, 1) == golden("wkly", "push_ch1_closed")
    wkly.doors[1].is_open = wkly.doors[4].is_open = True
    assert SPEECH["wkly"].say_unlocked(wkly, 1, 1) == golden("wkly", "open_1_ok")
    assert SPEECH["wkly"].say_doors(wkly, 0, 1) == golden("wkly", "query_all_resp_4ch")


@pytest.mark.parametrize("family", SPEECH)
def test_a_request_with_a_wrong_byte_is_none(family: str) -> None:
    speech = SPEECH[family]
    asked = {"cu16": "02 04 31 03 3a", "cu48": "02 00 00 61 03 66", "8a": "8a 01 01 11 9b", "wkly": "57 4b 4c 59 09 00 82 01 83"}
    raw = bytes.fromhex(asked[family])
    assert isinstance(speech.hear(raw, speech.base), Unlock)
    for at in range(len(raw)):
        wrong = raw[:at] + bytes((raw[at] ^ 0x04,)) + raw[at + 1 :]
        length = speech.length(wrong)
        assert length != len(wrong) or speech.hear(wrong, speech.base) is None


@asynccontextmanager
async def open_line(lockers: SimulatedLockers) -> AsyncIterator[int]:
    """The driver's end of the line, as a file descriptor that does not block."""
    with lockers:
        line = os.open(lockers.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            yield line
        finally:
            os.close(line)


async def read(line: int, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(DEADLINE_S):
        while len(data) < count:
            try:
                data += os.read(line, count - len(data))
            except BlockingIOError:
                await asyncio.sleep(0.002)
    return data


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.002)


UNLOCK_1 = bytes.fromhex("8a 01 01 11 9b")
OPENED_1 = bytes.fromhex("8a 01 01 00 8a")
ASK_1 = bytes.fromhex("80 01 01 33 b3")


def cabinet(path: Path, faults: LockerFaults | None = None, **options: object) -> SimulatedLockers:
    board = SimulatedBoard(1, 24, **options)  # type: ignore[arg-type]
    return SimulatedLockers(path / "lockers", "8a", (board,), Random(1), faults or LockerFaults())


async def test_a_pulse_opens_the_door_and_pulse_and_move_are_recorded(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path)
    async with open_line(lockers) as line:
        os.write(line, UNLOCK_1)
        assert await read(line, 5) == OPENED_1
    assert [(pulse.address, pulse.lock) for pulse in lockers.pulses] == [(1, 1)]
    assert [(move.lock, move.is_open, move.by) for move in lockers.moves] == [(1, True, MovedBy.PULSE)]
    assert lockers.moves[0].at_s >= lockers.pulses[0].at_s


async def test_a_jammed_door_takes_the_pulse_and_stays_shut(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path)
    lockers.board(1).doors[1].is_jammed = True
    async with open_line(lockers) as line:
        os.write(line, UNLOCK_1)
        assert await read(line, 5) == UNLOCK_1
    assert len(lockers.pulses) == 1
    assert lockers.moves == []


async def test_hands_move_doors_and_a_board_that_can_says_so(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path, pushes=True)
    async with open_line(lockers) as line:
        lockers.open_by_hand(1, 2)
        assert await read(line, 5) == bytes.fromhex("82 01 02 00 81")
        lockers.shut(1, 2)
        assert await read(line, 5) == bytes.fromhex("82 01 02 11 90")
        lockers.shut(1, 2)
    assert [(move.is_open, move.by) for move in lockers.moves] == [(True, MovedBy.HAND), (False, MovedBy.HAND)]
    assert lockers.pulses == []


async def test_a_slow_spring_opens_the_door_later_and_a_silent_board_says_nothing(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path, opens_after_s=0.05, pushes=True, replies=False)
    async with open_line(lockers) as line:
        os.write(line, UNLOCK_1)
        assert await read(line, 5) == bytes.fromhex("82 01 01 00 82")
    (pulse,), (move,) = lockers.pulses, lockers.moves
    assert move.at_s >= pulse.at_s + 0.05


async def test_requests_may_be_split_merged_and_lie_behind_noise(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path)
    async with open_line(lockers) as line:
        os.write(line, b"\x80\x8a\xff" + UNLOCK_1[:2])
        await asyncio.sleep(0)
        os.write(line, UNLOCK_1[2:] + ASK_1 + ASK_1[:3])
        assert await read(line, 10) == OPENED_1 + bytes.fromhex("80 01 01 00 80")
    assert len(lockers.pulses) == 1


CLOSED_1 = bytes.fromhex("80 01 01 11 91")


async def test_an_adapter_that_hears_itself(tmp_path: Path) -> None:
    async with open_line(cabinet(tmp_path, LockerFaults(echo=True))) as line:
        os.write(line, ASK_1)
        assert await read(line, 10) == ASK_1 + CLOSED_1


async def test_replies_and_requests_can_be_lost_or_come_late_in_front_of_the_next(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path, LockerFaults(no_reply=1.0))
    async with open_line(lockers) as line:
        os.write(line, ASK_1)
        await until(lambda: len(lockers.heard) == 1)
        lockers.faults = LockerFaults(deaf=1.0)
        os.write(line, UNLOCK_1)
        await until(lambda: lockers.unheard == [UNLOCK_1])
        lockers.faults = LockerFaults(merge=1.0)
        os.write(line, ASK_1)
        await until(lambda: len(lockers.heard) == 2)
        os.write(line, ASK_1)
        assert await read(line, 10) == CLOSED_1 + CLOSED_1
    assert lockers.pulses == []


async def test_replies_can_be_spoilt_split_and_lie_behind_noise(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path, LockerFaults(bad_checksum=1.0))
    async with open_line(lockers) as line:
        os.write(line, ASK_1)
        spoilt = await read(line, 5)
        assert sum(one != other for one, other in zip(spoilt, CLOSED_1, strict=True)) == 1
        lockers.faults = LockerFaults(line=LineFaults(split=1.0, noise=1.0), delay_s=0.001)
        os.write(line, ASK_1)
        noisy = await read(line, 7)
        while not noisy.endswith(CLOSED_1):
            noisy += await read(line, 1)
    assert lockers.pulses == []


async def test_unplugging_takes_the_path_away_and_a_pulsed_door_opens_all_the_same(tmp_path: Path) -> None:
    lockers = cabinet(tmp_path, opens_after_s=5.0)
    lockers.on_request = lambda request: lockers.unplug() if request == UNLOCK_1 else None
    async with open_line(lockers) as line:
        os.write(line, UNLOCK_1)
        await until(lambda: bool(lockers.pulses))
        assert not os.path.lexists(lockers.path)
        lockers.on_request = None
        lockers.unplug()
        assert lockers.board(1).doors[1].is_open


@pytest.mark.parametrize(("name", "value"), [("merge", 1.5), ("deaf", -0.1), ("delay_s", -1.0)])
def test_an_impossible_cabinet_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        LockerFaults(**{name: value})  # type: ignore[arg-type]


def test_an_unknown_family_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="family"):
        SimulatedLockers(tmp_path / "x", "cu99", (), Random(1))
