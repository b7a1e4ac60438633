"""Which user a server runs as when root starts the one box: PostgreSQL refuses root, and no broker needs it.

Only decides and checks reach; the processes are started elsewhere with ``user=`` and ``group=``.
"""

import grp
import os
import pwd
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Unprivileged:
    """A user of this machine that is not root."""

    name: str
    uid: int
    gid: int

    def popen(self) -> dict[str, Any]:
        """Keyword arguments for ``subprocess``: the child changes to this user before it runs anything."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Give a folder and all in it to this user; links are not followed."""
        os.chown(folder, self.uid, self.gid)
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(parent, name), self.uid, self.gid, follow_symlinks=False)

    def reaches(self, path: Path) -> bool:
        """Whether this user may pass through every folder above ``path``, and into it if it is one."""
        where = path.resolve()
        steps = [*where.parents, where] if where.is_dir() else list(where.parents)
        return all(self._may_pass(step.stat()) for step in steps if step.exists())

    def _may_pass(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_user(names: Sequence[str] = ("postgres", "nobody")) -> Unprivileged | None:
    """The first of ``names`` this machine has, when we are root; None when we are not: then servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Unprivileged(name, entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_gid)
    raise Trouble(
        f"root may not run PostgreSQL, and this machine has none of the users {', '.join(names)}",
        "run as an ordinary user, or: useradd --system postgres",
    )
