"""Facts of the counter and the cabinet: hand-outs, refusals, doors, and who worked there.

No code, phone or name is in any of them: facts travel by MQTT (ARCHITECTURE, decision 17).
"""

from enum import StrEnum
from typing import Literal

from edge.wire.facts import Fact
from edge.wire.fields import Count, Name, Seconds, StaffId, Text


class How(StrEnum):
    """By what a resident showed that a parcel is theirs."""

    UNSAID = ""  # before release 0.2
    SCAN = "scan"  # staff scanned the parcel and asked for nothing
    QR = "qr"
    CODE = "code"
    TAIL = "tail"  # the phone's last four digits
    PROXY = "proxy"  # a one-use token or code of somebody sent by the resident


class Refusal(StrEnum):
    """Why nothing was handed out. Each has its own words on the screen."""

    MALFORMED = "malformed"  # no code, QR or tail at all
    UNKNOWN_CODE = "unknown_code"
    UNKNOWN_TAIL = "unknown_tail"
    UNKNOWN_ORDER = "unknown_order"  # true, but the manifest here does not hold it
    BAD_SIGNATURE = "bad_signature"
    WRONG_SITE = "wrong_site"
    OTHER_OPERATOR = "other_operator"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"  # a one-use token, before
    ALREADY_RELEASED = "already_released"
    NOT_READY = "not_ready"  # theirs, but none is here yet
    NOT_YET = "not_yet"  # this station's, but its pickup day has not come
    ELSEWHERE = "elsewhere"  # theirs, and another station scanned it in last
    WRONG_PARCEL = "wrong_parcel"  # this parcel is somebody else's
    LEFT_STATION = "left_station"  # disposed of, or sent back
    TOO_WARM = "too_warm"  # it was too warm for too long, or is spoiled: not before the resident was told
    LOCKED_OUT = "locked_out"
    NO_MANIFEST = "no_manifest"
    DECLINED = "declined"  # the resident would not take it
    STAFF = "staff"  # staff would not give it


class ParcelReleased(Fact, frozen=True, tag="parcel_released"):
    """A parcel was handed to its resident (已出库).

    ``claim``: whose, as the manifest names it; ``token``: the one-use token by which a proxy came; ``cell``: where they took it
    out of a locker; ``took_s``: from the question to this. ``despite``: why it should have stayed (`Refusal`); the resident was
    told, and took it all the same.
    """

    parcel: Name
    how: How = How.UNSAID
    claim: Text = ""
    token: Text = ""
    cell: Text = ""
    took_s: Seconds | None = None
    despite: Text = ""


class ReleaseRefused(Fact, frozen=True, tag="release_refused"):
    """Somebody asked, and got nothing. ``claim`` and ``parcel`` where they are known."""

    reason: Refusal
    how: How = How.UNSAID
    claim: Text = ""
    parcel: Text = ""


class AskingLocked(Fact, frozen=True, tag="asking_locked"):
    """After so many wrong guesses nobody is answered at ``place`` for a while."""

    place: Name
    failures: Count
    lock_s: Seconds


class CellOpened(Fact, frozen=True, tag="cell_opened"):
    """A cell's lock was pulsed. ``outcome`` is the door's feedback; ``unknown``: the agent died before it came."""

    cell: Name
    purpose: Literal["pickup", "placing", "removal", "remote", "check"]
    outcome: Literal["opened", "failed", "unknown"]
    parcel: Text = ""
    command: Text = ""


class CellChanged(Fact, frozen=True, tag="cell_changed"):
    """A cell is in another state. Lock, article sensor and door are three signals; the last two may be unknown."""

    cell: Name
    state: Literal["free", "reserved", "occupied", "open", "fault", "blocked"]
    door: Literal["open", "closed", "unknown"] = "unknown"
    article: Literal["present", "absent", "unknown"] = "unknown"
    cause: Literal["", "door_left_open", "open_failed", "cell_mismatch", "staff"] = ""
    parcel: Text = ""


class StaffLoggedIn(Fact, frozen=True, tag="staff_logged_in"):
    """Somebody began to work at the event's device."""

    staff: StaffId
    how: Literal["pin", "badge"]


class StaffLoggedOut(Fact, frozen=True, tag="staff_logged_out"):
    """They stopped, or somebody else began there."""

    staff: StaffId
    why: Literal["asked", "replaced", "idle", "removed"] = "asked"


class StaffRefused(Fact, frozen=True, tag="staff_refused"):
    """A PIN or badge that is nobody's here, or too many of them."""

    how: Literal["pin", "badge"]
    reason: Literal["unknown", "locked_out", "no_manifest"]
