"""Where a site stands: corrected by people, for a station in the sea is found by the first plan that cannot reach it."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.stations import own_site
from cloud.api.text import Text
from cloud.auth.audit import write_audit

router = APIRouter(prefix="/api", tags=["sites"])


class PlaceForm(BaseModel):
    """WGS-84. Without ``address`` the one it has stays."""

    model_config = ConfigDict(extra="forbid")
    lat: Annotated[float, Field(allow_inf_nan=False, ge=-90, le=90)]
    lon: Annotated[float, Field(allow_inf_nan=False, ge=-180, le=180)]
    address: Text | None = Field(default=None, max_length=300)


@router.put("/sites/{site_id}/place")
async def set_place(
    site_id: str, wanted: PlaceForm, account: Planner, services: ServicesDep, connection: Transaction
) -> PlaceForm:  # fmt: skip
    """Move a station or a dock. Plans and maps follow; what was computed for the old place is not used for the new one."""
    await own_site(connection, account, site_id)
    await connection.execute(
        "UPDATE site SET lat = %s, lon = %s, address = coalesce(%s, address) WHERE id = %s",
        [wanted.lat, wanted.lon, wanted.address, site_id],
    )
    await write_audit(connection, services.now(), account.id, "site.place", site_id, {"lat": wanted.lat, "lon": wanted.lon})
    return wanted
