"""Brings the parcels' cold-chain accounts up to date (cold_accounts.py): what was noted first, then what waits longest."""

from collections.abc import Mapping
from datetime import datetime

from cloud.store.cold_accounts import account_batch, pass_on_late
from cloud.store.pool import Connection

MOST = 5_000  # parcels a run: a minute of a core; what is left over waits, with its time of computation shown


async def keep_accounts(connection: Connection, now: datetime) -> Mapping[str, int]:
    """One transaction a batch; returns how many accounts were computed, and how many breaches came or went."""
    late = await pass_on_late(connection)
    computed = changed = 0
    while computed < MOST:
        done, breaches = await account_batch(connection, now)
        if not done:
            break
        computed, changed = computed + done, changed + breaches
    return {"late": late, "accounts": computed, "breaches": changed}
