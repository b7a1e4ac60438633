"""Two scans contradict each other and somebody at a distance knows which is wrong: its station undoes it, the case is settled.

The undo is the station's own event; here it is only asked for. Where the station is away, somebody does it there.
"""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.case_views import look
from cloud.api.cases import CaseId
from cloud.api.commands import CommandOut, Wanted, send
from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import Text
from cloud.domain.case import Origin
from edge.wire.ids import EventId

router = APIRouter(prefix="/api/cases/{case_id}/undo", tags=["cases"])

_TTL_S = 30.0


class UndoIn(BaseModel):
    """``event``: one of the two that the case names; ``reason`` goes into the station's record, so no name of a resident."""

    model_config = ConfigDict(extra="forbid")
    event: Text = Field(min_length=1, max_length=200)
    reason: Text = Field(min_length=3, max_length=200)


@router.post("", status_code=202)
async def undo_from_afar(
    case_id: CaseId, wanted: UndoIn, account: Planner, services: ServicesDep, connection: Transaction
) -> CommandOut:
    """Ask the station of one of the two events to undo it."""
    case = await look(connection, account, case_id)
    if case is None:
        raise not_found("case_id", "case")
    event = next((one for one in case.events if one.id == wanted.event), None)
    if case.origin != Origin.CONFLICT or event is None:
        raise ApiError(422, "not_of_case", "event")
    if event.undone:
        raise ApiError(409, "undone_before", "event")
    site = EventId.parse(event.id).site
    if not account.scope.may_see_site(site):
        raise ApiError(403, "role_may_not", "event", role=account.role, roles="the operator of that station")
    detail = {"event": event.id, "note": wanted.reason}
    return await send(connection, services, account, site, Wanted("undo", wanted.reason, _TTL_S, detail=detail))
