"""What the way of one scan through its station took, from what was read on its way."""

import time
from dataclasses import dataclass

from firmware_sim.town.control import Hops
from firmware_sim.town.hands import Sent
from firmware_sim.town.page import Act


@dataclass(frozen=True, slots=True)
class Pressed:
    """What the page showed of a scan that somebody asked for, and its way there."""

    text: str
    hops: Hops


def hops_of(sent: Sent, shown: Act) -> Hops:
    """All on this machine, whose wall clock is this far ahead of its monotonic one."""
    ahead_s = time.time() - time.monotonic()
    sent_ms, heard_ms, booked_ms = (
        round((at_s + ahead_s) * 1000, 3) if at_s else 0.0 for at_s in (sent.at_s, shown.heard_s, shown.booked_s)
    )
    return Hops(sent.data.hex(), sent_ms, heard_ms, booked_ms, shown.id)
