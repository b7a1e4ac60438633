"""The cloud's half of what a resident shows at a counter: codes sealed at rest, QR tokens signed.

Both keys follow from the installation's secret, so that every process has them and none is stored.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from cloud.auth.secrets import derive_key
from edge.wire.manifest import SigningKey
from edge.wire.pickup import CODE_DIGITS, PickupToken, sign_token

_NONCE_BYTES = 12
# Names the key in tokens and manifests; another secret gives another.
_KEY_NAME_DIGITS = 8


class UnreadableCodeError(ValueError):
    """A sealed code that this installation's secret does not open."""


@dataclass(frozen=True, slots=True)
class SealedCode:
    """A code as the database keeps it; ``lookup`` is equal for equal codes of one site."""

    sealed: bytes
    lookup: bytes


def new_code() -> str:
    """Eight random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def new_token() -> str:
    """The name of a token: 96 random bits."""
    return secrets.token_hex(12)


class PickupKeys:
    """Seals, opens and signs. SecretMissingError where the installation has no secret."""

    def __init__(self, secret: SecretStr) -> None:
        self._cipher = AESGCM(derive_key(secret, "pickup code encryption"))
        self._hash_key = derive_key(secret, "pickup code look-up")
        self._private = Ed25519PrivateKey.from_private_bytes(derive_key(secret, "pickup token signing"))
        self._public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._name = hashlib.sha256(self._public).hexdigest()[:_KEY_NAME_DIGITS]

    @property
    def signing_key(self) -> SigningKey:
        """What stations check tokens by."""
        return SigningKey(key=self._name, public=self._public)

    def seal(self, site_id: str, code: str) -> SealedCode:
        """Bound to its site: a row copied to another does not open."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, code.encode(), site_id.encode())
        return SealedCode(sealed, hmac.new(self._hash_key, f"{site_id}\0{code}".encode(), hashlib.sha256).digest())

    def open(self, site_id: str, sealed: bytes) -> str:
        """The code again. UnreadableCodeError."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], site_id.encode()).decode()
        except InvalidTag:
            raise UnreadableCodeError("sealed under another TUANTU_SECRET or for another site") from None

    def sign(self, token: str, site_id: str, orders: Sequence[str], expires_ms: int, *, is_proxy: bool) -> str:
        """The text of a QR. ValueError where so many orders make it too long for scanners."""
        said = PickupToken(1, self._name, token, site_id, expires_ms // 1000, tuple(orders), is_proxy)
        return sign_token(said, self._private)
