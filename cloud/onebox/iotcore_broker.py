"""The fallback broker as a process of its own: ``python -m cloud.onebox.iotcore_broker FILE.toml``.

It has no way to stop but to be killed, so it is never run inside another process.
"""

import logging
import sys

from iotcore import IotCoreBroker


def main() -> None:
    """Serve until killed; the TOML file is written by broker.py."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # its routing spans come as errors, one a packet
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
