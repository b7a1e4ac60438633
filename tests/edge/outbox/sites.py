"""A site's file for tests: made in a folder, opened as often as wanted, with epochs that count up."""

import itertools
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from edge.outbox import Limits, SealedBatch, Stamp, Step, Store, StoreSettings, no_step
from edge.outbox.records import Acknowledgement
from edge.station.schema import FILE_VERSIONS
from edge.wire.envelope import mark
from edge.wire.ids import Lane, site_id
from edge.wire.labels import parcel_label
from edge.wire.messages import ClockQuality, ParcelReceived
from edge.wire.order import ZERO

_uuids = itertools.count(1)


def settings(
    folder: Path,
    *,
    machine: str = "machine-1",
    site: str = "st-1",
    limits: Limits | None = None,
    vfs: str | None = None,
    on_step: Callable[[Step], None] = no_step,
) -> StoreSettings:
    return StoreSettings(
        path=folder / "site.db",
        site=site_id(site),
        machine=machine,
        new_uuid=lambda: UUID(int=next(_uuids)),
        versions=FILE_VERSIONS,
        limits=limits or Limits(reserve_bytes=0),
        vfs=vfs,
        on_step=on_step,
    )


def stamp(ms: int) -> Stamp:
    return Stamp(ms, ClockQuality.SYNCED, ms)


def record(store: Store, serial: int, now_ms: int = 1_000) -> str:
    """One parcel received; returns its label."""
    label = parcel_label(serial)
    store.transact(lambda transaction: transaction.record(ParcelReceived(parcel=label), stamp(now_ms), device="scanner-1"))
    return label


def waiting(store: Store, lane: Lane = Lane.EVENT) -> list[SealedBatch]:
    return [batch for batch, _ in store.waiting(lane, None, 10_000)]


def ack(*batches: SealedBatch, lane: Lane = Lane.EVENT) -> list[Acknowledgement]:
    return [Acknowledgement(batch.epoch, lane, [batch.key.seq], [mark(batch.sha256)], ZERO) for batch in batches]
