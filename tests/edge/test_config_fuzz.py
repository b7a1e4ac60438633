"""However a site's file is spoilt, what comes out is the settings or a ConfigError with lines: never another exception."""

import re
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config import ConfigError, load
from tests.examples import examples

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "site.example.toml"
LINES = [
    line[1:] if re.match(r"#[\[a-z]", line) else line
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines()
    if line[:1] != "#" or re.match(r"#[\[a-z]", line)
]
VALUES = st.sampled_from(
    ["1", "-1", "1.5", "nan", "1e400", '""', '"x"', "true", "[]", "[1]", "{}", "{a = 1}", "[{}]", "1979-05-27", "[[]]", '"\\u0000"']
)
EDITS = st.one_of(
    st.tuples(st.just("value"), st.integers(0, len(LINES) - 1), VALUES),
    st.tuples(st.just("drop"), st.integers(0, len(LINES) - 1), st.just("")),
    st.tuples(st.just("twice"), st.integers(0, len(LINES) - 1), st.just("")),
    st.tuples(
        st.just("header"), st.integers(0, len(LINES) - 1), st.sampled_from(["[x]", "[[x]]", "[site.x]", "[[scanner.x]]", "[["])
    ),
    st.tuples(st.just("insert"), st.integers(0, len(LINES) - 1), st.text(max_size=12)),
)


def spoilt(edits: list[tuple[str, int, str]]) -> str:
    lines = list(LINES)
    for how, at, what in edits:
        match how:
            case "value":
                lines[at] = re.sub(r"= .*", lambda _, what=what: f"= {what}", lines[at])  # type: ignore[misc]
            case "drop":
                lines[at] = ""
            case "twice":
                lines[at] = lines[at] + "\n" + lines[at]
            case "header":
                lines[at] = what if lines[at].startswith("[") else lines[at]
            case _:
                lines[at] = what + lines[at]
    return "\n".join(lines)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=4))
def test_a_spoilt_file_is_settings_or_a_list_of_faults_with_their_lines(edits: list[tuple[str, int, str]]) -> None:
    text = spoilt(edits)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "site.toml"
        path.write_bytes(text.encode("utf-8", "replace"))
        try:
            load(path)
        except ConfigError as error:
            faults = str(error).splitlines()
            assert faults
            last = text.count("\n") + 1
            for fault in faults:
                match = re.match(rf"{re.escape(str(path))}, line (\d+): \S", fault)
                assert match, fault
                assert 1 <= int(match[1]) <= last + 1
        else:
            assert tomllib.loads(text)
