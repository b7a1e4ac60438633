"""``make smoke``: one order's whole way through what runs, and a restart of each part. Last line: one JSON object.

Against a `make run` it finds everything in the data folder; ``--compose`` tries the containers of docker-compose.yml.
Exit code 0 where all of it held, 1 where a step did not, 2 called wrongly. It has an operator and a station of its own.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from tests.smoke.places import ROOT, Compose, Failure, OneBox, Place
from tests.smoke.story import Story, Told


def main() -> int:
    options = _parser().parse_args()
    began_s = time.monotonic()
    verdict: dict[str, Any] = {"ok": False}
    try:
        verdict = {"ok": True, **asdict(asyncio.run(_run(options)))}
    except* Failure as failures:
        for failure in _leaves(failures):
            sys.stdout.write(f"FAILED   {failure}\n")
            verdict["failure"] = str(failure).partition("\n")[0]
    except* (httpx.HTTPError, OSError) as strange:  # of what nobody thought: named all the same
        for failure in _leaves(strange):
            verdict["failure"] = f"{type(failure).__name__} {failure}".strip()
            sys.stdout.write(f"FAILED   {verdict['failure']}\n")
    sys.stdout.write(json.dumps({**verdict, "took_s": round(time.monotonic() - began_s, 1)}, ensure_ascii=False) + "\n")
    return 0 if verdict["ok"] else 1


def _leaves(group: BaseExceptionGroup) -> list[BaseException]:
    return [leaf for one in group.exceptions for leaf in (_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])]


async def _run(options: argparse.Namespace) -> Told:
    place: Compose | OneBox
    if options.compose:
        place = Compose(options.url, options.broker)
    else:
        place = OneBox(ROOT / (options.data or os.environ.get("TUANTU_DATA") or ".data"))
    await place.open()
    try:
        return await _tell(place, options)
    finally:
        if isinstance(place, Compose):
            await place.close()


async def _tell(place: Place, options: argparse.Namespace) -> Told:
    parts = place.parts if options.parts is None else [part for part in options.parts.split(",") if part]
    if unknown := set(parts) - set(place.parts):
        raise Failure(f"--parts: there is no {', '.join(sorted(unknown))}", f"choose of {','.join(place.parts)}")
    story = Story(place, _say)
    _say(f"at       {place.url}")
    try:
        return await story.run(parts)
    finally:
        await story.tidy()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="data folder of a `make run`; else TUANTU_DATA, else .data")
    parser.add_argument("--compose", action="store_true", help="the containers of docker-compose.yml")
    parser.add_argument("--url", default="", help="with --compose: where browsers reach it, if not by TUANTU_DOMAIN")
    parser.add_argument("--broker", default="", help="with --compose: where stations reach the broker: mqtts://host:8883")
    parser.add_argument("--parts", help="which are restarted, by comma; empty: none; left out: all")
    return parser


if __name__ == "__main__":
    sys.exit(main())
