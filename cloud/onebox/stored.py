"""The settings of a one box as its tools need them, kept in its data folder: a file only its owner reads."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloud.onebox.folder import write_private
from cloud.trouble import Trouble

FILE = "settings.json"
# Names the data folder to tools that have more to do with it than its database.
FOLDER_VARIABLE = "TUANTU_ONEBOX"


def keep(folder: Path, environment: Mapping[str, str]) -> None:
    """As of this start."""
    write_private(folder / FILE, json.dumps({**environment, FOLDER_VARIABLE: str(folder)}))


def kept(folder: Path) -> dict[str, str]:
    """What this start has kept."""
    settings: dict[str, str] = json.loads((folder / FILE).read_bytes())
    return settings


def found(arguments: Sequence[str], environment: Mapping[str, str], root: Path) -> tuple[list[str], dict[str, str]]:
    """The arguments without ``--data DIR``, and the settings of that one box.

    Without it those of TUANTU_DATA or .data, unless the environment names a database by itself.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data")
    options, rest = parser.parse_known_args(arguments)
    if options.data is None and environment.get("TUANTU_DATABASE_URL"):
        return rest, {}
    folder = Path(options.data) if options.data is not None else root / (environment.get("TUANTU_DATA") or ".data")
    file = folder / FILE
    try:
        settings = json.loads(file.read_bytes())
    except FileNotFoundError:
        if options.data is None:
            return rest, {}
        raise Trouble(f"--data {folder}: no `make run` has worked there", "name its data folder, such as .data") from None
    except PermissionError:
        raise Trouble(f"{file} is another user's", "call this as the user who starts `make run`") from None
    except ValueError as error:
        raise Trouble(f"{file} can't be read: {error}", "`make run` writes it anew") from None
    return rest, {str(name): str(value) for name, value in settings.items()}
