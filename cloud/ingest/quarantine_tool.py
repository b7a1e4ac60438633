"""``python -m cloud quarantine list|show|replay|discard``: what could not be applied, for a person at a terminal."""

import argparse
import sys
from collections.abc import Sequence

from cloud.config import CloudConfig
from cloud.ingest.replay import replay
from cloud.store.pool import Connection, Unavailable, connect
from cloud.store.quarantine import QuarantinedMessage, QuarantineRow, StateError, discard, found, listed
from cloud.trouble import Trouble
from edge.wire.clock import Clock, utc

_SHOWN_BYTES = 512


async def main(arguments: Sequence[str], config: CloudConfig, clock: Clock) -> int:
    """Exit code: 0 done, 1 where a message was not replayed or there is none."""
    options = parser().parse_args(arguments)
    try:
        connection = await connect(config.database_url.get_secret_value(), "quarantine")
    except Unavailable as error:
        raise Trouble(str(error), "start it, or correct TUANTU_DATABASE_URL") from None
    try:
        match options.action:
            case "list":
                return await _list(connection, options.state, options.reason)
            case "show":
                return await _show(connection, options.id)
            case "replay":
                return await _replay(connection, options.id, clock)
            case _:
                return await _discard(connection, options.id, clock)
    finally:
        await connection.close()


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    made = argparse.ArgumentParser(prog="python -m cloud quarantine", description="Messages that could not be applied")
    actions = made.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="newest first")
    listing.add_argument("--state", choices=["kept", "requested", "replayed", "discarded"], default="kept")
    listing.add_argument(
        "--reason", choices=["topic", "relation", "properties", "schema", "payload", "hash", "size", "conflict", "database"]
    )
    actions.add_parser("show", help="one message with its properties and the first bytes").add_argument("id", type=int)
    actions.add_parser("replay", help="apply messages now").add_argument("id", type=int, nargs="+")
    actions.add_parser("discard", help="put messages away for good").add_argument("id", type=int, nargs="+")
    return made


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


async def _list(connection: Connection, state: str, reason: str | None) -> int:
    rows = await listed(connection, state=state, reason=reason)
    for row in rows:
        _say(_line(row))
    _say(f"{len(rows)} messages {state}" if rows else f"no message is {state}")
    return 0


def _line(row: QuarantineRow) -> str:
    when = row.last_at.isoformat(timespec="seconds")
    return f"{row.id:>8}  {when}  x{row.seen:<4} {row.reason:<10} {row.topic}  {row.batch_key or '-'}  {row.detail}"


async def _show(connection: Connection, row_id: int) -> int:
    message = await found(connection, row_id)
    if message is None:
        return _missing(row_id)
    row = message.row
    _say(_line(row))
    _say(f"state {row.state}{': ' + row.outcome if row.outcome else ''}")
    for name, value in row.properties:
        _say(f"  {name} = {value}")
    _say(f"content-type {row.content_type or '(none)'}, {row.payload_bytes} bytes")
    _say(_hexadecimal(message))
    return 0


def _hexadecimal(message: QuarantinedMessage) -> str:
    shown = message.payload[:_SHOWN_BYTES]
    lines = []
    for start in range(0, len(shown), 16):
        part = shown[start : start + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"  {start:04x}  {part.hex(' '):<47}  {text}")
    return "\n".join(lines)


async def _replay(connection: Connection, row_ids: Sequence[int], clock: Clock) -> int:
    code = 0
    for row_id in row_ids:
        try:
            replayed = await replay(connection, row_id, clock)
        except LookupError:
            code = _missing(row_id)
            continue
        _say(f"{row_id}: {replayed.outcome}")
        code = code if replayed.is_applied else 1
    return code


async def _discard(connection: Connection, row_ids: Sequence[int], clock: Clock) -> int:
    code = 0
    for row_id in row_ids:
        try:
            await discard(connection, row_id, utc(clock.now_ms()))
        except LookupError:
            code = _missing(row_id)
        except StateError as error:
            _say(str(error))
            code = 1
        else:
            _say(f"{row_id}: discarded")
    return code


def _missing(row_id: int) -> int:
    _say(f"{row_id}: there is no such message in quarantine")
    return 1
