"""The order of events: a hybrid logical clock packed into 63 bits.

Kulkarni, Demirbas et al., "Logical Physical Clocks and Consistent Snapshots in Globally Distributed Databases" (2014).
Layout: milliseconds since 1970 in the high 47 bits, a counter in the low 16, so that order is integer order.
"""

from typing import NewType

from edge.wire.fields import MAX_HLC

Hlc = NewType("Hlc", int)

COUNTER_BITS = 16
# A wall clock further than this from the cloud's is not believed.
MAX_WALL_SKEW_MS = 5 * 60 * 1000
ZERO = Hlc(0)
# No key is made beyond this from a clock or a correction, so that counting on never leaves the 63 bits of a database's integer.
_MAX_PHYSICAL_MS = MAX_HLC >> COUNTER_BITS


def hlc_from_ms(ms: int) -> Hlc:
    """The smallest key at a time in ms since 1970."""
    return Hlc(ms << COUNTER_BITS)


def hlc_ms(hlc: Hlc) -> int:
    """The physical part, ms since 1970."""
    return hlc >> COUNTER_BITS


def tick(last: Hlc, physical_ms: int | None) -> Hlc:
    """The key of the next local event: after ``last``, and at ``physical_ms`` where that is later.

    ``physical_ms`` None, or past the year 4199: no clock is believed, only the counter moves (it carries into the milliseconds).
    """
    if physical_ms is None or physical_ms > _MAX_PHYSICAL_MS:
        return Hlc(last + 1)
    return Hlc(max(last + 1, physical_ms << COUNTER_BITS))


def observe(last: Hlc, heard: Hlc) -> Hlc:
    """Take in a key heard from elsewhere: never behind it from now on."""
    return max(last, heard)


def shift(hlc: Hlc, offset_ms: int) -> Hlc:
    """The key corrected by a clock event; kept within 0 and MAX_HLC."""
    return Hlc(min(max(0, hlc + (offset_ms << COUNTER_BITS)), MAX_HLC))


def believed_ms(wall_ms: int, *, wall_synced: bool, cloud_ms: int | None) -> int | None:
    """The physical time to order by, ms since 1970, or None where no clock can be believed.

    ``cloud_ms`` is the cloud's time as last heard, carried forward on the monotonic clock; None before the first ack.
    A synced wall within five minutes of it is believed; failing that the cloud's own time; without either, nothing.
    """
    if cloud_ms is None:
        return wall_ms if wall_synced else None
    if wall_synced and abs(wall_ms - cloud_ms) <= MAX_WALL_SKEW_MS:
        return wall_ms
    return cloud_ms
