"""What there is to be done at a station, one step each. Pure values; plans make them, hands do them."""

from dataclasses import dataclass
from enum import StrEnum

from edge.wire.messages import Problem


class StepKind(StrEnum):
    """What staff or residents do."""

    # at the dock, in the night
    SORT = "sort"
    BIND = "bind"
    PACK = "pack"
    SEAL = "seal"
    LOAD = "load"
    TAKE_BACK = "take_back"  # empty containers that the van has brought
    # at a station
    CLEAR = "clear"  # yesterday's leftovers: what must be kept cold is thrown away
    SIGN = "sign"
    GIVE_BACK = "give_back"  # yesterday's other leftovers go with the van
    SEND_BACK = "send_back"  # an empty container goes with the van
    OPEN = "open"
    RECEIVE = "receive"
    REPORT = "report"
    FINISH = "finish"
    EMPTY = "empty"
    DISPOSE = "dispose"
    SHELVE = "shelve"
    STORE = "store"  # into a locker's cell, or on its shelf where none is free
    VISIT = "visit"


class Way(StrEnum):
    """By what a resident shows that it is theirs."""

    CODE = "code"
    QR = "qr"
    TAIL = "tail"
    PROXY = "proxy"
    CABINET = "cabinet"


@dataclass(frozen=True, slots=True)
class Visit:
    """How somebody comes for an order. ``zones``: what they take with them; empty: everything.

    ``declines``: they will not take one of the parcels. ``is_mistaken``: it is handed out to the wrong person first, and undone.
    ``mistypes``: the first code is wrong.
    """

    way: Way
    zones: tuple[str, ...] = ()
    declines: bool = False
    is_mistaken: bool = False
    mistypes: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do when the Clock says ``at_ms``. ``label``: the container, the parcel, or the order's number.

    ``slot``: where a parcel is to lie: a shelf's slot, or the container that it is packed into; where one is loaded, its run.

    ``n`` tells two steps of one kind with one label apart.
    """

    at_ms: int
    kind: StepKind
    label: str
    slot: str = ""
    problem: Problem | None = None
    sku: str = ""
    quantity: int = 1
    visit: Visit | None = None
    n: int = 0

    @property
    def key(self) -> str:
        """What it is remembered by."""
        return f"{self.kind}/{self.label}" + (f"/{self.n}" if self.n else "")
