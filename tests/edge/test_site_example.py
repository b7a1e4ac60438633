"""The file that the README tells people to copy: good as it is, and complete in what it leaves out."""

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pytest

from edge.config import ConfigError, EdgeConfig, load

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "site.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
# What only the simulated town sets.
UNSAID = {("clock",)}
# One of two keys that exclude each other, or that another kind of the same table needs.
ALTERNATIVES = ("file = ", 'port = ""', "bit_one_is = ", 'kind = "dock"')


def uncommented(*without: str) -> str:
    lines = [line[1:] if re.match(r"#[\[a-z]", line) else line for line in TEXT.splitlines()]
    return "\n".join(line for line in lines if not line.startswith(without)) + "\n" if without else "\n".join(lines) + "\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def keys_of(kind: object, place: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every key that a site's TOML may hold."""
    inner = [one for one in get_args(kind) if one is not type(None) and one is not ...]
    if get_origin(kind) is tuple or inner:
        return keys_of(inner[0], place)
    if not dataclasses.is_dataclass(kind):
        return {place}
    return {key for name, hint in get_type_hints(kind).items() for key in keys_of(hint, (*place, name))}


def written(table: object, place: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if isinstance(table, list):
        return {key for one in table for key in written(one, place)}
    if isinstance(table, dict):
        return {key for name, value in table.items() for key in written(value, (*place, name))}
    return {place}


def test_the_example_is_a_good_configuration(tmp_path: Path) -> None:
    (tmp_path / "broker-password").write_text("secret\n")
    config = load(write(tmp_path, TEXT))
    assert (config.site.id, config.broker.is_tls, config.scanner[0].name) == ("st-0001", True, "counter")
    assert config.broker.read_password() == "secret"
    assert sum(map(len, config.devices().values())) == 1


def test_everything_it_leaves_out_is_a_good_configuration_too(tmp_path: Path) -> None:
    config = load(write(tmp_path, uncommented(*ALTERNATIVES)))
    assert {table: len(devices) for table, devices in config.devices().items()} == dict.fromkeys(config.devices(), 1)


def test_it_names_every_key_there_is() -> None:
    named = written(tomllib.loads(uncommented()))
    wanted = {key for key in keys_of(EdgeConfig) if key[:1] not in UNSAID}
    assert wanted - named == {("broker", "password")}
    assert named <= wanted


@pytest.mark.parametrize("table", ["hid", "camera", "locker", "modbus", "w1", "bthome", "door", "gnss"])
def test_each_table_is_missed_by_name_where_a_letter_is_wrong(tmp_path: Path, table: str) -> None:
    text = uncommented(*ALTERNATIVES).replace(f"[[{table}", f"[[x{table}")
    with pytest.raises(ConfigError, match=f"unknown key 'x{table}'; did you mean {table}"):
        load(write(tmp_path, text))
