"""How a boot begins: whose file it is, the next boot number, and a new epoch where the file is new or on another machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from edge.outbox.records import Limits, Step, WrongSiteError
from edge.outbox.schema import OUTBOX_VERSIONS
from edge.outbox.transaction import BootBegan, Counters, Execute, Transaction
from edge.wire.ids import Epoch, SiteId, parse_epoch
from edge.wire.order import Hlc


def no_step(_step: Step) -> None:
    """Production: nobody waits at the steps."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the file is and whose it is. ``new_uuid`` makes epochs (``uuid.uuid4``)."""

    path: Path
    site: SiteId
    machine: str
    new_uuid: Callable[[], UUID]
    versions: Sequence[str] = OUTBOX_VERSIONS
    limits: Limits = field(default_factory=Limits)
    vfs: str | None = None
    on_step: Callable[[Step], None] = no_step


def begin_boot(execute: Execute, settings: StoreSettings, now_ms: int) -> Counters:
    """Read and move the counters, in one commit. WrongSiteError: the file is another site's."""
    execute("BEGIN IMMEDIATE")
    found = execute(
        """SELECT site, machine, state.epoch, uuid, boot, hlc, next_event, next_live, next_backfill
           FROM state JOIN epoch ON epoch.id = state.epoch"""
    ).fetchone()
    if found is None:
        uuid = settings.new_uuid()
        execute("INSERT INTO epoch (id, uuid, reason, opened_at_ms) VALUES (1, ?, 'created', ?)", (str(uuid), now_ms))
        execute(
            "INSERT INTO state VALUES (1, ?, ?, 1, 1, 0, 1, 1, 1, NULL)",
            (settings.site, settings.machine),
        )
        counters = Counters(1, Epoch(uuid), 1, Hlc(0), 1, 1, 1)
    else:
        site, machine, number, text, boot, hlc, *nexts = found
        if site != settings.site:
            execute("ROLLBACK")
            raise WrongSiteError(
                f"{settings.path}: belongs to site {site!r}, not {settings.site!r}; give each site a data_dir of its own"
            )
        read = Counters(number, parse_epoch(text), boot + 1, Hlc(hlc), *nexts)
        transaction = Transaction(settings.site, read, BootBegan(read.hlc), execute)
        if machine != settings.machine:
            # A copied card: the other copy may go on numbering in the old epoch. What was sealed before the copy has the
            # same key and bytes on both, so it is sent under its old key: whoever comes second is a duplicate.
            transaction.open_epoch(Epoch(settings.new_uuid()), "machine", now_ms)
            execute("UPDATE state SET machine = ? WHERE one = 1", (settings.machine,))
        transaction.save_counters()
        counters = transaction.counters
    execute("COMMIT")
    return counters
