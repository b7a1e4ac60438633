"""Somebody asks for parcels: found by QR, code or last four, then handed out or refused. One question at a time a place.

A question that was answered is kept for some minutes under an id of its own: nothing is handed out to whom nobody asked for.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

from edge.devices.ports import Scan
from edge.outbox import Outbox
from edge.outbox.transaction import Execute
from edge.rules.attempts import Attempts
from edge.site_clock import SiteClock
from edge.station import handout, ledger, memory
from edge.station.asking import CodeAsked, QrAsked, Question, TailAsked, judge_code, judge_token, judge_use, read_question
from edge.station.benches import Card
from edge.station.day import Day
from edge.station.deriving import derive
from edge.station.gates import CEILING
from edge.station.handout import Answer, Asked, ClaimHere, Guessing, Serving
from edge.station.results import ScanResult
from edge.station.station import Station, Who
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import CodeKey
from edge.wire.messages import How, Refusal
from edge.wire.pickup import QR_PREFIX

COUNTER = "counter"  # all staff screens and scanners of the station ask at one place
KEPT_S = 300.0
MAX_KEPT = 100  # overflow policy: the oldest question is forgotten


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """An answer that may be acted on. ``claims``: who it may be, as it stood when they asked."""

    id: str
    result: ScanResult
    how: How
    claims: tuple[ClaimHere, ...]
    token: str
    place: str
    asked_s: float


class NoSuchQuestionError(Exception):
    """Nobody asked, or too long ago, or for somebody else. The text is for staff."""


@dataclass(slots=True)
class _Heard:
    """What the outbox's thread found, for the loop."""

    answer: Answer
    token: str = ""


class Questions:
    """``load`` before use. Codes are derived off the loop, one at a time (edge.station.deriving)."""

    def __init__(
        self,
        outbox: Outbox,
        clock: SiteClock,
        station: Station,
        read_monotonic_s: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._station = station
        self._read_monotonic_s = read_monotonic_s
        self._new_id = new_id
        self._one_at_a_time = asyncio.Lock()
        self._attempts: dict[str, Attempts] = {}
        self._open: dict[str, OpenQuestion] = {}

    async def load(self) -> None:
        """At start: what was guessed before."""
        rules, now_s = self._station.day.guess_rules, self._read_monotonic_s()
        self._attempts = await self._outbox.run(lambda store: memory.read_attempts(store.execute, rules, now_s))

    async def take_scan(self, scan: Scan, actor: str) -> ScanResult | None:
        """A scan that is a QR, or a code at the hand-out, is a question. None: it is neither. NotKeptError."""
        is_qr = scan.text.strip().upper().startswith(QR_PREFIX)
        if not is_qr and (self._station.mode != "release" or read_question(scan.text) is None):
            return None
        return (await self.ask(scan.text, Who(scan.device, actor))).result

    async def ask(
        self, text: str, who: Who, place: str = COUNTER, *, ceiling: str = "", takes_tails: bool = True
    ) -> OpenQuestion:  # fmt: skip
        """Who may fetch what. The question of a refusal has no claims. NotKeptError.

        ``ceiling``: where wrong guesses of ``place`` are counted besides, and no hand-out clears them. ``takes_tails``: staff know
        a face to four digits; a cabinet does not.
        """
        async with self._one_at_a_time:
            began_s = self._read_monotonic_s()
            if (closed := handout.locked(self._guessing(place), self._above(ceiling))) is not None:
                result = await self._station.act(who, lambda *_: closed.verdict)
                return OpenQuestion("", result, How.UNSAID, (), "", place, began_s)
            question = read_question(text)
            if isinstance(question, TailAsked) and not takes_tails:
                question = None
            key = await self._key_of(question)
            guessing, above = self._guessing(place), self._above(ceiling)
            now_ms, site = self._clock.now_ms(), self._station.site
            heard: list[_Heard] = []
            name = self._new_id()

            def decide(execute: Execute, day: Day) -> Verdict:
                asked = _look_up(execute, day, site, question, key, now_ms)
                found = handout.answer(asked, guessing, above)
                heard[:] = [_Heard(found, asked.token)]
                return found.verdict

            def keep(execute: Execute, _verdict: Verdict) -> None:
                if heard[0].answer.attempts != guessing.attempts:
                    memory.keep_attempts(execute, place, heard[0].answer.attempts)
                if (counted := heard[0].answer.above) is not None:
                    memory.keep_attempts(execute, ceiling, counted)

            try:
                result = await self._station.act(who, decide, keep, question=name)
            finally:  # a full disk is no reason to let anybody guess on
                if heard:
                    self._attempts[place] = heard[0].answer.attempts
                    if (counted := heard[0].answer.above) is not None:
                        self._attempts[ceiling] = counted
            how = How.PROXY if heard[0].token else _HOW[type(question)]
            answered = OpenQuestion(name, result, how, heard[0].answer.claims, heard[0].token, place, began_s)
            self._remember(answered)
            if answered.claims and place == COUNTER:
                self._station.benches.serve(who.device, self._card(answered, who))
            return answered

    def find(self, question: str) -> OpenQuestion:
        """An answer that may still be acted on: what a scanner asked, for the page. NoSuchQuestionError."""
        asked = self._open.get(question)
        if asked is None or self._read_monotonic_s() - asked.asked_s > KEPT_S:
            raise NoSuchQuestionError("nobody asked, or too long ago: ask again")
        return asked

    async def hand_out(
        self, question: str, claim: str, parcels: Collection[str], who: Who, *, is_told: bool = False
    ) -> ScanResult:  # fmt: skip
        """Hand out to one of those who may have asked: the parcels named, or all that are ready.

        ``is_told``: what was too warm is among them, and they know.
        NoSuchQuestionError, NotKeptError.
        """
        asked = self._question(question, claim)
        took_s = max(0, int(self._read_monotonic_s() - asked.asked_s))
        site = self._station.site

        def decide(execute: Execute, day: Day) -> Verdict:
            here = ledger.claim(execute, day, claim)
            if asked.token and (refusal := judge_use(asked.token, day.house(site, _used(execute, asked.token)), is_proxy=True)):
                return handout.refuse(refusal, asked.how, here)
            return handout.release(here, asked.how, parcels, token=asked.token, took_s=took_s, is_told=is_told)

        def clear(execute: Execute, verdict: Verdict) -> None:
            if verdict.word in _HANDED_OUT:
                memory.keep_attempts(execute, asked.place, Attempts())

        result = await self._station.act(who, decide, clear)
        if result.word in _HANDED_OUT:
            self._attempts[asked.place] = Attempts()
            if result.word == Word.RELEASED or asked.token:
                self._open.pop(question, None)
                self._station.benches.close(question)
        return result

    def close(self, question: str) -> None:
        """Whoever was asked for is not served any more, whichever page or scanner opened their card."""
        self._open.pop(question, None)
        self._station.close_card(question)

    async def settled(self, asked: OpenQuestion) -> None:
        """Something was handed out for it elsewhere than at the counter: the guesses there are forgotten. NotKeptError."""
        self._open.pop(asked.id, None)
        self._attempts[asked.place] = Attempts()
        await self._outbox.transact(lambda transaction: memory.keep_attempts(transaction.execute, asked.place, Attempts()))

    async def refuse(self, question: str, claim: str, parcels: Collection[str], reason: Refusal, who: Who) -> ScanResult:
        """Staff would not, or the resident did not want to. NoSuchQuestionError, NotKeptError."""
        asked = self._question(question, claim)

        def decide(execute: Execute, day: Day) -> Verdict:
            here = ledger.claim(execute, day, claim)
            own = [one.parcel for one in here.parcels if one.parcel in parcels]
            return handout.refuse(reason, asked.how, here, own)

        return await self._station.act(who, decide)

    def _card(self, answered: OpenQuestion, who: Who) -> Card | None:
        """None: several may have asked."""
        if len(answered.claims) != 1:
            return None
        serving = Serving(answered.claims[0].claim.claim, answered.how, answered.token)
        return Card(answered.id, serving, who.device, who.actor, answered.result.at_ms, answered.asked_s)

    def _question(self, question: str, claim: str) -> OpenQuestion:
        asked = self.find(question)
        if claim not in {one.claim.claim for one in asked.claims} or claim not in self._station.day.claims:
            raise NoSuchQuestionError("that is not who was asked for: ask again")
        return asked

    def _remember(self, answered: OpenQuestion) -> None:
        if not answered.claims:
            return
        self._open = {name: one for name, one in self._open.items() if answered.asked_s - one.asked_s <= KEPT_S}
        if len(self._open) >= MAX_KEPT:
            del self._open[next(iter(self._open))]
        self._open[answered.id] = answered

    def _guessing(self, place: str) -> Guessing:
        attempts = self._attempts.get(place, Attempts())
        return Guessing(place, attempts, self._station.day.guess_rules, self._read_monotonic_s())

    def _above(self, place: str) -> Guessing | None:
        if not place:
            return None
        return Guessing(place, self._attempts.get(place, Attempts()), CEILING, self._read_monotonic_s())

    async def _key_of(self, question: Question | None) -> bytes:
        manifest = self._station.day.manifest
        if not isinstance(question, CodeAsked) or manifest is None:
            return b""
        return await derive(question.code, manifest.code_cost)


_HANDED_OUT = (Word.RELEASED, Word.RELEASED_PARTLY)
_HOW = {QrAsked: How.QR, CodeAsked: How.CODE, TailAsked: How.TAIL, type(None): How.UNSAID}


def _look_up(execute: Execute, day: Day, site: str, question: Question | None, key: bytes, now_ms: int) -> Asked:
    """What a question finds in the manifest and the ledger."""
    if question is not None and not day.is_known:
        return Asked(_HOW[type(question)], refusal=Refusal.NO_MANIFEST)
    match question:
        case None:
            return Asked(How.UNSAID, refusal=Refusal.MALFORMED)
        case TailAsked(tail=tail):
            return Asked(How.TAIL, _claims(execute, day, day.of_tail(tail)))
        case CodeAsked():
            return _by_code(execute, day, site, day.codes.get(key), now_ms)
        case QrAsked(signed=signed):
            token = signed.token
            used = _used(execute, token.token) if token.is_proxy else ()
            refusal = judge_token(signed, day.house(site, used), now_ms)
            how, once = (How.PROXY, token.token) if token.is_proxy else (How.QR, "")
            claims = () if refusal is Refusal.BAD_SIGNATURE else _claims(execute, day, day.of_orders(token.orders))
            return Asked(how, claims, once, refusal)


def _by_code(execute: Execute, day: Day, site: str, found: CodeKey | None, now_ms: int) -> Asked:
    if found is None:
        return Asked(How.CODE)
    claims, refusal = _claims(execute, day, (found.claim,)), judge_code(found, now_ms)
    if not found.token:
        return Asked(How.CODE, claims, refusal=refusal)
    house = day.house(site, _used(execute, found.token))
    return Asked(How.PROXY, claims, found.token, judge_use(found.token, house, is_proxy=True) or refusal)


def _claims(execute: Execute, day: Day, names: Collection[str]) -> tuple[ClaimHere, ...]:
    return tuple(ledger.claim(execute, day, name) for name in names)


def _used(execute: Execute, token: str) -> tuple[str, ...]:
    return (token,) if ledger.is_used(execute, token) else ()
