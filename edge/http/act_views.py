"""The day, parcels and people as the staff page sees them. Reads only; whatever is slow is read on the outbox's thread."""

from edge.http.act_forms import AnswerView, AsideView, ClaimView, ContainerView, DayView, ItemView, ParcelView
from edge.http.forms import OtherView
from edge.http.views import other_view, scan_view
from edge.outbox.transaction import Execute
from edge.rules.custody import ParcelState
from edge.station import goods, ledger, memory
from edge.station.day import Day
from edge.station.handout import ClaimHere
from edge.station.known import KnownContainer, KnownParcel
from edge.station.questions import OpenQuestion
from edge.station.standings import Standings
from edge.wire.manifest import ExpectedContainer, Line
from edge.wire.messages import Problem


def parcel_view(known: KnownParcel, day: Day) -> ParcelView:
    """One parcel."""
    standing, expected = known.standing, known.expected
    lines = expected.lines if expected else ()
    breaches = {Problem.TEMP_BREACH} if expected and expected.is_breached else frozenset()
    return ParcelView(
        parcel=known.parcel,
        state=standing.state,
        place=standing.place,
        zone=known.zone or "",
        container=standing.container or (expected.container if expected else ""),
        problems=sorted(standing.problems | breaches),
        overdue=standing.is_overdue,
        ready=standing.state.is_at_station and not known.is_seen_elsewhere,
        too_warm=known.is_too_warm,
        items=[_item_view(day, line) for line in lines],
        seen_at=expected.seen_at if expected else "",
        sent_on=expected is not None and expected.is_sent_on,
    )


def _item_view(day: Day, line: Line) -> ItemView:
    article = day.articles.get(line.sku)
    weight_g = None if article is None else article.weight_g
    return ItemView(name=article_name(day, line.sku), sku=line.sku, quantity=line.quantity, weight_g=weight_g)


def claim_view(here: ClaimHere, day: Day) -> ClaimView:
    """One person, masked, with what is theirs."""
    claim = here.claim
    return ClaimView(
        claim=claim.claim,
        operator=claim.operator,
        name=claim.name,
        deadline_ms=claim.deadline_ms,
        parcels=[parcel_view(one, day) for one in here.parcels],
    )


def answer_view(asked: OpenQuestion, day: Day) -> AnswerView:
    """What came of a question."""
    return AnswerView(
        question=asked.id if asked.claims else "",
        act=scan_view(asked.result),
        claims=[claim_view(one, day) for one in asked.claims],
    )


def read_day(execute: Execute, day: Day, standings: Standings, undone: int) -> DayView:
    """The whole day, on the outbox's thread."""
    standings.refresh(execute, undone)
    parcels = [standings.parcel(execute, day, label) for label in day.parcels]
    take = memory.stock_take(execute)
    manifest = day.manifest
    # Who has fetched theirs is not in the manifest any more; what was expected today stays what it was.
    released, removed = (manifest.released, manifest.removed) if manifest else (0, 0)
    return DayView(
        version=manifest.version if manifest else 0,
        day=manifest.day if manifest else "",
        made_at_ms=manifest.made_at_ms if manifest else 0,
        has_staff=bool(day.staff),
        weight_tolerance=day.rules.weight_tolerance,
        stock_take=None if take is None else take.scope,
        containers=[_container_view(execute, day, standings, one) for one in day.containers.values()],
        expected=len(parcels) + released + removed,
        received=sum(one.standing.state is not ParcelState.EXPECTED for one in parcels) + released + removed,
        released=sum(one.standing.state is ParcelState.RELEASED for one in parcels) + released,
        missing=sum(Problem.MISSING in one.standing.problems for one in parcels),
        ready=sum(one.standing.state.is_at_station and not one.is_seen_elsewhere for one in parcels),
        overdue=sum(one.standing.is_overdue for one in parcels),
        aside=[
            AsideView(parcel=parcel_view(one, day), other=OtherView() if one.other is None else other_view(one.other))
            for one in standings.here(execute, day)
            if one.is_aside
        ],
    )


class Here:
    """Everything that lies here, as JSON: each parcel is written anew only when it, or the manifest, has changed."""

    def __init__(self) -> None:
        self._day: Day | None = None
        self._written: dict[str, tuple[KnownParcel, str]] = {}

    def read(self, execute: Execute, day: Day, standings: Standings, undone: int) -> str:
        """On the outbox's thread; as `HereView` has it."""
        standings.refresh(execute, undone)
        before = self._written if day is self._day else {}
        self._day, self._written = day, {}
        for one in standings.here(execute, day):
            known, text = before.get(one.parcel, (None, ""))
            if known is None or known.standing is not one.standing:
                text = parcel_view(one, day).model_dump_json()
            self._written[one.parcel] = (one, text)
        return f'{{"parcels":[{",".join(text for _, text in self._written.values())}]}}'


def _container_view(execute: Execute, day: Day, standings: Standings, expected: ExpectedContainer) -> ContainerView:
    known = standings.container(execute, day, expected.container)
    wanted, received, missing = _counts(execute, day, standings, known)
    is_waiting = known.standing.is_signed and not known.standing.is_counted
    signed_ms = ledger.signed_at_ms(execute, expected.container) if is_waiting else None
    return ContainerView(
        container=expected.container,
        operator=expected.operator,
        zone=expected.zone,
        pack_mode=expected.pack_mode,
        state=known.standing.state,
        signed=known.standing.is_signed,
        counted=known.standing.is_counted,
        expected=wanted,
        received=received,
        missing=missing,
        remind_at_ms=None if signed_ms is None else signed_ms + day.rules.count_reminder_s * 1000,
        count_by_ms=None if signed_ms is None else signed_ms + day.rules.count_within_s * 1000,
    )


def _counts(execute: Execute, day: Day, standings: Standings, known: KnownContainer) -> tuple[int, int, int]:
    if known.is_bulk:
        pieces = goods.all_in_container(execute, day, known.container)
        wanted, counted = sum(one.expected for one in pieces), sum(one.counted for one in pieces)
        lacking = sum(max(0, one.expected - one.counted) for one in pieces)
        return wanted, counted, lacking if known.standing.is_counted else 0
    inside = [standings.parcel(execute, day, label) for label in day.parcels_in.get(known.container, ())]
    received = sum(one.standing.state is not ParcelState.EXPECTED for one in inside)
    missing = sum(Problem.MISSING in one.standing.problems for one in inside)
    # Who has fetched theirs is not in the manifest any more; what was counted stays counted.
    count = known.standing.count
    gone = max(0, count.expected - len(inside)) if count else 0
    gone_received = min(gone, max(0, count.received - received)) if count else 0
    return len(inside) + gone, received + gone_received, missing


def article_name(day: Day, sku: str) -> str:
    """As people call it; a SKU that nobody named is its own name."""
    article = day.articles.get(sku)
    return article.name if article and article.name else sku
