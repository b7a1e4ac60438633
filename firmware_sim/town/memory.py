"""What the town remembers between two runs: which orders it has sent and which steps its staff have done.

One JSON file, replaced as a whole. What the cloud knows is asked of the cloud.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from firmware_sim.town.plan import Step

KEPT_DAYS = 3  # the service date, the next one, and one that somebody may still look back to


class _Kept(msgspec.Struct):
    seed: int
    sent: set[str] = msgspec.field(default_factory=set)  # station/date
    done: dict[str, set[str]] = msgspec.field(default_factory=dict)  # date → kind/label


class ForgottenError(ValueError):
    """The file does not belong to this town; the text has the remedy."""


@dataclass(slots=True)
class Memory:
    """Loaded by ``recall``; each change is on disk when the method returns."""

    path: Path
    _kept: _Kept = field(repr=False)

    @classmethod
    def recall(cls, path: Path, seed: int) -> "Memory":
        """Read ``path``, or begin. ForgottenError for a broken file or one of another seed."""
        if not path.exists():
            return cls(path, _Kept(seed))
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        except msgspec.DecodeError as error:
            raise ForgottenError(f"{path}: {error}; start over with FRESH=1") from None
        if kept.seed != seed:
            raise ForgottenError(f"{path}: made with seed {kept.seed}, not {seed}; use that one, or start over with FRESH=1")
        return cls(path, kept)

    def has_sent(self, station: str, day: date) -> bool:
        return f"{station}/{day.isoformat()}" in self._kept.sent

    def sent(self, station: str, day: date) -> None:
        """The orders of ``station`` for ``day`` are in the cloud."""
        self._kept.sent.add(f"{station}/{day.isoformat()}")
        self._save()

    def is_done(self, day: date, step: Step) -> bool:
        return f"{step.kind}/{step.label}" in self._kept.done.get(day.isoformat(), set())

    def done(self, day: date, step: Step) -> None:
        """``step`` was seen to be booked."""
        self._kept.done.setdefault(day.isoformat(), set()).add(f"{step.kind}/{step.label}")
        for old in sorted(self._kept.done)[:-KEPT_DAYS]:
            del self._kept.done[old]
        self._kept.sent = {key for key in self._kept.sent if key.rpartition("/")[2] >= min(self._kept.done)}
        self._save()

    def _save(self) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._kept))
        fresh.replace(self.path)
