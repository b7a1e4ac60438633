"""Which fridge, freezer or cold box measures around a parcel: what sites say of their boxes, by where the parcel lay. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from cloud.domain.stays import Stay
from edge.rules.alarm_limits import Goods, Window
from edge.rules.alarms import LATE_INTERVALS, SILENT_INTERVALS
from edge.wire.messages import ColdBox

_SLOT = re.compile(r"([A-Z]{1,2})[0-9]{1,3}")


class Basis(StrEnum):
    """How closely it is known what measured around a parcel; the pages translate."""

    PLACE = "place"  # the box that its slot or cell stands in
    CONTAINER = "container"  # the container's own thermometer
    ZONE = "zone"  # a box of its temperature zone at the site: which of them is not known
    NONE = "none"  # nothing measured there


@dataclass(frozen=True, slots=True)
class Boxes:
    """What a site said of its boxes, in force from then on."""

    since_ms: int
    boxes: tuple[ColdBox, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """A stay, or a part of it, with what may have measured it. Of several boxes nobody knows which it was in."""

    stay: Stay
    from_ms: int
    to_ms: int
    basis: Basis
    boxes: tuple[ColdBox, ...]


def legs(
    parcel_stays: Iterable[Stay], zone: str, of_site: Mapping[str, Sequence[Boxes]], vans: Mapping[str, str], until_ms: int
) -> tuple[Leg, ...]:  # fmt: skip
    """``of_site``: what each site said, oldest first; ``vans``: the van of a run, where that is known. Up to ``until_ms``."""
    found: list[Leg] = []
    for stay in parcel_stays:
        to_ms = until_ms if stay.to_ms is None else min(stay.to_ms, until_ms)
        site = vans.get(stay.run, "") if stay.is_aboard else stay.site
        for from_ms, ends_ms, boxes in _in_force(of_site.get(site, ()), stay.from_ms, to_ms):
            found.append(Leg(stay, from_ms, ends_ms, *measuring(stay, zone, boxes)))
    return tuple(found)


def measuring(stay: Stay, zone: str, boxes: Sequence[ColdBox]) -> tuple[Basis, tuple[ColdBox, ...]]:
    """The box that is said to hold the place or the container; else those of the zone that say nothing of what they hold.

    A parcel that was not put anywhere may lie in any box of its zone.
    """
    slot = _SLOT.fullmatch(stay.place)
    for name, basis in ((stay.container, Basis.CONTAINER), (stay.place, Basis.PLACE), (slot[1] if slot else "", Basis.PLACE)):
        held = tuple(box for box in boxes if name and name in box.holds)
        if held:
            return basis, held
    of_zone = tuple(box for box in boxes if zone_of(box) == zone and not (stay.place and box.holds))
    return (Basis.ZONE, of_zone) if of_zone else (Basis.NONE, ())


def is_placed(basis: Basis, place: str, *, is_aboard: bool) -> bool:
    """Whether it is known that what was measured was measured around the parcel: somebody put it there, or it rode in that van.

    By its zone alone an account may warn (the worst box counts), and never vouch: it may stand on the counter.
    """
    match basis:
        case Basis.PLACE | Basis.CONTAINER:
            return True
        case Basis.ZONE:
            return place != "" or is_aboard
        case Basis.NONE:
            return False


def is_shelf(place: str) -> bool:
    """A slot of a shelf, and no locker cell."""
    return _SLOT.fullmatch(place) is not None


def zone_of(box: ColdBox) -> str:
    """The temperature zone of what it keeps."""
    return "frozen" if box.goods == Goods.FROZEN else "chilled"


def most_gap_s(box: ColdBox) -> float:
    """How long a reading holds at most: until its sensor would have been called silent."""
    return box.every_s * (1 + SILENT_INTERVALS + LATE_INTERVALS)


def windows_of(box: ColdBox) -> tuple[Window, ...]:
    """When it defrosts; what this release cannot read is no window."""
    found: list[Window] = []
    for text in box.defrost:
        try:
            found.append(Window.parse(text))
        except ValueError:
            continue
    return tuple(found)


def same_boxes(one: Sequence[ColdBox], other: Sequence[ColdBox]) -> bool:
    """Whether a site says the same of its boxes as before."""
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def _in_force(said: Sequence[Boxes], from_ms: int, to_ms: int) -> Iterable[tuple[int, int, tuple[ColdBox, ...]]]:
    """The time in parts, each under what was in force. Before the first that was said, it was so already: nobody had asked."""
    if to_ms <= from_ms:
        return
    starts = [from_ms, *(one.since_ms for one in said[1:] if from_ms < one.since_ms < to_ms)]
    for start_ms, end_ms in zip(starts, [*starts[1:], to_ms], strict=True):
        in_force = [one for one in said if one.since_ms <= start_ms] or list(said[:1])
        yield start_ms, end_ms, in_force[-1].boxes if in_force else ()
