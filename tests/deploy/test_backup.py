"""The backup's two scripts against a real PostgreSQL; for `docker compose` stands a shell that runs here what it is told."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cloud.onebox import postgres
from tests.conftest import find_free_port, reachable_folder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# exec -T database COMMAND…, run … --entrypoint sh database -c TEXT; stop and up are noted.
DOCKER = """#!/bin/sh
echo "$1 $2" >> "$FAKE_LOG"
shift
case "$1" in
    exec) shift 3; exec "$@" ;;
    run) while [ "$1" != -c ]; do shift; done; exec sh "$@" ;;
esac
"""


class Place:
    """A copy of the scripts, and a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "deploy" / "compose", folder / "deploy" / "compose")
        docker = folder / "bin" / "docker"
        docker.parent.mkdir()
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        self.server = postgres.prepare(folder / "pg", secrets.token_hex(8), find_free_port())
        self.log = folder / "log"

    def script(self, name: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        programs = self.server.binaries.folder
        environment = {
            **os.environ, "PATH": f"{self.folder / 'bin'}:{programs}:{os.environ['PATH']}", "FAKE_LOG": str(self.log),
            "PGHOST": "127.0.0.1", "PGPORT": str(self.server.port), "PGPASSWORD": self.server.password,
            "PGDATA": str(self.server.data), **more,
        }  # fmt: skip
        command = ["sh", str(self.folder / "deploy" / "compose" / name), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def rows(self) -> list[str]:
        with psycopg.connect(self.server.url("postgres")) as connection:
            return [row[0] for row in connection.execute("SELECT name FROM kept ORDER BY 1").fetchall()]

    def say(self, statement: str) -> None:
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def place() -> Iterator[Place]:
    with reachable_folder() as folder:
        if not (postgres.find_binaries().folder / "pg_basebackup").exists():
            pytest.skip("this PostgreSQL came without pg_basebackup")
        yield Place(folder)


def test_what_was_backed_up_comes_back_and_a_cut_off_archive_never_takes_a_good_ones_place(place: Place) -> None:
    archive = place.folder / "backup.tar.gz"
    with postgres.running(place.server):
        place.say("CREATE TABLE kept (name text)")
        place.say("INSERT INTO kept VALUES ('before')")
        made = place.script("backup.sh", str(archive))
        assert made.returncode == 0, made.stderr
        assert archive.stat().st_mode & 0o077 == 0
        place.say("INSERT INTO kept VALUES ('after')")
        good = archive.read_bytes()
        failed = place.script("backup.sh", str(archive), PGPASSWORD="wrong")
        assert failed.returncode != 0
        assert archive.read_bytes() == good
        assert not archive.with_name("backup.tar.gz.part").exists()

    cut = place.folder / "cut.tar.gz"
    cut.write_bytes(good[: len(good) // 2])
    assert "no whole backup" in place.script("restore.sh", str(cut), YES="1").stderr
    assert "nothing was changed" in place.script("restore.sh", str(archive)).stderr
    with postgres.running(place.server):
        assert place.rows() == ["after", "before"]

    restored = place.script("restore.sh", str(archive), YES="1")
    assert restored.returncode == 0, restored.stderr
    said = place.log.read_text().splitlines()
    assert [line.split()[1] for line in said[-3:]] == ["stop", "run", "up"]
    if place.server.run_as is not None:  # the container's sh is PostgreSQL's own user
        place.server.run_as.own(place.server.data)
    with postgres.running(place.server):
        assert place.rows() == ["before"]
    assert (place.server.data.with_name("pg.old") / "PG_VERSION").exists()
