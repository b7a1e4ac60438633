"""Orders out of a CSV as shops export it: UTF-8, with or without BOM, UTF-16, or GBK; headers in Chinese or English.

One row an item; rows with one order number are one order. A row with a fault keeps its whole order out: half an order is wrong.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from cloud.api.faults import Param, cell_fault, fault
from cloud.api.order_columns import CANONICAL, REQUIRED, named
from cloud.api.order_forms import GivenUp, LineFault, Numbered, OrderIn

MAX_ROWS = 50_000
_MAX_CELL = 2_000

_ZONES = {"常温": "ambient", "冷藏": "chilled", "冷冻": "frozen", "": "ambient"}
_OF_ORDER = ("site", "pickup_date", "placed_at", "resident_name", "resident_phone", "leader")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\Z")


class CsvError(ValueError):
    """The file as a whole cannot be read; ``code`` and ``params`` are of `faults`."""

    def __init__(self, code: str, field_name: str = "file", **params: Param) -> None:
        super().__init__(code)
        self.code = code
        self.field = field_name
        self.params = params


@dataclass(slots=True)
class _Draft:
    """An order while its rows come in."""

    line: int
    cells: Mapping[str, str]
    items: list[dict[str, object]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[LineFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReadOrders:
    """What a file holds: good orders, those that were given up, and every fault of a row that can be seen in the file alone.

    ``headings``: column → what this file calls it.
    """

    orders: list[Numbered]
    faults: list[LineFault]
    given_up: list[GivenUp]
    headings: Mapping[str, str]

    @property
    def refused(self) -> int:
        """How many orders were given up."""
        return len(self.given_up)

    def in_its_words(self, found: LineFault) -> LineFault:
        """The fault with the column named as this file's header does."""
        return found.model_copy(update={"heading": self.headings.get(found.field.rpartition(".")[2], "")})


def decode_text(data: bytes) -> str:
    """The text of a CSV file; CsvError where it is in no encoding we know."""
    # Valid UTF-8 is hardly ever GBK by accident; GB18030 reads nearly everything, so it comes last.
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise CsvError("csv_nul")
        return text
    raise CsvError("csv_encoding")


def read_orders(data: bytes) -> ReadOrders:
    """The orders of a CSV file. CsvError where there is no header, or a column that is needed is missing."""
    text = decode_text(data)
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    try:
        _, header = next(rows)
    except StopIteration:
        raise CsvError("csv_empty") from None
    columns = _columns(header)
    drafts: dict[str, _Draft] = {}
    strays: list[LineFault] = []
    for line, row in rows:
        _take_row(drafts, strays, columns, line, row)
    orders: list[Numbered] = []
    faults = strays
    given_up: list[GivenUp] = []
    for external_id, draft in drafts.items():
        order = _order_of(external_id, draft)
        if order is None:
            given_up.append(_given_up(draft))
            faults += draft.faults
        else:
            orders.append(Numbered(line=draft.line, order=order))
    headings = {name: cell for name, cell in zip(columns, header, strict=True) if name}
    return ReadOrders(orders, sorted(faults, key=lambda fault: fault.line), given_up, headings)


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line they begin at."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    line = 1
    count = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CsvError("csv_broken", line=reader.line_num, detail=str(error)) from None
        if any(cell.strip() for cell in row):
            count += 1
            if count > MAX_ROWS:
                raise CsvError("csv_too_many_rows", most=MAX_ROWS)
            yield line, [cell.strip() for cell in row]
        line = reader.line_num + 1


def _columns(header: list[str]) -> list[str | None]:
    columns = [CANONICAL.get(re.sub(r"[\s_]", "", cell).lower().lstrip("\ufeff")) for cell in header]
    known = [column for column in columns if column]
    twice = {column for column in known if known.count(column) > 1}
    if twice:
        raise CsvError("csv_column_twice", min(twice), header=", ".join(header)[:200])
    missing = [name for name in REQUIRED if name not in known]
    if missing:
        raise CsvError("csv_column_missing", missing[0], columns=named(missing), header=", ".join(header)[:200])
    return columns


def _take_row(drafts: dict[str, _Draft], strays: list[LineFault], columns: list[str | None], line: int, row: list[str]) -> None:
    if len(row) > len(columns) and any(row[len(columns) :]):
        external_id = row[columns.index("external_id")]
        too_wide = LineFault.of(line, fault("row_too_wide", "row", cells=len(row), columns=len(columns)))
        if external_id:
            drafts.setdefault(external_id, _Draft(line, {})).faults.append(too_wide)
        else:
            strays.append(too_wide)
        return
    cells = {name: cell for name, cell in zip(columns, row, strict=False) if name}
    external_id = cells.get("external_id", "")
    if not external_id:
        strays.append(LineFault.of(line, fault("order_number_empty", "external_id")))
        return
    draft = drafts.setdefault(external_id, _Draft(line, cells))
    if not draft.cells:
        draft.cells = cells
    for name in _OF_ORDER:
        if cells.get(name, "") != draft.cells.get(name, ""):
            draft.faults.append(LineFault.of(line, fault("rows_differ", name, line=draft.line)))
            return
    item, faults = _item(line, cells)
    draft.faults += faults
    draft.items.append(item)
    draft.lines.append(line)


def _item(line: int, cells: Mapping[str, str]) -> tuple[dict[str, object], list[LineFault]]:
    quantity = cells.get("quantity", "")
    faults = []
    if any(len(cell) > _MAX_CELL for cell in cells.values()):
        faults.append(LineFault.of(line, fault("cell_too_long", "row", most=_MAX_CELL)))
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) <= 6):
        faults.append(LineFault.of(line, fault("quantity_not_whole", "quantity")))
        quantity = "1"
    zone = cells.get("zone", "")
    return {
        "sku": cells.get("sku", ""),
        "name": cells.get("name", ""),
        "quantity": int(quantity),
        "zone": _ZONES.get(zone, zone.lower()),
        "parcel": cells.get("parcel") or None,
    }, faults


def _order_of(external_id: str, draft: _Draft) -> OrderIn | None:
    """None where anything of it is wrong; all that is wrong is then among its faults."""
    if not draft.items:  # no row of it could be read
        return None
    name, phone = draft.cells.get("resident_name", ""), draft.cells.get("resident_phone", "")
    said = {
        "external_id": external_id,
        "site": draft.cells.get("site", ""),
        "pickup_date": _DATE.sub(_iso_date, draft.cells.get("pickup_date", "")),
        "placed_at": draft.cells.get("placed_at") or None,
        "resident": {"name": name, "phone": phone} if name or phone else None,
        "leader": draft.cells.get("leader") or None,
        "lines": draft.items,
    }
    try:
        order = OrderIn.model_validate(said)
    except ValidationError as error:
        whole_rows = {one.line for one in draft.faults if one.field == "row"}
        found = [_fault(draft, one) for one in error.errors(include_url=False, include_input=False)]
        draft.faults += [one for one in found if one.line not in whole_rows]
        return None
    return None if draft.faults else order


def _given_up(draft: _Draft) -> GivenUp:
    bad = {fault.field for fault in draft.faults}
    site, leader = ("" if name in bad else draft.cells.get(name, "") for name in ("site", "leader"))
    return GivenUp(line=draft.line, site=site, leader=leader)


def _iso_date(match: re.Match[str]) -> str:
    return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}"


def _fault(draft: _Draft, error: Mapping[str, Any]) -> LineFault:
    location: tuple[str | int, ...] = error["loc"]
    match location:
        case ("lines", int(index), *rest) if index < len(draft.lines):
            line, location = draft.lines[index], tuple(rest)
        case ("resident", str(part)):
            line, location = draft.line, (f"resident_{part}",)
        case _:
            line = draft.line
    return LineFault.of(line, cell_fault(error, location))
