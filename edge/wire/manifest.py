"""What a site is told to expect: a station its containers, parcels and whose they are, codes, staff, shelves, cells; a dock its
planned loads and staff; a van its runs and their loads. Fetched by HTTPS.

It is announced in ``desired`` by URL and SHA-256 and replaced as a whole. Masked names and last fours are in it, and so it never
travels by MQTT.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from edge.wire.codec import PayloadError
from edge.wire.fields import BootNumber, Count, Grams, Milliseconds, Name, Quantity, Seconds, StaffId, Text
from edge.wire.ids import operator_id, site_id
from edge.wire.pickup import KEY_BYTES, Scrypt
from edge.wire.presence import RunAhead

MAX_MANIFEST_BYTES = 8 * 1024 * 1024  # fifty times a large station's day

_Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
_Tail = Annotated[str, Meta(pattern=r"^[0-9]{4}$")]
_Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
_Slot = Annotated[str, Meta(pattern=r"^[A-Z]{1,2}[0-9]{1,3}$")]
_Cell = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,19}$")]


class Zone(StrEnum):
    """Temperature zones (温区)."""

    AMBIENT = "ambient"
    CHILLED = "chilled"
    FROZEN = "frozen"


class Size(StrEnum):
    """How large a parcel is, and the largest that a locker cell takes."""

    S = "S"
    M = "M"
    L = "L"

    def fits_in(self, cell: "Size") -> bool:
        """Whether a parcel of this size goes into such a cell."""
        sizes = list(Size)
        return sizes.index(self) <= sizes.index(cell)


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all: a map, unknown fields ignored, defaults left out."""


class Article(Part, frozen=True):
    """A SKU and the EANs by which it is scanned. ``weight_g`` of a piece, where it is sold by weight."""

    sku: Name
    name: Text = ""
    eans: tuple[Name, ...] = ()
    weight_g: Grams | None = None


class Line(Part, frozen=True):
    """So many of a SKU in a parcel."""

    sku: Name
    quantity: Quantity


class ExpectedContainer(Part, frozen=True):
    """One container that the van brings. ``order_bag``: parcels are in it; ``sku_bulk``: goods, which the station distributes."""

    container: Name
    operator: Name
    zone: Zone
    pack_mode: Literal["order_bag", "sku_bulk"] = "order_bag"
    run: Text = ""
    lines: tuple[Line, ...] = ()  # of goods by SKU: how many pieces are in it


class ExpectedParcel(Part, frozen=True):
    """One parcel and whose it is. ``container`` "": not known, or it is here from an earlier day.

    ``is_made_here``: no bag comes, the station makes it out of goods by SKU. ``is_breached``: it was too warm for too long, as the
    cloud knows from all its way: to be pulled, and not handed out without a word. ``seen_at``: another station (its name) scanned
    it in last; ``is_sent_on``: and has given it to a van since.
    """

    parcel: Name
    claim: Name
    order: Name
    zone: Zone
    container: Text = ""
    size: Size = Size.M
    lines: tuple[Line, ...] = ()
    is_made_here: bool = False
    is_breached: bool = False
    seen_at: Text = ""
    is_sent_on: bool = False


class OtherParcel(Part, frozen=True):
    """A parcel that is none of the day's and may lie here all the same: what staff are to be told of it.

    ``why`` later: it is this station's, for another ``day``, which begins at ``from_ms``. The others were scanned in here.
    elsewhere: it is ``station``'s (a name); cancelled: its order is; unknown: the cloud has no order for it.
    """

    parcel: Name
    why: Literal["later", "elsewhere", "cancelled", "unknown"]
    zone: Zone | None = None
    day: Text = ""
    from_ms: Milliseconds = 0
    station: Text = ""


class PlannedLoad(Part, frozen=True):
    """What one container is to carry from a dock: one station, one zone. ``container``: of the plan; another may stand in for it.

    ``day``: the pickup date. ``run`` "": its station is on no route. ``number`` counts from 1 within station and zone. Parcels are
    in it, or (``lines``) goods by SKU. ``comes_from``: another run, aboard of whose van it is: it changes vans.
    """

    container: Name
    operator: Name
    day: _Day
    station: Name
    zone: Zone
    number: Quantity
    station_name: Text = ""
    run: Text = ""
    stop: Count = 0
    lane: Text = ""
    comes_from: Text = ""
    parcels: tuple[Name, ...] = ()
    lines: tuple[Line, ...] = ()


class RunStop(Part, frozen=True):
    """Where a run comes to. ``stop`` counts from 1 on; without coordinates a van does not know when it is there."""

    stop: Quantity
    station: Name
    name: Text = ""
    lat: Annotated[float, Meta(ge=-90.0, le=90.0)] | None = None
    lon: Annotated[float, Meta(ge=-180.0, le=180.0)] | None = None


class VanRun(Part, frozen=True):
    """A run that a van is to drive, or drives. ``ends_ms``: when it is over by any reckoning, also where nobody says so."""

    operator: Name
    day: _Day
    run: Name
    state: RunAhead
    ends_ms: Milliseconds
    stops: tuple[RunStop, ...] = ()


class Claim(Part, frozen=True):
    """What one pickup code releases: a resident's parcels of one operator here. ``name`` is masked.

    ``done``: nothing of it is left here, since ``done_at_ms``: it was handed out (by ``done_how``, as `How` has it), or disposed of
    or sent back. It stays for the day, so that a code that is shown again is answered by what became of it.
    """

    claim: Name
    operator: Name
    orders: Annotated[tuple[Name, ...], Meta(min_length=1)]
    deadline_ms: Milliseconds
    name: Text = ""
    tail: _Tail | None = None
    done: Literal["", "released", "left"] = ""
    done_at_ms: Milliseconds = 0
    done_how: Text = ""


class CodeKey(Part, frozen=True):
    """A pickup code's key under the day's salt. ``token``: names a code that a proxy may use once.

    One that was taken back stays for a while, so that it is refused as such and is no guess; 0: it does not expire.
    """

    key: _Key
    claim: Name
    token: Text = ""
    is_revoked: bool = False
    expires_ms: Milliseconds = 0


class SigningKey(Part, frozen=True):
    """A public key by which QR tokens are checked."""

    key: Name
    public: _Key


class StaffMember(Part, frozen=True):
    """Somebody who may log in here. ``name`` is for the page; events carry ``staff``."""

    staff: StaffId
    name: Text = ""
    role: Literal["staff", "leader"] = "staff"
    pin_key: _Key | None = None
    badge_key: _Key | None = None


class Shelf(Part, frozen=True):
    """One shelf slot, in the order in which slots are to be filled."""

    slot: _Slot
    zone: Zone
    capacity: Quantity = 1


class LockerCell(Part, frozen=True):
    """One cell of the site's lockers. Which board and lock it is stands in the site's TOML."""

    cell: _Cell
    zone: Zone
    size: Size


class StationRules(Part, frozen=True):
    """Business rules of the station. ``takes_back``: zones whose parcels may go back; the rest is disposed of."""

    weight_tolerance: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.05
    count_within_s: Seconds = 7200
    count_reminder_s: Seconds = 1800
    guesses: Annotated[int, Meta(ge=1, le=20)] = 5
    first_lock_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    longest_lock_s: Annotated[int, Meta(ge=1, le=86_400)] = 900
    takes_back: tuple[Zone, ...] = (Zone.AMBIENT,)


class Manifest(Part, frozen=True):
    """A site's day. ``version`` counts up at a site; a lower one than that in force is refused.

    ``released``, ``removed``: of this day's parcels those that are not in it any more: handed out; sent back or disposed of.
    ``loads``: a dock's, in the order of loading, each run's last stop first; a van's are those of its ``runs``. A station has none
    of them, and neither has claims.
    """

    site: Name
    version: BootNumber
    day: _Day
    made_at_ms: Milliseconds
    code_cost: Scrypt
    staff_cost: Scrypt
    operators: tuple[Name, ...] = ()
    keys: tuple[SigningKey, ...] = ()
    revoked: tuple[Name, ...] = ()
    articles: tuple[Article, ...] = ()
    containers: tuple[ExpectedContainer, ...] = ()
    claims: tuple[Claim, ...] = ()
    codes: tuple[CodeKey, ...] = ()
    parcels: tuple[ExpectedParcel, ...] = ()
    others: tuple[OtherParcel, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    shelves: tuple[Shelf, ...] = ()
    cells: tuple[LockerCell, ...] = ()
    rules: StationRules = field(default_factory=StationRules)
    released: Count = 0
    removed: Count = 0
    loads: tuple[PlannedLoad, ...] = ()
    runs: tuple[VanRun, ...] = ()


_decoder = msgspec.json.Decoder(Manifest)
_encoder = msgspec.json.Encoder()


def encode_manifest(manifest: Manifest) -> bytes:
    """Its JSON; what `desired.manifest_sha256` is of."""
    return _encoder.encode(manifest)


def decode_manifest(payload: bytes) -> Manifest:
    """Read and check one. PayloadError names the field."""
    if len(payload) > MAX_MANIFEST_BYTES:
        raise PayloadError(f"manifest: want at most {MAX_MANIFEST_BYTES} bytes, got {len(payload)}")
    try:
        manifest = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadError(f"manifest: {str(error)[:200]}") from None
    try:
        _check(manifest)
    except ValueError as error:
        raise PayloadError(f"manifest: {error}") from None
    return manifest


def _check(manifest: Manifest) -> None:
    """What the types cannot say: names are given once, and what is referred to is there."""
    site_id(manifest.site)
    for operator in manifest.operators:
        operator_id(operator)
    claims = _once("claims", (one.claim for one in manifest.claims))
    containers = _once("containers", (one.container for one in manifest.containers))
    skus = _once("articles", (one.sku for one in manifest.articles))
    _once("articles.eans", (ean for one in manifest.articles for ean in one.eans))
    _once("parcels", (one.parcel for one in manifest.parcels))
    _once("others", (one.parcel for one in manifest.others))
    _once("codes", (one.key for one in manifest.codes))
    _once("keys", (one.key for one in manifest.keys))
    _once("staff", (one.staff for one in manifest.staff))
    _once("staff.pin_key", (one.pin_key for one in manifest.staff if one.pin_key))
    _once("staff.badge_key", (one.badge_key for one in manifest.staff if one.badge_key))
    _once("shelves", (one.slot for one in manifest.shelves))
    _once("cells", (one.cell for one in manifest.cells))
    _once("loads", (one.container for one in manifest.loads))
    _once("loads.parcels", (parcel for one in manifest.loads for parcel in one.parcels))
    _known("loads.operator", (one.operator for one in manifest.loads), set(manifest.operators))
    _known("claims.operator", (one.operator for one in manifest.claims), set(manifest.operators))
    _known("codes.claim", (one.claim for one in manifest.codes), claims)
    _known("parcels.claim", (one.claim for one in manifest.parcels), claims)
    _known("parcels.container", (one.container for one in manifest.parcels if one.container), containers)
    _known("loads.lines.sku", (line.sku for one in manifest.loads for line in one.lines), skus)
    _known("containers.lines.sku", (line.sku for one in manifest.containers for line in one.lines), skus)
    _known("parcels.lines.sku", (line.sku for one in manifest.parcels for line in one.lines), skus)


def _once(field_name: str, names: Iterable[str | bytes]) -> set[str | bytes]:
    seen: set[str | bytes] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{field_name}: {_shown(name)} is given twice")
        seen.add(name)
    return seen


def _known(field_name: str, names: Iterable[str], known: set[str | bytes] | set[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{field_name}: {name[:80]!r} is not in this manifest")


def _shown(name: str | bytes) -> str:
    return "a key" if isinstance(name, bytes) else repr(name[:80])
