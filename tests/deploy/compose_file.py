"""Reads the part of YAML that docker-compose.yml is written in: blocks, flow lists and maps, anchors, merges; else it is an error.

There is no YAML reader among the project's packages, and a file that stays this plain is one that people read, too.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(r'([\w./-]+|"[^"]*"|<<):(?: +(.*))?$')


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    text: str


def read(text: str) -> dict[str, Any]:
    """The file as mappings, lists and texts. ValueError names the line that is not understood."""
    lines = [
        _Line(number, len(line) - len(line.lstrip()), line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    reader = _Reader(lines)
    found = reader.block(0)
    if reader.at != len(lines):
        raise ValueError(f"line {lines[reader.at].number}: indented as nothing before it")
    if not isinstance(found, dict):
        raise ValueError("want a mapping")
    return found


class _Reader:
    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        self.at = 0
        self.anchors: dict[str, Any] = {}

    def block(self, indent: int) -> Any:
        return self._list(indent) if self.lines[self.at].text.startswith("- ") else self._mapping(indent)

    def _list(self, indent: int) -> list[Any]:
        found = []
        while self._is_at(indent) and self.lines[self.at].text.startswith("- "):
            found.append(self._scalar(self.lines[self.at].text[2:], self.lines[self.at]))
            self.at += 1
        return found

    def _mapping(self, indent: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        while self._is_at(indent):
            line = self.lines[self.at]
            match = _KEY.match(line.text)
            if match is None:
                raise ValueError(f"line {line.number}: {line.text!r} is no key")
            key, value = match[1].strip('"'), match[2] or ""
            self.at += 1
            if key in own:
                raise ValueError(f"line {line.number}: {key} is there twice")
            if key == "<<":
                merged |= self.anchors[value.removeprefix("*")]
            else:
                own[key] = self._value(value, line)
        return {**merged, **own}

    def _value(self, text: str, line: _Line) -> Any:
        anchor = ""
        if text.startswith("&"):
            anchor, _, text = text[1:].partition(" ")
        deeper = self.at < len(self.lines) and self.lines[self.at].indent > line.indent
        found = self.block(self.lines[self.at].indent) if not text and deeper else self._scalar(text, line)
        if anchor:
            self.anchors[anchor] = found
        return found

    def _scalar(self, text: str, line: _Line) -> Any:
        if text.startswith("*"):
            return self.anchors[text[1:]]
        if text.startswith('"'):
            return json.loads(text)
        if text[:1] in ("[", "{"):
            # Flow lists and maps of plain words: JSON, once each word has its quotes.
            words = re.sub(
                r'("[^"]*")|([^\s\[\]{},:"][^\[\]{},"]*?)(?=\s*[,\]}]|:\s)', lambda m: m[1] or json.dumps(m[2].strip()), text
            )
            try:
                return json.loads(words)
            except ValueError:
                raise ValueError(f"line {line.number}: {text!r} is not understood") from None
        return {"true": True, "false": False, "": None}.get(text, text)

    def _is_at(self, indent: int) -> bool:
        if self.at >= len(self.lines):
            return False
        if self.lines[self.at].indent > indent:
            raise ValueError(f"line {self.lines[self.at].number}: indented too far")
        return self.lines[self.at].indent == indent
