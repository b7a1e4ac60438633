"""``python -m cloud losses [acknowledge KIND --by NAME]``: what is gone for good, for whoever has the database's URL."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime

from cloud.auth.audit import write_audit
from cloud.config import CloudConfig
from cloud.store.losses import Loss, LossError, LossKind, acknowledge, losses
from cloud.store.pool import Connection, Unavailable, connect
from cloud.trouble import Trouble
from edge.wire.clock import Clock, utc

_WORDS = {
    LossKind.BATCHES: "batches that are neither here nor at their site any more (after a restore, or a card that failed)",
    LossKind.QUARANTINE: "messages dropped by a full quarantine before anybody looked",
}


async def main(arguments: Sequence[str], config: CloudConfig, clock: Clock) -> int:
    """Exit code: 0 done, 1 where there was nothing to acknowledge."""
    options = parser().parse_args(arguments)
    try:
        connection = await connect(config.database_url.get_secret_value(), "losses")
    except Unavailable as error:
        raise Trouble(str(error), "start it, or correct TUANTU_DATABASE_URL") from None
    try:
        if options.action == "acknowledge":
            return await _acknowledge(connection, LossKind(options.kind), options.by, options.note, utc(clock.now_ms()))
        for loss in (await losses(connection)).values():
            _say(_line(loss))
        return 0
    finally:
        await connection.close()


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    made = argparse.ArgumentParser(prog="python -m cloud losses", description="What is gone for good")
    actions = made.add_subparsers(dest="action")
    actions.add_parser("list", help="the numbers, and who took note of them (the default)")
    taking = actions.add_parser("acknowledge", help="take note of all that is lost so far: health is well again")
    taking.add_argument("kind", choices=[kind.value for kind in LossKind])
    taking.add_argument("--by", required=True, metavar="NAME", help="who takes note of it")
    taking.add_argument("--note", default="", help="what it was")
    return made


async def _acknowledge(connection: Connection, kind: LossKind, name: str, note: str, now: datetime) -> int:
    async with connection.transaction():
        total = (await losses(connection))[kind].total
        try:
            loss = await acknowledge(connection, kind, total, now, name, note)
        except LossError as error:
            _say(f"{kind}: {error}")
            return 1
        await write_audit(connection, now, None, "loss.acknowledge", kind, {"total": total, "by": name})
    _say(_line(loss))
    return 0


def _line(loss: Loss) -> str:
    line = f"{loss.kind:<11} {loss.total:>8} {_WORDS[loss.kind]}; {loss.open} open"
    if loss.acknowledged_at is None:
        return line
    when = loss.acknowledged_at.isoformat(timespec="seconds")
    return f"{line}; {loss.acknowledged} acknowledged by {loss.acknowledged_by} at {when}{': ' + loss.note if loss.note else ''}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
