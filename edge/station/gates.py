"""Where a PIN or a badge is tried, and how often a wrong one was: so that one person's slips do not stop a colleague elsewhere.

Wrong ones are counted at each device for itself, PINs and badges apart. A browser that nobody ever logged in at may be a new one
each time: it is counted by where on the network it is, and by a ceiling of the whole station, which stops no device that is known.
A known device has a ceiling of its own, which no log-in clears: else whoever has a PIN tries their colleagues', and in between it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from edge.rules.attempts import FORGET_S, Attempts, GuessRules, wait_s
from edge.station.benches import PAGE, WEDGE
from edge.station.handout import Guessing

LogInBy = Literal["pin", "badge"]

STATION = "staff"
# Wrong PINs of a whole shift stay below it; a guesser with new browsers has as many tries a day as one at a single device.
CEILING = GuessRules(guesses=25, first_lock_s=300, longest_lock_s=900)


@dataclass(frozen=True, slots=True)
class Gate:
    """``own``: the counter of the device, or of its place on the network. ``ceiling``: of a known device its own, else the
    station's; None for a badge, whose 128 random bits nobody guesses.
    """

    own: Guessing
    ceiling: Guessing | None = None

    @property
    def wait_s(self) -> float:
        """How long nobody is answered here yet."""
        counters = (self.own, self.ceiling) if self.ceiling is not None else (self.own,)
        return max(wait_s(one.attempts, one.now_s) for one in counters)


class Gates:
    """What the station remembers of all of them. A device with a row of its own is known."""

    def __init__(self, read_rules: Callable[[], GuessRules], read_monotonic_s: Callable[[], float]) -> None:
        self._read_rules = read_rules
        self._read_monotonic_s = read_monotonic_s
        self._attempts: dict[str, Attempts] = {}

    def remember(self, attempts: Mapping[str, Attempts]) -> None:
        """From the file at start, and whatever was decided since."""
        self._attempts.update(attempts)

    def gate(self, by: LogInBy, device: str, address: str) -> Gate:
        """As it stands now. ``address``: where on the network a page is; "" where a scanner's reading came through one."""
        now_s = self._read_monotonic_s()
        is_known = not (device == WEDGE or device.startswith(PAGE)) or known_by(device) in self._attempts
        place = f"{STATION}/{by}/{device if is_known else f'from-{hashlib.sha256(address.encode()).hexdigest()[:8]}'}"
        own = Guessing(place, self._attempts.get(place, Attempts()), self._read_rules(), now_s)
        if by == "badge":
            return Gate(own)
        above = f"{STATION}/ceiling/{device}" if is_known else STATION
        return Gate(own, Guessing(above, self._attempts.get(above, Attempts()), CEILING, now_s))

    def forget_old(self) -> list[str]:
        """Places on the network where nobody was wrong for long: their rows may go."""
        now_s = self._read_monotonic_s()
        old = [
            place
            for place, attempts in self._attempts.items()
            if "/from-" in place and now_s - max(attempts.failed_s, attempts.locked_until_s or 0.0) >= FORGET_S
        ]
        for place in old:
            del self._attempts[place]
        return old


def known_by(device: str) -> str:
    """The place whose row says that somebody has logged in at a device."""
    return f"{STATION}/pin/{device}"
