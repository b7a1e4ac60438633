"""The certificate that Caddy keeps for a name, as another server of the same machine uses it."""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


@dataclass(frozen=True, slots=True)
class Certificate:
    """Chain and key, both PEM."""

    chain: str
    key: str = field(repr=False)


def found_certificate(storage: Path, name: str) -> Certificate | None:
    """The newest of ``name`` under Caddy's storage (``certificates/ISSUER/NAME/NAME.crt``), whoever issued it.

    None while there is none whose key is beside it: a renewal is half written for a moment.
    """
    chains = sorted(storage.glob(f"certificates/*/{name}/{name}.crt"), key=lambda file: file.stat().st_mtime)
    for file in reversed(chains):
        try:
            found = Certificate(file.read_text(), file.with_suffix(".key").read_text())
            if _belong_together(found):
                return found
        except (OSError, ValueError, TypeError):
            continue
    return None


def _belong_together(found: Certificate) -> bool:
    leaf = x509.load_pem_x509_certificate(found.chain.encode()).public_key()
    key = load_pem_private_key(found.key.encode(), None).public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return leaf.public_bytes(*form) == key.public_bytes(*form)
