"""MQTT topic names, built and read in one place."""

from enum import StrEnum
from typing import NamedTuple

from edge.wire.ids import Lane, OperatorId, SiteId, operator_id, site_id

ROOT = "tt/v1"
LIVE_ROOT = "tt-live/v1"


class Leaf(StrEnum):
    """What follows ``tt/v1/{op}/{site}/``."""

    UP_EVENT = "up/event"
    UP_LIVE = "up/live"
    UP_BACKFILL = "up/backfill"
    ACK = "ack"
    STATUS = "status"
    COMMAND = "cmd"
    RESPONSE = "rsp"
    DESIRED = "desired"
    REPORTED = "reported"


_LEAF_OF_LANE = {Lane.EVENT: Leaf.UP_EVENT, Lane.LIVE: Leaf.UP_LIVE, Lane.BACKFILL: Leaf.UP_BACKFILL}
_LANE_OF_LEAF = {leaf: lane for lane, leaf in _LEAF_OF_LANE.items()}


class Topic(NamedTuple):
    """A site's topic, read."""

    operator: OperatorId
    site: SiteId
    leaf: Leaf

    @property
    def lane(self) -> Lane | None:
        """The lane of an uplink topic, None for every other."""
        return _LANE_OF_LEAF.get(self.leaf)

    def __str__(self) -> str:
        return f"{ROOT}/{self.operator}/{self.site}/{self.leaf}"

    @classmethod
    def parse(cls, text: str) -> "Topic":
        """Read a topic name; ValueError says which level is wrong."""
        levels = text.split("/", 4)
        if len(levels) != 5 or f"{levels[0]}/{levels[1]}" != ROOT:
            raise ValueError(f"topic: want {ROOT}/{{op}}/{{site}}/…, got {text[:120]!r}")
        try:
            leaf = Leaf(levels[4])
        except ValueError:
            raise ValueError(f"topic: unknown ending {levels[4][:80]!r}") from None
        return cls(operator_id(levels[2]), site_id(levels[3]), leaf)


def uplink(operator: OperatorId, site: SiteId, lane: Lane) -> str:
    """Where a site publishes one lane."""
    return str(Topic(operator, site, _LEAF_OF_LANE[lane]))


def shared_uplink_filter(group: str, lane: Lane) -> str:
    """The shared subscription by which ingest replicas divide one lane of all sites."""
    return f"$share/{group}/{ROOT}/+/+/{_LEAF_OF_LANE[lane]}"


def every_site_filter(leaf: Leaf) -> str:
    """The plain subscription for one leaf of all sites."""
    return f"{ROOT}/+/+/{leaf}"


def room_notice(room: str) -> str:
    """Where ingest hints that a room has a new version."""
    return f"{LIVE_ROOT}/{room}"
