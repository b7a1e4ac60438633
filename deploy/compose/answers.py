"""A container's health: exit code 0 where every address given answers. ``http://…`` must say 200, ``host:port`` must take us."""

import http.client
import socket
import sys
from urllib.parse import urlsplit

_TIMEOUT_S = 5.0


def answers(address: str) -> str:
    """What is wrong with it; empty: nothing."""
    try:
        if not address.startswith("http://"):
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), _TIMEOUT_S).close()
            return ""
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{address}: {error or type(error).__name__}"
    return "" if status == http.HTTPStatus.OK else f"{address}: HTTP {status}"


def main() -> int:
    faults = [fault for address in sys.argv[1:] if (fault := answers(address))]
    sys.stdout.write("\n".join(faults) + "\n" if faults else "well\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
