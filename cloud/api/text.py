"""Texts at the HTTP edge: no NUL, no half surrogate, bounded; ids in the form of the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from cloud.domain.order import iso
from edge.wire.clock import to_ms
from edge.wire.codec import check_text
from edge.wire.ids import operator_id, site_id


def _text(value: str) -> str:
    value = value.strip()
    try:
        check_text("text", value)
    except ValueError as error:
        raise PydanticCustomError("text", "{wanted}", {"wanted": str(error).removeprefix("text: ")}) from None
    return value


def _operator_id(value: str) -> str:
    try:
        return operator_id(value)
    except ValueError as error:
        raise PydanticCustomError("id", "{wanted}", {"wanted": str(error)}) from None


def _site_id(value: str) -> str:
    try:
        return site_id(value)
    except ValueError as error:
        raise PydanticCustomError("id", "{wanted}", {"wanted": str(error)}) from None


Text = Annotated[str, AfterValidator(_text)]
OperatorIdText = Annotated[str, AfterValidator(_operator_id)]
SiteIdText = Annotated[str, AfterValidator(_site_id)]


def iso_of(moment: datetime) -> str:
    """A time as it leaves: ISO 8601 UTC with Z."""
    return iso(to_ms(moment))


def iso_or_none(moment: datetime | None) -> str | None:
    """Like ``iso_of``; None stays None."""
    return None if moment is None else iso_of(moment)
