"""What a resident or a worker shows: pickup codes, signed QR tokens, PINs and badges. Their form, and how each is checked offline.

A pickup code is 8 digits, shown ``4829 1306``. Its key is scrypt under the salt of one station and one day, the same for all codes
of that day, so that one derivation finds the code among any number. Whoever steals the machine can try all 10^8 codes against that
day's keys: at the default cost about 10^7 seconds of one core, and some hours until the first of 300 is hit. It exposes one
station's day, never more. PINs are shorter and so is their search; they count at one station only.

A QR is ``TTQ:`` and base32 of payload and signature: capitals and digits, which a keyboard-wedge scanner types right under any
layout, in QR's alphanumeric mode. The payload is a msgpack array, signed with Ed25519:

    version | key id | token id | site | expires, s since 1970 | order ids | is proxy        then 64 bytes of signature
"""

import base64
import binascii
import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta

QR_PREFIX = "TTQ:"
BADGE_PREFIX = "TTB:"
CODE_DIGITS = 8
TAIL_DIGITS = 4
KEY_BYTES = 32
MAX_QR_LENGTH = 512  # what the scanners' drivers let through
_SIGNATURE_BYTES = 64
_DOMAIN = b"tuantu pickup token 1\0"  # a signature made for anything else is none here
_PIN_LENGTHS = range(4, 9)

_Short = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[^\u0000]*$")]
_OrderId = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]


class Scrypt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 7914: a salt and what one derivation costs. 2^14 and 8: 16 MB and a tenth of a second of a desktop's core."""

    salt: Annotated[bytes, Meta(min_length=16, max_length=64)]
    n: Literal[1024, 2048, 4096, 8192, 16384, 32768] = 16384  # at most 32 MB: a Pi has other things to keep
    r: Literal[8] = 8
    p: Annotated[int, Meta(ge=1, le=4)] = 1


class PickupToken(msgspec.Struct, frozen=True, array_like=True):
    """What a QR says: these orders may be handed out at this site until then. ``is_proxy``: once."""

    version: Literal[1]
    key: _Short
    token: _Short
    site: _Short
    expires_s: Annotated[int, Meta(ge=0, le=2**40)]
    orders: Annotated[tuple[_OrderId, ...], Meta(min_length=1, max_length=20)]
    is_proxy: bool = False


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token as it was read; worth nothing until `is_signed_by` says so."""

    token: PickupToken
    payload: bytes
    signature: bytes


class TokenError(ValueError):
    """The text is no token; the reason is for a log, not for whoever holds the phone."""


_decode = msgspec.msgpack.Decoder(PickupToken).decode


def sign_token(token: PickupToken, private: Ed25519PrivateKey) -> str:
    """The text of the QR. ValueError where it would be too long for the scanners."""
    payload = msgspec.msgpack.encode(token)
    signed = base64.b32encode(payload + private.sign(_DOMAIN + payload)).decode().rstrip("=")
    text = QR_PREFIX + signed
    if len(text) > MAX_QR_LENGTH:
        raise ValueError(f"orders: want fewer, the QR would have {len(text)} characters of {MAX_QR_LENGTH}")
    return text


def read_token(text: str) -> SignedToken:
    """Take a QR's text apart, in capitals or not. TokenError."""
    text = text.strip().upper()
    if not text.startswith(QR_PREFIX) or len(text) > MAX_QR_LENGTH:
        raise TokenError(f"want {QR_PREFIX} and at most {MAX_QR_LENGTH} characters")
    body = text.removeprefix(QR_PREFIX)
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        raise TokenError("no base32") from None
    payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    try:
        return SignedToken(_decode(payload), payload, signature)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TokenError(str(error)[:200]) from None


def is_signed_by(signed: SignedToken, public: bytes) -> bool:
    """Whether the holder of the private half of ``public`` (32 bytes) made it."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signed.signature, _DOMAIN + signed.payload)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_code(text: str) -> str | None:
    """The 8 digits of a pickup code however it is written: ``4829 1306``, ``4829-1306``, full-width. None: it is none."""
    return _digits(text, CODE_DIGITS)


def read_tail(text: str) -> str | None:
    """A phone's last four digits. None: they are none."""
    return _digits(text, TAIL_DIGITS)


def read_pin(text: str) -> str | None:
    """A PIN of 4 to 8 digits. None: it is none."""
    return next((pin for length in _PIN_LENGTHS if (pin := _digits(text, length)) is not None), None)


def shown_code(code: str) -> str:
    """As a resident reads it out: ``4829 1306``."""
    return f"{code[:4]} {code[4:]}"


def secret_key(secret: str, cost: Scrypt) -> bytes:
    """The 32 bytes under which a code or a PIN is found. Takes a core for 0.05 to 0.5 s, and 128 * n * r bytes; never on a loop."""
    memory = 128 * cost.n * cost.r * cost.p
    return hashlib.scrypt(
        secret.encode(), salt=cost.salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory + 2**20, dklen=KEY_BYTES
    )  # fmt: skip


def badge_key(text: str, salt: bytes) -> bytes | None:
    """The 32 bytes under which a badge is found; None: no badge. Its 128 random bits need no slow derivation."""
    text = text.strip().upper()
    return hashlib.sha256(salt + text.encode()).digest() if text.startswith(BADGE_PREFIX) else None


def _digits(text: str, count: int) -> str | None:
    plain = "".join(unicodedata.normalize("NFKC", text[:64]).split()).replace("-", "")
    return plain if len(plain) == count and plain.isascii() and plain.isdigit() else None
