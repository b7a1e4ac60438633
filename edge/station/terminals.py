"""Which devices are terminals of the cabinet: staff pair each once, and it may ask for residents from then on, as nobody's desk.

A terminal is known by a row, as a device that staff logged in at is (``edge.station.gates``). Wrong codes are not counted in it.
"""

import structlog

from edge.outbox import Outbox
from edge.rules.attempts import Attempts, GuessRules
from edge.station import memory

_PAIRED = "cabinet/terminal/"

_log = structlog.get_logger()


class Terminals:
    """``load`` before use."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._paired: frozenset[str] = frozenset()

    @property
    def paired(self) -> frozenset[str]:
        """Their names as devices."""
        return self._paired

    async def load(self) -> None:
        """At start."""
        rows = await self._outbox.run(lambda store: memory.read_attempts(store.execute, GuessRules(), 0.0))
        self._paired = frozenset(place.removeprefix(_PAIRED) for place in rows if place.startswith(_PAIRED))

    async def pair(self, device: str, staff: str) -> None:
        """From now on, whoever stands there. NotKeptError: not yet."""
        await self._outbox.transact(lambda transaction: memory.keep_attempts(transaction.execute, _PAIRED + device, Attempts()))
        self._paired |= {device}
        _log.info("terminal_paired", device=device, staff=staff)

    async def unpair(self, device: str, staff: str) -> None:
        """Stolen, or put to another use. NotKeptError: it may still ask."""
        await self._outbox.transact(lambda transaction: memory.forget_attempts(transaction.execute, [_PAIRED + device]))
        self._paired -= {device}
        _log.info("terminal_unpaired", device=device, staff=staff)
