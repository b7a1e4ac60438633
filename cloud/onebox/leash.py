"""Becomes another program that dies with its parent, also when the parent is killed with -9 (Linux).

``leash.py SIGNAL PARENT UID GID PROGRAM ARGUMENT…``: a process of its own, because the wish to get SIGNAL at the parent's
death must be stated after fork and after the change of user. UID and GID -1: stay who we are. Standard library only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def leashed(argv: list[str], uid: int, gid: int, with_parent: signal.Signals) -> list[str]:
    """The command line that runs ``argv`` on this leash; for the process that calls this and no other."""
    words = (str(int(number)) for number in (with_parent, os.getpid(), uid, gid))
    return [sys.executable, "-I", "-S", __file__, *words, *argv]


def main() -> None:
    """Never returns: the program takes this process's place and pid."""
    number, parent, uid, gid = (int(argument) for argument in sys.argv[1:5])
    program = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died before we could say so
        os.kill(os.getpid(), signal.SIGKILL)
    os.execvp(program[0], program)  # noqa: S606  # that is the point


if __name__ == "__main__":
    main()
