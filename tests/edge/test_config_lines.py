"""Places in a TOML text, against texts whose writer knows them."""

import tomllib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.lines import Place, TomlLines

TEXT = '''\
# a comment with [brackets] and = signs
data_dir = "data"   # behind

[site]
"id" = "st-1"
name = """
[[scanner]]
port = 1
"""
[[scanner]]
name = 'a # no comment'
list = [
    1,  # one ]
    "two ]",
]
[[scanner]]
name = "b \\" [x]"
a.b.c = {x = 1, y = [2, 3]}
  [scanner.more]
  deep = 1
[[locker]]
[[locker.board]]
name = "l"
[[locker.board]]
name = "r"
[[locker]]
[[locker.board]]
address = 1
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("data_dir",), 2),
        (("site",), 4),
        (("site", "id"), 5),
        (("site", "name"), 6),
        (("scanner", 0), 10),
        (("scanner", 0, "name"), 11),
        (("scanner", 0, "list"), 12),
        (("scanner", 0, "list", 1), 12),
        (("scanner", 1), 16),
        (("scanner", 1, "name"), 17),
        (("scanner", 1, "a", "b", "c", "y"), 18),
        (("scanner", 1, "more", "deep"), 20),
        (("locker", 0, "board", 1, "name"), 25),
        (("locker", 1, "board", 0, "address"), 28),
        (("locker", 1, "board", 0, "name"), 27),
        (("scanner",), 10),
        (("nowhere",), 1),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_each_place_has_its_line(place: Place, line: int, newline: str) -> None:
    text = TEXT.replace("\n", newline)
    tomllib.loads(text)
    assert TomlLines.read(text).of(place) == line


@pytest.mark.parametrize("text", ["", "\n", "# only", "a = 1", "a = '''x'''", 'a = """x"""""', "[a]", "[a.'b.c']\nd=1"])
def test_short_texts_are_read_to_their_end(text: str) -> None:
    tomllib.loads(text)
    lines = TomlLines.read(text)
    assert lines.of(("a",)) == 1


VALUES = st.sampled_from(
    ["1", '"x"', "'#'", '"]"', "true", "[1, 2]", '[\n  "a",\n  # ]\n]', "{k = 1}", '"""\n[t]\nk = 1\n"""', "1979-05-27T07:32:00Z"]
)


@given(st.lists(st.tuples(st.booleans(), VALUES, st.integers(0, 2)), max_size=12), st.integers(0, 1 << 30))
def test_the_lines_are_those_that_were_written(entries: list[tuple[bool, str, int]], seed: int) -> None:
    random = Random(seed)
    written: dict[Place, int] = {}
    text, count = "", 0
    table: Place = ()
    for n, (is_table, value, blank) in enumerate(entries):
        text += random.choice(["", " ", "# [x]"]) + "\n" * (blank + 1)
        place: Place
        if is_table:
            place = table = ("t", count)
            count += 1
            text += "[[t]]"
            written[place] = text.count("\n") + 1
        else:
            place = (*table, f"k{n}")
            written[place] = text.count("\n") + 1
            text += f"k{n} = {value}"
        text += "\n"
    tomllib.loads(text)
    lines = TomlLines.read(text)
    assert {place: lines.of(place) for place in written} == written
