"""A station fetches its manifest here, with its own credentials (HTTP Basic); names and last fours never travel by MQTT."""

from fastapi import APIRouter, Request, Response

from cloud.api.context import Transaction
from cloud.api.errors import not_found
from cloud.api.site_login import CurrentSite, not_the_site

router = APIRouter(prefix="/api", tags=["manifests"])


@router.get("/sites/{site_id}/manifest/{sha256}", response_class=Response)
async def fetch_manifest(site_id: str, sha256: str, request: Request, site: CurrentSite, connection: Transaction) -> Response:
    """The bytes that hash to what `desired` announced. 401 without the site's key, 404 where a newer one has taken its place."""
    if site != site_id:
        raise not_the_site()
    if request.headers.get("if-none-match") == f'"{sha256}"':
        return Response(status_code=304)
    cursor = await connection.execute("SELECT body FROM manifest WHERE site_id = %s AND sha256 = %s", [site_id, sha256])
    row = await cursor.fetchone()
    if row is None:
        raise not_found("sha256", "manifest")
    headers = {"ETag": f'"{sha256}"', "Cache-Control": "private, no-store"}
    return Response(bytes(row[0]), media_type="application/json", headers=headers)
