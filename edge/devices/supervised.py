"""What every driver shares: open, serve, lost → wait, again; its health with since when; a thread of its own for what blocks.

Leaves how a device is opened and served to the driver, and which devices there are to the registry.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import structlog

from edge.devices.ports import DeviceError, DeviceHealth, DeviceState, Scan
from edge.wire.clock import Clock

QUEUE_SCANS = 64  # overflow "hold back": the driver stops reading, the operating system's buffer and the device wait

T = TypeVar("T")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long between two tries."""

    least_s: float = 0.2  # a plug that only wobbled
    most_s: float = 3.0  # looking costs next to nothing, and somebody stands there with the plug in the hand

    def following(self, waited_s: float, well_s: float) -> float:
        """The wait after one of ``waited_s``: twice that, and the least again for a device that was well as long as that."""
        return self.least_s if well_s >= waited_s else min(self.most_s, waited_s * 2)


class Supervised(ABC):
    """A driver's base. ``async with`` starts it; a device that is away, broken or surprising never raises out of it.

    A driver gives ``_open``, ``_serve`` and ``_close``, raises DeviceError with the state and the remedy when the device is
    lost, and says ``_say(OK)`` when it answers. Everything that blocks goes through ``_blocking``, one call after another.
    """

    def __init__(self, name: str, place: str, clock: Clock, backoff: Backoff | None = None) -> None:
        """``place`` is what staff know the device by: its port, pin or address."""
        self._name = name
        self._place = place
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._health = DeviceHealth(name, DeviceState.LOST, f"{place}: not opened yet", clock.now_ms())
        # Of the device's own, so that twenty devices cannot use up the loop's shared pool.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"device-{name}")
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()

    @property
    def name(self) -> str:
        return self._name

    def health(self) -> DeviceHealth:
        return self._health

    async def tried(self) -> DeviceHealth:
        """The health after the first try: the device has answered, or it is known why not."""
        await self._tried.wait()
        return self._health

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._supervise(), name=f"device {self.name}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await asyncio.to_thread(self._thread.shutdown)  # the call under way ends by its own time-out
        await asyncio.to_thread(self._let_go)

    @abstractmethod
    async def _open(self) -> None:
        """Make it ready to be served. What was taken is kept where ``_close`` finds it, also when this is cancelled."""

    @abstractmethod
    async def _serve(self) -> None:
        """Work until the device is lost (DeviceError). To return is to be through for ever, as a folder of pictures is."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of whatever is held; blocking, may be called twice or before ``_open``."""

    async def _lost(self) -> None:  # noqa: B027  # most drivers hold nothing back
        """After a loss, once: what had begun and will not be finished."""

    def _blocking(self, call: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        """Run it in the device's own thread."""
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _say(self, state: DeviceState, detail: str = "") -> None:
        """How it is now. Since when is kept while the state stays the same; a new state is logged."""
        since_ms = self._health.since_ms
        if state is not self._health.state:
            since_ms = self._clock.now_ms()
            _log.info("device_changed", device=self.name, state=state.value, detail=detail)
        self._health = DeviceHealth(self.name, state, detail, since_ms)
        self._tried.set()

    def _let_go(self) -> None:
        try:
            self._close()
        except Exception:  # noqa: BLE001  # the supervisor: what is gone may complain about being closed
            _log.exception("device_not_closed", device=self.name)

    async def _supervise(self) -> None:
        wait_s = 0.0
        while True:
            begun_s = time.monotonic()
            try:
                await self._open()
                await self._serve()
                return
            except DeviceError as error:
                was_well = self._health.state is DeviceState.OK
                self._say(error.state, str(error))
            except Exception as error:  # noqa: BLE001  # the supervisor: whatever this device's library throws, the site goes on
                was_well = self._health.state is DeviceState.OK
                text = f"{self._place}: {type(error).__name__}: {error}"
                if text != self._health.detail:  # once a failure, not once a try
                    _log.exception("device_failed", device=self.name)
                self._say(DeviceState.FAILED, text)
            await self._blocking(self._let_go)
            await self._lost()
            wait_s = self._backoff.following(wait_s, time.monotonic() - begun_s if was_well else 0.0)
            await asyncio.sleep(wait_s)


class SupervisedScanner(Supervised):
    """A driver that is a ports.Scanner: its scans stand in a bounded queue until the station takes them."""

    def __init__(self, name: str, place: str, clock: Clock, backoff: Backoff | None = None) -> None:
        super().__init__(name, place, clock, backoff)
        self._queue: asyncio.Queue[Scan] = asyncio.Queue(QUEUE_SCANS)

    async def scans(self) -> AsyncIterator[Scan]:
        while True:
            yield await self._queue.get()
