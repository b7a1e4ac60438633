"""Passwords as Mosquitto's password file has them: PBKDF2-HMAC-SHA512, and nothing else it reads is stronger.

Only for passwords of chance: few rounds stand between such a file and whoever has it.
"""

import base64
import hashlib
import os

_ROUNDS = 101  # mosquitto_passwd's own; what is hashed here has 90 bits of chance and more
_SALT_BYTES = 12


def mosquitto_hash(password: str, salt: bytes | None = None) -> str:
    """A line of the password file, without the user."""
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
