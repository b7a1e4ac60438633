"""A site's TOML: what is taken, and how what is wrong is said."""

from pathlib import Path

import pytest

from edge.cold_chain.watches import boxes_of
from edge.config import ConfigError, load, machine_id
from edge.devices.ports import SignalKind
from edge.devices.trigger import TriggerKind
from edge.rules.alarm_limits import Goods
from edge.wire.messages import ColdBox

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


def test_a_receiver_that_somebody_carries_is_of_use_in_a_van_only(tmp_path: Path) -> None:
    gnss = '[[gnss]]\nname = "phone"\nport = "/dev/ttyUSB0"\npersonal = true\n'
    with pytest.raises(ConfigError, match=r"line 20: \[\[gnss\]\] 'phone', personal: want it only with kind"):
        load(write(tmp_path, GOOD + gnss))
    config = load(write(tmp_path, (GOOD + gnss).replace('id = "st-1"', 'id = "st-1"\nkind = "van"')))
    assert (config.site.kind, config.gnss[0].personal) == ("van", True)


def test_a_scanner_is_at_the_cabinet_only_where_there_is_one(tmp_path: Path) -> None:
    """Else residents' codes would be read, and no cell could ever open."""
    at_cabinet = GOOD.replace("baud = 115200", 'baud = 115200\nplace = "cabinet"')
    with pytest.raises(ConfigError, match=r"line \d+: \[\[scanner\]\] 'scanner-1', place: want a \[\[locker\]\] too"):
        load(write(tmp_path, at_cabinet))
    with pytest.raises(ConfigError, match=r"place: want \"counter\" or \"cabinet\", got 'shelf'"):
        load(write(tmp_path, at_cabinet.replace('"cabinet"', '"shelf"')))
    locker = '[[locker]]\nname = "l"\nport = "/dev/ttyS9"\nfamily = "cu48"\n[[locker.board]]\nname = "b"\naddress = 0\nlocks = 4\n'
    assert load(write(tmp_path, at_cabinet + locker)).at_cabinet == {"scanner-1"}
    dock = (at_cabinet + locker).replace('id = "st-1"', 'id = "st-1"\nkind = "dock"')
    with pytest.raises(ConfigError, match='place: want it only with kind = "station"'):
        load(write(tmp_path, dock))
    kiosk = GOOD + "[http]\ncabinet_kiosk = true\n"
    with pytest.raises(ConfigError, match=r"\[http\], cabinet_kiosk: want a \[\[locker\]\] too"):
        load(write(tmp_path, kiosk))
    assert load(write(tmp_path, GOOD + locker)).at_cabinet == frozenset()


def test_a_password_file_that_is_not_there_is_told_with_the_remedy(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    with pytest.raises(
        OSError, match=r"^\[broker\], password_file: can't read .*password: No such file or directory; put this site's"
    ):
        config.broker.read_password()


def test_the_password_is_in_no_representation(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD.replace('password_file = "password"', 'password = "geheim"')))
    assert "geheim" not in repr(config)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('id = "st-1"', 'id = "ST 1"', "line 5: [site], id: want 1-40 of a-z 0-9 -"),
        ('id = "st-1"', "", "line 3: [site], id: missing; add id = …"),
        ("mqtts://broker.example:8884", "http://broker.example", "want mqtt://host:1883"),
        ("mqtts://broker.example:8884", "mqtt://u:p@host", "keys of their own"),
        ("baud = 115200", 'baud = "fast"', "scanner"),
        ('name = "camera-1"', 'name = "scanner-1"', "given to two devices"),
        ('data_dir = "data"', 'data_dirs = "data"', "unknown key 'data_dirs'"),
        ('[site]\n', '[site\n', "line 3"),
        ('port = "/dev/ttyACM0"', 'port = ""', "port: want a device"),
        ('password_file = "password"', "silent_after_s = 90", "[broker], silent_after_s: want 0 to 60, got 90"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in GOOD
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, GOOD.replace(before, after, 1)))
    assert said in str(caught.value)
    assert str(tmp_path / "site.toml") in str(caught.value)


DEVICES = """
data_dir = "data"
[site]
operator = "op"
id = "st-1"
[broker]
url = "mqtt://localhost"
[[scanner]]
name = "desk"
port = "/dev/ttyACM0"
trigger = "newland"
[[hid]]
name = "gun"
port = "/dev/input/by-id/gun-event-kbd"
[[camera]]
name = "eye"
source = "/dev/video0"
[[locker]]
name = "cabinet"
port = "/dev/ttyUSB0"
family = "cu16"
[[locker.board]]
name = "left"
address = 0
locks = 12
[[locker.board]]
name = "right"
address = 1
locks = 12
first_cell = 13
[[modbus]]
name = "cold-line"
port = "/dev/ttyUSB1"
[[modbus.device]]
name = "fridge-1"
address = 1
[[w1]]
name = "one-wire"
folder = "w1"
[[w1.device]]
name = "freezer-1"
id = "28-0316a2794bff"
[[bthome]]
name = "radio"
[[bthome.device]]
name = "box-1"
address = "A4:C1:38:00:00:01"
door = true
[[door]]
name = "fridge-1-door"
pin = 17
[[gnss]]
name = "gnss"
port = "/dev/ttyACM1"
[signal]
kind = "gpio"
buzzer = 18
red = 24
"""


def test_every_kind_of_device_is_read_and_relative_folders_count_from_the_file(tmp_path: Path) -> None:
    config = load(write(tmp_path, DEVICES))
    assert {table: len(devices) for table, devices in config.devices().items()} == dict.fromkeys(config.devices(), 1)
    assert config.scanner[0].trigger is TriggerKind.NEWLAND
    assert [board.name for board in config.locker[0].board] == ["left", "right"]
    assert config.w1[0].folder == tmp_path / "w1"
    assert config.signal is not None
    assert config.signal.kind is SignalKind.GPIO


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('trigger = "newland"', 'trigger = "magic"', """11: [[scanner]] 'desk', trigger: want "honeywell" or "zebra-ssi" or"""),
        ('trigger = "newland"', "trigger = 1", """line 11: [[scanner]] 'desk', trigger: want "honeywell" or"""),
        ('trigger = "newland"', "triger = 1", "11: [[scanner]] 'desk', triger: unknown key 'triger'; did you mean trigger?"),
        ('name = "gun"', 'name = "desk"', "line 13: [[hid]] 'desk', name: 'desk' is given to two devices"),
        ('name = "right"', 'name = "eye"', "line 27: [[locker.board]] 'eye', name: 'eye' is given to two devices"),
        ("address = 1\nlocks", "address = 0\nlocks", "line 22: [[locker]] 'cabinet', board: address 0 is given to two boards"),
        ('port = "/dev/ttyUSB1"', 'port = "/dev/ttyUSB0"', "33: [[modbus]] 'cold-line', port: two devices on one port, '/dev"),
        ('source = "/dev/video0"', "source = 0", "line 17: [[camera]] 'eye', source: want text in quotes, got a whole number"),
        ('family = "cu16"', "", "line 18: [[locker]] 'cabinet', family: missing; add family = …"),
        ('family = "cu16"', 'family = "cu17"', """line 21: [[locker]] 'cabinet', family: want "cu16" or"""),
        ("locks = 12\nfirst", "locks = -1\nfirst", "line 29: [[locker.board]] 'right', locks: want 1 or more, got -1"),
        ('address = 1\n[[w1]]', 'address = "one"\n[[w1]]', "36: [[modbus.device]] 'fridge-1', address: want a whole number"),
        ('folder = "w1"', "folder = 1", "line 39: [[w1]] 'one-wire', folder: want a path in quotes, got 1"),
        ('name = "freezer-1"', 'name = "fridge-1"', "41: [[w1.device]] 'fridge-1', name: two sensors would report as"),
        ('"fridge-1-door"', '"box-1"', "two sensors would report as 'box-1_open'"),
        ("door = true", "door = 1", "line 48: [[bthome.device]] 'box-1', door: want true or false, got a whole number"),
        ("buzzer = 18", "buzzer = 17", "line 57: [signal], buzzer: two devices on one pin, 'GPIO17'"),
        ("[signal]", "[[signal]]", "line 55: signal: want [signal] with single brackets, for there is only one"),
        ("[[gnss]]", "[gnss]", "line 52: [gnss]: want [[gnss]] with two brackets, for there may be several"),
        ("[[modbus.device]]", "[[modbus.devices]]", "34: [[modbus]] 'cold-line', devices: unknown key 'devices'; did you mean"),
        ("[[hid]]", "[[hids]]", "line 12: hids: unknown key 'hids'; did you mean hid?"),
        ("[broker]", "[brokers]", "line 1: broker: missing; add a table [broker]"),
        ('name = "gnss"', 'name = ""', "name: want 1-40 of a-z 0-9 -"),
        ('name = "eye"', 'name = ""', "line 16: [[camera]], name: want 1 to 64 characters for a device, got ''"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_device_is_said_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert DEVICES.count(before) == 1
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, DEVICES.replace(before, after)))
    assert said in str(caught.value)
    assert all(line.startswith(f"{tmp_path / 'site.toml'}, line ") for line in str(caught.value).splitlines())


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        DEVICES.replace("locks = 12\nfirst", "locks = -1\nfirst")
        .replace("pin = 17", "pin = 99\nbounce = 1")
        .replace('id = "st-1"', "")
    )
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    starts = [line.partition("site.toml, ")[2].partition(":")[0] for line in str(caught.value).splitlines()]
    assert starts == ["line 3", "line 29", "line 51", "line 52"]


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes('name = "阳光"'.encode("gbk"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        load(tmp_path / "site.toml")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "site.toml")


def test_a_machine_can_be_named_and_is_known_otherwise(tmp_path: Path) -> None:
    assert machine_id(load(write(tmp_path, 'machine_id = "m-1"\n' + GOOD))) == "m-1"
    assert machine_id(load(write(tmp_path, GOOD)))


THERMOMETER = '[[w1]]\nname = "bus"\ndevice = [{ name = "fridge-1", id = "28-0316a2794bff" }]\n'


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('name = "fridge-2"\ngoods = "chilled"', "want the name of a thermometer"),
        ('name = "fridge-1"\ngoods = "chilled"\ndoor = "fridge-1"', r"want the name of a \[\[door\]\]"),
        ('name = "fridge-1"\ngoods = "warm"', 'want "chilled" or "chilled_wide" or "frozen"'),
        ('name = "fridge-1"\ngoods = "frozen"\ndefrost = ["02:00"]', "defrost: want such as"),
        ('name = "fridge-1"\ngoods = "chilled"\nholds = ["shelf c"]', "holds: want shelves such as C"),
        ('name = "fridge-1"\ngoods = "chilled"\nholds = ["C", "C"]', "'C' is said to lie in two boxes"),
        ('name = "fridge-1"\ngoods = "frozen"\n[[cold]]\nname = "fridge-1"\ngoods = "chilled"', "is given to two boxes"),
    ],
)
def test_a_cold_box_that_is_none_is_refused(tmp_path: Path, table: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        load(write(tmp_path, GOOD + THERMOMETER + "[[cold]]\n" + table))


def test_a_cold_box_knows_its_goods_its_door_and_when_it_defrosts(tmp_path: Path) -> None:
    door = '[[door]]\nname = "door-1"\npin = 4\n'
    table = '[[cold]]\nname = "fridge-1"\ngoods = "frozen"\ndoor = "door-1"\ndefrost = ["02:00-03:15"]\nholds = ["F", "C12"]\n'
    (box,) = load(write(tmp_path, GOOD + THERMOMETER + door + table)).cold
    assert (box.goods, box.door, [window.minutes for window in box.windows]) == (Goods.FROZEN, "door-1", [75])
    (told,) = boxes_of([box], {"fridge-1_c": 30.0})
    assert told == ColdBox(
        name="fridge-1", goods="frozen", sensor="fridge-1_c", every_s=30.0, door="door-1_open", defrost=["02:00-03:15"],
        holds=["F", "C12"],
    )  # fmt: skip
