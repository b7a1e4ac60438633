"""Texts at the HTTP edge: no NUL, no half surrogate, bounded; ids in the form of the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from cloud.domain.order import iso
from edge.wire.clock import to_ms
from edge.wire.codec import check_text
from edge.wire.ids import operator_id, site_id


def _text(value: str) -> str:
    value = value.strip()
    try:
        check_text("text", value)
    except ValueError as error:
        raise ValueError(str(error).removeprefix("text: ")) from None
    return value


Text = Annotated[str, AfterValidator(_text)]
OperatorIdText = Annotated[str, AfterValidator(operator_id)]
SiteIdText = Annotated[str, AfterValidator(site_id)]


def iso_of(moment: datetime) -> str:
    """A time as it leaves: ISO 8601 UTC with Z."""
    return iso(to_ms(moment))


def iso_or_none(moment: datetime | None) -> str | None:
    """Like ``iso_of``; None stays None."""
    return None if moment is None else iso_of(moment)
