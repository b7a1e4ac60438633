"""A site's buzzer and lamps: says with a rhythm and a colour what became of a scan.

Leaves what each sound is to signal_patterns and where the lamps hang to signal_outputs.
"""

import asyncio

from edge.devices.ports import Cue, DeviceState, SignalSettings
from edge.devices.signal_outputs import Outputs, outputs_of
from edge.devices.signal_patterns import DARK, PATTERNS, Pattern
from edge.devices.supervised import Supervised
from edge.wire.clock import Clock

CHECK_S = 2.0  # how late an unplug is noticed while nothing sounds


class Signal(Supervised):
    """A ports.Feedback. What comes while something sounds waits, the newest only, and cuts short what is no refusal."""

    def __init__(self, settings: SignalSettings, clock: Clock, outputs: Outputs | None = None, pace: float = 1.0) -> None:
        """``outputs`` and ``pace`` (how long a second is) replace what the settings name, for tests."""
        super().__init__(settings.name, settings.place, clock)
        self._outputs = outputs or outputs_of(settings)
        self._pace = pace
        self._next: Cue | None = None
        self._wanted = asyncio.Event()

    async def signal(self, cue: Cue) -> None:
        """Returns at once."""
        if self._health.state is DeviceState.OK:  # else it would sound minutes later, at somebody else's parcel
            self._next = cue
            self._wanted.set()

    async def _open(self) -> None:
        await self._blocking(self._outputs.open)
        self._next = None
        self._wanted.clear()
        self._say(DeviceState.OK)

    async def _serve(self) -> None:
        while True:
            if not await self._is_wanted(CHECK_S):
                await self._blocking(self._outputs.check)
                continue
            cue, self._next = self._next, None
            self._wanted.clear()
            if cue is not None:
                await self._play(PATTERNS[cue])

    async def _play(self, pattern: Pattern) -> None:
        for step in pattern.steps:
            await self._blocking(self._outputs.show, step.lamps)
            if pattern.is_whole and step is not pattern.steps[-1]:
                await asyncio.sleep(step.seconds * self._pace)
            elif await self._is_wanted(step.seconds * self._pace):
                break
        await self._blocking(self._outputs.show, DARK)

    async def _is_wanted(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                return await self._wanted.wait()
        except TimeoutError:
            return False

    def _close(self) -> None:
        self._outputs.close()
