"""Links: a signed token that names one order (or a run, or a leader) until a time, and can be taken back.

The token carries no personal data. Whether it was revoked is the order's ``link_version``, which the reader of the order compares.
"""

import hashlib
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import SecretStr

from cloud.auth.secrets import derive_key
from edge.wire.clock import Clock

# Pickup, reminders and the days for after-sales; a forwarded link dies with it.
LINK_LIFE_MS = 7 * 24 * 3600 * 1000
MAX_TOKEN_CHARACTERS = 600
# A leader is bound once, by QR; after a season somebody looks whether they still lead the group.
LEADER_LINK_LIFE_MS = 90 * 24 * 3600 * 1000
LEADER_LINKS = "leader-link-1"


class LinkError(ValueError):
    """The token is not ours, altered or expired; the text is for the resident."""


class LinkExpiredError(LinkError):
    """It was ours, and its time has passed."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a good token says. ``order_id``: or what else a link of its kind names, such as ``operator/leader``."""

    order_id: str
    expires_ms: int
    version: int


def looks_like_link(token: str) -> bool:
    """True for the form of a link token: it has a dot, a session's token never has."""
    return "." in token


class LinkSigner:
    """Makes and reads link tokens; expiry by the injected clock. ``salt`` tells kinds of links apart."""

    def __init__(self, secret: SecretStr, clock: Clock, salt: str = "resident-link-1") -> None:
        self._secret = secret
        self._serializer = URLSafeSerializer(
            derive_key(secret, "resident link"), salt=salt, signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._clock = clock

    def of_kind(self, salt: str) -> "LinkSigner":
        """Signs links of another kind with the same secret; neither reads the other's."""
        return LinkSigner(self._secret, self._clock, salt)

    def sign(self, order_id: str, version: int, *, life_ms: int = LINK_LIFE_MS) -> str:
        """A token for one order, good for ``life_ms`` of domain time."""
        token = self._serializer.dumps([order_id, self._clock.now_ms() + life_ms, version])
        return token if isinstance(token, str) else token.decode()

    def read(self, token: str) -> Link:
        """What a token names. LinkError where it is altered, LinkExpiredError where its time has passed."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise LinkError("this link is not one of ours")
        try:
            said = self._serializer.loads(token)
        except BadSignature:
            raise LinkError("this link is not one of ours, or was cut short when it was copied") from None
        match said:
            case [str(order_id), int(expires_ms), int(version)]:
                link = Link(order_id, expires_ms, version)
            case _:
                raise LinkError("this link was made by another release")
        if self.is_expired(link):
            raise LinkExpiredError("this link has expired")
        return link

    def is_expired(self, link: Link) -> bool:
        """True once the link's time has passed."""
        return self._clock.now_ms() >= link.expires_ms
