"""What the staff page sends to do something, and what it is sent back: JSON, times in ms since 1970 of the domain clock."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from edge.http.forms import ACTOR, ClockView, Form, OtherView, ScanView
from edge.wire.labels import as_printed, half_width
from edge.wire.messages import Problem


def _as_slot(value: object) -> object:
    return half_width(value).strip().upper() if isinstance(value, str) else value


Label = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(as_printed)]
Sku = Annotated[str, Field(min_length=1, max_length=512)]
Photo = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
Pieces = Annotated[int, Field(ge=1, le=1_000_000)]
Run = Annotated[str, Field(max_length=200)]


class ActForm(Form):
    """Base of all acts. ``actor`` counts only at a station whose manifest names no staff; elsewhere it is who is logged in."""

    actor: str = Field(default="", pattern=ACTOR)


class SignForm(ActForm):
    container: Label
    condition: Literal["intact", "seal_broken", "damaged"] = "intact"
    photo: Photo = ""


class ContainerForm(ActForm):
    container: Label
    run: Run = ""


class ReportForm(ActForm):
    """``sku`` empty: the whole parcel."""

    parcel: Label
    problem: Problem
    sku: str = Field(default="", max_length=512)
    quantity: Pieces = 1
    photo: Photo = ""


class WeighForm(ActForm):
    parcel: Label
    sku: Sku
    quantity: Pieces = 1
    weight_g: int = Field(ge=0, le=10_000_000)
    photo: Photo = ""


class GoodsForm(ActForm):
    """Pieces of an article: out of ``container``."""

    container: Label
    sku: Sku
    quantity: Pieces = 1


class GiveForm(ActForm):
    """Pieces of an article: into ``parcel``, or the next bag that lacks them."""

    sku: Sku
    quantity: Pieces = 1
    parcel: str = Field(default="", max_length=64)


class NothingForm(ActForm):
    """An act that needs no more than its name."""


class ShelveForm(ActForm):
    parcel: Label
    slot: Annotated[str, BeforeValidator(_as_slot), Field(pattern=r"^[A-Z]{1,2}[0-9]{1,3}$")]


class PlaceForm(ActForm):
    parcel: Label
    cell: str = Field(min_length=1, max_length=20)


class RemoveForm(ActForm):
    parcel: Label
    reason: Literal["expired", "mistake", "fault", "moved"]


class StockTakeForm(ActForm):
    """``scope``: a shelf's letters; empty: everything."""

    scope: str = Field(default="", pattern=r"^[A-Z]{0,2}$")


class DisposeForm(ActForm):
    parcel: Label
    reason: Literal["expired", "spoiled", "damaged", "temp_breach", "recalled"]
    photo: Photo = ""


class ReturnForm(ActForm):
    parcel: Label
    container: str = Field(default="", max_length=64)
    run: Run = ""


class AskForm(ActForm):
    """A QR's text, eight digits, or a phone's last four."""

    text: str = Field(min_length=1, max_length=512)


class ToldForm(ActForm):
    parcel: Label


class AskedForm(ActForm):
    """``question``: the id of the answer; ``parcels`` empty: all that are ready."""

    question: str = Field(min_length=1, max_length=64)
    claim: str = Field(min_length=1, max_length=512)
    parcels: list[Label] = Field(default=[], max_length=200)


class HandOutForm(AskedForm):
    """``told``: what was too warm is among them, and the resident knows."""

    told: bool = False


class RefuseForm(AskedForm):
    reason: Literal["declined", "staff"]


class ReserveForm(ActForm):
    parcel: Label


class OpenCellForm(ActForm):
    """``parcel``: that is put in or taken out; for a look there is none."""

    cell: str = Field(min_length=1, max_length=20)
    purpose: Literal["placing", "removal", "check"]
    parcel: str = Field(default="", max_length=64)
    reason: Literal["expired", "mistake", "fault", "moved"] = "mistake"


class CellUseForm(ActForm):
    cell: str = Field(min_length=1, max_length=20)
    blocked: bool


class CabinetForm(Form):
    """What a resident shows at the cabinet: a QR's text, or eight digits."""

    text: str = Field(min_length=1, max_length=512)


class PairForm(Form):
    """A PIN or a badge of staff."""

    secret: str = Field(min_length=1, max_length=200)


class UnpairForm(ActForm):
    """A terminal's name as a device."""

    device: str = Field(min_length=1, max_length=64)


class TerminalList(Form):
    """Paired terminals, by their names as devices. ``kiosk``: this machine's own browser is one, too."""

    terminals: list[str]
    kiosk: bool


class OpenedView(Form):
    """A cell with something of theirs. ``word`` "refused": it stays shut, and ``detail`` says why. ``open``: its door still is."""

    cell: str
    word: str
    detail: str
    open: bool


class CabinetAnswer(Form):
    """Shown at the cabinet, where anybody looks on: no name. ``word``, ``detail``: of what was asked; ``wait_s``: while locked.

    ``at_counter``: so many parcels are theirs too, and lie at the counter; ``ask_staff``: so many lie in cells that stay shut until
    staff have spoken with them. ``busy``: more is to come. Another ``number``: somebody else asked.
    """

    number: int
    busy: bool
    word: str
    detail: str
    wait_s: int
    opened: list[OpenedView]
    at_counter: int
    ask_staff: int


class CabinetView(Form):
    """What a terminal shows. ``paired``: whether this device may ask; else nothing is shown. ``scanner``: there is one to hold a QR
    before. ``pickup``: of whoever stands there; None: nobody does.
    """

    name: str
    paired: bool
    scanner: bool
    clock: ClockView
    pickup: CabinetAnswer | None


class CellView(Form):
    """Three signals: ``state`` is the books' (free, reserved, occupied, open, fault or blocked), the others the board's.

    ``cause``: why it is open, at fault or blocked. ``overdue``: what is in it should have been fetched. ``lock``: whether this
    site's file names one for it.
    """

    cell: str
    zone: str
    size: str
    state: str
    cause: str
    parcel: str
    overdue: bool
    door: Literal["open", "closed", "unknown"]
    article: Literal["present", "absent", "unknown"]
    lock: bool


class CellList(Form):
    cells: list[CellView]


class PhotoAnswer(Form):
    """What to put into ``photo`` of an act."""

    sha256: str


class CodeView(Form):
    """One code on a photograph. ``text``: as POST /api/scan takes it; ``kind``: what it names; ``fault``: why it is no label."""

    text: str
    symbology: str
    kind: Literal["parcel", "container", "product", "unknown"]
    fault: str


class PhotoCodes(Form):
    """Everything that was read off one photograph; nothing of it is booked yet."""

    codes: list[CodeView]


class LogInForm(Form):
    """A PIN, or a badge's text."""

    secret: str = Field(min_length=1, max_length=200)


class ItemView(Form):
    """``weight_g``: what one piece was declared to weigh; null where it is not sold by weight."""

    name: str
    sku: str
    quantity: int
    weight_g: int | None


class ParcelView(Form):
    """``place``: shelf slot or locker cell. ``too_warm``: handed out only once the resident was told. ``seen_at``: another station
    scanned it in last; ``sent_on``: and gave it to a van.
    """

    parcel: str
    state: str
    place: str
    zone: str
    container: str
    problems: list[str]
    overdue: bool
    ready: bool
    too_warm: bool
    items: list[ItemView]
    seen_at: str = ""
    sent_on: bool = False


class ClaimView(Form):
    """A person as staff may see them: masked."""

    claim: str
    operator: str
    name: str
    deadline_ms: int
    parcels: list[ParcelView]


class AnswerView(Form):
    """``question`` empty: refused, and ``act`` says why."""

    question: str
    act: ScanView
    claims: list[ClaimView]


class ActAnswer(Form):
    """``actor``: who did it."""

    act: ScanView


class ContainerView(Form):
    """``received`` and ``missing`` in parcels, or in pieces where it came by SKU.

    ``remind_at_ms``, ``count_by_ms``: when staff are to be reminded to count it, and by when to have done it; null: no need.
    """

    container: str
    operator: str
    zone: str
    pack_mode: Literal["order_bag", "sku_bulk"]
    state: str
    signed: bool
    counted: bool
    expected: int
    received: int
    missing: int
    remind_at_ms: int | None
    count_by_ms: int | None


class AsideView(Form):
    """A parcel that lies here and is none of the day's: whose it is, where that is known."""

    parcel: ParcelView
    other: OtherView


class DayView(Form):
    """What is expected, and how far it came. ``version`` 0: no manifest was ever received. ``aside``: what lies here besides.

    ``weight_tolerance``: the share of a declared weight that may lack on the scales.
    """

    version: int
    day: str
    made_at_ms: int
    has_staff: bool
    weight_tolerance: float
    stock_take: str | None
    containers: list[ContainerView]
    expected: int  # all of the day, those that have left included
    received: int
    released: int
    missing: int
    ready: int
    overdue: int
    aside: list[AsideView]


class HereView(Form):
    parcels: list[ParcelView]


class SlotView(Form):
    """Where a parcel should go; empty: nobody knows."""

    slot: str


class ToShelveView(Form):
    """What was received and lies nowhere yet; ``slot`` as in `SlotView`."""

    parcel: ParcelView
    slot: str


class ShelfQueueView(Form):
    """``waiting``: how many in all; ``parcels``: the first of them, cold first."""

    waiting: int
    parcels: list[ToShelveView]


class WorkerView(Form):
    """Who is logged in at this page. ``device``: the page, as events call it."""

    staff: str
    name: str
    since_ms: int | None
    device: str


class PiecesView(Form):
    """One article out of a container."""

    sku: str
    name: str
    expected: int
    counted: int


class ContainerDetail(Form):
    """``parcels``: expected in it, or taken out of it; ``goods``: where it came by SKU."""

    container: str
    is_expected: bool
    zone: str
    pack_mode: Literal["order_bag", "sku_bulk"]
    state: str
    signed: bool
    counted: bool
    parcels: list[ParcelView]
    goods: list[PiecesView]


class BagView(Form):
    parcel: str
    wanted: int
    given: int


class SharesView(Form):
    """``stock``: pieces that were counted and are in no bag yet. ``bags``: in the order in which they are filled."""

    sku: str
    name: str
    stock: int
    bags: list[BagView]


class GoodsList(Form):
    goods: list[SharesView]


class StockTakeView(Form):
    """``scope`` null: none is going on. ``left``: booked here and not seen yet."""

    scope: str | None
    expected: int
    seen: int
    left: list[ParcelView]


class StaffView(Form):
    staff: str
    name: str


class StaffList(Form):
    staff: list[StaffView]
