"""Signing for containers, taking parcels out of them, saying what is wrong, closing the count. Pure.

Custody comes first: what lies here is booked here, expected or not, with or without a manifest. What does not fit is said besides.
"""

from collections.abc import Sequence
from typing import Literal

from edge.devices.ports import Sound
from edge.rules.custody import ContainerState, ParcelState
from edge.station.known import KnownContainer, KnownParcel
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import Article
from edge.wire.messages import (
    AnyFact,
    ContainerOpened,
    ContainerSigned,
    CountFinished,
    ParcelReceived,
    ParcelShelved,
    Problem,
    VarianceFound,
)

Condition = Literal["intact", "seal_broken", "damaged"]


def sign(known: KnownContainer, condition: Condition = "intact", photo: str = "") -> Verdict:
    """Take a container over at the door."""
    label = known.container
    if known.standing.is_signed and known.standing.state.is_at_station:
        return Verdict(Word.SIGNED_BEFORE, Sound.DUPLICATE, container=label)
    run = known.expected.run if known.expected else ""
    signed = ContainerSigned(container=label, condition=condition, photo=photo, run=run)
    if known.has_manifest and known.expected is None:
        surplus = VarianceFound(problem=Problem.SURPLUS, container=label, photo=photo)
        return Verdict(Word.SIGNED_SURPLUS, Sound.ATTENTION, (signed, surplus), container=label)
    if condition == "damaged":
        damaged = VarianceFound(problem=Problem.DAMAGED, container=label, photo=photo)
        return Verdict(Word.SIGNED, Sound.ATTENTION, (signed, damaged), container=label, detail=condition)
    return Verdict(Word.SIGNED, Sound.OK, (signed,), container=label, detail="" if condition == "intact" else condition)


def open_container(known: KnownContainer) -> Verdict:
    """Begin to count. Whoever opens a container that nobody signed for has taken it over."""
    label = known.container
    match known.standing.state:
        case ContainerState.OPENED:
            return Verdict(Word.OPENED_BEFORE, Sound.DUPLICATE, container=label)
        case ContainerState.AWAITING_RETURN:
            return Verdict(Word.COUNTED_BEFORE, Sound.DUPLICATE, container=label)
        case _:
            pass
    facts: tuple[AnyFact, ...] = (ContainerOpened(container=label),)
    if known.standing.is_signed and known.standing.state.is_at_station:
        return Verdict(Word.OPENED, Sound.OK, facts, container=label)
    signed = sign(known)
    return Verdict(Word.OPENED, signed.sound, signed.facts + facts, container=label)


def receive(known: KnownParcel, open_container: str = "") -> Verdict:
    """A parcel was scanned in. ``open_container``: the one that is being counted."""
    standing, label = known.standing, known.parcel
    if standing.state is not ParcelState.EXPECTED and (before := _before(known)) is not None:
        return before
    received = ParcelReceived(parcel=label, container=open_container)
    if known.has_manifest and known.is_surplus:
        surplus = VarianceFound(problem=Problem.SURPLUS, parcel=label, container=open_container)
        return Verdict(
            Word.RECEIVED_SURPLUS, Sound.ATTENTION, (received, surplus), parcel=label, container=open_container, other=known.other
        )
    if known.is_for_later:
        return Verdict(Word.RECEIVED_EARLY, Sound.ATTENTION, (received,), parcel=label, container=open_container, other=known.other)
    if standing.state is ParcelState.SHELVED:  # another station had it meanwhile: back to where it lay
        again = (received, ParcelShelved(parcel=label, slot=standing.place))
        return Verdict(Word.FOUND, Sound.OK, again, parcel=label, container=open_container, place=standing.place)
    if known.is_seen_elsewhere or Problem.MISSING in standing.problems:
        return Verdict(Word.FOUND, Sound.OK, (received,), parcel=label, container=open_container)
    meant_for = known.expected.container if known.expected else ""
    if open_container and meant_for and meant_for != open_container:
        return Verdict(Word.RECEIVED_OTHER_CONTAINER, Sound.ATTENTION, (received,), parcel=label, container=meant_for)
    return Verdict(Word.RECEIVED, Sound.OK, (received,), parcel=label, container=open_container)


def _before(known: KnownParcel) -> Verdict | None:
    """It was here, or has left for good; None: it comes back from where it was, or is on its way."""
    match known.standing.state:
        case ParcelState.RELEASED:
            return Verdict(Word.HANDED_OUT_BEFORE, Sound.REFUSED, parcel=known.parcel)
        case ParcelState.DISPOSED:
            return Verdict(Word.LEFT_BEFORE, Sound.REFUSED, parcel=known.parcel)
        case state if state.is_at_station and not known.is_seen_elsewhere:
            return Verdict(
                Word.RECEIVED_BEFORE, Sound.DUPLICATE, parcel=known.parcel, place=known.standing.place, other=known.other
            )
        case _:
            return None


def report(
    known: KnownParcel, problem: Problem, *, sku: str = "", quantity: int = 1, photo: str = "", container: str = ""
) -> Verdict:
    """Staff say that something is wrong with a parcel, or with one article of it.

    What is short, damaged or spoiled must be in the parcel, and not more of it than was ordered, where that is known.
    """
    label = known.parcel
    if known.standing.state.is_final:
        return Verdict(Word.LEFT_BEFORE, Sound.REFUSED, parcel=label)
    if sku and known.expected is not None and problem not in (Problem.SURPLUS, Problem.WRONG_ITEM):
        ordered = sum(line.quantity for line in known.expected.lines if line.sku == sku)
        if not ordered:
            return Verdict(Word.NOT_IN_PARCEL, Sound.REFUSED, parcel=label, detail=problem)
        if quantity > ordered:
            return Verdict(Word.TOO_MANY, Sound.REFUSED, parcel=label, amount=quantity, of=ordered, detail=problem)
    found = VarianceFound(
        problem=problem, parcel=label, container=container or known.standing.container, sku=sku, quantity=quantity, photo=photo
    )
    return Verdict(Word.VARIANCE_NOTED, Sound.OK, (found,), parcel=label, amount=quantity, detail=problem)


def weigh(known: KnownParcel, article: Article, quantity: int, weight_g: int, tolerance: float, photo: str = "") -> Verdict:
    """Put on the scales: ``quantity`` pieces of an article. ``tolerance``: the share that may lack."""
    expected_g = (article.weight_g or 0) * quantity
    if weight_g >= expected_g * (1.0 - tolerance):
        return Verdict(Word.WEIGHT_OK, Sound.OK, parcel=known.parcel, amount=weight_g, of=expected_g)
    reported = report(known, Problem.UNDERWEIGHT, sku=article.sku, quantity=quantity, photo=photo)
    if not reported.facts:
        return reported
    found = VarianceFound(
        problem=Problem.UNDERWEIGHT,
        parcel=known.parcel,
        container=known.standing.container,
        sku=article.sku,
        quantity=quantity,
        photo=photo,
        weight_g=weight_g,
        expected_g=expected_g,
    )
    return Verdict(Word.UNDERWEIGHT, Sound.ATTENTION, (found,), parcel=known.parcel, amount=weight_g, of=expected_g)


def finish_count(known: KnownContainer, parcels: Sequence[KnownParcel]) -> Verdict:
    """Close the count of a container packed by order. ``parcels``: those expected in it and those that were taken out of it.

    What was expected and was never seen here is missing from now on, until it is found; what another station has is not.
    """
    label = known.container
    if known.standing.is_counted:
        return Verdict(Word.COUNTED_BEFORE, Sound.DUPLICATE, container=label)
    if known.standing.state is not ContainerState.OPENED:
        return Verdict(Word.NOT_OPENED, Sound.REFUSED, container=label)
    expected = [one for one in parcels if one.expected is not None and one.expected.container == label]
    absent = [one for one in expected if one.standing.state is ParcelState.EXPECTED]
    surplus = [one for one in parcels if one not in expected and one.standing.container == label]
    missing = tuple(
        VarianceFound(problem=Problem.MISSING, parcel=one.parcel, container=label)
        for one in absent
        if Problem.MISSING not in one.standing.problems and not one.is_seen_elsewhere
    )
    received = len(expected) - len(absent)
    finished = CountFinished(
        container=label, expected=len(expected), received=received, missing=len(absent), surplus=len(surplus)
    )  # fmt: skip
    is_short = bool(absent)
    return Verdict(
        Word.COUNTED_SHORT if is_short else Word.COUNTED,
        Sound.ATTENTION if is_short or surplus else Sound.OK,
        (*missing, finished),
        container=label,
        amount=received,
        of=len(expected),
    )
