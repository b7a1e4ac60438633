"""What the cloud answers a batch with, on ``ack``."""

from typing import Literal

from edge.wire.fields import Count, Mark, Message, Milliseconds, Number, OrderKey


class Downlink(Message, frozen=True, tag_field="kind"):
    """What arrives on ``ack``."""


class Ack(Downlink, frozen=True, tag="ack"):
    """These seqs of one lane are in the database, committed. Exact, never cumulative.

    ``marks[i]`` is the mark (envelope.mark) of the content held under ``seqs[i]``. A cloned card hears the acks of its twin: an ack
    with another mark than one's own content is a conflict, not an ack.
    """

    epoch: str
    lane: str
    seqs: list[Number]
    marks: list[Mark]
    credit: Count  # backfill batches the site may have unacknowledged
    cloud_time_ms: Milliseconds
    hlc: OrderKey  # the highest order key the cloud holds for what this flush touched


class Nack(Downlink, frozen=True, tag="nack"):
    """A batch that will never be taken as it is. ``conflict``: the key is there with other content, so open a new epoch.

    ``mark`` is that of the refused content: the twin whose content was taken ignores the nack.
    """

    epoch: str
    lane: str
    seq: Number
    mark: Mark
    reason: Literal["conflict"]
    cloud_time_ms: Milliseconds


class Resend(Downlink, frozen=True, tag="resend"):
    """The cloud misses what it once acknowledged (it was restored): send what is kept from ``from_seq`` on."""

    epoch: str
    lane: str
    from_seq: Number
    to_seq: Number  # inclusive
    cloud_time_ms: Milliseconds


AnyDownlink = Ack | Nack | Resend
