"""CSV as shops export it, and as nobody should."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.api.faults import fault
from cloud.api.order_csv import CsvError, decode_text, read_orders
from tests.examples import examples

HEADER = ["订单号", "自提点", "提货日期", "收货人", "电话", "货号", "商品名称", "数量", "温区"]
ROW = ["A-1", "st-a1", "2026-11-23", "王小明", "13812345678", "egg", "鸡蛋,土", "2", "冷藏"]


def sheet(*rows: list[str], header: list[str] = HEADER, delimiter: str = ",", newline: str = "\r\n") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline)
    writer.writerows([header, *rows])
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_usual_encoding_and_separator_reads_the_same(encoding: str, delimiter: str, newline: str) -> None:
    read = read_orders(sheet(ROW, delimiter=delimiter, newline=newline).encode(encoding))
    assert (read.faults, read.refused) == ([], 0)
    (numbered,) = read.orders
    order = numbered.order
    assert (numbered.line, order.external_id, order.site, order.pickup_date.isoformat()) == (2, "A-1", "st-a1", "2026-11-23")
    assert order.resident is not None
    assert (order.resident.name, order.resident.phone) == ("王小明", "13812345678")
    (line,) = order.lines
    assert (line.sku, line.name, line.quantity, line.zone, line.parcel) == ("egg", "鸡蛋,土", 2, "chilled", None)


def test_english_headers_in_any_order_and_case_read_too() -> None:
    header = ["QTY", "Item Name", "Order ID", "site", "SKU", "Pickup Date", "remark"]
    read = read_orders(sheet(["3", "Eggs", "B-7", "st-a1", "egg", "2026/1/5", "ring twice"], header=header).encode())
    assert read.faults == []
    assert read.orders[0].order.pickup_date.isoformat() == "2026-01-05"
    assert read.orders[0].order.lines[0].quantity == 3


def test_rows_of_one_order_need_not_stand_together() -> None:
    other = ["A-2", *ROW[1:]]
    read = read_orders(sheet(ROW, other, [*ROW[:5], "milk", "牛奶", "1", "冷冻"]).encode())
    assert {one.order.external_id: len(one.order.lines) for one in read.orders} == {"A-1": 2, "A-2": 1}


@pytest.mark.parametrize(
    ("place", "cell", "field"),
    [
        (0, "", "external_id"), (0, "A/1", "external_id"), (0, "A" * 65, "external_id"), (1, "ST A1", "site"), (1, "", "site"),
        (2, "morgen", "pickup_date"), (2, "2026-02-30", "pickup_date"), (2, "1970-01-01", "pickup_date"),
        (2, "2190-01-01", "pickup_date"),
        (3, "", "resident_name"), (4, "12", "resident_phone"), (4, "1381234567x", "resident_phone"),
        (5, "", "sku"), (6, "", "name"), (6, "x" * 201, "name"), (6, "x" * 3000, "row"),
        (7, "", "quantity"), (7, "0", "quantity"), (7, "-1", "quantity"), (7, "1.5", "quantity"), (7, "NaN", "quantity"),
        (7, "９", "quantity"), (7, "99999", "quantity"), (7, "9" * 400, "quantity"), (8, "常热", "zone"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_by_line_and_column_and_keeps_only_its_order_out(place: int, cell: str, field: str) -> None:
    bad = [*ROW]
    bad[place] = cell
    read = read_orders(sheet(["A-0", *ROW[1:]], bad, ["A-2", *ROW[1:]]).encode())
    assert [one.order.external_id for one in read.orders] == ["A-0", "A-2"]
    assert {(fault.line, fault.field) for fault in read.faults} == {(3, field)}
    assert all(fault.message and fault.remedy for fault in read.faults)


def test_a_bad_row_keeps_its_whole_order_out() -> None:
    read = read_orders(sheet(ROW, [*ROW[:7], "many", "常温"]).encode())
    assert (read.orders, read.refused, [fault.line for fault in read.faults]) == ([], 1, [3])


def test_rows_that_disagree_about_their_order_are_named() -> None:
    read = read_orders(sheet(ROW, [ROW[0], "st-a2", *ROW[2:]]).encode())
    assert [(fault.line, fault.field) for fault in read.faults] == [(3, "site")]


def test_a_row_with_more_cells_than_the_header_is_named() -> None:
    read = read_orders(sheet(ROW, ["A-2", *ROW[1:], "extra"]).encode())
    assert [(fault.line, fault.field) for fault in read.faults] == [(3, "row")]
    assert [one.order.external_id for one in read.orders] == ["A-1"]


def test_lines_are_counted_as_an_editor_does_across_quoted_newlines() -> None:
    read = read_orders(sheet([*ROW[:6], "鸡\n蛋", *ROW[7:]], ["A-2", *ROW[1:7], "x", ""]).encode())
    assert [fault.line for fault in read.faults] == [4]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "file"), (b"\n\n", "file"), (b"\xff", "file"), (b"\xff\xfe\x00", "file"), (sheet(ROW).encode() + b"\0", "file"),
        (b"a,b,c\n1,2,3", "external_id"), (sheet(header=[*HEADER, "电话"]).encode(), "resident_phone"),
        (b"PK\x03\x04\x14\x00\x06\x00", "file"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_as_a_whole(data: bytes, field: str) -> None:
    with pytest.raises(CsvError) as info:
        read_orders(data)
    assert info.value.field == field
    assert fault(info.value.code, info.value.field, **info.value.params).remedy


@given(st.binary(max_size=400))
def test_no_bytes_do_anything_but_be_read_or_refused(data: bytes) -> None:
    for content in (data, sheet(ROW).encode() + data, ",".join(HEADER).encode("gbk") + b"\n" + data):
        try:
            read = read_orders(content)
        except CsvError:
            continue
        assert all(fault.line >= 1 for fault in read.faults)


_cell = st.one_of(st.sampled_from(ROW), st.text(max_size=12))


@settings(max_examples=examples(200))
@given(st.lists(st.lists(_cell, min_size=1, max_size=11), max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_every_row_is_in_an_order_or_in_a_fault(rows: list[list[str]], encoding: str) -> None:
    text = sheet(*rows).replace("\0", "")
    try:
        read = read_orders(text.encode(encoding, "ignore"))
    except CsvError:
        return
    for numbered in read.orders:
        assert numbered.order.lines
        assert "\0" not in numbered.order.external_id
    named = {fault.field for fault in read.faults}
    assert read.refused <= len(read.faults)
    assert "" not in named


# GB 18030 has all that UTF-8 has; which characters those are Hypothesis would find out by trying all of them.
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_gb18030_text_that_is_no_utf_8_survives(text: str) -> None:
    data = ("订单号" + text).encode("gb18030")
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        assert decode_text(data) == "订单号" + text
