"""The form of an order that comes in, as JSON or out of a CSV; and the report of what was made of it.

Leaves whether its site, parcels and history allow it to ``order_import``.
"""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from cloud.api.faults import Fault
from cloud.api.text import SiteIdText, Text
from cloud.auth.residents import normal_phone
from edge.wire.labels import LabelKind, classify

Zone = Literal["ambient", "chilled", "frozen"]
_EXTERNAL_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}\Z")
MAX_LINES = 200


def _external_id(value: str) -> str:
    if not _EXTERNAL_ID.match(value):
        raise PydanticCustomError("order_number", "want 1 to 64 of 0-9 A-Z a-z . _ -")
    return value


def _leader_id(value: str) -> str:
    if not _EXTERNAL_ID.match(value):
        raise PydanticCustomError("leader_number", "want 1 to 64 of 0-9 A-Z a-z . _ -")
    return value


def _parcel(value: str) -> str:
    label = classify(value.upper())
    if label.kind is not LabelKind.PARCEL:
        reason = label.reason or f"this is the label of a {label.kind}, not of a parcel"
        raise PydanticCustomError("parcel_label", "{reason}", {"reason": reason})
    return label.text


def _phone(value: str) -> str:
    try:
        return normal_phone(value)
    except ValueError as error:
        raise PydanticCustomError("phone", "{wanted}", {"wanted": str(error)}) from None


def _believable(value: date) -> date:
    if not 2000 <= value.year <= 2100:
        raise PydanticCustomError("year", "want a year from 2000 to 2100")
    return value


def _believable_time(value: datetime) -> datetime:
    _believable(value.date())
    return value


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


LeaderIdText = Annotated[str, AfterValidator(_leader_id)]
PhoneText = Annotated[str, Field(max_length=40), AfterValidator(_phone)]


class ResidentIn(_Form):
    name: Text = Field(min_length=1, max_length=60)
    phone: PhoneText


class LineIn(_Form):
    """One item. Without ``parcel`` it goes into the order's bag of its zone."""

    sku: Text = Field(min_length=1, max_length=64)
    name: Text = Field(min_length=1, max_length=200)
    quantity: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    zone: Zone = "ambient"
    parcel: Annotated[str, AfterValidator(_parcel)] | None = None


class OrderIn(_Form):
    """One order of the shop system. Sent again it is recognised by ``external_id``.

    ``leader``: whose group it is of; without it, that of the leader who keeps its station.
    """

    external_id: Annotated[str, AfterValidator(_external_id)]
    site: SiteIdText
    pickup_date: Annotated[date, AfterValidator(_believable)]
    placed_at: Annotated[AwareDatetime, AfterValidator(_believable_time)] | None = None
    resident: ResidentIn | None = None
    leader: LeaderIdText | None = None
    lines: list[LineIn] = Field(min_length=1, max_length=MAX_LINES)


class LineFault(Fault):
    """Why something was not imported. ``line``: of the CSV file, the header being 1; of a JSON list, the first order being 1.

    ``heading``: what the file calls the column; "" of a JSON list, and of a whole row.
    """

    line: int
    heading: str = ""

    @classmethod
    def of(cls, line: int, said: Fault) -> "LineFault":
        """A fault at a line."""
        return cls(line=line, **said.model_dump())


class ImportReport(BaseModel):
    """What became of an import, in orders. ``imported`` = ``created`` + ``updated``."""

    imported: int
    created: int
    updated: int
    unchanged: int
    refused: int
    errors: list[LineFault]
    errors_left_out: int = 0


class Numbered(BaseModel):
    """An order and the line it begins at."""

    line: int
    order: OrderIn


class GivenUp(BaseModel):
    """Of an order that is none: whose it would be, as far as that can be read ("": not), so that this can be looked at too."""

    line: int
    site: str
    leader: str
