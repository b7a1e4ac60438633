"""A USB relay board of the LCUS kind, as its bytes: hears commands on a pseudo-terminal, answers nothing."""

from dataclasses import dataclass, field

from firmware_sim.terminal import Terminal


@dataclass(slots=True)
class SimulatedRelay:
    """``hear`` is its main loop's body. Commands with a bad sum are ignored, as the board does."""

    line: Terminal
    is_on: dict[int, bool] = field(default_factory=dict)
    switched: list[tuple[int, bool]] = field(default_factory=list)  # each change of a contact, in order
    _pending: bytes = b""

    def hear(self) -> None:
        """Take what the host has sent. UnpluggedError as its line."""
        self._pending += self.line.read()
        while len(self._pending) >= 4:
            head, total = self._pending[:3], self._pending[3]
            if head[0] != 0xA0 or sum(head) & 0xFF != total:
                self._pending = self._pending[1:]
                continue
            self._pending = self._pending[4:]
            channel, is_on = head[1], head[2] == 1
            if self.is_on.get(channel, False) is not is_on:
                self.switched.append((channel, is_on))
            self.is_on[channel] = is_on
