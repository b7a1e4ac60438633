"""On which line of a TOML text a table or key stands. Pure; for a text that tomllib has taken.

tomllib keeps no places, and no library that keeps them is maintained.
"""

import tomllib
from dataclasses import dataclass, field

Place = tuple[str | int, ...]  # such as ("scanner", 0, "baud")

_BARE_END = " \t.=]\n"


@dataclass(slots=True)
class TomlLines:
    """``of`` a place that is not written itself, such as one inside an inline table, is the line of what holds it."""

    text: str
    _at: int = 0
    _line: int = 1
    _table: Place = ()
    _counts: dict[Place, int] = field(default_factory=dict)
    _lines: dict[Place, int] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "TomlLines":
        """Index ``text``; newlines may be CR LF."""
        lines = cls(text.replace("\r\n", "\n"))
        lines._statements()
        return lines

    def of(self, place: Place) -> int:
        """Counts from 1; 1 where nothing of it is written."""
        return next((self._lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._lines), 1)

    def _statements(self) -> None:
        while self._at < len(self.text):
            match self.text[self._at]:
                case " " | "\t" | "\n":
                    self._skip(1)
                case "#":
                    self._skip_comment()
                case "[":
                    self._header()
                case _:
                    self._key_and_value()

    def _header(self) -> None:
        line = self._line
        is_list = self.text.startswith("[[", self._at)
        self._skip(2 if is_list else 1)
        *parents, last = self._key()
        self._skip(2 if is_list else 1)
        place: Place = ()
        for part in parents:
            place = self._newest((*place, part))
            self._lines.setdefault(place, line)
        place = (*place, last)
        if is_list:
            self._lines.setdefault(place, line)
            self._counts[place] = self._counts.get(place, 0) + 1
        self._table = self._newest(place)
        self._lines[self._table] = line

    def _newest(self, place: Place) -> Place:
        return (*place, self._counts[place] - 1) if place in self._counts else place

    def _key_and_value(self) -> None:
        line = self._line
        place = self._table
        for part in self._key():
            place = (*place, part)
            self._lines.setdefault(place, line)
        self._skip(1)  # =
        depth = 0
        while self._at < len(self.text):
            character = self.text[self._at]
            if character == "\n" and depth == 0:
                return
            if character in "\"'":
                self._string()
            elif character == "#":
                self._skip_comment()
            else:
                depth += (character in "[{") - (character in "]}")
                self._skip(1)

    def _key(self) -> list[str]:
        """A dotted key; stands behind it and its spaces."""
        parts: list[str] = []
        while True:
            self._skip_spaces()
            begun = self._at
            if self.text[self._at] in "\"'":
                self._string()
                parts.append(tomllib.loads(f"key = {self.text[begun : self._at]}")["key"])
            else:
                while self.text[self._at] not in _BARE_END:
                    self._skip(1)
                parts.append(self.text[begun : self._at])
            self._skip_spaces()
            if self.text[self._at] != ".":
                return parts
            self._skip(1)

    def _string(self) -> None:
        quote = self.text[self._at]
        is_long = self.text.startswith(quote * 3, self._at)
        end = quote * 3 if is_long else quote
        self._skip(len(end))
        while not self.text.startswith(end, self._at):
            self._skip(2 if quote == '"' and self.text[self._at] == "\\" else 1)
        self._skip(len(end))
        while is_long and self.text.startswith(quote, self._at):  # up to two quotes may stand right before the end
            self._skip(1)

    def _skip_spaces(self) -> None:
        while self.text[self._at] in " \t":
            self._skip(1)

    def _skip_comment(self) -> None:
        while self._at < len(self.text) and self.text[self._at] != "\n":
            self._skip(1)

    def _skip(self, count: int) -> None:
        self._line += self.text.count("\n", self._at, self._at + count)
        self._at += count
