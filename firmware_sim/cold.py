"""What a thermometer in a cold box feels: a thermal model, seeded, moved on by whoever holds the clock. Pure.

Leaves how the value is said (Modbus, 1-Wire, BTHome) to the device's simulator.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

STEP_S = 60.0  # the air's own unrest is drawn once so often
RECOVERY_S = 12 * 60.0
DOOR_C_PER_S = 1.5 / 60
UNREST_S = 45 * 60.0  # how long the air remembers: a compressor's cycle
MAX_UNREST = 3.0  # σ: a healthy device never leaves its band by chance
ROOM_C = 26.0


@dataclass(frozen=True, slots=True)
class BoxKind:
    """A sort of device: where its temperature stands, and how far it wanders about."""

    set_c: float
    sigma_c: float


FRIDGE = BoxKind(3.0, 0.5)
FREEZER = BoxKind(-21.0, 0.8)


@dataclass(frozen=True, slots=True)
class BoxFaults:
    """What is wrong with a box and its thermometer. The default is nothing."""

    failing: bool = False  # the compressor is dead: the box warms to the room with ``failing_tau_s``
    failing_tau_s: float = 3 * 3600.0
    stuck: bool = False  # the thermometer says the same for ever
    drift_c_per_day: float = 0.0  # the thermometer goes wrong slowly
    dropout: float = 0.0  # probability that a reading does not come (0.02 in a town)

    def __post_init__(self) -> None:
        if not 0.0 <= self.dropout <= 1.0:
            raise ValueError(f"dropout: want 0 to 1, got {self.dropout}")
        if self.failing_tau_s <= 0.0:
            raise ValueError(f"failing_tau_s: want more than 0, got {self.failing_tau_s}")


SOUND = BoxFaults()


@dataclass(frozen=True, slots=True)
class Defrost:
    """A heater that frees a freezer of ice: ``for_s`` at the beginning of every ``every_s`` of the UTC day."""

    every_s: float
    for_s: float
    c_per_s: float = 0.25 / 60

    def is_on(self, at_ms: int) -> bool:
        """At a moment."""
        return at_ms / 1000 % self.every_s < self.for_s


@dataclass(slots=True)
class ColdBox:
    """A fridge or freezer and the thermometer in it. ``advance`` takes domain ms; time never runs back."""

    kind: BoxKind
    random: Random
    at_ms: int
    faults: BoxFaults = SOUND
    door_is_open: bool = False
    room_c: float = ROOM_C
    defrost: Defrost | None = None
    _excess_c: float = 0.0  # above the set point: what doors, heater and a dead compressor have let in
    _unrest: float = 0.0  # in σ, about 0
    _unrest_left_s: float = 0.0
    _drift_c: float = 0.0
    _stuck_c: float | None = field(default=None)

    def __post_init__(self) -> None:
        self._unrest = self._bounded(self.random.gauss(0.0, 1.0))
        self._unrest_left_s = STEP_S

    @property
    def air_c(self) -> float:
        """The truth."""
        return self.kind.set_c + self._excess_c + self._unrest * self.kind.sigma_c

    def advance(self, now_ms: int) -> None:
        """Live until ``now_ms``. Whether it defrosts is seen once a step of the air's unrest: a minute."""
        at_ms = float(self.at_ms)
        for step_s in self._steps(max(0, now_ms - self.at_ms) / 1000):
            self._live(step_s, is_defrosting=self.defrost is not None and self.defrost.is_on(int(at_ms)))
            at_ms += step_s * 1000
        self.at_ms = max(self.at_ms, now_ms)

    def felt_c(self) -> float | None:
        """What the thermometer says now; None where it does not answer. Draws: ask once a reading."""
        if self.faults.dropout and self.random.random() < self.faults.dropout:
            return None
        felt_c = self.air_c + self._drift_c
        if not self.faults.stuck:
            self._stuck_c = None
            return felt_c
        if self._stuck_c is None:
            self._stuck_c = felt_c
        return self._stuck_c

    def humidity_pct(self) -> float:
        """Of the air: it rises while the door stands open."""
        return min(95.0, 55.0 + 2.0 * max(0.0, self._excess_c) + 2.0 * self._unrest)

    def _steps(self, passed_s: float) -> Iterator[float]:
        """So that a long jump and many small ones end alike: the unrest is drawn at fixed times."""
        while passed_s > 0.0:
            step_s = min(passed_s, self._unrest_left_s)
            yield step_s
            passed_s -= step_s

    def _live(self, step_s: float, *, is_defrosting: bool) -> None:
        room_excess_c = self.room_c - self.kind.set_c
        if self.door_is_open:
            self._excess_c = min(room_excess_c, self._excess_c + DOOR_C_PER_S * step_s)
        elif self.faults.failing:
            self._excess_c += (room_excess_c - self._excess_c) * -math.expm1(-step_s / self.faults.failing_tau_s)
        elif is_defrosting and self.defrost is not None:
            self._excess_c = min(room_excess_c, self._excess_c + self.defrost.c_per_s * step_s)
        else:
            self._excess_c *= math.exp(-step_s / RECOVERY_S)
        self._drift_c += self.faults.drift_c_per_day * step_s / 86_400
        self._unrest_left_s -= step_s
        if self._unrest_left_s <= 1e-6:
            keep = math.exp(-STEP_S / UNREST_S)
            drawn = self.random.gauss(0.0, math.sqrt(1.0 - keep * keep))
            self._unrest = self._bounded(self._unrest * keep + drawn)
            self._unrest_left_s = STEP_S

    @staticmethod
    def _bounded(unrest: float) -> float:
        return max(-MAX_UNREST, min(MAX_UNREST, unrest))
