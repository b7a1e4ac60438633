"""What opens cases by itself, and what becomes of them when it is so no longer. Pure (ARCHITECTURE, decision 28).

A cause has a key that stays the same however often and in whatever order events come, so that a case is opened once. When the
fold finds a cause no more (a lost parcel turned up, one of two events was undone), its case is settled; nobody has to remember it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cloud.domain.breach import Breach
from cloud.domain.case import Action, Case, CaseProblem, CaseState, Liability, Origin, RefusedMoveError, Said, Step, decide, opened
from cloud.domain.events import RecordedEvent, effective
from cloud.domain.parcel import Parcel
from edge.rules.custody import ParcelState
from edge.wire.ids import EventId
from edge.wire.messages import ParcelDisposed, Problem, VarianceFound


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there has to be a case. ``events``: ids of those that say so; ``photos``: ``site/sha256``.

    ``sku`` "": the whole parcel.
    """

    key: str
    origin: Origin
    problem: CaseProblem
    operator: str | None = None
    order: str | None = None
    parcel: str | None = None
    container: str | None = None
    sites: tuple[str, ...] = ()
    sku: str = ""
    quantity: int = 1
    events: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    liability: Liability | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A case that a cause has opened before."""

    id: int
    key: str
    case: Case
    quantity: int
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A case to be opened."""

    cause: Cause
    case: Case
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A case that is another now. ``cause``: as it is now; None: it is no more."""

    id: int
    case: Case
    steps: tuple[Step, ...]
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class ParcelPlace:
    """What a parcel's cases need to know besides its events. ``breach`` None: its readings say nothing of the kind."""

    id: str
    operator: str | None
    order: str | None
    site: str | None
    breach: Breach | None = None


# Problems that leave somebody without goods they paid for. A surplus leaves nobody without any.
_OWED = {
    Problem.SHORT: CaseProblem.SHORT,
    Problem.WRONG_ITEM: CaseProblem.WRONG_ITEM,
    Problem.DAMAGED: CaseProblem.DAMAGED,
    Problem.SPOILED: CaseProblem.SPOILED,
    Problem.UNDERWEIGHT: CaseProblem.UNDERWEIGHT,
    Problem.TEMP_BREACH: CaseProblem.TEMP_BREACH,
    Problem.MISSING: CaseProblem.MISSING,
}
# Thrown away though its resident had every right to it. What nobody came for in time is theirs.
_THROWN_AWAY = {
    "spoiled": CaseProblem.SPOILED,
    "damaged": CaseProblem.DAMAGED,
    "temp_breach": CaseProblem.TEMP_BREACH,
    "recalled": CaseProblem.OTHER,
}
# Stands in a key between that of its cause and the follow-up's number: no article number has a line break.
_AGAIN = "\n"
# Said again, these replace what was said; the others add up.
_COUNTED = (CaseProblem.SHORT, CaseProblem.MISSING, CaseProblem.UNDERWEIGHT)


def of_parcel(place: ParcelPlace, parcel: Parcel, events: Sequence[RecordedEvent]) -> list[Cause]:
    """Every cause there is about one parcel."""
    causes = [
        Cause(
            _pair(place.id, conflict.kept, conflict.disputed), Origin.CONFLICT, CaseProblem(conflict.dispute), place.operator,
            place.order, place.id, sites=_sites_of((conflict.kept, conflict.disputed)),
            events=(str(conflict.kept), str(conflict.disputed)),
        )
        for conflict in parcel.conflicts
    ]  # fmt: skip
    if place.order is None or not (parcel.problems or place.breach or parcel.state is ParcelState.DISPOSED):
        return causes
    owed: dict[str, Cause] = {}
    for entry in effective(events):
        found = _owed(place, parcel, entry.event)
        if found is not None:
            owed[found.key] = _joined(owed.get(found.key), found)
    return causes + _with_breach(place, parcel, owed)


def _with_breach(place: ParcelPlace, parcel: Parcel, owed: Mapping[str, Cause]) -> list[Cause]:
    """What was out of range and is out of everybody's reach is owed to its resident. What still lies there is kept back, and told.

    Where the station has said the same, or has thrown the whole parcel away, there is a cause already: it learns whose place it
    was. Its key is that of the station's own report, so that whoever says it first, the case is one.
    """
    breach = place.breach
    if breach is None or parcel.state not in (ParcelState.RELEASED, ParcelState.DISPOSED):
        return list(owed.values())
    sites = {place.site or "", breach.site} - {""}
    said = [cause for cause in owed.values() if cause.problem is CaseProblem.TEMP_BREACH]
    thrown = [cause for cause in owed.values() if cause.sku == ""] if parcel.state is ParcelState.DISPOSED else []
    joined = {cause.key for cause in said or thrown[:1]}
    if not joined:
        found = Cause(
            _station_key(place.id, CaseProblem.TEMP_BREACH, ""), Origin.READINGS, CaseProblem.TEMP_BREACH, place.operator,
            place.order, place.id, sites=tuple(sorted(sites)), liability=breach.place.liable,
        )  # fmt: skip
        return [*owed.values(), found]
    return [
        replace(cause, liability=breach.place.liable, sites=tuple(sorted({*cause.sites, *sites}))) if cause.key in joined else cause
        for cause in owed.values()
    ]


def _station_key(parcel: str, problem: CaseProblem, sku: str) -> str:
    return f"station/{parcel}/{problem}/{sku.replace(_AGAIN, ' ')}"


def _owed(place: ParcelPlace, parcel: Parcel, event: RecordedEvent) -> Cause | None:
    """What one event says the resident is owed, if that still stands."""
    sku, quantity, photo = "", 1, ""
    match event.fact:
        case VarianceFound(problem=found, sku=sku, quantity=quantity, photo=photo) if found in parcel.problems and found in _OWED:
            problem = _OWED[found]
        case ParcelDisposed(reason=reason, photo=photo) if parcel.left_by == event.id and reason in _THROWN_AWAY:
            problem = _THROWN_AWAY[reason]
        case _:
            return None
    return Cause(
        _station_key(place.id, problem, sku), Origin.STATION, problem, place.operator, place.order, place.id,
        sites=tuple(sorted({event.site, *([place.site] if place.site else [])})), sku=sku, quantity=quantity,
        events=(str(event.id),), photos=(f"{event.site}/{photo}",) if photo else (),
    )  # fmt: skip


def _joined(before: Cause | None, said: Cause) -> Cause:
    if before is None:
        return said
    return replace(
        said,
        quantity=said.quantity if said.problem in _COUNTED else before.quantity + said.quantity,
        events=before.events + said.events,
        photos=tuple(dict.fromkeys(before.photos + said.photos)),
        sites=tuple(sorted({*before.sites, *said.sites})),
    )


def of_container(container: str, operator: str | None, conflicts: Iterable[tuple[EventId, EventId]]) -> list[Cause]:
    """A container that two stations have signed for."""
    return [
        Cause(
            _pair(container, kept, disputed), Origin.CONFLICT, CaseProblem.AT_TWO_STATIONS, operator,
            container=container, sites=_sites_of((kept, disputed)), events=(str(kept), str(disputed)),
        )
        for kept, disputed in conflicts
    ]  # fmt: skip


def _pair(label: str, *events: EventId) -> str:
    """The same whichever of the two is believed for the moment: a corrected clock may turn them round."""
    return "/".join(("conflict", label, *sorted(str(event) for event in events)))


def _sites_of(events: Collection[EventId]) -> tuple[str, ...]:
    return tuple(sorted({event.site for event in events}))


def follow(
    followed: Iterable[Followed], causes: Iterable[Cause], at_once: Mapping[str, Collection[str]]
) -> list[Opened | Moved]:  # fmt: skip
    """What has to be opened, settled, opened again or amended. ``at_once``: problems refunded without a look, by operator.

    What a person has decided or paid stays, whatever its cause does. What is lost beyond that is a case of its own, which
    somebody looks at: the rule has paid once for this cause, or a person has said no to it.
    """
    wanted = {cause.key: cause for cause in causes}
    chains: dict[str, list[Followed]] = {}
    for one in followed:
        chains.setdefault(one.key.split(_AGAIN)[0], []).append(one)
    changes: list[Opened | Moved] = []
    for key, chain in chains.items():
        changes.extend(_follow_chain(chain, wanted.pop(key, None)))
    for cause in wanted.values():
        is_rule = cause.problem in at_once.get(cause.operator or "", ()) and not _is_paid_whole(cause, chains)
        case, steps = opened(cause.origin, cause.problem, at_once=is_rule, liability=cause.liability)
        changes.append(Opened(cause, case, steps))
    return changes


def _is_paid_whole(cause: Cause, chains: Mapping[str, Sequence[Followed]]) -> bool:
    """The whole parcel was paid for this, or the money is on its way, before somebody named an article: a person looks at that."""
    whole = chains.get(_station_key(cause.parcel or "", cause.problem, ""), ())
    return any(one.case.state in (CaseState.REFUNDED, CaseState.REFUNDING) for one in whole)


def _follow_chain(chain: Sequence[Followed], cause: Cause | None) -> list[Opened | Moved]:
    """One cause's cases, the eldest first. The youngest that nobody has decided is about all that the others are not about."""
    last = next((one for one in reversed(chain) if not one.case.is_decided), None)
    others = [one for one in chain if one is not last]
    left = None if cause is None else _beyond(others, cause)
    if last is not None:
        # Of the others some may be looked at again after a refusal: they stay as they are while their cause stands.
        moves = [_follow(one, None) for one in others if cause is None and not one.case.is_decided]
        return [move for move in (*moves, _follow(last, left)) if move is not None]
    if left is None:
        return []
    case, steps = opened(left.origin, left.problem, at_once=False, liability=left.liability)
    return [Opened(replace(left, key=f"{left.key}{_AGAIN}{len(chain) + 1}"), case, steps)]


def _beyond(others: Sequence[Followed], cause: Cause) -> Cause | None:
    """What a cause says beyond what others of its cases are about; None: nothing.

    More pieces are more, whoever says so. As many, but said by events that nobody knew when they refused or closed it, are what
    has not been paid yet; what was paid is paid, however often it is counted again.
    """
    if not others:
        return cause
    known = {event for one in others for event in one.events}
    events = tuple(event for event in cause.events if event not in known)
    quantity = cause.quantity - sum(one.quantity for one in others)
    if quantity <= 0 and events:
        quantity = cause.quantity - sum(one.quantity for one in others if one.case.state is CaseState.REFUNDED)
    return replace(cause, quantity=quantity, events=events) if quantity > 0 else None


def _follow(one: Followed, cause: Cause | None) -> Moved | None:
    if cause is None:
        action = Action.SETTLE
    elif one.case.is_settled:
        action = Action.REOPEN
    elif (cause.quantity, cause.events) != (one.quantity, one.events) or _says_who(cause, one.case):
        action = Action.AMEND
    else:
        return None
    try:
        case, steps = decide(one.case, Said(action))
    except RefusedMoveError:
        return None  # it is over, and what was decided stands
    if cause is not None and _says_who(cause, case):
        case = replace(case, liability=cause.liability)
    return Moved(one.id, case, steps, cause)


def _says_who(cause: Cause, case: Case) -> bool:
    """Who is liable is known by now, and nobody has said so."""
    return cause.liability is not None and case.liability is None
