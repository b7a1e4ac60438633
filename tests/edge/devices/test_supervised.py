import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from structlog.testing import capture_logs

from edge.devices.ports import DeviceError, DeviceState
from edge.devices.supervised import Backoff, Supervised

DEADLINE_S = 20.0
QUICK = Backoff(0.001, 0.002)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.002)


@dataclass
class Town:
    now: int = 1000
    rate: float = 1.0
    is_simulated: bool = False

    def now_ms(self) -> int:
        self.now += 1
        return self.now


@dataclass
class Plan:
    """What becomes of each try: an exception while opening, one while serving, or None for being well until it is pulled."""

    opens: list[Exception | None] = field(default_factory=list)
    serves: list[Exception | None] = field(default_factory=list)
    closing: Exception | None = None


class Device(Supervised):
    def __init__(self, plan: Plan, backoff: Backoff = QUICK) -> None:
        super().__init__("box", "/dev/box", Town(), backoff)
        self.plan = plan
        self.opened = self.closed = self.lost = 0
        self.pulled = asyncio.Event()
        self.threads: set[int] = set()

    async def _open(self) -> None:
        await self._blocking(self._open_blocking)
        self._say(DeviceState.OK)

    def _open_blocking(self) -> None:
        self.threads.add(threading.get_ident())
        self.opened += 1
        error = self.plan.opens.pop(0) if self.plan.opens else None
        if error is not None:
            raise error

    async def _serve(self) -> None:
        error = self.plan.serves.pop(0) if self.plan.serves else None
        if error is not None:
            raise error
        await self.pulled.wait()

    async def _lost(self) -> None:
        self.lost += 1

    def _close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed += 1
        if self.plan.closing is not None:
            raise self.plan.closing


def gone(text: str = "/dev/box: not there; plug it in") -> DeviceError:
    return DeviceError(DeviceState.LOST, text)


async def test_a_device_that_is_away_is_lost_and_is_well_when_it_comes() -> None:
    async with Device(Plan(opens=[gone(), gone()])) as device:
        assert device.health().state is DeviceState.LOST
        await eventually(lambda: device.health().state is DeviceState.OK)
        assert (device.opened, device.closed, device.lost) == (3, 2, 2)
    assert device.closed == 3


async def test_since_stays_while_the_state_stays_and_moves_with_it() -> None:
    device = Device(Plan(opens=[gone("one"), gone("two")], serves=[DeviceError(DeviceState.FAILED, "three")]))
    first = device.health().since_ms
    seen: list[tuple[DeviceState, str, int]] = []
    say = device._say

    def listening(state: DeviceState, detail: str = "") -> None:
        say(state, detail)
        seen.append((state, detail, device.health().since_ms))

    device._say = listening  # type: ignore[method-assign]
    async with device:
        await eventually(lambda: len(seen) == 5)
    assert [f"{state} {detail}" for state, detail, _ in seen] == ["lost one", "lost two", "ok ", "failed three", "ok "]
    sinces = [since for _, _, since in seen]
    assert sinces[:2] == [first, first]
    assert first < sinces[2] < sinces[3] < sinces[4]


async def test_a_librarys_surprise_is_failed_with_its_words_logged_once_and_tried_again() -> None:
    with capture_logs() as logs:
        async with Device(Plan(opens=[ZeroDivisionError("odd"), ZeroDivisionError("odd"), ZeroDivisionError("odd")])) as device:
            await eventually(lambda: "ZeroDivisionError: odd" in device.health().detail)
            assert device.health().state is DeviceState.FAILED
            await eventually(lambda: device.health().state is DeviceState.OK)
    assert [entry["event"] for entry in logs].count("device_failed") == 1


async def test_a_device_that_complains_while_being_closed_is_still_opened_again() -> None:
    with capture_logs() as logs:
        async with Device(Plan(serves=[gone()], closing=OSError("bad file descriptor"))) as device:
            await eventually(lambda: device.opened == 2)
    assert "device_not_closed" in {entry["event"] for entry in logs}


async def test_the_first_try_can_be_waited_for_whether_it_went_well_or_not() -> None:
    slow = Backoff(DEADLINE_S * 2, DEADLINE_S * 2)
    for plan, state in ((Plan(), DeviceState.OK), (Plan(opens=[gone()]), DeviceState.LOST)):
        async with asyncio.timeout(DEADLINE_S), Device(plan, slow) as device:
            assert (await device.tried()).state is state
            assert "not opened yet" not in device.health().detail


async def test_who_is_through_is_not_opened_again_and_keeps_its_health() -> None:
    async with Device(Plan()) as device:
        await eventually(lambda: device.health().state is DeviceState.OK)
        device.pulled.set()
        assert device._task is not None
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.wait([device._task])
        assert (device.opened, device.health().state) == (1, DeviceState.OK)


def test_the_wait_doubles_to_its_most_and_starts_anew_only_after_the_device_was_well_for_as_long() -> None:
    backoff = Backoff(1.0, 8.0)
    waits = [0.0]
    for well_s in (0.0, 0.0, 1.9, 0.0, 3.0, 7.9, 8.0, 0.5):
        waits.append(backoff.following(waits[-1], well_s))
    assert waits[1:] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 1.0, 2.0]


async def test_leaving_waits_for_the_call_under_way_and_leaves_no_task_and_no_thread() -> None:
    device = Device(Plan())
    async with device:
        await eventually(lambda: device.health().state is DeviceState.OK)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("device-box")]
