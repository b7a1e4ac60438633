"""The columns of an import of orders: how a header may name them, which are needed, an example, and a file to begin with.

Read by `order_csv`; shown by the page, so that nobody has to guess.
"""

import csv
import io
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from cloud.api.context import CurrentAccount

router = APIRouter(prefix="/api/order-columns", tags=["orders"])

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Column:
    """``spellings``: seen in exports, compared without spaces, underscores and case; the first of each language is its heading.

    ``examples``: of two rows of one order.
    """

    name: str
    spellings: tuple[str, ...]
    examples: tuple[str, str]
    is_needed: bool = False

    def heading(self, language: Language) -> str:
        return next(one for one in self.spellings if one.isascii() == (language == "en"))


COLUMNS = (
    Column(
        "external_id", ("external_id", "order", "order_id", "order_no", "ordernumber", "订单号", "订单编号", "单号"),
        ("A-1001", "A-1001"), is_needed=True,
    ),
    Column(
        "site", ("site", "site_id", "station", "自提点", "自提点编号", "自提点id", "站点"), ("st-example", "st-example"),
        is_needed=True,
    ),
    Column(
        "pickup_date", ("pickup_date", "pickup", "date", "提货日期", "自提日期", "提货日"), ("2026-11-23", "2026-11-23"),
        is_needed=True,
    ),
    Column("sku", ("sku", "商品编码", "货号", "商品编号"), ("egg-30", "milk-1l"), is_needed=True),
    Column(
        "name", ("name", "item", "item_name", "product", "商品", "商品名称", "品名"), ("鸡蛋 30 枚", "鲜牛奶 1 L"), is_needed=True,
    ),
    Column("quantity", ("quantity", "qty", "数量", "件数"), ("2", "1"), is_needed=True),
    Column("zone", ("zone", "temperature_zone", "温区"), ("常温", "冷藏")),
    Column("resident_name", ("resident", "resident_name", "customer", "收货人", "提货人", "姓名", "团员"), ("王小明", "王小明")),
    Column(
        "resident_phone", ("phone", "resident_phone", "mobile", "电话", "手机", "手机号", "联系电话"),
        ("13800000000", "13800000000"),
    ),
    Column("leader", ("leader", "leader_id", "团长编号", "团长id", "团号"), ("", "")),
    Column("placed_at", ("placed_at", "下单时间"), ("2026-11-22T20:15:00+08:00", "2026-11-22T20:15:00+08:00")),
    Column("parcel", ("parcel", "parcel_id", "label", "包裹", "包裹号", "包裹条码"), ("", "")),
)  # fmt: skip
CANONICAL = {spelling.replace("_", ""): column.name for column in COLUMNS for spelling in column.spellings}
REQUIRED = tuple(column.name for column in COLUMNS if column.is_needed)
_ENGLISH = {"name": ("Eggs, 30", "Milk, 1 l"), "zone": ("ambient", "chilled"), "resident_name": ("Wang Xiaoming",) * 2}


class ColumnOut(BaseModel):
    """``headings``: every way a header may name it. ``example``: of one cell, "" where most orders have none."""

    name: str
    headings: list[str]
    is_needed: bool
    example: str


class ColumnList(BaseModel):
    columns: list[ColumnOut]


def named(names: list[str]) -> str:
    """Columns as an error names them: ``quantity (数量)``."""
    return ", ".join(f"{one.name} ({one.heading('zh')})" for one in COLUMNS if one.name in names)


@router.get("")
async def list_columns(_account: CurrentAccount) -> ColumnList:
    """What a CSV of orders may hold, the needed ones first."""
    return ColumnList(
        columns=[
            ColumnOut(name=one.name, headings=list(one.spellings), is_needed=one.is_needed, example=one.examples[0])
            for one in COLUMNS
        ]
    )


@router.get("/template.csv", response_class=Response)
async def template(_account: CurrentAccount, language: Annotated[Language, Query()] = "zh") -> Response:
    """A file to begin with: the header and one order of two rows, of a station that there is not, so that it brings nothing in."""
    headers = {"Content-Disposition": 'attachment; filename="orders-template.csv"'}
    return Response(template_csv(language), media_type="text/csv; charset=utf-8", headers=headers)


def template_csv(language: Language) -> bytes:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow([one.heading(language) for one in COLUMNS])
    for row in (0, 1):
        rows.writerow([(one.examples if language == "zh" else _ENGLISH.get(one.name, one.examples))[row] for one in COLUMNS])
    return out.getvalue().encode("utf-8-sig")
