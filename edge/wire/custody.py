"""Facts about containers, goods and parcels: who had what, where, and in which state.

Who and when are the event's; where is the topic's site. How things leave by hand is ``edge.wire.counter``'s.
"""

from enum import StrEnum
from typing import Literal

from edge.wire.facts import Fact
from edge.wire.fields import Count, Grams, Name, Photo, Quantity, Text


class Problem(StrEnum):
    """What can be wrong with a parcel or with goods (as far as a person sees it)."""

    SHORT = "short"
    SURPLUS = "surplus"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    SPOILED = "spoiled"
    UNDERWEIGHT = "underweight"
    TEMP_BREACH = "temp_breach"
    MISSING = "missing"


# --- containers ---------------------------------------------------------------------------------


class ContainerSigned(Fact, frozen=True, tag="container_signed"):
    """The station took a container over at its door (签收)."""

    container: Name
    condition: Literal["intact", "seal_broken", "damaged"] = "intact"
    photo: Photo = ""
    run: Text = ""


class ContainerDropped(Fact, frozen=True, tag="container_dropped"):
    """The van left a container where nobody took it over (无人交接).

    ``station``: where, if another site than that place says so, such as the van itself.
    """

    container: Name
    photo: Photo = ""
    run: Text = ""
    station: Text = ""


class ContainerOpened(Fact, frozen=True, tag="container_opened"):
    """Counting began (已开箱)."""

    container: Name


class CountFinished(Fact, frozen=True, tag="count_finished"):
    """A container is counted (清点). In parcels, or in pieces where it came by SKU; what is missing has facts of its own."""

    container: Name
    expected: Count
    received: Count
    missing: Count = 0
    surplus: Count = 0


class ContainerEmptied(Fact, frozen=True, tag="container_emptied"):
    """A container waits for the van to take it back (待回收)."""

    container: Name


class ContainerReturned(Fact, frozen=True, tag="container_returned"):
    """The van took an empty container back (已回收). ``station``: from where, if another site than that place says so."""

    container: Name
    run: Text = ""
    station: Text = ""


# --- what is wrong, and goods that come by SKU --------------------------------------------------


class VarianceFound(Fact, frozen=True, tag="variance_found"):
    """Something is not as the manifest says. About a parcel or a container (or both); ``sku`` where about one article of it."""

    problem: Problem
    parcel: Text = ""
    container: Text = ""
    sku: Text = ""
    quantity: Quantity = 1
    photo: Photo = ""
    weight_g: Grams | None = None
    expected_g: Grams | None = None


class GoodsReceived(Fact, frozen=True, tag="goods_received"):
    """Pieces of an article were counted out of a container that was packed by SKU."""

    container: Name
    sku: Name
    quantity: Quantity = 1


class GoodsDistributed(Fact, frozen=True, tag="goods_distributed"):
    """Pieces of an article were put into the bag of one parcel (分货)."""

    sku: Name
    parcel: Name
    quantity: Quantity = 1
    container: Text = ""


# --- parcels ------------------------------------------------------------------------------------


class ParcelReceived(Fact, frozen=True, tag="parcel_received"):
    """A parcel was scanned in at a station (已入库). ``container``: the one it was taken out of, where that is known."""

    parcel: Name
    container: Text = ""


class ParcelShelved(Fact, frozen=True, tag="parcel_shelved"):
    """A parcel was put in a shelf slot such as ``A12`` (已上架)."""

    parcel: Name
    slot: Name


class ParcelPlaced(Fact, frozen=True, tag="parcel_placed"):
    """A parcel was put in a locker cell, and the door is closed on it (已入柜)."""

    parcel: Name
    cell: Name


class ParcelRemoved(Fact, frozen=True, tag="parcel_removed"):
    """Staff took a parcel out of its cell; it is at the station again."""

    parcel: Name
    cell: Name
    reason: Literal["expired", "mistake", "fault", "moved"]


class ParcelSeen(Fact, frozen=True, tag="parcel_seen"):
    """A stock-take found a parcel here. ``slot``: where, if that was scanned."""

    parcel: Name
    slot: Text = ""


class StockTaken(Fact, frozen=True, tag="stock_taken"):
    """A stock-take is over (盘点). ``scope``: a shelf, or "" for all; what is missing has facts of its own."""

    scope: Text
    expected: Count
    found: Count
    missing: Count = 0
    surplus: Count = 0


class ParcelOverdue(Fact, frozen=True, tag="parcel_overdue"):
    """Nobody came for a parcel in time (逾期未提)."""

    parcel: Name


class ParcelDisposed(Fact, frozen=True, tag="parcel_disposed"):
    """A parcel was thrown away (已报损)."""

    parcel: Name
    reason: Literal["expired", "spoiled", "damaged", "temp_breach", "recalled"]
    photo: Photo = ""


class ParcelReturned(Fact, frozen=True, tag="parcel_returned"):
    """A parcel went back with the van (已退回). ``container``: the one it went in."""

    parcel: Name
    container: Text = ""
    run: Text = ""
