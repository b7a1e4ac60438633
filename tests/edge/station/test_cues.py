"""Why something was refused is heard: each reason that asks for another answer has a cue of its own."""

from itertools import product

from edge.devices.ports import Reason, Sound
from edge.dock.dock import Dock
from edge.dock.words import DOCK_REASONS, DockWord
from edge.station.cues import REASONS, cue_of
from edge.station.station import Station
from edge.station.verdict import Word
from edge.van.van import Van
from edge.wire.counter import Refusal

WORDS_OF_PEOPLE = {Refusal.DECLINED, Refusal.STAFF}  # staff themselves chose: no refusal to be told of


def cue(word: str, detail: str = "", sound: Sound = Sound.REFUSED) -> object:
    return cue_of(REASONS, sound, word, detail)


def test_every_refusal_of_a_code_has_its_reason() -> None:
    for refusal in Refusal:
        assert isinstance(cue(Word.REFUSED, refusal), Reason) == (refusal not in WORDS_OF_PEOPLE)


def test_what_asks_for_different_answers_is_told_apart() -> None:
    different = [
        cue(Word.REFUSED, Refusal.WRONG_SITE),
        cue(Word.REFUSED, Refusal.ALREADY_RELEASED),
        cue(Word.REFUSED, Refusal.LOCKED_OUT),
        cue(Word.REFUSED, Refusal.EXPIRED),
        cue(Word.REFUSED, Refusal.REVOKED),
        cue(Word.REFUSED, Refusal.UNKNOWN_CODE),
        cue(Word.REFUSED, Refusal.OTHER_OPERATOR),
        cue(Word.REFUSED, Refusal.TOO_WARM),
        cue(Word.WRONG_ZONE, "chilled"),
        cue(Word.CELL_UNCERTAIN, sound=Sound.ERROR),
        cue(Word.NOT_KEPT, sound=Sound.ERROR),
        cue(Word.UNKNOWN_LABEL, sound=Sound.UNKNOWN),
        cue(Word.TOO_MANY),
    ]
    assert len(set(different)) == len(different)
    assert different[-3:] == [Sound.ERROR, Sound.UNKNOWN, Sound.REFUSED]


def test_a_lockout_sounds_the_same_wherever_it_was_guessed() -> None:
    assert cue(Word.LOCKED_OUT) == cue(Word.REFUSED, Refusal.LOCKED_OUT) == Reason.LOCKED_OUT


def test_what_is_booked_or_repeated_keeps_its_sound_whatever_its_word() -> None:
    booked = (Sound.OK, Sound.ATTENTION, Sound.DUPLICATE, Sound.UNKNOWN)
    for sound, word in product(booked, (*Word, *DockWord)):
        assert cue_of(Dock.reasons, sound, word, Refusal.EXPIRED) == sound


def test_a_dock_and_a_van_have_their_own_words_and_those_of_a_station() -> None:
    assert cue_of(Dock.reasons, Sound.REFUSED, DockWord.WRONG_RUN, "") == Reason.WRONG_RUN
    assert cue_of(Dock.reasons, Sound.REFUSED, Word.LOG_IN_NEEDED, "") == Reason.NO_LOG_IN
    assert Station.reasons == REASONS
    assert cue_of(Van.reasons, Sound.REFUSED, "wrong_stop", "") == Reason.WRONG_SITE
    assert DOCK_REASONS.items() <= Dock.reasons.items()
