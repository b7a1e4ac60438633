"""How far ingest is behind: the longest that a message waited here since the last look, whether it is written by now or not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Waiting = Callable[[], float]


@dataclass(slots=True)
class Lag:
    """One for all lanes of a process. Real seconds."""

    _waiting: list[Waiting] = field(default_factory=list)
    _worst_s: float = 0.0

    @contextmanager
    def of(self, waiting_s: Waiting) -> Iterator[None]:
        """For the block: a lane whose longest waiting message has waited for ``waiting_s()``."""
        self._waiting.append(waiting_s)
        try:
            yield
        finally:
            self._waiting.remove(waiting_s)

    def waited(self, seconds: float) -> None:
        """A message was written after this long."""
        self._worst_s = max(self._worst_s, seconds)

    def take(self) -> float:
        """The worst since the last call, and of what waits now."""
        worst_s = max([self._worst_s, *(waiting_s() for waiting_s in self._waiting)])
        self._worst_s = 0.0
        return worst_s
