"""What messages are made of: ranges, texts, and the base of all structs that travel.

Ranges stand in the types, so that decoding checks them and the published schema shows them; they keep out what a database or a page
cannot hold, not what is unlikely.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

# The newest form of batch this release writes and reads. A higher one is kept for after the upgrade.
SCHEMA = 1

# Batch limits. A message past MAX_PAYLOAD_BYTES is refused by the broker and again by ingest.
MAX_BATCH_READINGS = 500
MAX_BATCH_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_BATCH_EVENTS = 500
MAX_TEXT = 512

# 1970-01-01 .. 9999-12-30 in ms: what a timestamptz and a datetime hold in every time zone. Whether a time is *believable*
# is the store's matter.
MAX_MS = 253_402_214_399_999
# Year 4199. As much room again lies above it, so that a key that is heard and counted on from never leaves 63 bits.
MAX_HLC = 2**62
MAX_BOOT = 2**31 - 1  # PostgreSQL int
MAX_READING = 1e12  # far above any unit in use; keeps sums, squares and float4 finite
MAX_TTL_S = 3600  # a command older than an hour is a surprise to whoever stands before the door
MAX_CORRECTION_MS = 200 * 366 * 86_400_000  # a clock that stood at 1970 is 57 years behind

# No NUL: PostgreSQL cannot hold one.
_NO_NUL = r"^[^\u0000]*$"

Text = Annotated[str, Meta(max_length=MAX_TEXT, pattern=_NO_NUL)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=_NO_NUL)]
Milliseconds = Annotated[int, Meta(ge=0, le=MAX_MS)]
OrderKey = Annotated[int, Meta(ge=0, le=MAX_HLC)]
Number = Annotated[int, Meta(ge=1, le=2**62)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
BootNumber = Annotated[int, Meta(ge=0, le=MAX_BOOT)]
Offset = Annotated[int, Meta(ge=-MAX_MS, le=MAX_MS)]
Reading = Annotated[float, Meta(ge=-MAX_READING, le=MAX_READING)]
Quality = Annotated[int, Meta(ge=0, le=2)]
Mark = Annotated[int, Meta(ge=0, lt=2**48)]
Thinned = Annotated[int, Meta(ge=0, le=62)]  # times every second reading was dropped, because the site's disk was full

Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]  # pieces; more is a slip of the finger
Grams = Annotated[int, Meta(ge=0, le=10_000_000)]  # ten tonnes: a whole van
Seconds = Annotated[int, Meta(ge=0, le=366 * 86_400)]
StaffId = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]  # never a name or a phone: it leaves the station
Photo = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")]  # SHA-256 of a photograph sent by HTTPS; "" where there is none


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all: map-encoded, unknown fields ignored, defaults left out."""


class ClockQuality(StrEnum):
    """How far a device's ``measured_at`` can be believed."""

    SYNCED = "synced"  # NTP or GNSS says so, and within 5 min of the cloud's
    CLOUD = "cloud"  # the wall clock is off; the cloud's time as last heard, carried forward
    UNSYNCED = "unsynced"  # neither: a Pi without battery clock before its first contact
