"""``python -m cloud.api.openapi > FILE``: the api's description, from which the pages' client is made. Needs no database."""

import json
import sys
import time

from pydantic import SecretStr

from cloud.api.app import create_app
from cloud.config import CloudConfig
from edge.wire.clock import WallClock


def description() -> str:
    """OpenAPI as JSON, the same bytes for the same routes."""
    # Routes do not depend on settings; nothing is connected, nothing is signed.
    config = CloudConfig(database_url=SecretStr("postgresql://nowhere/none"), secret=SecretStr("-" * 32))
    return json.dumps(create_app(config, WallClock(time.time)).openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
