#!/bin/sh
# Finds a Python and hands over to setup.py: "run" for the one box, "dev" for tests and checks as well, "pages" for the pages alone.
set -eu
cd "$(dirname "$0")/.."
for candidate in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$candidate" deploy/setup.py "$@"
    fi
done
echo "tuantu setup: no Python 3.11 or newer found" >&2
echo "  → install one (Debian 12: apt-get install python3), or name it: make PYTHON=/path/to/python3.11 …" >&2
exit 2
