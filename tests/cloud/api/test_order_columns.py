"""What a CSV of orders may hold is said by the server: to the page, in the template, and in the error."""

import pytest

from cloud.api.faults import fault
from cloud.api.order_columns import COLUMNS, REQUIRED, Language, template_csv
from cloud.api.order_csv import CsvError, read_orders
from tests.cloud.api.world import World


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_is_read_as_it_is_and_spreadsheets_know_its_encoding(language: Language) -> None:
    body = template_csv(language)
    assert body.startswith(b"\xef\xbb\xbf")
    read = read_orders(body)
    assert (read.faults, read.refused) == ([], 0)
    (numbered,) = read.orders
    assert [line.zone for line in numbered.order.lines] == ["ambient", "chilled"]
    assert numbered.order.resident is not None
    header = body.decode("utf-8-sig").splitlines()[0].split(",")
    assert len(header) == len(COLUMNS)
    assert all(one.isascii() == (language == "en") for one in header)


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_column_is_named_with_the_remedy_and_the_header_as_it_was_read(missing: str) -> None:
    header = [one.heading("zh") for one in COLUMNS if one.name != missing]
    with pytest.raises(CsvError) as raised:
        read_orders((",".join(header) + "\n").encode())
    assert (raised.value.code, raised.value.field) == ("csv_column_missing", missing)
    said = fault(raised.value.code, raised.value.field, **raised.value.params)
    assert missing in said.message
    assert header[0] in said.message
    assert "/api/order-columns/template.csv" in said.remedy


@pytest.mark.slow
async def test_the_columns_and_the_template_are_there_for_who_is_logged_in(world: World) -> None:
    columns = (await world.get("dispatcher-a", "/api/order-columns")).json()["columns"]
    assert {one["name"] for one in columns if one["is_needed"]} == set(REQUIRED)
    assert all(any(not heading.isascii() for heading in one["headings"]) for one in columns)
    template = await world.get("dispatcher-a", "/api/order-columns/template.csv?language=en")
    assert (template.status_code, template.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert template.content == template_csv("en")
    assert (await world.get(None, "/api/order-columns")).status_code == 401
    brought = await world.post("dispatcher-a", "/api/operators/op-a/orders/csv", content=template_csv("zh"))
    assert (brought.json()["created"], [one["code"] for one in brought.json()["errors"]]) == (0, ["no_station"])
