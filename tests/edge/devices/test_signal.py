import asyncio
import contextlib
import itertools
import os
import re
import threading
import tty
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from edge.devices.ports import Cue, DeviceError, DeviceState, Feedback, Reason, SignalKind, SignalSettings, Sound
from edge.devices.signal import Signal
from edge.devices.signal_outputs import GpioOutputs, relay_frame
from edge.devices.signal_patterns import DARK, LONG_S, PATTERNS, Lamps, Pattern, Step
from edge.wire.clock import WallClock
from firmware_sim.relay import SimulatedRelay
from firmware_sim.scanner import SimulatedScanner

DEADLINE_S = 20.0
CLOCK = WallClock(lambda: 1_700_000_000.0)
GPIO = SignalSettings(SignalKind.GPIO, buzzer=18, green=23, red=24)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.002)


class Recorded:
    """Outputs that write down what they show, and go away when told."""

    def __init__(self) -> None:
        self.shown: list[Lamps] = []
        self.is_away = False
        self.gates: dict[Lamps, threading.Event] = {}  # showing this takes until the gate is open

    def open(self) -> None:
        self.check()

    def show(self, lamps: Lamps) -> None:
        self.check()
        self.shown.append(lamps)
        if lamps in self.gates:
            self.gates[lamps].wait(DEADLINE_S)

    def check(self) -> None:
        if self.is_away:
            raise DeviceError(DeviceState.LOST, "away; plug it in")

    def close(self) -> None: ...


ALL: tuple[Cue, ...] = (*Sound, *Reason)
REMINDERS = (Sound.ALARM, Reason.SENSOR_FAULT)


def test_each_sound_and_each_reason_has_a_rhythm_of_its_own_for_the_ears_and_refusals_are_red_and_played_whole() -> None:
    assert set(PATTERNS) == set(ALL)

    def rhythm(cue: Cue) -> tuple[float, ...]:
        return tuple(step.seconds for step in PATTERNS[cue].steps if step.lamps.buzzer)

    for one, other in itertools.combinations(ALL, 2):
        assert rhythm(one) != rhythm(other), (one, other)
    for cue, pattern in PATTERNS.items():
        is_bad = cue in (Sound.REFUSED, Sound.UNKNOWN, Sound.ERROR) or (isinstance(cue, Reason) and cue not in REMINDERS)
        assert pattern.is_whole == is_bad  # an alarm is cut short by a scan: it comes again
        is_red = all(step.lamps.red and not step.lamps.green for step in pattern.steps)
        assert is_red == (is_bad or cue in REMINDERS)
        assert pattern.duration_s < 3.1
    assert not any(step.lamps.red for step in PATTERNS[Sound.OK].steps)


def test_a_refusal_begins_with_the_no_and_a_fault_does_not() -> None:
    faults = {Reason.LOCKER_FAULT, Reason.DEVICE_FAULT, Reason.SENSOR_FAULT}
    for reason in Reason:
        assert (PATTERNS[reason].steps[0].seconds == LONG_S) == (reason not in faults)


def test_the_table_that_people_read_says_what_is_played() -> None:
    example = (Path(__file__).resolve().parents[3] / "deploy" / "site.example.toml").read_text(encoding="utf-8")
    table = example[example.index("# One buzzer") : example.index("#[signal]")]
    written = re.findall(r"(?<= )[.-]+(?=  | *$)", table, re.MULTILINE)
    played = [
        "".join("-" if step.seconds == LONG_S else "." for step in one.steps if step.lamps.buzzer) for one in PATTERNS.values()
    ]
    assert sorted(written) == sorted(played)


async def test_a_sound_is_shown_step_by_step_and_ends_dark() -> None:
    outputs = Recorded()
    async with Signal(GPIO, CLOCK, outputs, pace=0.01) as signal:
        assert isinstance(signal, Feedback)
        await eventually(lambda: signal.health().state is DeviceState.OK)
        await signal.signal(Sound.UNKNOWN)
        await eventually(lambda: DARK in outputs.shown)
    beep, pause = Lamps(buzzer=True, red=True), Lamps(red=True)
    assert outputs.shown == [beep, pause, beep, pause, beep, pause, DARK]


async def test_a_new_sound_cuts_a_good_one_short_and_never_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    identify, ok, beep = Lamps(True, True, True), Lamps(True, True), Lamps(True, False, True)
    monkeypatch.setitem(PATTERNS, Sound.IDENTIFY, Pattern((Step(identify, 1000.0), Step(Lamps(green=True), 1000.0))))
    monkeypatch.setitem(PATTERNS, Sound.OK, Pattern((Step(ok, 1000.0),)))
    monkeypatch.setitem(PATTERNS, Sound.REFUSED, Pattern((Step(beep, 0.01), Step(DARK, 0.01), Step(beep, 1000.0)), is_whole=True))
    outputs = Recorded()
    outputs.gates[beep] = threading.Event()
    async with Signal(GPIO, CLOCK, outputs) as signal:
        await eventually(lambda: signal.health().state is DeviceState.OK)
        await signal.signal(Sound.IDENTIFY)
        await eventually(lambda: identify in outputs.shown)
        await signal.signal(Sound.REFUSED)
        await eventually(lambda: beep in outputs.shown)
        await signal.signal(Sound.DUPLICATE)
        await signal.signal(Sound.OK)  # the newest only
        outputs.gates[beep].set()
        await eventually(lambda: ok in outputs.shown)
    assert outputs.shown == [identify, DARK, beep, DARK, beep, DARK, ok]


async def test_signals_return_at_once_and_what_came_while_it_was_away_never_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.devices.signal.CHECK_S", 0.01)
    outputs = Recorded()
    async with Signal(GPIO, CLOCK, outputs, pace=0.001) as signal:
        await eventually(lambda: signal.health().state is DeviceState.OK)
        outputs.is_away = True
        await eventually(lambda: signal.health().state is DeviceState.LOST)
        for sound in Sound:
            await signal.signal(sound)
        outputs.is_away = False
        await eventually(lambda: signal.health().state is DeviceState.OK)
        await signal.signal(Sound.OK)
        await eventually(lambda: DARK in outputs.shown)
    assert outputs.shown == [Lamps(buzzer=True, green=True), Lamps(green=True), DARK]


async def test_pins_go_high_and_low_and_are_low_when_it_ends() -> None:
    mock = pytest.importorskip("gpiozero.pins.mock", reason="gpiozero is not installed", exc_type=ImportError)
    factory = mock.MockFactory()
    signal = Signal(GPIO, CLOCK, GpioOutputs(GPIO, lambda: factory), pace=0.01)
    async with signal:
        await eventually(lambda: signal.health().state is DeviceState.OK)
        await signal.signal(Sound.OK)
        await eventually(lambda: [state.state for state in factory.pin(18).states].count(True) == 1)
        await eventually(lambda: factory.pin(23).states[-1].state is False and len(factory.pin(23).states) > 2)
        assert not any(state.state for state in factory.pin(24).states)
    assert not factory.pin(18).state


async def test_a_machine_without_pins_or_without_the_library_says_so_and_a_signal_is_no_error() -> None:
    async with Signal(GPIO, CLOCK) as signal:
        health = await signal.tried()
        await signal.signal(Sound.OK)
    if health.state is DeviceState.OK:
        pytest.skip("this machine has pins")
    assert health.state is DeviceState.FAILED
    assert "GPIO" in health.detail


def test_relay_commands_are_the_boards_own() -> None:
    assert relay_frame(1, True).hex(" ") == "a0 01 01 a2"
    assert relay_frame(1, False).hex(" ") == "a0 01 00 a1"
    assert relay_frame(4, True).hex(" ") == "a0 04 01 a5"


async def test_a_relay_board_switches_comes_back_after_an_unplug_and_is_left_dark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.devices.signal.CHECK_S", 0.05)
    with SimulatedScanner(tmp_path / "relay", Random(1)) as line:
        relay = SimulatedRelay(line)
        settings = SignalSettings(SignalKind.RELAY, port=str(line.path), buzzer=1, red=2)
        async with Signal(settings, CLOCK, pace=0.01) as signal:
            await eventually(lambda: signal.health().state is DeviceState.OK)
            for _ in range(2):
                relay.switched.clear()
                await signal.signal(Sound.REFUSED)
                await eventually(lambda: relay.hear() or (2, False) in relay.switched)  # type: ignore[func-returns-value]
                assert relay.switched == [(1, True), (2, True), (1, False), (2, False)]
                line.unplug()
                await eventually(lambda: signal.health().state is DeviceState.LOST)
                line.plug()
                await eventually(lambda: signal.health().state is DeviceState.OK)
            await signal.signal(Sound.ERROR)
            await eventually(lambda: relay.hear() or relay.is_on.get(2, False))  # type: ignore[func-returns-value]
        relay.hear()
        assert not any(relay.is_on.values())


async def test_a_console_rings_as_often_as_the_sound_beeps() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    heard = b""

    def rings() -> int:
        nonlocal heard
        with contextlib.suppress(BlockingIOError):
            heard += os.read(master, 100)
        return heard.count(b"\a")

    try:
        settings = SignalSettings(SignalKind.BELL, port=os.ttyname(slave))
        async with Signal(settings, CLOCK, pace=0.01) as signal:
            await eventually(lambda: signal.health().state is DeviceState.OK)
            await signal.signal(Sound.UNKNOWN)
            await eventually(lambda: rings() == 3)
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize(("port", "said"), [("/dev/null", "no terminal"), ("nowhere/tty", "correct port in [signal]")])
async def test_a_console_that_is_none_is_said(port: str, said: str) -> None:
    async with Signal(SignalSettings(SignalKind.BELL, port=port), CLOCK) as signal:
        assert said in (await signal.tried()).detail


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": SignalKind.RELAY, "buzzer": 1}, "port: want a device"),
        ({"kind": SignalKind.GPIO}, "at least one"),
        ({"kind": SignalKind.GPIO, "buzzer": 40}, "buzzer: want 0 to 27"),
        ({"kind": SignalKind.RELAY, "port": "x", "red": 0}, "red: want 1 to 16"),
        ({"kind": SignalKind.GPIO, "buzzer": 4, "red": 4}, "given to two"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_key(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SignalSettings(**settings)  # type: ignore[arg-type]
