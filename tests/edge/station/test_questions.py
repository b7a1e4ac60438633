"""Asking and handing out at a station on a real file: found by one derivation, counted, kept over restarts, released once."""

from pathlib import Path

import msgspec
import pytest

from edge.devices.ports import Sound
from edge.outbox import NotKeptError, Step
from edge.station.decide import ScanKind
from edge.station.questions import KEPT_S, NoSuchQuestionError
from edge.station.verdict import Word
from edge.wire.manifest import CodeKey
from edge.wire.messages import AskingLocked, EventUndone, How, ParcelReleased, Refusal, ReleaseRefused
from edge.wire.pickup import secret_key
from tests.edge.station import days
from tests.edge.station.counters import CHEN, open_counter
from tests.edge.station.days import CODE_OF, LI_1, PROXY_CODE, PROXY_TOKEN, WANG_1, WANG_2

DAY = days.manifest()
WRONG = "00000000"


@pytest.mark.parametrize(
    ("shown", "how"), [("4829 1306", How.CODE), (days.qr("demo/1"), How.QR), (days.qr("demo/1", is_proxy=True), How.PROXY)]
)
async def test_a_code_and_a_qr_name_one_person_and_hand_out_all_that_is_theirs(tmp_path: Path, shown: str, how: How) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2)
        asked = await counter.questions.ask(shown, CHEN)
        assert [one.claim.claim for one in asked.claims] == ["c-wang"]
        assert (asked.result.word, asked.result.amount) == (Word.ASK_MATCHES, 2)
        counter.clock.pass_s(9)
        done = await counter.questions.hand_out(asked.id, "c-wang", (), CHEN)
        assert (done.word, done.sound) == (Word.RELEASED, Sound.OK)
        released = [fact for fact in await counter.facts() if isinstance(fact, ParcelReleased)]
        token = "t-1" if how is How.PROXY else ""
        assert released == [
            ParcelReleased(parcel=parcel, how=how, claim="c-wang", token=token, took_s=9) for parcel in (WANG_1, WANG_2)
        ]
        assert (await counter.events())[-1].actor == "staff-1"
        again = await counter.questions.ask(shown, CHEN)
        assert again.result.detail == (Refusal.USED if how is How.PROXY else Refusal.ALREADY_RELEASED)


async def test_four_digits_that_two_people_share_ask_who_it_is(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, LI_1)
        asked = await counter.questions.ask("5678", CHEN)
        assert asked.result.word == Word.ASK_SEVERAL
        assert {one.claim.name for one in asked.claims} == {"王**", "李*"}
        done = await counter.questions.hand_out(asked.id, "c-li", (), CHEN)
        assert (done.word, done.parcel) == (Word.RELEASED, LI_1)


async def test_nothing_is_handed_out_to_whom_nobody_asked_for(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, LI_1)
        asked = await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        for question, claim in (("q99", "c-wang"), (asked.id, "c-li"), ("", "c-wang")):
            with pytest.raises(NoSuchQuestionError):
                await counter.questions.hand_out(question, claim, (), CHEN)
        counter.clock.pass_s(KEPT_S + 1)
        with pytest.raises(NoSuchQuestionError):
            await counter.questions.hand_out(asked.id, "c-wang", (), CHEN)
        assert not any(isinstance(fact, ParcelReleased) for fact in await counter.facts())


async def test_a_proxys_code_works_once_and_again_when_that_is_undone(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2)
        first = await counter.questions.ask(PROXY_CODE, CHEN)
        second = await counter.questions.ask(PROXY_CODE, CHEN)  # at another screen, before either is confirmed
        done = await counter.questions.hand_out(first.id, "c-wang", [WANG_1], CHEN)
        assert done.word == Word.RELEASED_PARTLY
        late = await counter.questions.hand_out(second.id, "c-wang", [WANG_2], CHEN)
        assert (late.word, late.detail) == (Word.REFUSED, Refusal.USED)
        released = (await counter.facts())[2]
        assert isinstance(released, ParcelReleased)
        assert released.token == PROXY_TOKEN
        assert (await counter.questions.ask(PROXY_CODE, CHEN)).result.detail == Refusal.USED
        await counter.station.undo(done.event, "staff-2", "wrong person")
        assert (await counter.questions.ask(PROXY_CODE, CHEN)).result.word == Word.ASK_MATCHES


async def test_two_screens_that_confirm_the_same_answer_hand_out_once(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(LI_1)
        here, there = await counter.questions.ask(CODE_OF["c-li"], CHEN), await counter.questions.ask("5678", CHEN)
        assert (await counter.questions.hand_out(here.id, "c-li", (), CHEN)).word == Word.RELEASED
        assert (await counter.questions.hand_out(there.id, "c-li", (), CHEN)).detail == Refusal.ALREADY_RELEASED
        assert sum(isinstance(fact, ParcelReleased) for fact in await counter.facts()) == 1


async def test_a_hand_out_is_undone_as_a_whole_in_somebodys_name(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2)
        asked = await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        done = await counter.questions.hand_out(asked.id, "c-wang", (), CHEN)
        await counter.station.undo(done.event, "staff-2", "took it back")
        *_, first, second = await counter.events()
        assert isinstance(first.fact, EventUndone)
        assert isinstance(second.fact, EventUndone)
        assert {first.actor, second.actor} == {"staff-2"}
        assert (await counter.questions.ask(CODE_OF["c-wang"], CHEN)).result.amount == 2


async def test_guesses_of_all_kinds_lock_the_counter_also_over_a_restart_and_a_hand_out_clears_them(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(LI_1)
        for guess in (WRONG, "9999", days.qr("demo/1", key="k9"), WRONG):
            assert (await counter.questions.ask(guess, CHEN)).result.word == Word.REFUSED
        asked = await counter.questions.ask(CODE_OF["c-li"], CHEN)
        await counter.questions.hand_out(asked.id, "c-li", (), CHEN)
        for _ in range(4):
            await counter.questions.ask(WRONG, CHEN)
        locked = await counter.questions.ask(WRONG, CHEN)
        assert (locked.result.word, locked.result.sound) == (Word.LOCKED_OUT, Sound.REFUSED)
        assert AskingLocked(place="counter", failures=5, lock_s=60) in await counter.facts()
    async with open_counter(tmp_path, "release", clock=counter.clock) as counter:
        closed = await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        assert (closed.result.word, closed.claims) == (Word.LOCKED_OUT, ())
        counter.clock.pass_s(60)
        assert (await counter.questions.ask(CODE_OF["c-li"], CHEN)).result.detail == Refusal.ALREADY_RELEASED


async def test_a_guesser_at_the_cabinet_does_not_lock_the_counter(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(LI_1)
        for _ in range(6):
            await counter.questions.ask(WRONG, CHEN, "cabinet-1")
        assert (await counter.questions.ask(CODE_OF["c-li"], CHEN, "cabinet-1")).result.word == Word.LOCKED_OUT
        assert (await counter.questions.ask(CODE_OF["c-li"], CHEN)).result.word == Word.ASK_MATCHES


@pytest.mark.parametrize(
    ("shown", "refusal"),
    [
        (days.qr("demo/1", site="st-2"), Refusal.WRONG_SITE),
        (days.qr("elsewhere/1"), Refusal.OTHER_OPERATOR),
        (days.qr("demo/1", expires_ms=days.NOON_MS - 3_600_000), Refusal.EXPIRED),
        (days.qr("demo/1", token="t-gone"), Refusal.REVOKED),
        (days.qr("demo/77"), Refusal.UNKNOWN_ORDER),
        (days.qr("demo/1"), Refusal.NOT_READY),
        ("hello", Refusal.MALFORMED),
    ],
)
async def test_what_is_true_and_not_for_us_is_refused_by_its_reason(tmp_path: Path, shown: str, refusal: Refusal) -> None:
    async with open_counter(tmp_path, "release", days.manifest(revoked=("t-gone",))) as counter:
        asked = await counter.questions.ask(shown, CHEN)
        assert (asked.result.word, asked.result.detail) == (Word.REFUSED, refusal)
        (fact,) = await counter.facts()
        assert isinstance(fact, ReleaseRefused)
        assert fact.reason is refusal


async def test_without_a_manifest_codes_are_refused_as_such_and_no_guess(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release") as counter:
        for _ in range(6):
            assert (await counter.questions.ask("48291306", CHEN)).result.detail == Refusal.NO_MANIFEST


async def test_a_qr_before_the_scanner_is_a_question_in_any_mode_and_a_code_at_the_hand_out(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "receive", DAY) as counter:
        await counter.receive(WANG_1, WANG_2, LI_1)
        scanned = await counter.scan(days.qr("demo/1"))
        assert (scanned.kind, scanned.question) == (ScanKind.ASKED, "q1")
        assert counter.questions.find("q1").claims[0].claim.claim == "c-wang"
        counter.station.set_mode("release")
        assert (await counter.scan("48291306")).kind is ScanKind.ASKED
        wrong = await counter.scan(LI_1)
        assert (wrong.kind, wrong.detail) == (ScanKind.REFUSED, Refusal.WRONG_PARCEL)
        assert (await counter.scan(WANG_1)).kind is ScanKind.RELEASED
        assert (await counter.scan(WANG_2)).kind is ScanKind.RELEASED


async def test_who_has_scanned_all_that_is_theirs_is_served_and_the_next_parcel_is_the_next_persons(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2, LI_1)
        await counter.questions.ask(PROXY_CODE, CHEN)
        assert [(await counter.scan(one)).word for one in (WANG_1, WANG_2)] == [Word.RELEASED_PARTLY, Word.RELEASED]
        assert (await counter.scan(LI_1)).word == Word.RELEASED
        released = [fact for fact in await counter.facts() if isinstance(fact, ParcelReleased)]
        assert [(fact.how, fact.token) for fact in released] == [(How.PROXY, PROXY_TOKEN)] * 2 + [(How.SCAN, "")]
        assert (await counter.questions.ask(PROXY_CODE, CHEN)).result.detail == Refusal.USED


async def test_a_code_that_could_be_an_ean_is_a_code_at_the_hand_out(tmp_path: Path) -> None:
    code = "96385074"  # GS1 General Specifications' example of an EAN-8
    codes = (CodeKey(key=secret_key(code, days.CODES), claim="c-li"),)
    async with open_counter(tmp_path, "release", msgspec.structs.replace(DAY, codes=codes)) as counter:
        await counter.receive(LI_1)
        assert (await counter.scan(code)).word == Word.ASK_MATCHES


async def test_a_trigger_held_over_a_qr_asks_once(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        for _ in range(5):
            counter.clock.pass_s(-1.9)  # the counter's scans are two seconds apart
            await counter.scan(days.qr("demo/2"))
        assert len(await counter.facts()) == 1


async def test_a_failing_disk_lets_nobody_guess_on(tmp_path: Path) -> None:
    def fails(step: Step) -> None:
        if step == "sealed":
            raise NotKeptError("full")

    async with open_counter(tmp_path, "release") as counter:
        await counter.put_in_force(DAY)
    async with open_counter(tmp_path, "release", on_step=fails, clock=counter.clock) as counter:
        for _ in range(5):
            with pytest.raises(NotKeptError):
                await counter.questions.ask(WRONG, CHEN)
        assert (await counter.questions.ask(CODE_OF["c-li"], CHEN)).result.word == Word.LOCKED_OUT


async def test_no_code_no_qr_and_no_tail_ever_leaves_the_station(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "receive", DAY) as counter:
        qr = days.qr("demo/1")
        for text in (qr, qr[:-4] + "AAAA", days.BADGE, "48291306", "4829 1306"):
            await counter.scan(text)
        counter.station.set_mode("release")
        for text in ("48291306", "5678", WRONG):
            await counter.scan(text)
        said = repr(await counter.facts())
        for secret in (qr[4:20], days.BADGE[4:], "48291306", "4829 1306", "5678", "王"):
            assert secret not in said


async def test_staff_may_refuse_and_the_resident_may_decline(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(LI_1)
        asked = await counter.questions.ask(CODE_OF["c-li"], CHEN)
        await counter.questions.refuse(asked.id, "c-li", [LI_1], Refusal.DECLINED, CHEN)
        assert (await counter.facts())[-1] == ReleaseRefused(reason=Refusal.DECLINED, how=How.CODE, claim="c-li", parcel=LI_1)
        assert (await counter.questions.hand_out(asked.id, "c-li", (), CHEN)).word == Word.RELEASED


async def test_a_new_manifest_takes_revoked_tokens_out_of_force_between_question_and_hand_out(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        await counter.receive(WANG_1, WANG_2)
        asked = await counter.questions.ask(PROXY_CODE, CHEN)
        assert await counter.put_in_force(days.manifest(2, revoked=(PROXY_TOKEN,)))
        done = await counter.questions.hand_out(asked.id, "c-wang", (), CHEN)
        assert (done.word, done.detail) == (Word.REFUSED, Refusal.REVOKED)
