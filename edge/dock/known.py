"""What is known of a load, a container or a parcel when an act about it is decided: what is planned, and where it stands."""

from typing import NamedTuple

from edge.rules.custody import ContainerStanding, ContainerState, ParcelStanding
from edge.wire.manifest import PlannedLoad


class Pieces(NamedTuple):
    """An article of a load that goes by SKU: what the plan wants of it, and what was counted into the container."""

    sku: str
    wanted: int
    counted: int = 0

    @property
    def lacks(self) -> int:
        return max(0, self.wanted - self.counted)


class LoadNow(NamedTuple):
    """A load of the plan. ``container``: the one that carries it, or the planned one where none does yet (``is_bound``).

    ``standing`` is of this round: what was done with the container for an earlier day does not count. ``found_as``: the state of
    one that is lost, had nobody called it so; its own otherwise. ``packed``, ``pieces``: what is in it, where that was read.
    """

    load: PlannedLoad
    container: str
    is_bound: bool = False
    standing: ContainerStanding = ContainerStanding()
    packed: frozenset[str] = frozenset()
    found_as: ContainerState = ContainerState.EMPTY
    pieces: tuple[Pieces, ...] = ()

    @property
    def state(self) -> ContainerState:
        return self.standing.state

    @property
    def is_lost(self) -> bool:
        """It was packed, and nobody finds it. Where only an empty container is not found, another takes its load."""
        return self.is_bound and self.state is ContainerState.LOST

    @property
    def is_to_load(self) -> bool:
        """It is not in the van, and waited for."""
        return self.state is not ContainerState.LOADED and not self.is_lost

    @property
    def lacking(self) -> tuple[str, ...]:
        """The parcels that are not in it."""
        return tuple(parcel for parcel in self.load.parcels if parcel not in self.packed)

    @property
    def lacking_pieces(self) -> int:
        """Pieces that were not counted into it; none where nobody counts, and goods are put in by the list."""
        return sum(one.lacks for one in self.pieces) if any(one.counted for one in self.pieces) else 0

    @property
    def lacks(self) -> int:
        """Parcels and pieces together."""
        return len(self.lacking) + self.lacking_pieces

    @property
    def progress(self) -> tuple[int, int]:
        """What is in it, of what: parcels, and pieces where they are counted."""
        parcels, counted = len(self.load.parcels), sum(min(one.counted, one.wanted) for one in self.pieces)
        wanted = sum(one.wanted for one in self.pieces) if counted else 0
        return len(self.packed) + counted, parcels + wanted

    def pieces_of(self, sku: str) -> Pieces | None:
        """None: this article does not belong in it."""
        return next((one for one in self.pieces if one.sku == sku), None)


class ContainerNow(NamedTuple):
    """A container that was scanned. ``carries``: its load, or the one it is planned for; None: the plan does not know it.

    ``own``: where it stands by all that was booked here, whatever the day.
    """

    container: str
    carries: LoadNow | None = None
    own: ContainerStanding = ContainerStanding()
    was_taken_back: bool = False  # and nothing was booked of it since
    has_plan: bool = True

    @property
    def is_carrying(self) -> bool:
        """True where it was bound for a load of the plan, and not only planned for one."""
        return self.carries is not None and self.carries.is_bound and self.carries.container == self.container


class ParcelNow(NamedTuple):
    """A parcel that was scanned. ``load`` None: the plan does not know it."""

    parcel: str
    standing: ParcelStanding = ParcelStanding()
    load: LoadNow | None = None
    has_plan: bool = True
