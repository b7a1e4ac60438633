"""The site's durable memory of what it has to tell the cloud (ARCHITECTURE, decisions 1, 2 and 18).

``Outbox`` for the event loop, ``Store`` for whoever owns the thread already (tests, benchmarks).
"""

from edge.outbox.owner import Outbox, OutboxBusyError
from edge.outbox.records import (
    STEPS,
    BatchKey,
    Bounds,
    LaneDepth,
    Limits,
    NotKeptError,
    OutboxDepth,
    OutboxFullError,
    Position,
    Reading,
    RecordedEvent,
    Sample,
    SealedBatch,
    Stamp,
    Step,
    WrongSiteError,
)
from edge.outbox.schema import OUTBOX_VERSIONS, FileTooNewError
from edge.outbox.start import StoreSettings, no_step
from edge.outbox.store import Store
from edge.outbox.transaction import Transaction

__all__ = [
    "OUTBOX_VERSIONS",
    "STEPS",
    "BatchKey",
    "Bounds",
    "FileTooNewError",
    "LaneDepth",
    "Limits",
    "NotKeptError",
    "Outbox",
    "OutboxBusyError",
    "OutboxDepth",
    "OutboxFullError",
    "Position",
    "Reading",
    "RecordedEvent",
    "Sample",
    "SealedBatch",
    "Stamp",
    "Step",
    "Store",
    "StoreSettings",
    "Transaction",
    "WrongSiteError",
    "no_step",
]
