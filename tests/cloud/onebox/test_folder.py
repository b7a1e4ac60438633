"""The data folder."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.api.stations import CredentialIn
from cloud.onebox import folder
from cloud.onebox.unprivileged import server_user
from cloud.trouble import Trouble
from tests.conftest import find_free_port


def test_a_second_instance_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    first = folder.opened(tmp_path / "data", fresh=False)
    second = folder.opened(tmp_path / "data", fresh=False)
    with first, pytest.raises(Trouble, match="another tuantu is running"), second:
        pass
    with folder.opened(tmp_path / "data", fresh=False):
        pass


def test_fresh_empties_a_folder_of_ours(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "data", fresh=False) as data:
        before = folder.load_secrets(data)
        (data / "postgres").mkdir()
        (data / "postgres" / "file").write_text("x")
    with folder.opened(tmp_path / "data", fresh=True) as data:
        assert not (data / "postgres").exists()
        assert folder.load_secrets(data) != before


@pytest.mark.parametrize("fresh", [True, False])
def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Trouble, match="not ours"), folder.opened(tmp_path, fresh=fresh):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_fresh_does_not_empty_a_folder_in_use(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "data", fresh=False) as data:
        kept = folder.load_secrets(data)
        with pytest.raises(Trouble), folder.opened(tmp_path / "data", fresh=True):
            pass
        assert folder.load_secrets(data) == kept


def test_secrets_are_the_same_next_time_and_private(tmp_path: Path) -> None:
    first = folder.load_secrets(tmp_path)
    assert folder.load_secrets(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    assert len(first.secret) >= 32
    assert first.derived("admin") != first.derived("staff")


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="can't write") as caught, folder.opened(tmp_path / "file" / "data", fresh=False):
        pass
    assert "TUANTU_DATA" in caught.value.remedy


def test_a_folder_that_no_system_lets_anybody_make_is_named_with_the_remedy() -> None:
    with pytest.raises(Trouble, match="can't write /proc/x") as caught, folder.opened(Path("/proc/x"), fresh=False):
        pass
    assert "TUANTU_DATA" in caught.value.remedy


def test_a_folder_of_another_user_is_named_with_the_remedy() -> None:
    user = server_user(("nobody",))
    if user is None:
        pytest.skip("only root can try as another user")
    script = (
        "from pathlib import Path\nfrom cloud.onebox import folder\nfrom cloud.trouble import Trouble\n"
        "import os; os.setgid(65534); os.setuid(65534)\n"
        "try:\n    folder.opened(Path('/var/lib/tuantu-not-ours'), fresh=False).__enter__()\n"
        "except Trouble as trouble:\n    print(trouble)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ})
    assert "can't write /var/lib/tuantu-not-ours" in done.stdout
    assert "TUANTU_DATA" in done.stdout


def test_a_port_is_kept_while_it_is_free_and_changed_when_it_is_taken(tmp_path: Path) -> None:
    ports = folder.Ports(tmp_path / "ports.json")
    first = ports.choose("broker")
    assert folder.Ports(tmp_path / "ports.json").choose("broker") == first
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", first))
        holder.listen()
        assert folder.Ports(tmp_path / "ports.json").choose("broker") != first


def test_ports_in_a_row_are_all_free(tmp_path: Path) -> None:
    wanted = find_free_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", wanted))
        holder.listen()
        first = folder.Ports(tmp_path / "ports.json").choose("agents", wanted - 1, count=3)
    assert wanted not in range(first, first + 3)


def test_a_sites_key_is_long_enough_for_the_api(tmp_path: Path) -> None:
    key = folder.load_secrets(tmp_path).site_key("st-0001")
    assert CredentialIn(key=key).key == key
