"""Why something was refused, as ears tell it at a buzzer: a reason of its own for each answer that staff give. Pure.

Leaves a dock's words to edge.dock.words, and rhythms to edge.devices.signal_patterns. The page has tones of its own (sound.ts).
"""

from collections.abc import Mapping

from edge.devices.ports import Cue, Reason, Sound
from edge.station.verdict import Word
from edge.wire.counter import Refusal

# Reasons that ask for the same answer sound the same.
_REFUSALS: Mapping[str, Reason] = {
    Refusal.MALFORMED: Reason.UNKNOWN_CODE,
    Refusal.UNKNOWN_CODE: Reason.UNKNOWN_CODE,
    Refusal.UNKNOWN_TAIL: Reason.UNKNOWN_CODE,
    Refusal.UNKNOWN_ORDER: Reason.UNKNOWN_CODE,
    Refusal.BAD_SIGNATURE: Reason.FORGED,
    Refusal.WRONG_SITE: Reason.WRONG_SITE,
    Refusal.ELSEWHERE: Reason.WRONG_SITE,
    Refusal.OTHER_OPERATOR: Reason.OTHER_OPERATOR,
    Refusal.EXPIRED: Reason.EXPIRED,
    Refusal.REVOKED: Reason.REVOKED,
    Refusal.USED: Reason.REVOKED,
    Refusal.ALREADY_RELEASED: Reason.ALREADY_RELEASED,
    Refusal.LEFT_STATION: Reason.ALREADY_RELEASED,
    Refusal.NOT_READY: Reason.NOT_READY,
    Refusal.NOT_YET: Reason.NOT_READY,
    Refusal.NO_MANIFEST: Reason.NOT_READY,
    Refusal.WRONG_PARCEL: Reason.WRONG_PARCEL,
    Refusal.TOO_WARM: Reason.TOO_WARM,
    Refusal.LOCKED_OUT: Reason.LOCKED_OUT,
}
REASONS: Mapping[str, Reason] = {
    Word.HANDED_OUT_BEFORE: Reason.ALREADY_RELEASED,
    Word.LEFT_BEFORE: Reason.ALREADY_RELEASED,
    Word.NOT_HERE: Reason.WRONG_SITE,
    Word.WRONG_ZONE: Reason.WRONG_ZONE,
    Word.LOCKED_OUT: Reason.LOCKED_OUT,
    Word.LOG_IN_NEEDED: Reason.NO_LOG_IN,
    Word.LOG_IN_UNKNOWN: Reason.NO_LOG_IN,
    Word.NOT_AT_CABINET: Reason.NOT_AT_CABINET,
    Word.CELL_BUSY: Reason.NO_CELL,
    Word.CELL_OUT_OF_USE: Reason.NO_CELL,
    Word.NO_CELL: Reason.NO_CELL,
    Word.CELL_NOT_OPENED: Reason.LOCKER_FAULT,
    Word.CELL_UNCERTAIN: Reason.LOCKER_FAULT,
}


def cue_of(reasons: Mapping[str, Reason], sound: Sound, word: str, detail: str) -> Cue:
    """What to play: the sound itself, or of what was refused or failed the reason, where there is one (by word)."""
    match sound:
        case Sound.REFUSED if word == Word.REFUSED:
            return _REFUSALS.get(detail, sound)
        case Sound.REFUSED | Sound.ERROR:
            return reasons.get(word, sound)
        case _:
            return sound
