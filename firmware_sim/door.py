"""A door contact as the file of a GPIO pin: its level, and its bouncing.

Leaves who opens the door to the town.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SimulatedContact:
    """``file`` holds 0 or 1 as /sys/class/gpio/…/value does; 1 is open, for the contact closes the pin to ground."""

    file: Path

    def show(self, *, is_open: bool) -> None:
        """The door stands like this."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_name(self.file.name + ".new")
        fresh.write_text("1\n" if is_open else "0\n", encoding="ascii")
        fresh.replace(self.file)

    def unplug(self) -> None:
        """The pin goes away."""
        self.file.unlink(missing_ok=True)
