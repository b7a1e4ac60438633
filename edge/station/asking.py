"""What somebody shows or says to get their parcels, read and judged. Pure.

Deriving a code's key and looking things up is the caller's; handing out is ``edge.station.handout``'s.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from edge.wire.counter import Refusal
from edge.wire.manifest import CodeKey
from edge.wire.pickup import QR_PREFIX, SignedToken, TokenError, is_signed_by, read_code, read_tail, read_token

CLOCK_GRACE_MS = 5 * 60_000  # a clock is believed within five minutes of the cloud's (edge.wire.order)


@dataclass(frozen=True, slots=True)
class QrAsked:
    """A QR was shown; nothing is believed of it yet."""

    signed: SignedToken


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """Eight digits. To be derived off the loop: it takes a while on purpose."""

    code: str


@dataclass(frozen=True, slots=True)
class TailAsked:
    """A phone's last four digits."""

    tail: str


Question = QrAsked | CodeAsked | TailAsked


@dataclass(frozen=True, slots=True)
class House:
    """What a token is judged by. ``keys``: public halves by name; ``revoked`` and ``used``: token ids."""

    site: str
    operators: Container[str]
    keys: Mapping[str, bytes]
    revoked: Container[str]
    used: Container[str]


def read_question(text: str) -> Question | None:
    """Whatever was scanned or typed. None: neither QR, code nor last four."""
    if text.strip().upper().startswith(QR_PREFIX):
        try:
            return QrAsked(read_token(text))
        except TokenError:
            return None
    if (code := read_code(text)) is not None:
        return CodeAsked(code)
    if (tail := read_tail(text)) is not None:
        return TailAsked(tail)
    return None


def judge_token(signed: SignedToken, house: House, now_ms: int) -> Refusal | None:
    """Why a token opens nothing here, the gravest reason first; None: it is good. ``now_ms``: the time that is believed."""
    token = signed.token
    public = house.keys.get(token.key)
    if public is None or not is_signed_by(signed, public):
        return Refusal.BAD_SIGNATURE
    if token.site != house.site:
        return Refusal.WRONG_SITE
    if any(order.partition("/")[0] not in house.operators for order in token.orders):
        return Refusal.OTHER_OPERATOR
    if now_ms > token.expires_s * 1000 + CLOCK_GRACE_MS:
        return Refusal.EXPIRED
    return judge_use(token.token, house, is_proxy=token.is_proxy)


def judge_use(token: str, house: House, *, is_proxy: bool) -> Refusal | None:
    """Whether a token, or a proxy's code of that name, was revoked or used up."""
    if token in house.revoked:
        return Refusal.REVOKED
    return Refusal.USED if is_proxy and token in house.used else None


def judge_code(code: CodeKey, now_ms: int) -> Refusal | None:
    """Why a code that was found opens nothing; None: it does."""
    if code.is_revoked:
        return Refusal.REVOKED
    return Refusal.EXPIRED if code.expires_ms and now_ms > code.expires_ms + CLOCK_GRACE_MS else None
