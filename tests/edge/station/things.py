"""Parcels and containers of the test day, as known after some facts."""

from collections.abc import Iterable

from edge.rules.custody import container_standing, parcel_standing
from edge.station.handout import ClaimHere
from edge.station.known import KnownContainer, KnownParcel
from edge.wire.manifest import Manifest
from edge.wire.messages import AnyFact
from tests.edge.station import days

DAY = days.manifest()


def parcel(label: str, *facts: AnyFact, day: Manifest | None = DAY) -> KnownParcel:
    """As it stands after ``facts``; ``day`` None: a station without a manifest."""
    expected = None if day is None else next((one for one in day.parcels if one.parcel == label), None)
    return KnownParcel(label, parcel_standing(facts), expected, has_manifest=day is not None)


def container(label: str, *facts: AnyFact, day: Manifest | None = DAY) -> KnownContainer:
    """As `parcel`."""
    expected = None if day is None else next((one for one in day.containers if one.container == label), None)
    return KnownContainer(label, container_standing(facts), expected, has_manifest=day is not None)


def claim(name: str, facts: Iterable[AnyFact] = ()) -> ClaimHere:
    """What somebody may fetch, after ``facts`` about any parcels."""
    kept = list(facts)
    (found,) = (one for one in DAY.claims if one.claim == name)
    return ClaimHere(
        found,
        tuple(
            parcel(one.parcel, *(fact for fact in kept if getattr(fact, "parcel", "") == one.parcel))
            for one in DAY.parcels
            if one.claim == name
        ),
    )
