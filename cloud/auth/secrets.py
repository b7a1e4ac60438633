"""Keys derived from the installation's one secret (``TUANTU_SECRET``), one a purpose, so that no two uses share a key.

HKDF-SHA256 (RFC 5869) without salt: the secret is random already; ``info`` separates the purposes.
"""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_KEY_BYTES = 32


class SecretMissingError(RuntimeError):
    """TUANTU_SECRET is not set; the text says what to do."""


def derive_key(secret: SecretStr, purpose: str) -> bytes:
    """32 bytes for one purpose, such as ``phone encryption``. SecretMissingError where no secret is set."""
    text = secret.get_secret_value()
    if not text:
        raise SecretMissingError("TUANTU_SECRET: missing; set it to the output of: openssl rand -hex 32")
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"tuantu {purpose}".encode()).derive(text.encode())
