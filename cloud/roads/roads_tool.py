"""``python -m cloud roads import FILE.osm.pbf | status``: which roads there are, and new ones."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cloud.config import CloudConfig
from cloud.roads.importing import OPENSTREETMAP, import_extract
from cloud.roads.versions import About, Versions
from cloud.trouble import Trouble
from edge.wire.clock import Clock, utc

_SHOWN = 78


def main(arguments: list[str], config: CloudConfig, clock: Clock) -> int:
    """Exit code 0, or Trouble."""
    options = parser().parse_args(arguments)
    if config.roads_dir is None:
        raise Trouble(
            "nobody said where imported roads are kept", "TUANTU_ROADS_DIR=/var/lib/tuantu/roads, for all processes of the cloud"
        )
    versions = Versions(config.roads_dir)
    if options.command == "import":
        with _Progress() as progress:
            about = import_extract(versions, options.file, utc(clock.now_ms()), progress.say, attribution=options.attribution)
        _print([f"in use from now on: {about.version}", *_lines(about)])
        return 0
    about_now = versions.current()
    _print(["no roads are imported: ways are estimated"] if about_now is None else [about_now.version, *_lines(about_now)])
    return 0


def _lines(about: About) -> list[str]:
    lines = [
        f"  of        {about.source}, {about.source_bytes / 1e6:.1f} MB, {about.roads:,} roads; {about.attribution}",
        f"  made at   {about.made_at}",
        f"  map       {', '.join(f'{count:,} {layer}' for layer, count in about.features.items())}",
    ]
    if about.has_graph:
        lines.append(
            f"  graph     road / straight line {about.ratio} in the median, {about.ratio_p95} at p95; "
            f"{about.unreachable_share or 0:.1%} of ways missing"
        )
    else:
        lines.append(f"  graph     none: {about.why_no_graph}")
    return lines


def _print(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


class _Progress:
    """Steps as lines; what happens within one, on a terminal, in place."""

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[K")

    def say(self, text: str) -> None:
        is_step = text[:1].isdigit() and "/" in text[:3]
        if is_step or not sys.stdout.isatty():
            if is_step:
                _print([("\r\x1b[K" if sys.stdout.isatty() else "") + text])
            return
        sys.stdout.write(f"\r\x1b[K    {text[:_SHOWN]}")
        sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """What may be said to it."""
    made = argparse.ArgumentParser(prog="python -m cloud roads", description="which roads there are, and new ones")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    importing = commands.add_parser("import", help="make routing graph and map of an OpenStreetMap extract, and use them")
    importing.add_argument("file", type=Path, help="FILE.osm.pbf")
    importing.add_argument("--attribution", default=OPENSTREETMAP, help=f"what the map says of its source ({OPENSTREETMAP})")
    commands.add_parser("status", help="the roads in use")
    return made
