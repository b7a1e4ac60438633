"""Asking for parcels and getting them: by QR, code, last four, proxy, scan; and everything that is refused."""

import pytest

from edge.devices.ports import Sound
from edge.rules.attempts import Attempts, GuessRules
from edge.station import handout
from edge.station.asking import CodeAsked, House, QrAsked, TailAsked, judge_token, judge_use, read_question
from edge.station.handout import Asked, Guessing, Serving, answer
from edge.station.verdict import Word
from edge.wire.messages import (
    AnyFact,
    AskingLocked,
    How,
    ParcelDisposed,
    ParcelPlaced,
    ParcelReceived,
    ParcelReleased,
    ParcelReturned,
    ParcelShelved,
    Problem,
    Refusal,
    ReleaseRefused,
    VarianceFound,
)
from tests.edge.station import days
from tests.edge.station.days import LI_1, NOON_MS, STRANGE, WANG_1, WANG_2
from tests.edge.station.things import DAY, claim, parcel

HERE: list[AnyFact] = [
    ParcelShelved(parcel=WANG_1, slot="A1"),
    ParcelShelved(parcel=WANG_2, slot="C1"),
    ParcelShelved(parcel=LI_1, slot="A2"),
]
HOUSE = House(
    site=days.SITE,
    operators={days.OPERATOR, days.OTHER},
    keys={one.key: one.public for one in DAY.keys},
    revoked={"t-revoked", "px-revoked"},
    used={"px-used"},
)
FRESH = Guessing("counter", Attempts(), GuessRules(guesses=3), 100.0)


def judged(qr: str, now_ms: int = NOON_MS) -> Refusal | None:
    question = read_question(qr)
    assert isinstance(question, QrAsked)
    return judge_token(question.signed, HOUSE, now_ms)


def test_whatever_is_shown_is_read_as_what_it_is() -> None:
    assert isinstance(read_question(days.qr("demo/1")), QrAsked)
    assert read_question(" 4829 1306\r") == CodeAsked("48291306")
    assert read_question("5678") == TailAsked("5678")
    for nothing in ("", "TTQ:", "TTQ:%%%", "TTP000000001J", "123456", "48291306x"):
        assert read_question(nothing) is None


@pytest.mark.parametrize(
    ("qr", "refusal"),
    [
        (days.qr("demo/1"), None),
        (days.qr("demo/1", "fresh/1"), None),
        (days.qr("demo/1", key="k9"), Refusal.BAD_SIGNATURE),
        (days.qr("demo/1", site="st-2"), Refusal.WRONG_SITE),
        (days.qr("elsewhere/1"), Refusal.OTHER_OPERATOR),
        (days.qr("demo/1", expires_ms=NOON_MS - 5 * 60_000 - 1000), Refusal.EXPIRED),
        (days.qr("demo/1", expires_ms=NOON_MS - 4 * 60_000), None),
        (days.qr("demo/1", token="t-revoked"), Refusal.REVOKED),
        (days.qr("demo/1", token="px-used", is_proxy=True), Refusal.USED),
        (days.qr("demo/1", token="px-used"), None),
    ],
)
def test_a_token_is_good_or_its_gravest_fault_is_named(qr: str, refusal: Refusal | None) -> None:
    assert judged(qr) is refusal


def test_a_proxys_code_is_revoked_and_used_up_like_a_token() -> None:
    assert judge_use("px-revoked", HOUSE, is_proxy=True) is Refusal.REVOKED
    assert judge_use("px-used", HOUSE, is_proxy=True) is Refusal.USED
    assert judge_use("px-1", HOUSE, is_proxy=True) is None


def test_one_answer_names_one_person_and_counts_what_is_ready() -> None:
    found = answer(Asked(How.CODE, (claim("c-wang", HERE[:1]),)), FRESH)
    assert (found.verdict.word, found.verdict.amount, found.verdict.of) == (Word.ASK_MATCHES, 1, 2)
    assert found.verdict.facts == ()
    assert found.attempts == FRESH.attempts


def test_a_tail_of_two_people_asks_who_it_is_and_leaves_out_who_has_nothing_to_fetch() -> None:
    both = answer(Asked(How.TAIL, (claim("c-wang", HERE), claim("c-li", HERE))), FRESH)
    assert both.verdict.word is Word.ASK_SEVERAL
    assert [one.claim.name for one in both.claims] == ["王**", "李*"]
    gone: list[AnyFact] = [*HERE, ParcelReleased(parcel=LI_1)]
    one = answer(Asked(How.TAIL, (claim("c-wang", gone), claim("c-li", gone))), FRESH)
    assert (one.verdict.word, one.claims[0].claim.claim) == (Word.ASK_MATCHES, "c-wang")


LEFT: list[tuple[list[AnyFact], Refusal]] = [
    ([], Refusal.NOT_READY),
    ([*HERE, ParcelReleased(parcel=LI_1)], Refusal.ALREADY_RELEASED),
    ([*HERE, ParcelDisposed(parcel=LI_1, reason="expired")], Refusal.LEFT_STATION),
    ([*HERE, ParcelReturned(parcel=LI_1)], Refusal.LEFT_STATION),
]


@pytest.mark.parametrize(("facts", "refusal"), LEFT)
def test_a_true_code_for_nothing_is_refused_by_its_reason_and_is_no_guess(facts: list[AnyFact], refusal: Refusal) -> None:
    refused = answer(Asked(How.CODE, (claim("c-li", facts),)), FRESH)
    assert (refused.verdict.word, refused.verdict.sound, refused.verdict.detail) == (Word.REFUSED, Sound.REFUSED, refusal)
    assert refused.verdict.facts == (ReleaseRefused(reason=refusal, how=How.CODE, claim="c-li"),)
    assert refused.attempts == FRESH.attempts


@pytest.mark.parametrize(
    ("how", "refusal", "is_guess"),
    [
        (How.CODE, Refusal.UNKNOWN_CODE, True),
        (How.TAIL, Refusal.UNKNOWN_TAIL, True),
        (How.QR, Refusal.UNKNOWN_ORDER, False),
        (How.UNSAID, Refusal.MALFORMED, False),
    ],
)
def test_what_names_nobody_is_refused_and_what_could_be_guessed_is_counted(how: How, refusal: Refusal, is_guess: bool) -> None:
    refused = answer(Asked(how), FRESH)
    assert refused.verdict.detail is refusal
    assert refused.attempts.failures == int(is_guess)


def test_a_lock_is_told_in_whole_seconds_whatever_the_clock_reads() -> None:
    now_s = 2044.914
    assert int(now_s + 60 - now_s) == 59, "a float's rest, of which nobody is told"
    tried = Attempts(failures=FRESH.rules.guesses - 1, failed_s=now_s)
    locked = answer(Asked(How.CODE), Guessing("counter", tried, FRESH.rules, now_s))
    assert (locked.verdict.word, locked.verdict.amount) == (Word.LOCKED_OUT, 60)


def test_guesses_of_every_kind_count_together_until_nobody_is_answered() -> None:
    guessing = FRESH
    asked = [Asked(How.CODE), Asked(How.TAIL), Asked(How.QR, refusal=Refusal.BAD_SIGNATURE)]
    verdicts = []
    for one in asked:
        assert handout.locked(guessing) is None
        said = answer(one, guessing)
        verdicts.append(said.verdict)
        guessing = Guessing("counter", said.attempts, FRESH.rules, 100.0)
    assert [verdict.word for verdict in verdicts] == [Word.REFUSED, Word.REFUSED, Word.LOCKED_OUT]
    assert AskingLocked(place="counter", failures=3, lock_s=60) in verdicts[-1].facts
    closed = handout.locked(guessing)
    assert closed is not None
    assert closed.verdict.facts == ()
    later = Guessing("counter", guessing.attempts, FRESH.rules, 160.0)
    assert handout.locked(later) is None


def test_one_code_hands_out_all_that_is_ready_with_where_it_lies() -> None:
    verdict = handout.release(claim("c-wang", HERE), How.CODE, took_s=7)
    assert verdict.facts == (
        ParcelReleased(parcel=WANG_1, how=How.CODE, claim="c-wang", took_s=7),
        ParcelReleased(parcel=WANG_2, how=How.CODE, claim="c-wang", took_s=7),
    )
    assert (verdict.word, verdict.place, verdict.amount, verdict.of) == (Word.RELEASED, "A1 C1", 2, 2)


def test_part_of_it_may_be_fetched_now_and_the_rest_later() -> None:
    first = handout.release(claim("c-wang", HERE), How.QR, [WANG_2])
    assert (first.word, first.amount, first.of) == (Word.RELEASED_PARTLY, 1, 2)
    rest = handout.release(claim("c-wang", [*HERE, *first.facts]), How.QR)
    assert [fact.parcel for fact in rest.facts if isinstance(fact, ParcelReleased)] == [WANG_1]
    assert (rest.word, rest.amount, rest.of) == (Word.RELEASED, 2, 2)
    again = handout.release(claim("c-wang", [*HERE, *first.facts, *rest.facts]), How.QR)
    assert (again.word, again.detail) == (Word.REFUSED, Refusal.ALREADY_RELEASED)


def test_a_proxys_token_is_named_so_that_it_can_be_used_once() -> None:
    verdict = handout.release(claim("c-li", HERE), How.PROXY, token="px-1")
    assert verdict.facts == (ParcelReleased(parcel=LI_1, how=How.PROXY, claim="c-li", token="px-1"),)


def test_a_parcel_of_the_cabinet_says_which_cell_it_left() -> None:
    verdict = handout.release(claim("c-li", [ParcelPlaced(parcel=LI_1, cell="1-02")]), How.CODE)
    assert verdict.facts == (ParcelReleased(parcel=LI_1, how=How.CODE, claim="c-li", cell="1-02"),)


@pytest.mark.parametrize(
    ("chosen", "facts", "refusal"),
    [
        ([LI_1], HERE, Refusal.WRONG_PARCEL),
        ([WANG_1, STRANGE], HERE, Refusal.WRONG_PARCEL),
        ([WANG_1, WANG_2], HERE[:1], Refusal.NOT_READY),
        ([WANG_1], [*HERE, ParcelReleased(parcel=WANG_1)], Refusal.ALREADY_RELEASED),
        ([], [], Refusal.NOT_READY),
    ],
)
def test_one_parcel_that_cannot_go_stops_the_rest(chosen: list[str], facts: list[AnyFact], refusal: Refusal) -> None:
    verdict = handout.release(claim("c-wang", facts), How.CODE, chosen)
    assert (verdict.word, verdict.detail) == (Word.REFUSED, refusal)
    assert [type(fact) for fact in verdict.facts] == [ReleaseRefused]


def test_a_parcels_own_label_hands_it_out_only_to_the_one_who_stands_there() -> None:
    lying = parcel(WANG_1, HERE[0])
    alone = handout.release_scanned(lying)
    assert alone.facts == (ParcelReleased(parcel=WANG_1, how=How.SCAN, claim="c-wang"),)
    wang, li = Serving("c-wang", How.PROXY, "px-1"), Serving("c-li", How.CODE)
    first = handout.release_scanned(lying, claim("c-wang", HERE), wang)
    assert (first.word, first.amount, first.of) == (Word.RELEASED_PARTLY, 1, 2)
    assert first.facts == (ParcelReleased(parcel=WANG_1, how=How.PROXY, claim="c-wang", token="px-1"),)
    last = handout.release_scanned(parcel(WANG_2, HERE[1]), claim("c-wang", [*HERE, *first.facts]), wang)
    assert last.word is Word.RELEASED
    wrong = handout.release_scanned(lying, claim("c-li", HERE), li)
    assert (wrong.detail, wrong.sound) == (Refusal.WRONG_PARCEL, Sound.REFUSED)
    assert wrong.facts == (ReleaseRefused(reason=Refusal.WRONG_PARCEL, how=How.CODE, claim="c-li", parcel=WANG_1),)


@pytest.mark.parametrize(
    ("label", "facts", "refusal"),
    [
        (STRANGE, [], Refusal.WRONG_SITE),
        (WANG_1, [], Refusal.NOT_READY),
        (WANG_1, [ParcelReceived(parcel=WANG_1), ParcelReleased(parcel=WANG_1)], Refusal.ALREADY_RELEASED),
        (WANG_1, [ParcelReceived(parcel=WANG_1), ParcelReturned(parcel=WANG_1)], Refusal.LEFT_STATION),
    ],
)
def test_a_scanned_parcel_that_cannot_go_says_why(label: str, facts: list[AnyFact], refusal: Refusal) -> None:
    verdict = handout.release_scanned(parcel(label, *facts))
    assert (verdict.detail, verdict.facts) == (refusal, ())


def test_staff_and_resident_may_say_no_and_it_is_recorded() -> None:
    declined = handout.refuse(Refusal.DECLINED, How.CODE, claim("c-li", HERE), [LI_1])
    assert declined.facts == (ReleaseRefused(reason=Refusal.DECLINED, how=How.CODE, claim="c-li", parcel=LI_1),)
    assert declined.sound is Sound.OK


@pytest.mark.parametrize("problem", [Problem.TEMP_BREACH, Problem.SPOILED])
def test_what_was_too_warm_stays_until_its_resident_was_told(problem: Problem) -> None:
    facts = [*HERE, VarianceFound(problem=problem, parcel=WANG_2)]
    here = claim("c-wang", facts)
    whole = handout.release(here, How.CODE)
    assert (whole.word, whole.detail, whole.parcel, whole.sound) == (Word.REFUSED, Refusal.TOO_WARM, WANG_2, Sound.REFUSED)
    assert whole.facts == (ReleaseRefused(reason=Refusal.TOO_WARM, how=How.CODE, claim="c-wang", parcel=WANG_2),)
    rest = handout.release(here, How.CODE, [WANG_1])
    assert (rest.word, [one.despite for one in rest.facts if isinstance(one, ParcelReleased)]) == (Word.RELEASED_PARTLY, [""])
    told = handout.release(claim("c-wang", [*facts, *rest.facts]), How.CODE, [WANG_2], is_told=True)
    assert told.word is Word.RELEASED
    assert [one.despite for one in told.facts if isinstance(one, ParcelReleased)] == ["too_warm"]
    scanned = handout.release_scanned(parcel(WANG_2, facts[1], facts[-1]))
    assert (scanned.word, scanned.detail, scanned.facts) == (Word.REFUSED, Refusal.TOO_WARM, ())


def test_another_problem_keeps_nobody_from_their_parcel() -> None:
    damaged = claim("c-wang", [*HERE, VarianceFound(problem=Problem.DAMAGED, parcel=WANG_2)])
    assert handout.release(damaged, How.CODE).word is Word.RELEASED
