"""What a stop is brought and a van can take: slots by temperature zone, and weight. Whole numbers, so that sums are exact.

A slot is one container: a crate (周转筐) where it is ambient, a cold box (冷链箱) where it is chilled or frozen.
"""

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """In the order in which loads are compared and shown."""

    AMBIENT = "ambient"
    CHILLED = "chilled"
    FROZEN = "frozen"
    WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class Load:
    """Amounts by measure. ValueError where one is below zero."""

    ambient_slots: int = 0
    chilled_slots: int = 0
    frozen_slots: int = 0
    weight_g: int = 0

    def __post_init__(self) -> None:
        if min(self.amounts) < 0:
            raise ValueError(f"a load of {self.amounts}: no amount is below zero")

    @property
    def amounts(self) -> tuple[int, int, int, int]:
        """By `Measure`, in its order."""
        return (self.ambient_slots, self.chilled_slots, self.frozen_slots, self.weight_g)

    @property
    def containers(self) -> int:
        """How many things somebody has to carry."""
        return self.ambient_slots + self.chilled_slots + self.frozen_slots

    def __add__(self, other: "Load") -> "Load":
        return Load(*(one + two for one, two in zip(self.amounts, other.amounts, strict=True)))

    def over(self, capacity: "Load") -> dict[Measure, int]:
        """By how much each measure is above ``capacity``; empty where all of it fits."""
        pairs = zip(Measure, self.amounts, capacity.amounts, strict=True)
        return {measure: amount - room for measure, amount, room in pairs if amount > room}


NOTHING = Load()


def total(loads: list[Load]) -> Load:
    """The sum; nothing for none."""
    amounts = [0, 0, 0, 0]
    for load in loads:
        for index, amount in enumerate(load.amounts):
            amounts[index] += amount
    return Load(*amounts)
