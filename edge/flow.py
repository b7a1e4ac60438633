"""How much of a lane is under way, and when it is sent again: pure, times are monotonic seconds.

The time-out follows the measured round trip as TCP's does (Jacobson 1988, RFC 6298), from 5 s up, doubling with every repeat.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge.outbox import BatchKey

MIN_TIMEOUT_S = 5.0  # a flush of the cloud takes well below a second; below this we would only double its load
MAX_TIMEOUT_S = 60.0  # site routers reboot in about 45 s
UNHEARD_S = 60.0  # the broker has not even taken it: the line is dead in a way TCP has not noticed


@dataclass(slots=True)
class Flight:
    """One batch under way."""

    sent_s: float
    due_s: float
    sendings: int
    packet: int
    is_taken: bool = False  # the broker has it


class LaneFlow:
    """``read_jitter`` gives 0.0 to 1.0: repeats of many sites shall not come together."""

    def __init__(self, window: int, read_jitter: Callable[[], float]) -> None:
        self.window = window
        self.in_flight: dict[BatchKey, Flight] = {}
        self.last: BatchKey | None = None  # everything up to here was sent on this connection
        self.rewinds = 0  # what was looked up behind ``last`` before one of these may pass over what waits again
        self._read_jitter = read_jitter
        self._smoothed_s: float | None = None
        self._deviation_s = 0.0

    @property
    def room(self) -> int:
        """How many more may be sent now."""
        return max(0, self.window - len(self.in_flight))

    @property
    def timeout_s(self) -> float:
        """For a first sending."""
        if self._smoothed_s is None:
            return MIN_TIMEOUT_S
        return min(MAX_TIMEOUT_S, max(MIN_TIMEOUT_S, self._smoothed_s + 4 * self._deviation_s))

    def sent(self, key: BatchKey, packet: int, now_s: float) -> None:
        """A first or a repeated sending."""
        before = self.in_flight.get(key)
        sendings = 1 if before is None else before.sendings + 1
        wait_s = min(MAX_TIMEOUT_S, self.timeout_s * 2 ** (sendings - 1)) * (1.0 + 0.25 * self._read_jitter())
        self.in_flight[key] = Flight(now_s, now_s + wait_s, sendings, packet)
        # A repeat says nothing of how far we are: after a rewind it may be ahead of what still has to be sent.
        if before is None and (self.last is None or (key.epoch, key.seq) > (self.last.epoch, self.last.seq)):
            self.last = key

    def taken(self, packet: int) -> BatchKey | None:
        """The broker has acknowledged a packet; None where it is not of this lane."""
        for key, flight in self.in_flight.items():
            if flight.packet == packet:
                flight.is_taken = True
                return key
        return None

    def landed(self, keys: Iterable[BatchKey], now_s: float) -> None:
        """The cloud has acknowledged, or the batch goes on under another key."""
        for key in keys:
            flight = self.in_flight.pop(key, None)
            if flight is not None and flight.sendings == 1:  # of a repeat nobody knows which sending was answered (Karn)
                self._measure(now_s - flight.sent_s)

    def rewind(self, keys: Iterable[BatchKey]) -> None:
        """These wait again though they were sent before, on this connection or an earlier one."""
        for key in keys:
            self.rewinds += 1
            if self.last is not None and (key.epoch, key.seq) <= (self.last.epoch, self.last.seq):
                self.last = BatchKey(key.epoch, key.lane, type(key.seq)(key.seq - 1))

    def due(self, now_s: float) -> list[BatchKey]:
        """What to send again: overdue, and surely lost behind the broker. What the broker has not taken is on the line still."""
        return [key for key, flight in self.in_flight.items() if flight.is_taken and flight.due_s <= now_s]

    def is_stuck(self, now_s: float) -> bool:
        """The broker has not taken a packet for a minute."""
        return any(not flight.is_taken and now_s - flight.sent_s > UNHEARD_S for flight in self.in_flight.values())

    def next_due_s(self) -> float | None:
        """When to look again."""
        return min((flight.due_s for flight in self.in_flight.values()), default=None)

    def _measure(self, round_trip_s: float) -> None:
        if self._smoothed_s is None:
            self._smoothed_s = round_trip_s
            self._deviation_s = round_trip_s / 2
            return
        self._deviation_s += (abs(round_trip_s - self._smoothed_s) - self._deviation_s) / 4
        self._smoothed_s += (round_trip_s - self._smoothed_s) / 8
