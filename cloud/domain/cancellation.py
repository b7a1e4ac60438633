"""Whether an order can still be cancelled (取消): until the cut-off of its date, and while none of it is on its way. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cloud.domain.cut_off import CutOff


class NotCancelled(StrEnum):
    """Why an order stays."""

    CUT_OFF = "cut_off"
    SCANNED = "scanned"


@dataclass(frozen=True, slots=True)
class Cancellable:
    """What of an order decides. ``is_locked``: frozen, also before the cut-off; ``is_scanned``: some site saw a parcel of it."""

    pickup_date: date
    is_locked: bool
    is_scanned: bool


def refusal(order: Cancellable, cut_off: CutOff, now: datetime) -> NotCancelled | None:
    """None: it can be cancelled. ``now``: the server's domain time, aware."""
    if order.is_locked or cut_off.is_closed(order.pickup_date, now):
        return NotCancelled.CUT_OFF
    return NotCancelled.SCANNED if order.is_scanned else None


def open_until(order: Cancellable, cut_off: CutOff, now: datetime) -> datetime | None:
    """Until when it can be cancelled; None: not any more."""
    return cut_off.closes(order.pickup_date) if refusal(order, cut_off, now) is None else None
