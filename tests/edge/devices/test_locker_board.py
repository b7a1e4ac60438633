import asyncio
import math
import os
import tty
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from edge.devices import locker_board, locker_bus
from edge.devices.locker import (
    Article,
    BoardFamily,
    Cell,
    Door,
    DoorScan,
    Echo,
    LockerBoardSettings,
    OpenOutcome,
    Pulse,
    StatusOrder,
)
from edge.devices.locker_board import boards_of
from edge.devices.locker_exchange import Exchange, flush_and_send, forget_unsent
from edge.devices.ports import DeviceState
from edge.devices.serial_port import PortError, open_port
from edge.wire.clock import WallClock
from firmware_sim.faults import LineFaults
from firmware_sim.locker import LockerFaults, SimulatedLockers
from firmware_sim.locker_boards import SimulatedBoard
from firmware_sim.locker_speech import SPEECH, Unlock
from tests.edge.devices.locker_cabinets import BRIEF, Cabinet, all_closed, cabinet, eventually, quick
from tests.edge.devices.terminals import held_terminal

pytestmark = pytest.mark.slow

PATIENT_S = 1.0  # for an answer: where none comes to the one, none may be missed of the other by a machine that is busy
families = pytest.mark.parametrize("family", list(BoardFamily))
# For tests that wait for a line to be silent or a door to stay shut: one board is quick enough, the others are slow together.
waiting = pytest.mark.parametrize(
    "family",
    [BoardFamily.XOR8A, *(pytest.param(one, marks=pytest.mark.slow) for one in BoardFamily if one is not BoardFamily.XOR8A)],
)
replying = pytest.mark.parametrize("family", [BoardFamily.CU48, BoardFamily.XOR8A, BoardFamily.WKLY])
pushing = pytest.mark.parametrize("family", [BoardFamily.XOR8A, BoardFamily.WKLY])


def is_unlock(here: Cabinet, request: bytes) -> bool:
    speech = SPEECH[here.lockers.family]
    return isinstance(speech.hear(request, speech.base), Unlock)


def unlocks(here: Cabinet) -> int:
    """How many unlock frames the line has carried, heard by the board or not."""
    return sum(is_unlock(here, request) for request in [*here.lockers.heard, *here.lockers.unheard])


def when_unlocked(here: Cabinet, faults: LockerFaults) -> None:
    """From the unlock on, that frame included, the line has these faults."""

    def change(request: bytes) -> None:
        if is_unlock(here, request):
            here.lockers.faults = faults

    here.lockers.on_request = change


@families
async def test_a_cell_opens_once_and_every_door_is_known(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family) as here:
        assert await here.board.doors() == all_closed(here.board)
        result = await here.board.open(3)
        assert (result.outcome, result.pulse, result.door, result.cell) == (OpenOutcome.OPENED, Pulse.GIVEN, Door.OPEN, 3)
        assert result.is_open
        assert await here.board.doors() == {**all_closed(here.board), 3: Door.OPEN}
        assert here.pulsed == [3]
        assert here.opened_without_command == []


@families
async def test_a_contact_wired_the_other_way_round_is_read_as_it_was_told(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, wired={"one_is_closed": False}, told={"one_is": Door.OPEN}) as here:
        assert await here.board.doors() == all_closed(here.board)
        assert (await here.board.open(2)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [2]


@families
async def test_with_the_polarity_told_wrongly_no_lock_is_pulsed(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, told={"one_is": Door.OPEN}) as here:
        result = await here.board.open(2)
        assert (result.outcome, result.pulse) == (OpenOutcome.LEFT_OPEN, Pulse.NONE)
        assert "one_is" in result.detail
        assert here.pulsed == []


@families
async def test_a_door_that_stands_open_is_not_pulsed(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family) as here:
        here.lockers.open_by_hand(1, 4)
        result = await here.board.open(4)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.LEFT_OPEN, Pulse.NONE, Door.OPEN)
        assert here.pulsed == []
        assert here.opened_without_command == [4]


@waiting
async def test_a_board_that_answers_no_unlock_is_judged_by_its_doors(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, wired={"replies": False}, told={"unlock_replies": False, **BRIEF}) as here:
        here.doors.doors[2].is_jammed = True
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        result = await here.board.open(2)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.FAILED, Pulse.UNKNOWN, Door.CLOSED)
        assert here.pulsed == [1, 2]


@waiting
async def test_a_jammed_door_is_told_from_one_that_was_not_pulsed(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, told={"unlock_replies": True, **BRIEF}) as here:
        here.doors.doors[2].is_jammed = True
        result = await here.board.open(2)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.JAMMED, Pulse.GIVEN, Door.CLOSED)
        assert not result.is_open
        assert here.pulsed == [2]


@replying
async def test_a_stuck_contact_looks_like_a_jam_and_is_not_pulsed_twice(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, told=BRIEF) as here:
        here.doors.doors[2].stuck_contact = False
        result = await here.board.open(2)
        assert (result.outcome, result.door) == (OpenOutcome.JAMMED, Door.CLOSED)
        assert here.pulsed == [2]


@waiting
async def test_a_slow_spring_is_waited_for(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, wired={"opens_after_s": 0.25}, told={"feedback_s": 5.0}) as here:
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [1]


@families
@pytest.mark.parametrize("echo", [Echo.DETECT, Echo.YES])
async def test_on_a_line_that_echoes_everything_works_as_on_one_that_does_not(
    tmp_path: Path, family: BoardFamily, echo: Echo
) -> None:
    async with cabinet(tmp_path, family, faults=LockerFaults(echo=True), bus={"echo": echo}) as here:
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        assert await here.board.doors() == {**all_closed(here.board), 1: Door.OPEN}
        assert here.pulsed == [1]


@replying
async def test_an_echo_is_never_taken_for_the_boards_word(tmp_path: Path, family: BoardFamily) -> None:
    """On an 8A board the echo of an unlock is the frame that says "pulsed, and still shut"."""
    async with cabinet(tmp_path, family, faults=LockerFaults(echo=True), wired={"replies": False}, told=BRIEF) as here:
        here.doors.doors[2].is_jammed = True
        result = await here.board.open(2)
        assert (result.outcome, result.pulse) == (OpenOutcome.FAILED, Pulse.UNKNOWN)
        here.doors.replies = True
        assert (await here.board.open(2)).outcome is OpenOutcome.JAMMED
        assert here.pulsed == [2, 2]


@waiting
async def test_an_echo_that_nobody_configured_opens_no_door_twice_and_hides_none(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, faults=LockerFaults(echo=True), bus={"echo": Echo.NO}) as here:
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [1]
    async with cabinet(tmp_path, family, bus={"echo": Echo.YES, "reply_s": 0.05}) as here:
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [1]


async def test_a_first_echo_that_noise_spoilt_does_not_hide_those_that_follow(tmp_path: Path) -> None:
    faults = LockerFaults(echo=True, bad_echo=1.0)
    async with cabinet(tmp_path, BoardFamily.XOR8A, faults=faults, wired={"replies": False}, told=BRIEF) as here:
        here.lockers.faults = LockerFaults(echo=True)
        here.doors.doors[2].is_jammed = True
        result = await here.board.open(2)
        assert (result.outcome, result.pulse) == (OpenOutcome.FAILED, Pulse.UNKNOWN)


@waiting
async def test_a_board_that_is_silent_is_lost_its_doors_unknown_and_no_lock_is_pulsed(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, bus={"reply_s": 0.05, "watch_s": 0.05}) as here:
        here.lockers.faults = LockerFaults(no_reply=1.0)
        await eventually(lambda: here.board.health().state is DeviceState.LOST)
        assert "no answer at address 1" in here.board.health().detail
        assert set((await here.board.doors()).values()) == {Door.UNKNOWN}
        result = await here.board.open(1)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.FAILED, Pulse.NONE, Door.UNKNOWN)
        assert "no answer" in result.detail
        here.lockers.faults = LockerFaults()
        await eventually(lambda: here.board.health().state is DeviceState.OK)
        assert here.pulsed == []


@waiting
async def test_an_unlock_that_the_board_did_not_hear_fails_and_is_not_sent_again(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, faults=LockerFaults(deaf_to_unlock=1.0), told=BRIEF, bus={"reply_s": PATIENT_S}) as here:
        result = await here.board.open(1)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.FAILED, Pulse.UNKNOWN, Door.CLOSED)
        assert unlocks(here) == 1
        assert here.pulsed == []


@families
async def test_a_lost_answer_to_the_unlock_costs_no_second_pulse(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, told={"unlock_replies": True}) as here:
        here.doors.replies = False
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [1]
        assert unlocks(here) == 1


@waiting
async def test_a_door_that_nobody_can_ask_after_its_pulse_is_unknown_and_not_pulsed_again(
    tmp_path: Path, family: BoardFamily
) -> None:
    async with cabinet(tmp_path, family, told=BRIEF) as here:
        when_unlocked(here, LockerFaults(no_reply=1.0))
        result = await here.board.open(1)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.UNKNOWN, Pulse.UNKNOWN, Door.UNKNOWN)
        assert "go and look" in result.detail
        assert here.pulsed == [1]
        assert unlocks(here) == 1


@waiting
async def test_an_adapter_pulled_in_the_moment_of_the_pulse_leaves_the_result_unknown(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, told=BRIEF) as here:
        here.lockers.on_request = lambda request: here.lockers.unplug() if is_unlock(here, request) else None
        result = await here.board.open(1)
        assert (result.outcome, result.pulse) == (OpenOutcome.UNKNOWN, Pulse.UNKNOWN)
        assert here.board.health().state is DeviceState.LOST
        here.lockers.on_request = None
        here.lockers.plug()
        await eventually(lambda: here.board.health().state is DeviceState.OK)
        assert (await here.board.doors())[1] is Door.OPEN
        assert here.pulsed == [1]


@waiting
async def test_an_adapter_that_is_back_in_time_tells_what_the_door_did(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, told={"feedback_s": 15.0}) as here:

        def pull(request: bytes) -> None:
            if is_unlock(here, request):
                here.lockers.unplug()
                asyncio.get_running_loop().call_later(0.05, here.lockers.plug)

        here.lockers.on_request = pull
        result = await here.board.open(1)
        assert (result.outcome, result.pulse) == (OpenOutcome.OPENED, Pulse.GIVEN)
        assert here.pulsed == [1]


@families
async def test_a_cabinet_that_is_unplugged_comes_back_by_itself_on_another_terminal(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family) as here:
        before = here.lockers.path.readlink()
        here.lockers.unplug()
        await eventually(lambda: here.board.health().state is DeviceState.LOST)
        assert "plug it in" in here.board.health().detail
        assert (await here.board.open(1)).outcome is OpenOutcome.FAILED
        assert set((await here.board.doors()).values()) == {Door.UNKNOWN}
        with held_terminal(before):
            here.lockers.plug()
            assert here.lockers.path.readlink() != before
            await eventually(lambda: here.board.health().state is DeviceState.OK)
            assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [1]


WORN = LockerFaults(
    LineFaults(split=0.5, noise=0.2, pause_s=0.002), merge=0.1, bad_checksum=0.1, no_reply=0.1, deaf=0.1, bad_echo=0.1
)


@families
@pytest.mark.parametrize("echo", [False, True])
async def test_on_a_worn_line_no_wish_is_pulsed_twice_and_no_result_lies(tmp_path: Path, family: BoardFamily, echo: bool) -> None:
    worn = LockerFaults(**{**{name: getattr(WORN, name) for name in WORN.__dataclass_fields__}, "echo": echo})
    async with cabinet(tmp_path, family, told={"feedback_s": 0.4}, bus={"reply_s": 0.05}, seed=7) as here:
        here.lockers.faults = worn
        here.doors.doors[2].is_jammed = True
        for cell in (1, 2, 3, 4, 2):
            given = len(here.pulsed)
            result = await here.board.open(cell)
            pulses = here.pulsed[given:]
            assert pulses in ([], [cell])
            is_open = here.doors.doors[cell].is_open
            match result.outcome:
                case OpenOutcome.OPENED:
                    assert (is_open, pulses) == (True, [cell])
                case OpenOutcome.LEFT_OPEN:
                    assert (is_open, pulses) == (True, [])
                case OpenOutcome.JAMMED:
                    assert (is_open, pulses) == (False, [cell])
                case OpenOutcome.FAILED:
                    assert not is_open
                    assert result.pulse is Pulse.UNKNOWN or not pulses
                case OpenOutcome.UNKNOWN:
                    pass
        assert here.opened_without_command == []
        here.lockers.faults = LockerFaults(echo=echo)
        await eventually(lambda: here.board.health().state is DeviceState.OK)
        assert {cell for cell, door in (await here.board.doors()).items() if door is Door.OPEN} == {
            lock for lock, door in here.doors.doors.items() if door.is_open
        }


@waiting
async def test_a_late_answer_is_heard_and_not_taken_for_a_lost_board(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, faults=LockerFaults(delay_s=0.06), bus={"reply_s": 1.0}, told={"feedback_s": 3.0}) as here:
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [1]


@families
async def test_noise_is_counted_and_opens_nothing(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family) as here:
        here.lockers.say(bytes(range(256)) * 4)
        await eventually(lambda: "bytes of noise" in here.board.health().detail)
        assert here.board.health().state is DeviceState.OK
        assert await here.board.doors() == all_closed(here.board)
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED


@pushing
async def test_a_door_that_was_shut_again_before_anybody_asked_has_opened(tmp_path: Path, family: BoardFamily) -> None:
    async with cabinet(tmp_path, family, wired={"pushes": True}, told=BRIEF) as here:

        def shut_at_once(request: bytes) -> None:
            if is_unlock(here, request):
                asyncio.get_running_loop().call_soon(here.lockers.shut, 1, 1)

        here.lockers.on_request = shut_at_once
        result = await here.board.open(1)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.OPENED, Pulse.GIVEN, Door.CLOSED)
        assert here.pulsed == [1]


@waiting
async def test_a_door_left_open_is_told_from_one_that_is_shut_and_from_one_that_is_unknown(
    tmp_path: Path, family: BoardFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locker_board, "SHUT_PAUSE_S", 0.03)
    async with cabinet(tmp_path, family) as here:
        await here.board.open(1)
        assert await here.board.wait_closed(1, 0.1) is Door.OPEN
        waiting = asyncio.create_task(here.board.wait_closed(1, 20.0))
        here.lockers.shut(1, 1)
        assert await waiting is Door.CLOSED
        here.lockers.unplug()
        assert await here.board.wait_closed(1, 0.0) is Door.UNKNOWN


async def test_two_wishes_for_one_cell_give_one_pulse(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.WKLY) as here:
        results = await asyncio.gather(here.board.open(1), here.board.open(1))
        assert [result.outcome for result in results] == [OpenOutcome.OPENED, OpenOutcome.LEFT_OPEN]
        assert here.pulsed == [1]


async def test_a_wish_given_up_before_its_turn_is_not_sent(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.CU16, faults=LockerFaults(delay_s=0.05)) as here:
        first = asyncio.create_task(here.board.open(1))
        second = asyncio.create_task(here.board.open(2))
        await eventually(lambda: unlocks(here) == 1)
        second.cancel()
        assert (await first).outcome is OpenOutcome.OPENED
        with pytest.raises(asyncio.CancelledError):
            await second
        assert here.pulsed == [1]


async def test_on_a_line_that_is_never_silent_a_wish_lapses_and_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cabinet(tmp_path, BoardFamily.CU16, bus={"wait_s": 0.2}) as here:
        monkeypatch.setattr(locker_bus, "SEND_WITHIN_S", 0.3)
        asked = len(here.lockers.heard)

        async def chatter() -> None:
            while True:
                here.lockers.say(b"\xff")
                await asyncio.sleep(0.01)

        chattering = asyncio.create_task(chatter())
        try:
            await eventually(lambda: "bytes of noise" in here.board.health().detail)
            asked = len(here.lockers.heard)
            result = await here.board.open(1)
        finally:
            chattering.cancel()
        assert (result.outcome, result.pulse) == (OpenOutcome.FAILED, Pulse.NONE)
        assert len(here.lockers.heard) == asked
        assert here.pulsed == []


async def test_the_article_sensors_of_a_cu16_are_read_with_its_doors(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.CU16) as here:
        here.doors.doors[7].has_article = True
        cells = await here.board.look()
        assert cells[7] == Cell(Door.CLOSED, Article.PRESENT)
        assert cells[8] == Cell(Door.CLOSED, Article.ABSENT)


async def test_boards_without_article_sensors_say_unknown(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.WKLY) as here:
        assert (await here.board.look())[1] == Cell(Door.CLOSED, Article.UNKNOWN)


@pytest.mark.parametrize(
    ("family", "wired", "told"),
    [
        (BoardFamily.CU16, {"high_first": True}, {"status_order": StatusOrder.HIGH_FIRST}),
        (BoardFamily.CU48, {"high_first": True}, {"status_order": StatusOrder.HIGH_FIRST}),
        (BoardFamily.CU48, {"line_lock_base": 1}, {"lock_base": 1}),
        (BoardFamily.WKLY, {"line_lock_base": 0}, {"lock_base": 0}),
        (BoardFamily.XOR8A, {"bit_one_is_open": True}, {"scan": DoorScan.BOARD, "bit_one_is": Door.OPEN}),
        (
            BoardFamily.XOR8A,
            {"high_first": True},
            {"scan": DoorScan.BOARD, "bit_one_is": Door.CLOSED, "status_order": StatusOrder.HIGH_FIRST},
        ),
        (BoardFamily.WKLY, {}, {"scan": DoorScan.EACH}),
    ],
)
async def test_boards_that_differ_are_told_apart_by_their_settings(
    tmp_path: Path, family: BoardFamily, wired: Mapping[str, object], told: Mapping[str, object]
) -> None:
    async with cabinet(tmp_path, family, wired=wired, told=told) as here:
        assert (await here.board.open(2)).outcome is OpenOutcome.OPENED
        assert await here.board.doors() == {**all_closed(here.board), 2: Door.OPEN}
        assert here.pulsed == [2]


async def test_a_lock_base_that_is_wrong_opens_a_neighbour_and_the_result_says_so(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.CU48, wired={"line_lock_base": 1}, told=BRIEF) as here:
        result = await here.board.open(3)
        assert result.outcome in (OpenOutcome.FAILED, OpenOutcome.JAMMED)
        assert "cell 2 opened instead" in result.detail
        assert here.pulsed == [2]


async def test_a_cell_of_another_board_is_refused(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.WKLY, told={"first_cell": 101}) as here:
        assert here.board.cells == range(101, 105)
        with pytest.raises(ValueError, match="want 101 to 104"):
            await here.board.open(1)
        assert (await here.board.open(104)).outcome is OpenOutcome.OPENED
        assert here.pulsed == [4]


async def test_a_line_without_rs485_mode_works_all_the_same(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.WKLY, bus={"rs485": True}) as here:
        assert (await here.board.open(1)).outcome is OpenOutcome.OPENED


@families
async def test_boards_on_one_line_take_turns_and_their_cells_run_on(tmp_path: Path, family: BoardFamily) -> None:
    first, second = SimulatedBoard(1, 4), SimulatedBoard(2, 4)
    lockers = SimulatedLockers(tmp_path / "lockers", family.value, (first, second), Random(1), LockerFaults(echo=True))
    told = [LockerBoardSettings(name, address, 4, address * 4 - 3) for name, address in (("A", 1), ("B", 2))]
    a, b = boards_of(quick(lockers.path, family, *told), WallClock(lambda: 1_700_000_000.0))
    with lockers:
        async with a, b:
            await eventually(lambda: {a.health().state, b.health().state} == {DeviceState.OK})
            results = await asyncio.gather(a.open(1), b.open(5), a.open(2), b.open(8), a.doors(), b.doors())
            assert [result.outcome for result in results[:4]] == [OpenOutcome.OPENED] * 4
            assert {**await a.doors(), **await b.doors()} == {
                cell: Door.OPEN if cell in (1, 2, 5, 8) else Door.CLOSED for cell in range(1, 9)
            }
    assert sorted(pulse.lock for pulse in first.pulses) == [1, 2]
    assert sorted(pulse.lock for pulse in second.pulses) == [1, 4]


async def test_leaving_closes_the_line_and_whoever_waits_is_told(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.CU16, faults=LockerFaults(delay_s=0.2), bus={"reply_s": 1.0}) as here:
        waiting = asyncio.create_task(here.board.doors())
        await eventually(lambda: len(here.lockers.heard) > 1)
    assert set((await waiting).values()) == {Door.UNKNOWN}
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_after_the_first_try_it_is_known_how_a_board_is(tmp_path: Path) -> None:
    told = LockerBoardSettings("A", 1, 4)
    lockers = SimulatedLockers(tmp_path / "lockers", "wkly", (SimulatedBoard(1, 4),), Random(1))
    clock = WallClock(lambda: 1_700_000_000.0)
    (away,) = boards_of(quick(tmp_path / "elsewhere", BoardFamily.WKLY, told), clock)
    async with away:
        assert (await away.tried()).state is DeviceState.LOST
    with lockers:
        (here,) = boards_of(quick(lockers.path, BoardFamily.WKLY, told), clock)
        async with here:
            assert (await here.tried()).state is DeviceState.OK
        (deaf,) = boards_of(quick(lockers.path, BoardFamily.WKLY, LockerBoardSettings("A", 9, 4)), clock)
        async with deaf:
            health = await deaf.tried()
    assert (health.state, health.device, health.since_ms) == (DeviceState.LOST, "A", 1_700_000_000_000)
    assert "no answer at address 9" in health.detail


def test_a_line_that_is_gone_before_the_request_has_carried_nothing_of_it() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    port = open_port(os.ttyname(slave), 9600)
    exchange = Exchange(b"unlock", lambda _: True, 0.1, math.inf, None, None, lambda: None)
    os.close(slave)
    os.close(master)
    try:
        with pytest.raises(PortError):
            flush_and_send(port, exchange)
    finally:
        forget_unsent(port)
        port.close()
    assert not exchange.may_be_sent


async def test_more_wishes_than_a_line_can_hold_are_refused_and_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locker_bus, "MAX_WISHES", 0)
    async with cabinet(tmp_path, BoardFamily.WKLY) as here:
        result = await here.board.open(1)
        assert (result.outcome, result.pulse) == (OpenOutcome.FAILED, Pulse.NONE)
        assert here.pulsed == []


async def test_an_answer_to_an_earlier_unlock_does_not_speak_for_the_next(tmp_path: Path) -> None:
    """It lies in the line's buffer, or comes merged with another frame, when the next unlock goes out."""
    async with cabinet(
        tmp_path, BoardFamily.WKLY, faults=LockerFaults(deaf_to_unlock=1.0), wired={"replies": False}, told=BRIEF
    ) as here:
        late = SPEECH["wkly"].say_unlocked(here.doors, 1, 1)
        questions = len(here.lockers.heard)

        def say_late(request: bytes) -> None:
            if len(here.lockers.heard) == questions + 2:  # the second question before the unlock
                here.lockers.say(late)

        here.lockers.on_request = say_late
        result = await here.board.open(1)
        assert (result.outcome, result.pulse) == (OpenOutcome.FAILED, Pulse.UNKNOWN)
        assert here.pulsed == []


async def test_a_board_that_refuses_is_told_from_one_that_jams(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.WKLY, wired={"refuses": True}, told=BRIEF) as here:
        result = await here.board.open(1)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.FAILED, Pulse.UNKNOWN, Door.CLOSED)
        assert "the board refused" in result.detail
        assert here.pulsed == []


async def test_a_kerong_board_gets_its_silence_before_each_request(tmp_path: Path) -> None:
    async with cabinet(tmp_path, BoardFamily.CU16, bus={"wait_s": None}) as here:
        asked: list[float] = []
        here.lockers.on_request = lambda _: asked.append(here.lockers.monotonic())
        await here.board.doors()
        await here.board.doors()
        assert len(asked) >= 2
        assert min(later - earlier for earlier, later in pairwise(asked)) >= 0.15


async def test_an_unlock_whose_time_has_passed_is_not_sent_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locker_board, "SEND_WITHIN_S", 0.0)
    async with cabinet(tmp_path, BoardFamily.XOR8A) as here:
        result = await here.board.open(1)
        assert (result.outcome, result.pulse, result.door) == (OpenOutcome.FAILED, Pulse.NONE, Door.CLOSED)
        assert "did not come in time" in result.detail
        assert unlocks(here) == 0
        assert here.pulsed == []
