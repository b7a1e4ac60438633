"""Every result that a dock's screen can show or speak, besides those of labels and staff, which are a station's too."""

from collections.abc import Mapping
from enum import StrEnum

from edge.devices.ports import Reason


class DockWord(StrEnum):
    """Keys; the page speaks them in its own language."""

    # Sorting
    SORTED = "sorted"  # into lane ``place``
    SORTED_BEFORE = "sorted_before"
    SORTED_NO_ROUTE = "sorted_no_route"  # its station is on no route: put it aside
    PACKED_ALREADY = "packed_already"  # it lies in ``container``
    NOT_IN_PLAN = "not_in_plan"
    NO_PLAN = "no_plan"  # the cloud's has not come yet
    WANT_PARCEL = "want_parcel"  # a container was scanned where parcels are
    WANT_CONTAINER = "want_container"

    # Packing
    BOUND = "bound"
    OPEN = "open"  # it was bound before: what is scanned next goes into it
    PACKED = "packed"  # ``amount`` of ``of``
    MOVED = "moved"  # out of another container that this one stands in for
    FULL = "full"  # with this parcel everything is in it
    PACKED_BEFORE = "packed_before"
    NO_CONTAINER = "no_container"  # scan the container first
    WRONG_STATION = "wrong_station"
    WRONG_ZONE = "wrong_zone"
    WRONG_CONTAINER = "wrong_container"  # right station and zone, but ``container`` is to take it
    CONTAINER_BUSY = "container_busy"  # it carries something else
    LOAD_BOUND = "load_bound"  # ``container`` has taken its load

    # Goods by SKU. ``detail`` is the article.
    GOODS_PACKED = "goods_packed"  # into lane ``place``: ``amount`` of ``of``
    GOODS_FULL = "goods_full"  # with this piece all of its article is in it
    GOODS_ENOUGH = "goods_enough"  # no container waits for more of it
    GOODS_TOO_MANY = "goods_too_many"  # only ``amount`` more
    GOODS_ELSEWHERE = "goods_elsewhere"  # not in this container: lane ``place`` waits for it
    GOODS_UNBOUND = "goods_unbound"  # lane ``place`` waits for it, and has no container yet

    # Sealing
    SEALED = "sealed"
    SEALED_SHORT = "sealed_short"  # what lacks is called missing
    SEAL_LACKS = "seal_lacks"  # not sealed: ``amount`` of ``of`` are in it
    SEALED_BEFORE = "sealed_before"
    NOT_BOUND = "not_bound"

    # Loading
    # ``detail`` is the run's key.
    LOADED = "loaded"  # ``amount`` of ``of`` of the run
    RUN_FULL = "run_full"
    LOADED_EARLY = "loaded_early"  # loaded, but ``place`` should have gone in before
    LOADED_BEFORE = "loaded_before"
    FOUND = "found"  # loaded, though it had been called lost
    WRONG_RUN = "wrong_run"  # it goes with that one
    NOT_SEALED = "not_sealed"
    NO_ROUTE = "no_route"  # its station is on no route

    # Empties
    TAKEN_BACK = "taken_back"
    TAKEN_BACK_BEFORE = "taken_back_before"
    NOT_EMPTY = "not_empty"  # ``amount`` parcels were packed into it
    HOLDS_GOODS = "holds_goods"  # it goes by SKU: what is in it nobody scanned
    STILL_SEALED = "still_sealed"  # nothing was packed into it, and it is sealed
    LOST = "lost"
    LOST_BEFORE = "lost_before"


# Why something was refused, for ears: as edge.station.cues has it of a station's words.
DOCK_REASONS: Mapping[str, Reason] = {
    DockWord.WRONG_STATION: Reason.WRONG_SITE,
    DockWord.WRONG_ZONE: Reason.WRONG_ZONE,
    DockWord.WRONG_CONTAINER: Reason.WRONG_CONTAINER,
    DockWord.GOODS_ELSEWHERE: Reason.WRONG_CONTAINER,
    DockWord.WRONG_RUN: Reason.WRONG_RUN,
    DockWord.SEAL_LACKS: Reason.SEAL_LACKS,
    DockWord.NOT_IN_PLAN: Reason.UNKNOWN_CODE,
    DockWord.NO_PLAN: Reason.NOT_READY,
    DockWord.NO_CONTAINER: Reason.NOT_READY,
    DockWord.NOT_BOUND: Reason.NOT_READY,
    DockWord.NOT_SEALED: Reason.NOT_READY,
    DockWord.CONTAINER_BUSY: Reason.ALREADY_RELEASED,
    DockWord.LOAD_BOUND: Reason.ALREADY_RELEASED,
}
