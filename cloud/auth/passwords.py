"""Passwords: argon2id (RFC 9106), hashed and verified off the event loop, a few at a time.

Leaves counting of attempts to ``attempts``.
"""

import asyncio
import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS = 8
MAX_CHARACTERS = 200  # more is no safer and only costs hashing time
# Each takes 64 MiB and a core for some 50 ms: more at once would let a crowd of log-ins starve everything else.
_AT_ONCE = 2

_hasher = PasswordHasher()


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """Of no password: random bits in the place of a hash. To verify against it takes as long as against any other."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


# Verified against where no such account is, so that the time taken does not tell which log-ins exist.
_NOBODY = _hash_of_nobody(_hasher)


def check_password(password: str) -> str:
    """ValueError where a new password is too short or too long."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise ValueError(f"want {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")
    return password


def hash_password(password: str) -> str:
    """The hash to keep, with its parameters and salt. Blocks for some 50 ms."""
    return _hasher.hash(check_password(password))


def password_matches(password_hash: str | None, password: str) -> bool:
    """True where the password is the one hashed; None for an account that is not there. Blocks for some 50 ms."""
    try:
        return _hasher.verify(password_hash or _NOBODY, password[:MAX_CHARACTERS]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


class PasswordVerifier:
    """Verifies in threads, ``_AT_ONCE`` at a time; the rest wait in line."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Like ``password_matches``, without blocking the loop."""
        async with self._slots:
            return await asyncio.to_thread(password_matches, password_hash, password)
