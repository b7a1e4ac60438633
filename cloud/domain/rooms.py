"""Names of live rooms and of their entries (ARCHITECTURE, decision 5), made and read in one place.

Who may enter one is `cloud.domain.scope`'s matter; what an entry holds is the fold's.
"""

from enum import StrEnum
from typing import NamedTuple


class RoomKind(StrEnum):
    """What a room is about."""

    ORDER = "order"
    SITE = "site"
    OPERATOR = "operator"
    SITES = "sites"
    VANS = "vans"
    GROUP = "group"


class RoomName(NamedTuple):
    """A room's name, read: ``order:{operator}/{external id}``, ``site:{site}``, ``operator:{operator}``, ``sites:{operator}``,
    ``vans:{operator}``, ``group:{operator}/{leader}``.
    """

    kind: RoomKind
    subject: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}"

    @classmethod
    def parse(cls, text: str) -> "RoomName":
        """Read a room's name; ValueError says what is wanted."""
        kind, colon, subject = text.partition(":")
        if not (colon and subject and kind in RoomKind.__members__.values()):
            raise ValueError(f"room: want order:…, site:…, operator:…, sites:…, vans:… or group:…, got {text[:80]!r}")
        return cls(RoomKind(kind), subject)


def order_room(order_id: str) -> str:
    """The room of one order: ``order``, and ``reminder`` once its leader has asked the resident to come."""
    return f"order:{order_id}"


def site_room(site_id: str) -> str:
    """The room of one site: ``parcel/{id}``, ``status``, ``position``, ``device/{name}``, ``problem/…``."""
    return f"site:{site_id}"


def operator_room(operator_id: str) -> str:
    """The room of one operator: ``order/{id}``, ``site/{id}``."""
    return f"operator:{operator_id}"


def sites_room(operator_id: str) -> str:
    """The room of what an operator's sites say of themselves: ``site/{id}``; apart from its orders, of which there are many."""
    return f"sites:{operator_id}"


def vans_room(operator_id: str) -> str:
    """The room of where an operator's vehicles are: ``van/{site}``, ``run/{id}``; apart from its orders, for it never rests."""
    return f"vans:{operator_id}"


def group_room(operator_id: str, leader_id: str) -> str:
    """The room of one leader's group: ``order/{id}``, of its own orders; ``links`` once links were taken back."""
    return f"group:{operator_id}/{leader_id}"
