"""From a site's TOML to its settings, or to every fault in it: each with its line, its table and what to do.

Leaves what settings may be to settings and the device families, and what does not go together to agreement.
"""

import difflib
import re
import tomllib
import types
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from edge.config.agreement import disagreements
from edge.config.lines import Place, TomlLines
from edge.config.settings import EdgeConfig

Fault = tuple[Place, str]  # what is wrong there; the text begins with what is wanted

_AT = re.compile(r" - at `\$(.*)`\Z")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_WANTED = re.compile(r"Expected `(.+?)`, got `(.+?)`\Z")
_MISSING_FIELD = re.compile(r"Object missing required field `(\w+)`\Z")
_ENUM = re.compile(r"Invalid enum value (.+)\Z")
_KEYED = re.compile(r"(\w+)(?:, \w+)*: (?=\S)")
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)\Z")
_WORDS = {
    "int": "a whole number", "float": "a number", "str": "text in quotes", "bool": "true or false", "array": "a list",
    "object": "a table", "datetime": "a date", "null": "nothing",
}  # fmt: skip


class ConfigError(Exception):
    """The file is missing or wrong; a line of the text for each fault: file, line, table, key and remedy."""


def load(path: Path) -> EdgeConfig:
    """Read and check a site's TOML. Relative paths in it count from its folder. ConfigError with all that is wrong with it."""
    text = _text(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_not_toml(path, text, str(error))) from None
    faults = list(_unknown_keys(table, EdgeConfig, ()))
    config = _converted(table, faults)
    if config is not None:
        faults += disagreements(config)
    if config is None or faults:
        raise ConfigError(_as_lines(path, table, TomlLines.read(text), faults))
    resolved: EdgeConfig = _resolved(config, path.parent)
    return resolved


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; copy deploy/site.example.toml there and change it") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: {error.reason} at byte {error.start}; save it as UTF-8") from None


def _converted(table: dict[str, Any], faults: list[Fault]) -> EdgeConfig | None:
    """Table by table, so that each has its say. None where one is wrong; then there is a fault."""
    values: dict[str, Any] = {}
    known = len(faults)
    hints = get_type_hints(EdgeConfig)
    for field in fields(EdgeConfig):
        if field.name in table:
            values[field.name] = _value(table[field.name], hints[field.name], (field.name,), faults)
        elif _is_required(field):
            faults.append(((field.name,), _missing(field.name, hints[field.name])))
    return EdgeConfig(**values) if len(faults) == known else None


def _value(raw: Any, kind: Any, place: Place, faults: list[Fault]) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(raw, list):
            faults.append((place, f"want [[{place[0]}]] with two brackets, for there may be several"))
            return None
        return tuple(_value(one, get_args(kind)[0], (*place, n), faults) for n, one in enumerate(raw))
    if isinstance(raw, list) and is_dataclass(_plain(kind)):
        faults.append((place, f"want [{place[0]}] with single brackets, for there is only one"))
        return None
    try:
        return msgspec.convert(raw, kind, dec_hook=_decode)
    except msgspec.ValidationError as error:
        faults.append(_fault(str(error), kind, place))
        return None


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"want a path in quotes, got {value!r}")


def _fault(text: str, kind: Any, place: Place) -> Fault:
    """What msgspec or a settings class says, in our words."""
    if at := _AT.search(text):
        steps: Place = tuple(key or int(index) for key, index in _STEP.findall(at[1]))
        text, place, kind = text[: at.start()], (*place, *steps), _kind_at(kind, steps)
    if match := _MISSING_FIELD.match(text):
        return (*place, match[1]), _missing(match[1], get_type_hints(_plain(kind)).get(match[1]))
    if match := _ENUM.match(text):
        return place, f"want {_choice(_plain(kind))}, got {match[1]}"
    if match := _WANTED.match(text):
        plain = _plain(kind)
        is_choice = isinstance(plain, type) and issubclass(plain, Enum)
        wanted = _choice(plain) if is_choice else _WORDS.get(match[1].removesuffix(" | null"), match[1])
        return place, f"want {wanted}, got {_WORDS.get(match[2], match[2])}"
    if (match := _KEYED.match(text)) and is_dataclass(_plain(kind)):
        return (*place, match[1]), text[match.end() :]
    return place, text


def _unknown_keys(raw: Any, kind: Any, place: Place) -> Iterator[Fault]:
    kind = _plain(kind)
    if get_origin(kind) is tuple and isinstance(raw, list):
        for n, one in enumerate(raw):
            yield from _unknown_keys(one, get_args(kind)[0], (*place, n))
    elif is_dataclass(kind) and isinstance(raw, dict):
        hints = get_type_hints(kind)
        for key, value in raw.items():
            if key in hints:
                yield from _unknown_keys(value, hints[key], (*place, key))
                continue
            near = difflib.get_close_matches(key, hints, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            yield (*place, key), f"unknown key {key!r}; {meant}known are {', '.join(hints)}"


def _kind_at(kind: Any, steps: Place) -> Any:
    for step in steps:
        plain = _plain(kind)
        kind = get_args(plain)[0] if isinstance(step, int) else get_type_hints(plain)[step]
    return kind


def _plain(kind: Any) -> Any:
    """``X`` of ``X | None``."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(one for one in get_args(kind) if one is not types.NoneType)
    return kind


def _is_required(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _missing(key: str, kind: Any) -> str:
    plain = _plain(kind)
    if is_dataclass(plain):
        return f"missing; add a table [{key}]"
    if get_origin(plain) is tuple:
        return f"missing; add a table [[…{key}]]"
    return f"missing; add {key} = …"


def _choice(kind: type[Enum]) -> str:
    return " or ".join(f'"{one.value}"' for one in kind)


def _not_toml(path: Path, text: str, said: str) -> str:
    place = _TOML_PLACE.search(said)
    line = int(place[1]) if place else len(text.splitlines())
    return f"{path}, line {line}: {said[: place.start()] if place else said}; see deploy/site.example.toml for how it is written"


def _as_lines(path: Path, table: dict[str, Any], lines: TomlLines, faults: list[Fault]) -> str:
    found = sorted(((lines.of(place), f"{_said(place, table)}{text}") for place, text in faults), key=lambda one: one[0])
    return "\n".join(f"{path}, line {line}: {text}" for line, text in found)


def _said(place: Place, table: Any) -> str:
    """``[[locker.board]] 'left', address:``: what a person calls the place."""
    parts: list[str] = []
    tables: list[str] = []
    name, is_list = "", False
    value = table
    for step in place:
        if isinstance(step, int):
            is_list = True
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
            parts.append(step)
        if isinstance(value, dict):
            tables, parts = [*tables, *parts], []
            name = value.get("name", "") if isinstance(value.get("name", ""), str) else ""
    title = ".".join(tables)
    head = (f"[[{title}]]" if is_list else f"[{title}]") + (f" {name!r}" if name and is_list else "") if tables else ""
    key = ".".join(parts)
    return ", ".join(one for one in (head, key) if one) + (": " if head or key else "")


def _resolved(value: Any, folder: Path) -> Any:
    """The same settings, with every path counted from ``folder``."""
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, tuple):
        return tuple(_resolved(one, folder) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _resolved(getattr(value, field.name), folder) for field in fields(value)})
    return value
