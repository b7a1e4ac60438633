"""What is gone for good, and taking note of it. Losses are the installation's, not an operator's: an admin's matter."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Admin, ServicesDep, Transaction
from cloud.api.errors import ApiError
from cloud.api.text import Text, iso_or_none
from cloud.auth.audit import write_audit
from cloud.store import losses as stored
from cloud.store.losses import Loss, LossKind

router = APIRouter(prefix="/api/losses", tags=["losses"])


class LossOut(BaseModel):
    """``open``: what nobody has taken note of, a reason to worry in /health. ``acknowledged_by`` null: nobody ever did."""

    kind: LossKind
    total: int
    open: int
    acknowledged: int
    acknowledged_at: str | None
    acknowledged_by: str | None
    note: str | None


class LossList(BaseModel):
    losses: list[LossOut]


class AcknowledgeIn(BaseModel):
    """``total``: the number that was seen; what is lost after it stays open."""

    model_config = ConfigDict(extra="forbid")
    total: int = Field(ge=1, lt=2**62)
    note: Text = Field(default="", max_length=500)


@router.get("")
async def list_losses(_account: Admin, connection: Transaction) -> LossList:
    """Every kind of loss, also those of which nothing is lost."""
    return LossList(losses=[_out(one) for one in (await stored.losses(connection)).values()])


@router.post("/{kind}/acknowledge")
async def acknowledge(
    kind: LossKind, wanted: AcknowledgeIn, account: Admin, services: ServicesDep, connection: Transaction
) -> LossOut:
    """Take note of what is lost: /health is well again, the number stays."""
    now = services.now()
    try:
        loss = await stored.acknowledge(connection, kind, wanted.total, now, account.display_name, wanted.note, account.id)
    except stored.LossError as error:
        raise ApiError(409, "loss_number", "total", wanted=str(error)) from None
    await write_audit(connection, now, account.id, "loss.acknowledge", kind, {"total": wanted.total})
    return _out(loss)


def _out(loss: Loss) -> LossOut:
    return LossOut(
        kind=loss.kind, total=loss.total, open=loss.open, acknowledged=loss.acknowledged,
        acknowledged_at=iso_or_none(loss.acknowledged_at), acknowledged_by=loss.acknowledged_by, note=loss.note,
    )  # fmt: skip
