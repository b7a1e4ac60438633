"""An alarm's life, however its events come."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.alarm import Alarm, AlarmState, CloudWord, WordKind, alarm_entity, fold_alarm
from cloud.domain.events import RecordedEvent
from edge.wire import messages as m
from tests.cloud.domain.test_parcel_fold import EPOCH, T0, A, event

ID = f"fridge-1_c/high/{T0}"
WARNED = m.AlarmRaised(alarm=ID, subject="fridge-1_c", rule="high", severity="warning", value=6.5, limit=5.0, since_ms=T0)
WORSE = m.AlarmRaised(alarm=ID, subject="fridge-1_c", rule="high", severity="critical", value=9.5, limit=5.0, since_ms=T0)
SEEN, OVER, DONE = m.AlarmAcknowledged(alarm=ID, note="门没关"), m.AlarmCleared(alarm=ID, value=3.9), m.AlarmClosed(alarm=ID)


def by(one: RecordedEvent, actor: str = "staff-9") -> RecordedEvent:
    return replace(one, actor=actor)


def life(*facts: m.AnyFact) -> Alarm | None:
    return fold_alarm([by(event(n, fact)) for n, fact in enumerate(facts, start=1)])


@pytest.mark.parametrize(
    ("facts", "state", "is_open"),
    [
        ([WARNED], AlarmState.RAISED, True),
        ([WARNED, SEEN], AlarmState.ACKNOWLEDGED, True),
        ([WARNED, OVER], AlarmState.CLEARED, True),
        ([WARNED, SEEN, OVER], AlarmState.CLEARED, False),
        ([WARNED, OVER, SEEN], AlarmState.CLEARED, False),
        ([WARNED, SEEN, OVER, DONE], AlarmState.CLOSED, False),
        ([WARNED, SEEN, WORSE], AlarmState.RAISED, True),
        ([WARNED, SEEN, OVER, DONE, WORSE], AlarmState.RAISED, True),
    ],
)
def test_an_alarm_is_open_while_it_stands_or_nobody_has_seen_it(
    facts: list[m.AnyFact], state: AlarmState, is_open: bool
) -> None:  # fmt: skip
    alarm = life(*facts)
    assert alarm is not None
    assert (alarm.state, alarm.is_open) == (state, is_open)


def test_nothing_is_known_of_an_alarm_before_one_has_raised_it() -> None:
    assert life(SEEN, OVER) is None


def test_an_alarm_that_became_more_severe_began_when_it_first_did() -> None:
    alarm = life(WARNED, WORSE)
    assert alarm is not None
    assert (alarm.severity, alarm.value, alarm.raised_ms, alarm.since_ms) == ("critical", 9.5, T0 + 1000, T0)


def test_who_saw_it_first_stands_and_what_they_said() -> None:
    alarm = fold_alarm([event(1, WARNED), by(event(2, SEEN)), by(event(3, m.AlarmAcknowledged(alarm=ID, note="x")), "staff-1")])
    assert alarm is not None
    assert (alarm.acknowledged_by, alarm.note, alarm.acknowledged_ms) == ("staff-9", "门没关", T0 + 2000)


def test_what_somebody_in_the_cloud_was_not_shown_they_have_not_seen() -> None:
    warned, worse = event(1, WARNED), event(2, WORSE)
    word = CloudWord(WordKind.ACKNOWLEDGED, T0 + 9000, "王调度", seen=str(warned.id))
    first = fold_alarm([warned], [word])
    assert first is not None
    assert (first.state, first.acknowledged_by) == (AlarmState.ACKNOWLEDGED, "王调度")
    then = fold_alarm([worse, warned], [word])  # it had been worse for seven seconds, at a station that was offline
    assert then is not None
    assert then.state is AlarmState.RAISED
    assert fold_alarm([worse, warned], [word, replace(word, at_ms=T0 + 9500, seen=str(worse.id))]) == replace(
        then, acknowledged_ms=T0 + 9500, acknowledged_by="王调度"
    )


def test_of_two_who_see_it_at_both_ends_the_earlier_counts() -> None:
    warned, seen = event(1, WARNED), by(event(5, SEEN))
    for at_ms, name in ((T0 + 4000, "王调度"), (T0 + 6000, "staff-9")):
        alarm = fold_alarm([warned, seen], [CloudWord(WordKind.ACKNOWLEDGED, at_ms, "王调度", seen=str(warned.id))])
        assert alarm is not None
        assert alarm.acknowledged_by == name


def test_a_station_that_was_told_from_afar_names_nobody() -> None:
    warned = event(1, WARNED)
    echo = replace(by(event(2, SEEN), "dispatcher"), device=m.FROM_AFAR)  # its clock is behind the cloud's
    word = CloudWord(WordKind.ACKNOWLEDGED, T0 + 4000, "王调度", "看过了", str(warned.id))
    for events in ([warned, echo], [echo, warned]):
        alarm = fold_alarm(events, [word])
        assert alarm is not None
        assert (alarm.acknowledged_by, alarm.note, alarm.acknowledged_ms) == ("王调度", "看过了", T0 + 4000)


def test_nobody_closes_from_the_cloud_what_still_stands() -> None:
    warned = event(1, WARNED)
    word = CloudWord(WordKind.CLOSED, T0 + 9000, "王调度", "修好了", str(warned.id))
    standing, over = fold_alarm([warned], [word]), fold_alarm([warned, event(2, OVER)], [word])
    assert standing is not None
    assert over is not None
    assert (standing.state, over.state, over.close_note) == (AlarmState.ACKNOWLEDGED, AlarmState.CLOSED, "修好了")


def test_an_undone_word_was_never_said() -> None:
    undone = event(3, m.EventUndone(target=f"{A}/{EPOCH}/2"))
    alarm = fold_alarm([event(1, WARNED), event(2, SEEN), undone])
    assert alarm is not None
    assert alarm.state is AlarmState.RAISED


def test_an_alarm_is_named_by_its_site() -> None:
    assert alarm_entity(A, WARNED) == f"{A}/{ID}"
    assert alarm_entity(A, m.ParcelReceived(parcel="P")) is None


@st.composite
def histories(draw: st.DrawFn) -> list[RecordedEvent]:
    undos = st.builds(lambda n: m.EventUndone(target=f"{A}/{EPOCH}/{n}"), st.integers(1, 10))
    said: tuple[m.AnyFact, ...] = (WARNED, WORSE, SEEN, OVER, DONE)
    facts: list[m.AnyFact] = draw(st.lists(st.one_of(st.sampled_from(said), undos), max_size=10))
    offset_ms = draw(st.sampled_from([0, 2_500, -2_500]))
    return [
        by(event(n, fact, ms=T0 + draw(st.integers(0, 8)) * 1000, offset_ms=offset_ms), f"staff-{n}")
        for n, fact in enumerate(facts, start=1)
    ]


@given(histories(), st.data())
def test_any_order_and_repetition_of_events_and_words_folds_to_the_same_alarm(
    history: list[RecordedEvent], data: st.DataObject
) -> None:  # fmt: skip
    ids = ["", *(str(one.id) for one in history)]
    words = data.draw(
        st.lists(
            st.builds(
                CloudWord, st.sampled_from(WordKind), st.integers(T0, T0 + 9000), st.sampled_from("ab"), st.just(""),
                st.sampled_from(ids),
            ),
            max_size=4,
        )
    )  # fmt: skip
    repeated = data.draw(st.lists(st.sampled_from(history)) if history else st.just([]))
    shuffled = data.draw(st.permutations(history + repeated))
    assert fold_alarm(shuffled, data.draw(st.permutations(words))) == fold_alarm(history, words)
