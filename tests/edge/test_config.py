"""A site's TOML: what is taken, and how what is wrong is said."""

from pathlib import Path

import pytest

from edge.config import ConfigError, load, machine_id

GOOD = """
data_dir = "data"
[site]
operator = "op"
id = "st-1"
[broker]
url = "mqtts://broker.example:8884"
username = "st-1"
password_file = "password"
[[scanner]]
name = "scanner-1"
port = "/dev/ttyACM0"
baud = 115200
[[camera]]
name = "camera-1"
source = "photos"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read_and_its_paths_count_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim\n", encoding="utf-8")
    config = load(write(tmp_path, GOOD))
    assert config.database == tmp_path / "data" / "site.db"
    assert (config.broker.host, config.broker.port, config.broker.is_tls) == ("broker.example", 8884, True)
    assert config.broker.read_password() == "geheim"
    assert (config.http.host, config.http.port) == ("127.0.0.1", 8090)
    assert (config.scanner[0].baud, config.camera[0].name) == (115200, "camera-1")


def test_the_password_is_in_no_representation(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD.replace('password_file = "password"', 'password = "geheim"')))
    assert "geheim" not in repr(config)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('id = "st-1"', 'id = "ST 1"', "site: want 1-40 of a-z 0-9 -"),
        ('id = "st-1"', "", "missing required field `id`"),
        ("mqtts://broker.example:8884", "http://broker.example", "want mqtt://host:1883"),
        ("mqtts://broker.example:8884", "mqtt://u:p@host", "keys of their own"),
        ("baud = 115200", 'baud = "fast"', "scanner"),
        ('name = "camera-1"', 'name = "scanner-1"', "given to two devices"),
        ('data_dir = "data"', 'data_dirs = "data"', "unknown key 'data_dirs'"),
        ('[site]\n', '[site\n', "line 3"),
        ('port = "/dev/ttyACM0"', 'port = ""', "port: want a device"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in GOOD
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, GOOD.replace(before, after, 1)))
    assert said in str(caught.value)
    assert str(tmp_path / "site.toml") in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "site.toml")


def test_a_machine_can_be_named_and_is_known_otherwise(tmp_path: Path) -> None:
    assert machine_id(load(write(tmp_path, 'machine_id = "m-1"\n' + GOOD))) == "m-1"
    assert machine_id(load(write(tmp_path, GOOD)))
