"""Set-up: a virtual environment with the locked packages, what the system lacks where we may install it, Node, the pages.

Standard library only. Every step says what it does, is skipped when nothing changed, and ends in one clear line and a
remedy when it can't. ``setup.py run`` serves ``make run``; ``setup.py dev`` adds what tests and checks need;
``setup.py pages`` builds the pages alone, beside whatever is in the environment: a station needs no more of us.
"""

import sys

from setup_pages import build_pages
from setup_python import install_packages, make_venv
from setup_shell import SetupError, say
from setup_system import complete_system

REQUIREMENTS = {"run": "all.txt", "dev": "dev.txt"}


def main() -> int:
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    if kind not in (*REQUIREMENTS, "pages"):
        say("setup.py run|dev|pages")
        return 2
    try:
        make_venv()
        if kind in REQUIREMENTS:
            install_packages(REQUIREMENTS[kind])
            complete_system(kind)
        build_pages(kind)
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except PermissionError as error:
        sys.stderr.write(
            f"tuantu setup: can't write {error.filename}\n  → make this folder yours (chown), or clone into one that is\n"
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
