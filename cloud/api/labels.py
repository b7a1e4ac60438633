"""Labels to print: parcels, containers, shelf slots, as PDF or ZPL, with Code 128 and QR. No person's name is on any."""

from collections.abc import Sequence
from typing import Annotated, Literal, assert_never
from urllib.parse import quote

import anyio.to_thread
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cloud.api import label_forms
from cloud.api.context import CurrentAccount, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.faults import Fault, fault
from cloud.api.label_forms import Label
from cloud.api.text import SiteIdText
from cloud.domain.scope import CONTAINERS_IN_SCOPE, PARCELS_IN_SCOPE, Scope
from cloud.store.pool import Connection
from edge.wire.labels import LabelKind, classify

router = APIRouter(prefix="/api", tags=["labels"])

_ZONES = {"ambient": "常温", "chilled": "冷藏", "frozen": "冷冻"}
MAX_LABELS = 500
_MOST_NAMED, _MOST_SHOWN = 20, 24  # labels in a header, and characters of each: proxies take 8 kB of headers in all


class LabelsIn(BaseModel):
    """``ids``: labels of parcels or containers, or shelf slots; shelves need their ``site``."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["parcel", "container", "shelf"]
    ids: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(min_length=1, max_length=MAX_LABELS)
    site: SiteIdText | None = None
    form: Literal["pdf", "zpl"] = "pdf"

    @model_validator(mode="after")
    def _shelves_name_their_site(self) -> "LabelsIn":
        if (self.kind == "shelf") != (self.site is not None):
            raise ValueError("site: want one for shelves, and only there")
        return self


class RefusedLabel(Fault):
    """Why nothing is printed for ``id``."""

    id: str


class LabelsChecked(BaseModel):
    """``good``: what would be printed, in the order asked for."""

    good: list[str]
    refused: list[RefusedLabel]


@router.post("/labels", response_class=Response)
async def print_labels(wanted: LabelsIn, account: CurrentAccount, connection: Transaction) -> Response:
    """One label each, in the order asked for, of all that can be printed; what can not is named in the header ``Labels-Refused``
    (``id=code``, percent-encoded) and, with words, by POST /api/labels/check. 404 where nothing can.
    """
    found, refused = await _sorted(connection, account.scope, wanted)
    if not found:
        raise ApiError(404, refused[0].code, "ids", **refused[0].params)
    labels = [found[one] for one in dict.fromkeys(wanted.ids) if one in found]
    headers = {"Labels-Refused": _named(refused)} if refused else {}
    if wanted.form == "zpl":
        return Response(label_forms.zpl(labels), media_type="application/zpl", headers=headers)
    body = await anyio.to_thread.run_sync(label_forms.pdf, labels)
    headers["Content-Disposition"] = f'inline; filename="labels-{wanted.kind}.pdf"'
    return Response(body, media_type="application/pdf", headers=headers)


@router.post("/labels/check")
async def check_labels(wanted: LabelsIn, account: CurrentAccount, connection: Transaction) -> LabelsChecked:
    """What of a list would be printed, and why the rest would not; nothing is."""
    found, refused = await _sorted(connection, account.scope, wanted)
    return LabelsChecked(good=[one for one in dict.fromkeys(wanted.ids) if one in found], refused=refused)


async def _sorted(connection: Connection, scope: Scope, wanted: LabelsIn) -> tuple[dict[str, Label], list[RefusedLabel]]:
    found = await _found(connection, scope, wanted)
    cancelled = await _cancelled(connection, list(found)) if wanted.kind == "parcel" else set()
    good = {one: label for one, label in found.items() if one not in cancelled}
    refused = [
        RefusedLabel(id=one, **_why(one, wanted.kind, is_cancelled=one in cancelled).model_dump())
        for one in dict.fromkeys(wanted.ids)
        if one not in good
    ]
    return good, refused


def _why(text: str, kind: str, *, is_cancelled: bool) -> Fault:
    if is_cancelled:
        return fault("label_cancelled", "ids", id=text)
    label = classify(text)
    if kind != "shelf" and label.kind != kind and label.kind is not LabelKind.UNKNOWN:
        return fault("label_other_kind", "ids", id=text, kind=label.kind)
    if kind != "shelf" and label.kind is LabelKind.UNKNOWN:
        return fault("label_misread", "ids", id=text)
    return fault("no_label", "ids", id=text)


def _named(refused: Sequence[RefusedLabel]) -> str:
    """As many as a header holds, and then how many more there are."""
    shown = [f"{quote(one.id[:_MOST_SHOWN], safe='')}={one.code}" for one in refused[:_MOST_NAMED]]
    return ", ".join([*shown, *([f"{len(refused) - _MOST_NAMED} more"] if len(refused) > _MOST_NAMED else [])])


async def _cancelled(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Of parcels: those of orders that were cancelled."""
    cursor = await connection.execute(
        "SELECT p.id FROM parcel p JOIN customer_order o ON o.id = p.order_id WHERE p.id = ANY(%s) AND o.cancelled_at IS NOT NULL",
        [list(ids)],
    )
    return {row[0] for row in await cursor.fetchall()}


async def _found(connection: Connection, scope: Scope, wanted: LabelsIn) -> dict[str, Label]:
    match wanted.kind:
        case "parcel":
            return await _parcels(connection, scope, wanted.ids)
        case "container":
            return await _containers(connection, scope, wanted.ids)
        case "shelf":
            return await _shelves(connection, scope, wanted.site or "", wanted.ids)
        case _:
            assert_never(wanted.kind)


async def _parcels(connection: Connection, scope: Scope, ids: list[str]) -> dict[str, Label]:
    cursor = await connection.execute(
        f"""
        SELECT p.id, coalesce(s.name, ''), p.zone, coalesce(pc.lane, ''), o.pickup_date::text,
               coalesce(p.container_id, p.planned_container_id, '')
        FROM parcel p LEFT JOIN site s ON s.id = p.site_id LEFT JOIN customer_order o ON o.id = p.order_id
        LEFT JOIN planned_container pc ON pc.container_id = p.planned_container_id AND pc.pickup_date = o.pickup_date
            AND pc.operator_id = o.operator_id
        WHERE p.id = ANY(%(ids)s) AND {PARCELS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**scope.parcel_filter(), "ids": ids},
    )
    return {row[0]: Label(row[0], row[1] or "?", (_noted(row[2], row[3]), row[4] or "", row[5])) for row in await cursor.fetchall()}


async def _containers(connection: Connection, scope: Scope, ids: list[str]) -> dict[str, Label]:
    cursor = await connection.execute(
        f"""
        SELECT c.id, coalesce(s.name, ''), c.zone, coalesce(p.lane, ''), p.run, p.pickup_date::text, p.number
        FROM container c
        LEFT JOIN LATERAL (
            SELECT * FROM planned_container p WHERE p.container_id = c.id ORDER BY pickup_date DESC LIMIT 1
        ) AS p ON true
        LEFT JOIN site s ON s.id = coalesce(p.site_id, c.site_id)
        WHERE c.id = ANY(%(ids)s) AND {CONTAINERS_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**scope.parcel_filter(), "ids": ids},
    )
    return {
        row[0]: Label(row[0], row[1] or "周转筐", (_noted(row[2], row[3]), row[5] or "", f"{row[4]} #{row[6]}" if row[4] else ""))
        for row in await cursor.fetchall()
    }


async def _shelves(connection: Connection, scope: Scope, site_id: str, ids: list[str]) -> dict[str, Label]:
    if not scope.may_see_site(site_id):
        raise not_found("site", "site")
    cursor = await connection.execute(
        "SELECT f.slot, s.name, f.zone FROM shelf f JOIN site s ON s.id = f.site_id WHERE f.site_id = %s AND f.slot = ANY(%s)",
        [site_id, ids],
    )
    return {row[0]: Label(row[0], row[0], (row[1], _noted(row[2], ""))) for row in await cursor.fetchall()}


def _noted(zone: str | None, lane: str) -> str:
    return " ".join(part for part in (_ZONES.get(zone or "", ""), lane) if part)
