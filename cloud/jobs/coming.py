"""Tells stations which vans come, by when and with what: anew only when it is worth it, and without making a manifest anew."""

from datetime import datetime

from cloud.domain.coming import is_news
from cloud.store.coming_facts import coming_vans, said_of_vans, say_vans
from cloud.store.pool import Connection


async def tell_of_vans(connection: Connection, now: datetime) -> int:
    """Note what is to be said in ``desired``, from where the downlink publishes it; returns to how many stations."""
    coming, told = await coming_vans(connection, now), 0
    for site, (said, at) in (await said_of_vans(connection)).items():
        vans = coming.get(site, ())
        if is_news(said, vans):
            await say_vans(connection, site, vans, at, now)
            told += 1
    return told
