"""Handing parcels out: who asks, what is theirs, what leaves. Pure; whoever calls does it inside one commit.

Guesses are counted here, the same for every way of asking: what is wrong could be guessed (a code, a tail, a forged QR); what is
true and refused (expired, elsewhere, handed out) could not.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from edge.devices.ports import Sound
from edge.rules.attempts import Attempts, GuessRules, after_failure, wait_s
from edge.rules.custody import ParcelState
from edge.station.known import Gone, KnownParcel
from edge.station.verdict import Fetched, Verdict, Word
from edge.wire.counter import AskingLocked, How, ParcelReleased, Refusal, ReleaseRefused
from edge.wire.events import AnyFact
from edge.wire.manifest import Claim

GUESSED = frozenset({Refusal.UNKNOWN_CODE, Refusal.UNKNOWN_TAIL, Refusal.BAD_SIGNATURE})
_NOT_FOUND = {
    How.QR: Refusal.UNKNOWN_ORDER,
    How.PROXY: Refusal.UNKNOWN_ORDER,
    How.CODE: Refusal.UNKNOWN_CODE,
    How.TAIL: Refusal.UNKNOWN_TAIL,
}


@dataclass(frozen=True, slots=True)
class ClaimHere:
    """What one person may fetch, and where it stands."""

    claim: Claim
    parcels: tuple[KnownParcel, ...]

    @property
    def ready(self) -> tuple[KnownParcel, ...]:
        """What lies here and can be handed out now."""
        return tuple(one for one in self.parcels if one.standing.state.is_at_station and not one.is_seen_elsewhere)

    @property
    def gone(self) -> Gone | None:
        """The last that was handed out of it: as it was booked here, else as the manifest says; None: nothing was."""
        here = [one.gone for one in self.parcels if one.gone is not None]
        if here:
            return max(here, key=lambda one: one.at_ms)
        return Gone(self.claim.done_at_ms, self.claim.done_how) if self.claim.done == "released" else None

    @property
    def refusal(self) -> Refusal | None:
        """Why none of it can be handed out; None: some can."""
        if self.ready:
            return None
        if not self.parcels and self.claim.done:
            return Refusal.ALREADY_RELEASED if self.claim.done == "released" else Refusal.LEFT_STATION
        if any(one.is_seen_elsewhere for one in self.parcels):
            return Refusal.ELSEWHERE
        states = {one.standing.state for one in self.parcels}
        if ParcelState.EXPECTED in states or not states:
            return Refusal.NOT_READY
        return Refusal.ALREADY_RELEASED if ParcelState.RELEASED in states else Refusal.LEFT_STATION


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what was found for it. ``refusal``: why the token itself is none. ``token``: of a proxy, used once."""

    how: How
    claims: tuple[ClaimHere, ...] = ()
    token: str = ""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """Who stands at the counter, and by what they showed that it is theirs."""

    claim: str
    how: How
    token: str = ""


@dataclass(frozen=True, slots=True)
class Guessing:
    """Where somebody asks, and how often they were wrong there."""

    place: str
    attempts: Attempts
    rules: GuessRules
    now_s: float  # monotonic


@dataclass(frozen=True, slots=True)
class Answer:
    """``claims``: who it may be; one, and the page offers to hand out; several, and staff choose.

    ``attempts``, and ``above`` of the ceiling where there is one: to be kept.
    """

    verdict: Verdict
    attempts: Attempts
    claims: tuple[ClaimHere, ...] = ()
    above: Attempts | None = None


def locked(guessing: Guessing, above: Guessing | None = None) -> Answer | None:
    """Asked before anything is derived or looked up: nobody is answered while a place, or its ceiling, is locked."""
    left_s = max(wait_s(one.attempts, one.now_s) for one in (guessing, above) if one is not None)
    if left_s <= 0.0:
        return None
    return Answer(Verdict(Word.LOCKED_OUT, Sound.REFUSED, amount=int(left_s) + 1, detail=Refusal.LOCKED_OUT), guessing.attempts)


def answer(asked: Asked, guessing: Guessing, above: Guessing | None = None) -> Answer:
    """Who it may be, or why nobody is. Nothing is handed out yet, and the counter goes back only when something is.

    ``above``: the ceiling of the place, which does not go back even then: whoever has a code of their own cannot clear it.
    """
    refusal = asked.refusal
    if refusal is None and not asked.claims:
        refusal = _NOT_FOUND.get(asked.how, Refusal.MALFORMED)
    open_claims = tuple(one for one in asked.claims if one.refusal is None)
    if refusal is None and not open_claims:
        refusal = asked.claims[0].refusal
    if refusal is not None:
        return _refused(asked, refusal, guessing, above)
    word = Word.ASK_MATCHES if len(open_claims) == 1 else Word.ASK_SEVERAL
    count = sum(len(one.ready) for one in open_claims)
    of = sum(len(one.parcels) for one in open_claims)
    return Answer(Verdict(word, Sound.OK, amount=count, of=of), guessing.attempts, open_claims)


def release(
    here: ClaimHere,
    how: How,
    chosen: Collection[str] = (),
    *,
    token: str = "",
    took_s: int | None = None,
    is_told: bool = False,
) -> Verdict:
    """Hand out what was ``chosen`` of a claim, or all that is ready of it. All or nothing: one that cannot go stops the rest.

    ``is_told``: staff have told the resident what was too warm.
    """
    own = {one.parcel for one in here.parcels}
    if strangers := sorted(set(chosen) - own):
        return refuse(Refusal.WRONG_PARCEL, how, here, strangers[:1])
    wanted = [one for one in here.parcels if one.parcel in chosen] if chosen else list(here.ready)
    if not wanted:
        return refuse(here.refusal or Refusal.NOT_READY, how, here)
    for one in wanted:
        if (refusal := why_not(one, is_told=is_told)) is not None:
            return refuse(refusal, how, here, [one.parcel])
    facts = tuple(_released(one, how, here.claim.claim, token, took_s) for one in wanted)
    gone = sum(one.standing.state is ParcelState.RELEASED for one in here.parcels)
    left = sum(not one.standing.state.is_final for one in here.parcels) - len(wanted)
    return Verdict(
        Word.RELEASED_PARTLY if left else Word.RELEASED,
        Sound.OK,
        facts,
        parcel=wanted[0].parcel,
        place=" ".join(one.standing.place for one in wanted if one.standing.place),
        fetched=tuple(_fetched(one) for one in wanted),
        amount=len(wanted) + gone,
        of=len(wanted) + gone + left,
    )


def release_scanned(
    known: KnownParcel, here: ClaimHere | None = None, serving: Serving | None = None, *, is_told: bool = False
) -> Verdict:  # fmt: skip
    """A parcel's own label was scanned at the hand-out. ``serving``, ``here``: the person who stands there, and what is theirs.

    A refusal is recorded where somebody was refused; a label that was only scanned twice is none.
    """
    how, token = (serving.how, serving.token) if serving is not None else (How.SCAN, "")
    refusal = why_not(known, is_told=is_told)
    if here is not None and known.parcel not in {one.parcel for one in here.parcels}:
        refusal = Refusal.WRONG_PARCEL
    if refusal is not None:
        refused = with_gone(refuse(refusal, how, here, [known.parcel]), known.gone)._replace(other=known.other)
        return refused if here is not None else refused._replace(facts=())
    claim = known.expected.claim if known.expected else ""
    waiting = [] if here is None else [one for one in here.ready if one.parcel != known.parcel]
    word = Word.RELEASED_PARTLY if waiting else Word.RELEASED
    fact = _released(known, how, claim, token, None)
    return Verdict(word, Sound.OK, (fact,), parcel=known.parcel, place=known.standing.place, amount=1, of=1 + len(waiting))


def why_not(known: KnownParcel, *, is_told: bool = False) -> Refusal | None:
    """Why this parcel cannot be handed out; None: it can. ``is_told``: its resident knows that it was too warm, and wants it."""
    match known.standing.state:
        case ParcelState.RELEASED:
            return Refusal.ALREADY_RELEASED
        case ParcelState.RETURNED | ParcelState.DISPOSED:
            return Refusal.LEFT_STATION
        case _ if known.is_for_later:
            return Refusal.NOT_YET
        case _ if known.other is not None and known.other.why == "elsewhere":
            return Refusal.WRONG_SITE
        case state if state.is_at_station:
            return Refusal.TOO_WARM if known.is_too_warm and not is_told else None
        case _ if known.is_seen_elsewhere:
            return Refusal.ELSEWHERE
        case _:
            return Refusal.NOT_READY if known.expected is not None or known.is_due else Refusal.WRONG_SITE


def refuse(reason: Refusal, how: How, here: ClaimHere | None, parcels: Sequence[str] = ()) -> Verdict:
    """Nothing is handed out, and it is recorded why: by the rules, by staff, or because the resident would not take it."""
    claim = here.claim.claim if here is not None else ""
    facts = tuple(ReleaseRefused(reason=reason, how=how, claim=claim, parcel=parcel) for parcel in parcels or ("",))
    sound = Sound.OK if reason in (Refusal.DECLINED, Refusal.STAFF) else Sound.REFUSED
    verdict = Verdict(Word.REFUSED, sound, facts, parcel=parcels[0] if parcels else "", amount=len(parcels), detail=reason)
    return with_gone(verdict, here.gone if here is not None else None)


def with_gone(verdict: Verdict, gone: Gone | None) -> Verdict:
    """What was handed out before is refused with when and by what that was."""
    if gone is None or verdict.detail != Refusal.ALREADY_RELEASED:
        return verdict
    return verdict._replace(gone_ms=gone.at_ms, gone_how=gone.how)


def _refused(asked: Asked, refusal: Refusal, guessing: Guessing, above: Guessing | None) -> Answer:
    here = asked.claims[0] if len(asked.claims) == 1 else None
    verdict = refuse(refusal, asked.how, here)
    if refusal not in GUESSED:
        return Answer(verdict, guessing.attempts)
    wronged = [
        replace(one, attempts=after_failure(one.attempts, one.rules, one.now_s)) for one in (guessing, above) if one is not None
    ]
    own, ceiling = wronged[0].attempts, wronged[1].attempts if above is not None else None
    locks = tuple(
        AskingLocked(place=one.place, failures=one.rules.guesses, lock_s=round(wait_s(one.attempts, one.now_s)))
        for one in wronged
        if wait_s(one.attempts, one.now_s)
    )
    if not locks:
        return Answer(verdict, own, above=ceiling)
    facts: tuple[AnyFact, ...] = (*verdict.facts, *locks)
    longest_s = max(lock.lock_s for lock in locks)
    return Answer(Verdict(Word.LOCKED_OUT, Sound.REFUSED, facts, amount=longest_s, detail=refusal), own, above=ceiling)


def _fetched(known: KnownParcel) -> Fetched:
    zone = known.expected.zone.value if known.expected else ""
    return Fetched(known.parcel, known.standing.place, zone, known.standing.state is ParcelState.IN_LOCKER)


def _released(known: KnownParcel, how: How, claim: str, token: str, took_s: int | None) -> ParcelReleased:
    cell = known.standing.place if known.standing.state is ParcelState.IN_LOCKER else ""
    despite = Refusal.TOO_WARM if known.is_too_warm else ""  # `why_not` let it go: they were told
    return ParcelReleased(parcel=known.parcel, how=how, claim=claim, token=token, cell=cell, took_s=took_s, despite=despite)
