"""Every result of a van's scans, besides those of labels and staff, which are a station's too."""

from collections.abc import Mapping
from enum import StrEnum

from edge.devices.ports import Reason


class VanWord(StrEnum):
    """Keys, for whoever shows them in their own language."""

    # ``amount`` of ``of`` of the run, ``place`` the station it goes to
    LOADED = "loaded"
    RUN_FULL = "run_full"
    LOADED_BEFORE = "loaded_before"

    # ``amount`` of ``of`` of the stop, ``place`` the station
    DROPPED = "dropped"
    STOP_DONE = "stop_done"  # with it all that is for this stop is out
    DROPPED_UNSEEN = "dropped_unseen"  # nobody knows where the van is: believed to be where it belongs
    DROPPED_BEFORE = "dropped_before"
    WRONG_STOP = "wrong_stop"  # it is for ``place``
    NOT_AT_STOP = "not_at_stop"  # the van stands nowhere near ``place``

    COLLECTED = "collected"  # an empty one, from ``place``
    COLLECTED_UNSEEN = "collected_unseen"
    COLLECTED_BEFORE = "collected_before"

    NOT_IN_PLAN = "not_in_plan"
    NO_PLAN = "no_plan"  # the cloud's has not come yet
    WANT_CONTAINER = "want_container"


# Why something was refused, for ears: as edge.station.cues has it of a station's words.
VAN_REASONS: Mapping[str, Reason] = {
    VanWord.WRONG_STOP: Reason.WRONG_SITE,
    VanWord.NOT_AT_STOP: Reason.WRONG_SITE,
    VanWord.NOT_IN_PLAN: Reason.UNKNOWN_CODE,
    VanWord.NO_PLAN: Reason.NOT_READY,
}
