"""Facts of the warehouse before the station: sorted, packed, bound, sealed, loaded.

What happens to the same things at a station is ``edge.wire.custody``'s.
"""

from typing import Literal

from edge.wire.facts import Fact
from edge.wire.fields import Name, Quantity, Text


class ParcelSorted(Fact, frozen=True, tag="parcel_sorted"):
    """A parcel went into a lane of the sort wall (已分拣)."""

    parcel: Name
    lane: Text = ""


class ParcelPacked(Fact, frozen=True, tag="parcel_packed"):
    """A parcel went into a container (已装筐)."""

    parcel: Name
    container: Name


class GoodsPacked(Fact, frozen=True, tag="goods_packed"):
    """Pieces of an article were counted into a container that goes by SKU."""

    container: Name
    sku: Name
    quantity: Quantity = 1


class ContainerBound(Fact, frozen=True, tag="container_bound"):
    """An empty container was taken for one station and one temperature zone (已绑定). A new round begins.

    ``day``: the pickup date it goes out for. ``stands_for``: the container of the plan whose load it takes; "": it is that one.
    """

    container: Name
    station: Name
    zone: Literal["ambient", "chilled", "frozen"] = "ambient"
    run: Text = ""
    day: Text = ""
    stands_for: Text = ""


class ContainerSealed(Fact, frozen=True, tag="container_sealed"):
    """A container is closed (已封箱)."""

    container: Name
    seal: Text = ""


class ContainerLoaded(Fact, frozen=True, tag="container_loaded"):
    """A container is in the van (已装车)."""

    container: Name
    run: Text = ""


class ContainerTakenBack(Fact, frozen=True, tag="container_taken_back"):
    """An empty container came back to the warehouse, and may be bound again."""

    container: Name


class ContainerLost(Fact, frozen=True, tag="container_lost"):
    """Nobody finds a container (丢筐). Whoever scans it again has found it."""

    container: Name
    note: Text = ""
