"""The sort wall: a parcel is scanned, and its lane is called (分拣墙). Pure."""

from edge.devices.ports import Sound
from edge.dock.known import ParcelNow
from edge.dock.words import DockWord
from edge.rules.custody import ParcelState
from edge.station.verdict import Verdict
from edge.wire.messages import ParcelSorted


def sort(known: ParcelNow) -> Verdict:
    """Where a parcel belongs. Scanned again it is told again, and nothing is booked."""
    label = known.parcel
    if known.load is None:
        return not_planned(label, "", has_plan=known.has_plan)
    load = known.load.load
    lane = load.lane
    if known.standing.state is ParcelState.PACKED:
        return Verdict(
            DockWord.PACKED_ALREADY, Sound.DUPLICATE, parcel=label, container=known.standing.container, place=lane, detail=load.zone
        )
    if known.standing.state is ParcelState.SORTED:
        return Verdict(DockWord.SORTED_BEFORE, Sound.DUPLICATE, parcel=label, place=lane, detail=load.zone)
    facts = (ParcelSorted(parcel=label, lane=lane),)
    if not lane:
        return Verdict(DockWord.SORTED_NO_ROUTE, Sound.ATTENTION, facts, parcel=label, detail=load.station_name or load.station)
    return Verdict(DockWord.SORTED, Sound.OK, facts, parcel=label, place=lane, detail=load.zone)


def not_planned(parcel: str, container: str, *, has_plan: bool) -> Verdict:
    """Nothing is booked: with the next plan it may have its place."""
    word = DockWord.NOT_IN_PLAN if has_plan else DockWord.NO_PLAN
    return Verdict(word, Sound.REFUSED, parcel=parcel, container=container)
