"""What a committed flush is answered with: exact acknowledgements, refusals, and how much more a site may send.

Leaves publishing to `lane`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cloud.ingest.flush import Outcome
from cloud.ingest.keys import Item
from edge.wire.envelope import mark
from edge.wire.ids import Epoch, Lane, OperatorId, SiteId
from edge.wire.messages import Ack, Downlink, Nack
from edge.wire.topics import Leaf, Topic

# Σ credit of all sites that fill in their past. A tenth of what the broker queues for one member (100,000 messages, cloud/onebox),
# so that several replicas and the other lanes still find room.
TOTAL_CREDIT = 10_000
MAX_CREDIT = 32  # two flushes of full batches: more would not make one site faster
MIN_CREDIT = 1  # never none: a site without credit would wait for an ack that nobody sends
_ACTIVE_FOR_S = 60.0


@dataclass(slots=True)
class Credit:
    """Divides the total among the sites heard on the backfill lane within a minute. ``read_monotonic_s``: time.monotonic."""

    read_monotonic_s: Callable[[], float]
    _heard_s: dict[SiteId, float] = field(default_factory=dict)

    def hear(self, site: SiteId) -> None:
        """The site has sent some of its past."""
        self._heard_s[site] = self.read_monotonic_s()

    def share(self) -> int:
        """Backfill batches each site may have unacknowledged."""
        since_s = self.read_monotonic_s() - _ACTIVE_FOR_S
        if any(heard_s < since_s for heard_s in self._heard_s.values()):
            self._heard_s = {site: heard_s for site, heard_s in self._heard_s.items() if heard_s >= since_s}
        return max(MIN_CREDIT, min(MAX_CREDIT, TOTAL_CREDIT // max(1, len(self._heard_s))))


class Answer(NamedTuple):
    """A message for a site's ``ack`` topic."""

    topic: str
    message: Downlink


class _Stream(NamedTuple):
    operator: OperatorId
    site: SiteId
    epoch: Epoch
    lane: Lane


def answers(outcome: Outcome, credit: Credit, cloud_time_ms: int) -> list[Answer]:
    """One ack for each site, epoch and lane of the flush, naming every seq of it, and a nack for each conflict."""
    seqs: dict[_Stream, dict[int, int]] = {}
    for item, stream in _streams(outcome.answered):
        seqs.setdefault(stream, {})[_seq(item)] = _mark(item)
        if stream.lane is Lane.BACKFILL:
            credit.hear(stream.site)
    share = credit.share()
    made = [
        Answer(
            _ack_topic(stream),
            Ack(
                epoch=str(stream.epoch),
                lane=stream.lane.value,
                seqs=list(marks),
                marks=list(marks.values()),
                credit=share,
                cloud_time_ms=cloud_time_ms,
                hlc=outcome.hlc,
            ),
        )
        for stream, marks in seqs.items()
    ]
    made += [
        Answer(
            _ack_topic(stream),
            Nack(
                epoch=str(stream.epoch),
                lane=stream.lane.value,
                seq=_seq(item),
                mark=_mark(item),
                reason="conflict",
                cloud_time_ms=cloud_time_ms,
            ),
        )
        for item, stream in _streams(outcome.refused)
    ]
    return made


def _streams(items: Iterable[Item]) -> Iterable[tuple[Item, _Stream]]:
    for item in items:
        if item.topic is not None and item.envelope is not None:
            yield item, _Stream(item.topic.operator, item.topic.site, item.envelope.epoch, item.envelope.lane)


def _seq(item: Item) -> int:
    return 0 if item.envelope is None else item.envelope.seq


def _mark(item: Item) -> int:
    return 0 if item.envelope is None else mark(item.envelope.sha256)


def _ack_topic(stream: _Stream) -> str:
    return str(Topic(stream.operator, stream.site, Leaf.ACK))
