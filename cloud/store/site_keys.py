"""Keys of sites: by which an agent logs in at the api and at the broker. Only hashes are kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cloud.store.pool import Connection


@dataclass(frozen=True, slots=True)
class BrokerSite:
    """A site as the broker's user: its newest key as Mosquitto keeps it, and for whom it may speak."""

    hashed: str
    operators: tuple[str, ...]


async def add_key(connection: Connection, site_id: str, key: str, broker_hash: str, at: datetime) -> bool:
    """False where the site has this key already; an old one without ``broker_hash`` is given it."""
    key_sha256 = hashlib.sha256(key.encode()).digest()
    cursor = await connection.execute(
        """
        UPDATE site_credential SET broker_hash = CASE WHEN broker_hash = '' THEN %(broker)s ELSE broker_hash END
        WHERE site_id = %(site)s AND key_sha256 = %(hash)s AND revoked_at IS NULL
        """,
        {"site": site_id, "hash": key_sha256, "broker": broker_hash},
    )
    if cursor.rowcount:
        return False
    await connection.execute(
        "INSERT INTO site_credential (site_id, key_sha256, broker_hash, created_at) VALUES (%s, %s, %s, %s)",
        [site_id, key_sha256, broker_hash, at],
    )
    return True


async def revoke_keys(connection: Connection, site_id: str, at: datetime) -> None:
    """All of the site's: they open nothing any more."""
    await connection.execute("UPDATE site_credential SET revoked_at = %s WHERE site_id = %s AND revoked_at IS NULL", [at, site_id])


async def broker_sites(connection: Connection) -> Mapping[str, BrokerSite]:
    """Site → what the broker is to know of it. Which days a relation holds is looked at by ingest, batch by batch."""
    cursor = await connection.execute(
        """
        SELECT DISTINCT ON (c.site_id) c.site_id, c.broker_hash,
               ARRAY(SELECT r.operator_id FROM site_operator r WHERE r.site_id = c.site_id ORDER BY r.operator_id)
        FROM site_credential c WHERE c.revoked_at IS NULL AND c.broker_hash <> ''
        ORDER BY c.site_id, c.id DESC
        """
    )
    return {site: BrokerSite(hashed, tuple(operators)) for site, hashed, operators in await cursor.fetchall()}
