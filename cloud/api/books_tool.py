"""``python -m cloud books OPERATOR [--date DATE]``: whether the books balance, for whoever has the database's URL."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from cloud.config import CloudConfig
from cloud.domain.books import Books, Side, close
from cloud.store import books as stored
from cloud.store.pool import Unavailable, connect
from cloud.trouble import Trouble
from edge.wire.clock import Clock

_DATES = 7
_SHOWN = 20  # parcels of a list that are named; --date names all


async def main(arguments: Sequence[str], config: CloudConfig, _clock: Clock) -> int:
    """Exit code: 0 they balance, 1 they do not."""
    options = parser().parse_args(arguments)
    try:
        connection = await connect(config.database_url.get_secret_value(), "books")
    except Unavailable as error:
        raise Trouble(str(error), "start it, or correct TUANTU_DATABASE_URL") from None
    async with connection:
        cursor = await connection.execute("SELECT FROM operator WHERE id = %s", [options.operator])
        if await cursor.fetchone() is None:
            raise Trouble(f"there is no operator {options.operator!r}", "see GET /api/operators for their ids")
        days = [options.date] if options.date else await stored.dates(connection, options.operator, _DATES)
        found = {day: close(await stored.deliveries(connection, options.operator, day)) for day in days}
    for day, books in found.items():
        _say(_line(day, books))
        if options.date:
            _say_articles(books)
        _say_unresolved(books, len(books.unresolved) if options.date else _SHOWN)
    if not found:
        _say("no pickup date is frozen yet")
    return 0 if all(books.is_balanced for books in found.values()) else 1


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    made = argparse.ArgumentParser(prog="python -m cloud books", description="Sent = released + returned + disposed + in cases")
    made.add_argument("operator", help="such as tuantu-demo")
    made.add_argument("--date", type=date.fromisoformat, help="one pickup date, by article; else the newest seven")
    return made


def _line(day: date, books: Books) -> str:
    sums = "  ".join(f"{side.value.replace('_', ' ')} {books.total(side)}" for side in Side)
    outcome = "balanced" if books.is_balanced else f"NOT balanced: {len(books.unresolved)} parcels"
    return f"{day}  {sums}  {outcome}"


def _say_articles(books: Books) -> None:
    for line in books.lines:
        counted = (line.sent, line.released, line.returned, line.disposed, line.in_cases, line.open)
        _say(f"  {line.account.zone:<8} {line.account.sku:<12}" + "".join(f"{pieces:>8}" for pieces in counted))


def _say_unresolved(books: Books, most: int) -> None:
    for one in books.unresolved[:most]:
        _say(f"  {one.parcel} at {one.site}: {one.state}, {one.pieces} pieces open")
    if len(books.unresolved) > most:
        _say(f"  and {len(books.unresolved) - most} more; see --date")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
