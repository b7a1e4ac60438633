"""Where a PIN or a badge is tried, and how often a wrong one was: so that one person's slips do not stop a colleague elsewhere.

Wrong ones are counted at each device for itself, PINs and badges apart. A browser that nobody ever logged in at may be a new one
each time: it is counted by where on the network it is, and by a ceiling of the whole station, which stops no device that is known.
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
    """``own``: the counter of the device, or of its place on the network. ``station``: the ceiling; None for a badge, whose 128
    random bits nobody guesses. ``is_known``: somebody has logged in there before, or it is a scanner of ours.
    """

    own: Guessing
    station: Guessing | None = None
    is_known: bool = False

    @property
    def wait_s(self) -> float:
        """How long nobody is answered here yet."""
        own_s = wait_s(self.own.attempts, self.own.now_s)
        if self.station is None or self.is_known:
            return own_s
        return max(own_s, wait_s(self.station.attempts, self.station.now_s))


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
            return Gate(own, None, is_known)
        return Gate(own, Guessing(STATION, self._attempts.get(STATION, Attempts()), CEILING, now_s), is_known)

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
