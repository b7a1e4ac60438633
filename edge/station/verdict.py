"""What a station decides about one act: which facts are recorded, what staff hear, which words stand on the screen.

Pure values. Words are keys, for the page speaks them in its own language; recording is ``edge.station.station``'s.
"""

from enum import StrEnum
from typing import NamedTuple

from edge.devices.ports import Sound
from edge.wire.manifest import OtherParcel
from edge.wire.messages import AnyFact


class Word(StrEnum):
    """Every result a screen can show or speak. A refusal to hand out has the words of ``edge.wire.counter.Refusal`` besides."""

    # Containers
    SIGNED = "signed"
    SIGNED_SURPLUS = "signed_surplus"  # not on the list: signed for all the same
    SIGNED_BEFORE = "signed_before"
    OPENED = "opened"
    OPENED_BEFORE = "opened_before"
    NOT_SIGNED = "not_signed"
    COUNTED = "counted"
    COUNTED_SHORT = "counted_short"  # ``amount`` of ``of``
    COUNTED_BEFORE = "counted_before"
    NOT_OPENED = "not_opened"
    EMPTIED = "emptied"
    NOT_EMPTY = "not_empty"  # parcels that were expected in it are neither received nor called missing
    SENT_BACK = "sent_back"
    NOT_HERE = "not_here"

    # Parcels coming in
    RECEIVED = "received"
    RECEIVED_SURPLUS = "received_surplus"  # not on the list: put it aside; ``other`` says whose it is, where that is known
    RECEIVED_EARLY = "received_early"  # this station's, for another day: put it aside
    RECEIVED_OTHER_CONTAINER = "received_other_container"
    FOUND = "found"  # it was called missing
    RECEIVED_BEFORE = "received_before"
    HANDED_OUT_BEFORE = "handed_out_before"
    LEFT_BEFORE = "left_before"
    VARIANCE_NOTED = "variance_noted"
    WEIGHT_OK = "weight_ok"
    UNDERWEIGHT = "underweight"
    NOT_IN_PARCEL = "not_in_parcel"  # this article is not in that parcel
    TOO_MANY = "too_many"

    # Goods by SKU
    GOODS_COUNTED = "goods_counted"  # ``amount`` of ``of``
    GOODS_SURPLUS = "goods_surplus"
    GOODS_UNKNOWN = "goods_unknown"
    GIVEN = "given"  # put ``amount`` into ``parcel``
    BAG_COMPLETE = "bag_complete"
    ALL_GIVEN = "all_given"
    NONE_LEFT = "none_left"
    DISTRIBUTED = "distributed"
    DISTRIBUTED_SHORT = "distributed_short"

    # Shelves and cells
    SHELVED = "shelved"
    SHELVED_BEFORE = "shelved_before"
    WRONG_ZONE = "wrong_zone"
    NO_SUCH_SLOT = "no_such_slot"
    CELL_RESERVED = "cell_reserved"
    NO_CELL = "no_cell"
    PLACED = "placed"
    REMOVED = "removed"
    CELL_BUSY = "cell_busy"
    CELL_OUT_OF_USE = "cell_out_of_use"
    CELL_OPENED = "cell_opened"
    CELL_NOT_OPENED = "cell_not_opened"  # the door did not open
    CELL_UNCERTAIN = "cell_uncertain"  # nobody can say what the door does: go and look
    CELL_LEFT_OPEN = "cell_left_open"
    CELL_CLOSED = "cell_closed"
    CELL_MISMATCH = "cell_mismatch"  # 有单无货, or something that should not be in it
    CELL_FREED = "cell_freed"

    # Handing out
    ASK_MATCHES = "ask_matches"  # one person: confirm
    ASK_SEVERAL = "ask_several"  # choose who it is
    RELEASED = "released"
    RELEASED_PARTLY = "released_partly"
    REFUSED = "refused"  # see ``refusal``
    LOCKED_OUT = "locked_out"  # for ``amount`` seconds

    # Stock-take and what is left
    SEEN = "seen"
    SEEN_ELSEWHERE = "seen_elsewhere"  # it was booked in another slot
    SEEN_SURPLUS = "seen_surplus"  # nobody booked it here
    STOCK_TAKEN = "stock_taken"
    STOCK_SHORT = "stock_short"
    OVERDUE = "overdue"
    NOTHING_OVERDUE = "nothing_overdue"
    DISPOSED = "disposed"
    RETURNED = "returned"
    NEVER_GOES_BACK = "never_goes_back"  # chilled goods: dispose of them

    # Labels
    UNKNOWN_LABEL = "unknown_label"  # ``detail`` says why it names nothing
    NOT_AT_CABINET = "not_at_cabinet"  # a parcel's label, an article, a badge: only a resident's code or QR opens a cell
    SLOT_OPEN = "slot_open"  # the next parcels go there
    NOT_KEPT = "not_kept"  # the disk did not take it: scan again
    UNDONE = "undone"

    # Staff
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOG_IN_UNKNOWN = "log_in_unknown"
    LOG_IN_NEEDED = "log_in_needed"


class Fetched(NamedTuple):
    """One parcel of a hand-out: where staff take it from. ``zone`` is empty where nobody knows."""

    parcel: str
    place: str
    zone: str = ""
    is_cell: bool = False


class Verdict(NamedTuple):
    """One act, decided. ``facts`` go into one commit, in order; none: nothing happened that the cloud must know.

    What fills the words: ``parcel``, ``container``, ``place`` (slot or cell), ``amount`` of ``of``, and a short ``detail`` that is
    a key itself (a refusal, a problem), never a sentence. ``gone_ms``, ``gone_how``: when and by what it was handed out before.
    ``fetched``: what a hand-out takes from which shelf or cell. ``other``: whose it is that is none of the day's.
    """

    word: StrEnum  # a `Word`; at a dock, one of its own
    sound: Sound
    facts: tuple[AnyFact, ...] = ()
    parcel: str = ""
    container: str = ""
    place: str = ""
    amount: int = 0
    of: int = 0
    detail: str = ""
    gone_ms: int = 0
    gone_how: str = ""
    fetched: tuple[Fetched, ...] = ()
    other: OtherParcel | None = None
