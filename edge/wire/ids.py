"""Who and what a message is about: names with a type of their own, and the check of their form.

Leaves what a site or a parcel *is* to the domain.
"""

import re
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID

OperatorId = NewType("OperatorId", str)
SiteId = NewType("SiteId", str)
SensorId = NewType("SensorId", str)
Epoch = NewType("Epoch", UUID)
Seq = NewType("Seq", int)
EventNumber = NewType("EventNumber", int)

# One MQTT topic level and one file name: no '/', '+', '#', no spaces, nothing that needs quoting.
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
# No leading zero: one event has one name.
_EVENT_NUMBER = re.compile(r"[1-9][0-9]{0,17}\Z")
_SENSOR = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


class Lane(StrEnum):
    """The three streams of a site, in order of precedence."""

    EVENT = "event"
    LIVE = "live"
    BACKFILL = "backfill"


class EventId(NamedTuple):
    """Names one event in the world. Text form: ``site/epoch/n``."""

    site: SiteId
    epoch: Epoch
    n: EventNumber

    def __str__(self) -> str:
        return f"{self.site}/{self.epoch}/{self.n}"

    @classmethod
    def parse(cls, text: str) -> "EventId":
        """Read ``site/epoch/n``; ValueError names the part that is wrong."""
        match text.split("/"):
            case [site, epoch, n] if _EVENT_NUMBER.match(n):
                return cls(site_id(site), parse_epoch(epoch), EventNumber(int(n)))
            case _:
                raise ValueError(f"event id: want site/epoch/n with n from 1, got {text[:80]!r}")


def operator_id(text: str) -> OperatorId:
    """Check an operator's id: 1-40 of a-z, 0-9, '-', not starting with '-'. ValueError otherwise."""
    return OperatorId(_slug("operator", text))


def site_id(text: str) -> SiteId:
    """Check a site's id: 1-40 of a-z, 0-9, '-', not starting with '-'. ValueError otherwise."""
    return SiteId(_slug("site", text))


def sensor_id(text: str) -> SensorId:
    """Check a sensor's id within its site: 1-64 of a-z, 0-9, '.', '_', '-'. ValueError otherwise."""
    if not _SENSOR.match(text):
        raise ValueError(f"sensor: want 1-64 of a-z 0-9 . _ -, got {text[:80]!r}")
    return SensorId(text)


def parse_epoch(text: str) -> Epoch:
    """Read an epoch in canonical UUID form; ValueError otherwise."""
    try:
        epoch = UUID(text)
    except ValueError:
        raise ValueError(f"epoch: want a UUID, got {text[:80]!r}") from None
    if str(epoch) != text:
        raise ValueError(f"epoch: want a UUID in lower case with hyphens, got {text[:80]!r}")
    return Epoch(epoch)


def _slug(field: str, text: str) -> str:
    if not _SLUG.match(text):
        raise ValueError(f"{field}: want 1-40 of a-z 0-9 -, got {text[:80]!r}")
    return text
