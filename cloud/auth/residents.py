"""What is known of a resident, kept so that a stolen table tells nothing: encrypted, a keyed hash, the tail.

ARCHITECTURE, decision 17. Leaves who may unmask it, and when, to its callers.
"""

import hashlib
import hmac
import os
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from cloud.auth.secrets import derive_key

_NONCE_BYTES = 12
# A leading byte, so that another cipher or key can follow without guessing which one wrote a row.
_FORM = b"\x01"
_SEPARATORS = re.compile(r"[\s()\-.]")
_PHONE = re.compile(r"\+?[0-9]{7,15}\Z")


class UnreadableError(ValueError):
    """A ciphertext that this installation's secret does not open."""


@dataclass(frozen=True, slots=True)
class SealedPhone:
    """A phone number as the database keeps it."""

    encrypted: bytes
    lookup_hash: bytes
    tail: str


def normal_phone(text: str) -> str:
    """A phone number as digits, +86 taken off. ValueError where it is none: 7 to 15 digits (ITU-T E.164)."""
    phone = _SEPARATORS.sub("", text)
    if not phone.isascii() or not _PHONE.match(phone):
        raise ValueError("want a phone number of 7 to 15 digits")
    phone = phone.removeprefix("+")
    return phone[2:] if len(phone) == 13 and phone.startswith("861") else phone


class ResidentVault:
    """Seals and opens names and phones. Bound to an operator: a row copied to another does not open."""

    def __init__(self, secret: SecretStr) -> None:
        self._cipher = AESGCM(derive_key(secret, "resident encryption"))
        self._hash_key = derive_key(secret, "phone look-up")

    def seal(self, operator: str, text: str) -> bytes:
        """AES-256-GCM: form, 12 bytes of nonce, ciphertext with tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORM + nonce + self._cipher.encrypt(nonce, text.encode(), operator.encode())

    def open(self, operator: str, sealed: bytes) -> str:
        """The text again; UnreadableError under another secret or operator."""
        if sealed[:1] != _FORM:
            raise UnreadableError("sealed in a form this release does not know")
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, body, operator.encode()).decode()
        except InvalidTag:
            raise UnreadableError("not sealed with this TUANTU_SECRET for this operator") from None

    def seal_phone(self, operator: str, phone: str) -> SealedPhone:
        """A phone number in any usual spelling, sealed. ValueError where it is none."""
        digits = normal_phone(phone)
        return SealedPhone(self.seal(operator, digits), self.phone_hash(operator, digits), digits[-4:])

    def phone_hash(self, operator: str, digits: str) -> bytes:
        """HMAC-SHA256 of a normal phone number, for look-up within one operator."""
        return hmac.new(self._hash_key, f"{operator}\0{digits}".encode(), hashlib.sha256).digest()
