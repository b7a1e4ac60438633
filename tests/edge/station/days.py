"""A station's day for tests: two containers, three residents of two operators, staff, shelves, cells. Codes are cheap to derive."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.wire.labels import container_label, parcel_label
from edge.wire.manifest import (
    Article,
    Claim,
    CodeKey,
    ExpectedContainer,
    ExpectedParcel,
    Line,
    LockerCell,
    Manifest,
    Shelf,
    SigningKey,
    Size,
    StaffMember,
    Zone,
)
from edge.wire.pickup import PickupToken, Scrypt, badge_key, secret_key, sign_token

SITE, OPERATOR, OTHER = "st-1", "demo", "fresh"
NOON_MS = 1_767_240_000_000  # 2026-01-01 12:00 at the station
DEADLINE_MS = NOON_MS + 9 * 3_600_000
CODES = Scrypt(salt=b"the salt of a day", n=1024)
STAFF = Scrypt(salt=b"the salt of staff", n=1024)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
BADGE = "TTB:GEZDGNBVGY3TQOJQGEZDGNBVGY"

BAGS, BULK = container_label(1), container_label(2)
# Wang has an ambient and a chilled parcel, Li one, both with demo; Zhao one with fresh, whose goods come by SKU.
WANG_1, WANG_2, LI_1, ZHAO_1, STRANGE = (parcel_label(serial) for serial in (1, 2, 3, 4, 99))
RICE, MILK = "G1000", "G2000"
RICE_EAN, MILK_EAN = "6901234567892", "6909876543210"
CODE_OF = {"c-wang": "48291306", "c-li": "11223344", "c-zhao": "90807060"}
PROXY_CODE, PROXY_TOKEN = "55554444", "px-1"


@cache
def manifest(version: int = 1, revoked: tuple[str, ...] = ()) -> Manifest:
    """The day."""
    return Manifest(
        site=SITE,
        version=version,
        day="2026-01-01",
        made_at_ms=NOON_MS - 12 * 3_600_000,
        code_cost=CODES,
        staff_cost=STAFF,
        operators=(OPERATOR, OTHER),
        keys=(SigningKey(key="k1", public=PRIVATE.public_key().public_bytes_raw()),),
        revoked=revoked,
        articles=(
            Article(sku=RICE, name="东北大米5kg", eans=(RICE_EAN,), weight_g=5000),
            Article(sku=MILK, name="鲜牛奶950ml", eans=(MILK_EAN,)),
        ),
        containers=(
            ExpectedContainer(container=BAGS, operator=OPERATOR, zone=Zone.AMBIENT, run="run-1"),
            ExpectedContainer(
                container=BULK, operator=OTHER, zone=Zone.AMBIENT, pack_mode="sku_bulk", lines=(Line(sku=RICE, quantity=3),)
            ),
        ),
        claims=(
            Claim(claim="c-wang", operator=OPERATOR, orders=(f"{OPERATOR}/1",), deadline_ms=DEADLINE_MS, name="王**", tail="5678"),
            Claim(claim="c-li", operator=OPERATOR, orders=(f"{OPERATOR}/2",), deadline_ms=DEADLINE_MS, name="李*", tail="5678"),
            Claim(claim="c-zhao", operator=OTHER, orders=(f"{OTHER}/1",), deadline_ms=DEADLINE_MS, name="赵**", tail="0001"),
        ),
        codes=(
            *(CodeKey(key=secret_key(code, CODES), claim=claim) for claim, code in CODE_OF.items()),
            CodeKey(key=secret_key(PROXY_CODE, CODES), claim="c-wang", token=PROXY_TOKEN),
        ),
        parcels=(
            ExpectedParcel(
                parcel=WANG_1,
                claim="c-wang",
                order=f"{OPERATOR}/1",
                zone=Zone.AMBIENT,
                container=BAGS,
                lines=(Line(sku=RICE, quantity=1),),
            ),
            ExpectedParcel(
                parcel=WANG_2,
                claim="c-wang",
                order=f"{OPERATOR}/1",
                zone=Zone.CHILLED,
                container=BAGS,
                size=Size.S,
                lines=(Line(sku=MILK, quantity=2),),
            ),
            ExpectedParcel(
                parcel=LI_1,
                claim="c-li",
                order=f"{OPERATOR}/2",
                zone=Zone.AMBIENT,
                container=BAGS,
                size=Size.L,
                lines=(Line(sku=RICE, quantity=2),),
            ),
            ExpectedParcel(
                parcel=ZHAO_1,
                claim="c-zhao",
                order=f"{OTHER}/1",
                zone=Zone.AMBIENT,
                lines=(Line(sku=RICE, quantity=3),),
                is_made_here=True,
            ),
        ),
        staff=(
            StaffMember(
                staff="staff-1",
                name="陈姐",
                role="leader",
                pin_key=secret_key("1357", STAFF),
                badge_key=badge_key(BADGE, STAFF.salt),
            ),
            StaffMember(staff="staff-2", name="小周", pin_key=secret_key("24680", STAFF)),
        ),
        shelves=(
            Shelf(slot="A1", zone=Zone.AMBIENT, capacity=2),
            Shelf(slot="A2", zone=Zone.AMBIENT, capacity=2),
            Shelf(slot="C1", zone=Zone.CHILLED, capacity=2),
        ),
        cells=(
            LockerCell(cell="1-01", zone=Zone.AMBIENT, size=Size.M),
            LockerCell(cell="1-02", zone=Zone.AMBIENT, size=Size.L),
            LockerCell(cell="1-03", zone=Zone.CHILLED, size=Size.S),
        ),
    )


def qr(
    *orders: str, site: str = SITE, key: str = "k1", token: str = "t-1", expires_ms: int = DEADLINE_MS, is_proxy: bool = False
) -> str:
    """What a resident's phone shows."""
    return sign_token(PickupToken(1, key, token, site, expires_ms // 1000, orders, is_proxy), PRIVATE)
