"""``python -m cloud phones``: lines for your own Mosquitto's password file, of the phones with OwnTracks that are enrolled.

python -m cloud phones > phones && cat sites phones > passwords && kill -HUP $(pidof mosquitto)
"""

import argparse
import sys
from collections.abc import Sequence

from cloud.config import CloudConfig
from cloud.store.pool import Unavailable, connect
from cloud.store.trackers import broker_hashes
from cloud.trouble import Trouble
from edge.wire.clock import Clock


def parser() -> argparse.ArgumentParser:
    """What may be said to it: nothing."""
    return argparse.ArgumentParser(
        prog="python -m cloud phones", description="users of OwnTracks phones, as Mosquitto's password file has them"
    )


async def main(arguments: Sequence[str], config: CloudConfig, _clock: Clock) -> int:
    """Exit code 0."""
    parser().parse_args(arguments)
    try:
        connection = await connect(config.database_url.get_secret_value(), "phones")
    except Unavailable as error:
        raise Trouble(str(error), "start it, or correct TUANTU_DATABASE_URL") from None
    async with connection:
        for user, hashed in sorted((await broker_hashes(connection)).items()):
            sys.stdout.write(f"{user}:{hashed}\n")
    return 0
