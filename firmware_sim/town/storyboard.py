"""The storyboard: what whoever watches the town sees of one order in a day, as a table. Pure.

Leaves the acts to story, and everything between them to the day itself: vans, staff and stations do what they do on any day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from firmware_sim.town.arrivals import Bag, Truth, truth_of
from firmware_sim.town.chances import AS_USUAL, Chances
from firmware_sim.town.plan import Day, PlannedOrder

_MIN = timedelta(minutes=1)


class Act(StrEnum):
    """What a scene does; each is a button's, or a resident's."""

    LOOK = "look"  # nothing: the day does it
    SEE_SILENT = "see_silent"  # nothing either: the cloud knows that it does not hear the station
    SEE_SENT = "see_sent"  # nor this: the cloud has all that the station knows
    CUT = "cut"
    MEND = "mend"
    HAND_OUT = "hand_out"  # the resident comes and types the code
    ASK_AGAIN = "ask_again"  # and comes once more with the same code
    OPEN_DOOR = "open_door"
    CLOSE_DOOR = "close_door"


class Mark(StrEnum):
    """What a scene's time counts from, at the station whose order is followed."""

    ALL_BUT_ONE = "all_but_one"  # the dock has loaded what the van takes, all but one container
    LOADED = "loaded"  # that too
    LEFT = "left"  # the van has left the yard
    FIRST_STOP = "first_stop"  # where the van goes first, its first container was signed for
    ARRIVES = "arrives"  # the van is to be there, by the plan of the day
    SIGNED = "signed"  # the first container was signed for
    COUNTED = "counted"  # the last container was counted
    READY = "ready"  # the order's last parcel lies on its shelf
    BEFORE = "before"  # the scene before this one


@dataclass(frozen=True, slots=True)
class Scene:
    """One row: when, and what is done. ``name`` is a key of the page's words, which say where to look."""

    name: str
    mark: Mark
    after: timedelta = timedelta()
    act: Act = Act.LOOK


STORY = (
    Scene("loading", Mark.ALL_BUT_ONE),
    Scene("under_way", Mark.LOADED),
    Scene("left", Mark.LEFT),
    Scene("first_stop", Mark.FIRST_STOP),
    Scene("cut", Mark.ARRIVES, -8 * _MIN, Act.CUT),
    Scene("silent", Mark.BEFORE, act=Act.SEE_SILENT),
    Scene("signed", Mark.SIGNED),
    Scene("counted", Mark.COUNTED),
    Scene("mend", Mark.COUNTED, _MIN, Act.MEND),
    Scene("ready", Mark.READY, act=Act.SEE_SENT),
    Scene("collect", Mark.BEFORE, 6 * _MIN, Act.HAND_OUT),  # long enough to be read on the phone
    Scene("again", Mark.BEFORE, _MIN, Act.ASK_AGAIN),
    Scene("door", Mark.BEFORE, 2 * _MIN, Act.OPEN_DOOR),
    Scene("closed", Mark.BEFORE, 15 * _MIN, Act.CLOSE_DOOR),  # an excursion is long enough for an alarm of its own by then
)
_OF_VANS = (Mark.ALL_BUT_ONE, Mark.LEFT, Mark.FIRST_STOP)


def story(*, has_vans: bool) -> tuple[Scene, ...]:
    """The rows; without those of vans where nobody sees any."""
    return tuple(scene for scene in STORY if has_vans or scene.mark not in _OF_VANS)


def followed(seed: int, day: Day, stock: Mapping[str, int], chances: Chances = AS_USUAL) -> PlannedOrder | None:
    """The order to be followed: of those with which nothing goes wrong, one that must be kept cold, with few parcels.

    ``stock``: articles of which there is not enough for all. None: on such a day none is worth it.
    """
    fit = [one for one in day.orders if not one.for_cabinet and _goes_well(seed, one, stock, chances)]
    return min(fit, key=lambda one: (_zones(one) == {"ambient"}, len(_zones(one)), one.external_id), default=None)


def freezer_is_used(day: Day, order: PlannedOrder) -> bool:
    """Whether something lies in the freezer when ``order`` has been fetched: else an open door touches nothing."""
    return any("frozen" in _zones(other) and not other.for_cabinet for other in day.orders if other != order)


def _goes_well(seed: int, order: PlannedOrder, stock: Mapping[str, int], chances: Chances) -> bool:
    if any(line.good.sku in stock for line in order.lines):
        return False
    return all(truth_of(seed, bag, chances) == Truth() for bag in _bags(order))


def _bags(order: PlannedOrder) -> Iterable[Bag]:
    """As they are packed: one a zone. What becomes of one hangs on nothing that is not known here."""
    for zone in sorted(_zones(order)):
        pieces = tuple((line.good.sku, line.quantity) for line in order.lines if line.good.zone.value == zone)
        yield Bag("", order.external_id, zone, "", pieces)


def _zones(order: PlannedOrder) -> set[str]:
    return {line.good.zone.value for line in order.lines}
