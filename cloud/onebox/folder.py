"""The one box's data folder: ours by its mark, one instance at a time, with its secrets and the ports it used last."""

import base64
import errno
import fcntl
import hmac
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cloud.onebox.unprivileged import server_user
from cloud.trouble import Trouble

MARK = "tuantu-data.json"
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made once for a data folder; a file only its owner reads."""

    database_password: str
    broker_password: str
    secret: str  # signs links, derives keys and the passwords of sites and demo accounts

    def derived(self, what: str) -> str:
        """A password for ``what``, the same each time: 12 letters and digits, some 60 bits."""
        digest = hmac.digest(self.secret.encode(), f"password/{what}".encode(), "sha256")
        return base64.b32encode(digest).decode().lower()[:12]

    @property
    def staff_pin(self) -> str:
        """By which the staff of the town's stations log in at their pages: six digits."""
        digest = hmac.digest(self.secret.encode(), b"password/pin", "sha256")
        return f"{int.from_bytes(digest[:8], 'big') % 10**6:06d}"

    def site_key(self, site: str) -> str:
        """A site's password at the broker, and its key at the api, which wants one that nobody types: 24 letters and digits."""
        digest = hmac.digest(self.secret.encode(), f"password/broker/{site}".encode(), "sha256")
        return base64.b32encode(digest).decode().lower()[:24]


class Ports:
    """Inner ports, the same as last time where they are still free."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def choose(self, name: str, wanted: int | None = None, count: int = 1) -> int:
        """The first of ``count`` free ports of loopback in a row: those of last time, from ``wanted`` on, or any."""
        given = {first for other, first in self._ports.items() if other != name}
        candidates = [self._ports.get(name), wanted, *(_any_free() for _ in range(20))]
        for first in candidates:
            if first and all(port not in given and is_free("127.0.0.1", port) for port in range(first, first + count)):
                self._ports[name] = first
                write_private(self._file, json.dumps(self._ports))
                return first
        raise Trouble(f"no {count} free ports in a row", "stop what holds them")


def is_free(host: str, port: int) -> bool:
    """Whether we could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            if error.errno == errno.EACCES:
                raise Trouble(
                    f"may not listen on port {port}: below 1024 that takes root's rights", "choose one from 1024 on: PORT=8080"
                ) from None
            raise Trouble(
                f"can't listen on {host}: {error.strerror}", "HOST=127.0.0.1, or HOST=0.0.0.0 for all of this machine"
            ) from None
    return True


def _any_free() -> int:
    """Below 32768: from there on the system gives ports to outgoing connections, also while our server is being restarted."""
    while not is_free("127.0.0.1", port := 20_000 + secrets.randbelow(12_000)):
        pass
    return port


@contextmanager
def opened(path: Path, *, fresh: bool) -> Iterator[Path]:
    """Make or check the folder and hold its lock for the block; ``fresh`` empties it first, if it is ours."""
    path = path.absolute()
    _make(path)
    try:
        with (path / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Trouble(
                    f"another tuantu is running on {path}", "stop it first, or set TUANTU_DATA to another folder"
                ) from None
            if fresh:
                _empty(path)
            (path / "log").mkdir(exist_ok=True, mode=0o700)
            yield path
    except PermissionError as error:
        raise _not_ours(path, error) from None
    except OSError as error:
        if error.errno in (errno.EROFS, errno.ENOSPC, errno.ENOTDIR, errno.EEXIST, errno.EDQUOT):
            raise Trouble(
                f"can't write {error.filename or path}: {error.strerror}", "set TUANTU_DATA to a folder with room"
            ) from None
        raise


def _not_ours(path: Path, error: PermissionError) -> Trouble:
    return Trouble(f"can't write {error.filename or path}", "make it yours (chown), or set TUANTU_DATA to a folder of yours")


def _make(path: Path) -> None:
    try:
        _make_marked(path)
    except PermissionError as error:
        raise _not_ours(path, error) from None
    except OSError as error:  # whatever it is: /proc, a file in the way, a drive that is gone
        raise Trouble(f"can't write {path}: {error.strerror}", "set TUANTU_DATA to a folder of yours, with room") from None


def _make_marked(path: Path) -> None:
    # The database's own user has to pass through it when root starts us; what is secret in it has its own mode.
    mode = 0o711 if server_user() is not None else 0o700
    path.mkdir(parents=True, exist_ok=True, mode=mode)
    mark = path / MARK
    if mark.exists():
        return
    if any(entry.name != LOCK for entry in path.iterdir()):
        raise Trouble(f"{path} holds files that are not ours", "set TUANTU_DATA to an empty or a new folder")
    mark.write_text(json.dumps({"what": "data of a tuantu one box; removed by FRESH=1"}) + "\n")


def _empty(path: Path) -> None:
    """Remove all but the mark and the lock. Only called where the mark is."""
    for entry in path.iterdir():
        if entry.name in (MARK, LOCK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def load_secrets(path: Path) -> Secrets:
    """Read them, or make them the first time."""
    file = path / "secrets.json"
    if not file.exists():
        made = Secrets(secrets.token_urlsafe(18), secrets.token_urlsafe(18), secrets.token_hex(32))
        write_private(file, json.dumps(asdict(made)))
        return made
    try:
        return Secrets(**json.loads(file.read_text()))
    except (TypeError, ValueError) as error:
        raise Trouble(f"{file} can't be read: {error}", "restore it from a backup, or FRESH=1 to start over") from None


def write_private(file: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner only."""
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with unfinished.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(file)
