"""What the dock page sends to do something, and what it is sent back: JSON, as `edge.http.act_forms`."""

from typing import Annotated, Literal

from pydantic import Field

from edge.http.act_forms import ActForm, Label
from edge.http.forms import Form
from edge.wire.presence import DockMode

PlaceName = Annotated[str, Field(max_length=64)]
RunKey = Annotated[str, Field(max_length=500)]


class SitForm(ActForm):
    """``place``: a scanner's name, which from now on does what this page says; empty: the shared place."""

    place: PlaceName


class DockModeForm(ActForm):
    mode: DockMode


class RunForm(ActForm):
    """``run`` empty: whichever is scanned first."""

    run: RunKey


class StandInForm(ActForm):
    """``load``: a container of the plan; the next container that is scanned takes its load. Empty: never mind."""

    load: str = Field(max_length=64)


class SealForm(ActForm):
    """``short``: although parcels lack."""

    container: Label
    short: bool = False


class CountForm(ActForm):
    """Pieces of an article that were counted into a container by hand."""

    container: Label
    sku: str = Field(min_length=1, max_length=64)
    quantity: int = Field(ge=1, le=10_000)


class EmptyForm(ActForm):
    container: Label


class LostForm(ActForm):
    container: Label
    note: str = Field(default="", max_length=200)


class PlaceView(Form):
    """What goes on at a place; ``place`` empty is the shared one."""

    place: str
    mode: DockMode
    container: str
    load: str
    run: str


class GoodsView(Form):
    """Pieces of an article that are to be put into a container that goes by SKU, and that were counted into it."""

    sku: str
    name: str
    quantity: int
    counted: int


class ArticleView(Form):
    sku: str
    name: str


class ArticleList(Form):
    articles: list[ArticleView]


class ShortView(Form):
    """A container that was closed although something lacks. ``lacks``: parcels and pieces."""

    container: str
    lane: str
    zone: Literal["ambient", "chilled", "frozen"]
    number: int
    lacks: int


class LoadView(Form):
    """``load``: the plan's container; ``container``: the one that carries it, or is to. ``lacks``: parcels that are not in it.

    ``goods``: of one that goes by SKU; who likes counts them in by their EAN. ``lacking_pieces``: 0 where nobody counted.
    """

    load: str
    container: str
    bound: bool
    state: str
    operator: str
    day: str
    station: str
    station_name: str
    zone: Literal["ambient", "chilled", "frozen"]
    number: int
    run: str
    stop: int
    lane: str
    parcels: int
    sorted: int
    packed: int
    lacks: list[str]
    goods: list[GoodsView]
    lacking_pieces: int


class RunView(Form):
    """One run; ``run`` is its key. ``left``: what is not in the van and waited for: what was packed and is lost is not.
    ``next``: the lane that is to be loaded now, empty where nothing lacks.
    """

    run: str
    name: str
    operator: str
    day: str
    containers: int
    sealed: int
    loaded: int
    lost: int
    left: int
    parcels: int
    sorted: int
    packed: int
    next: str
    short: list[ShortView]


class DockView(Form):
    """How far the dock is. ``version`` 0: no plan yet. ``device``: this page, as events call it; ``place``: where it works;
    ``open``: what is packed into there.
    """

    device: str
    version: int
    day: str
    made_at_ms: int
    has_staff: bool
    place: PlaceView
    places: list[PlaceView]
    runs: list[RunView]
    open: LoadView | None
    unrouted: int
    lost: list[LoadView]


class LoadList(Form):
    """In the order of loading."""

    loads: list[LoadView]
