"""``make faults SEEDS=50 [MUTANT=…]``: seeded schedules of faults against the real processes. Last line: one JSON object.

Exit code 0 where nothing was lost, doubled or otherwise wrong, no door was opened that nobody had asked for, commands did open
some, wrong ones were refused, and at least half of the faults hit a window between commit and acknowledgement. The mutants
(ack-before-commit, delete-before-ack, no-dedupe, pulse-again, pulse-before-commit, reseal-differently) are broken on purpose: with
one of them it has to end with 1, which shows that the schedules can fail: a loss, a double or a door, not merely something odd.
FIRST= is the first seed, LANES= how many schedules run side by side, each on a stack of its own; BROKER= mosquitto or iotcore.
"""

import asyncio
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.delivery import Repeater
from tests.faults.ledger import Balance
from tests.faults.plan import Aim, plan
from tests.faults.schedule import Report, Schedule, site_name
from tests.faults.site import OPERATOR
from tests.faults.stack import running_stack
from tests.faults.voice import CloudVoice

CLOUD_MUTANTS = ("ack-before-commit", "no-dedupe")
EDGE_MUTANTS = ("delete-before-ack", "pulse-again", "pulse-before-commit", "reseal-differently")
SCHEDULE_S = 400.0
FEWEST_SCANS, FEWEST_FAULTS = 200, 3  # of each schedule


@dataclass
class Run:
    """What all lanes share."""

    seeds: list[int]
    mutant: str
    reports: list[Report] = field(default_factory=list)
    used: Counter[str] = field(default_factory=Counter)
    aims: list[Aim] = field(default_factory=list)

    async def lane(self, number: int, all_seeds: list[int]) -> None:
        """Schedules one after another on one stack."""
        switches = {"TUANTU_MUTANT": self.mutant} if self.mutant in CLOUD_MUTANTS else {}
        async with running_stack([site_name(seed) for seed in all_seeds], switches) as stack:
            with Repeater(stack.broker_settings) as repeater, CloudVoice(stack.broker_settings, OPERATOR) as voice:
                while self.seeds:
                    seed = self.seeds.pop(0)
                    began_s = time.monotonic()
                    mutant = self.mutant if self.mutant in EDGE_MUTANTS else ""
                    schedule = Schedule(stack, repeater, voice, seed, site_name(seed), mutant, is_mutant=bool(self.mutant))
                    report = await self._one(schedule, seed)
                    self.used += schedule.used
                    self.aims += schedule.aims
                    self.reports.append(report)
                    self._say(number, report, time.monotonic() - began_s)

    async def _one(self, schedule: Schedule, seed: int) -> Report:
        strikes = plan(seed)
        try:
            async with asyncio.timeout(SCHEDULE_S):
                return await schedule.run(strikes)
        except Exception as error:  # noqa: BLE001  # the supervisor: a broken schedule is a finding, the others go on
            traceback.print_exc()
            where = schedule.site.log_tail()
            odd = (f"did not finish: {type(error).__name__}: {error}", where)
            return schedule.report(strikes, Balance(0, (), (), odd, schedule.cabinet.verdicts()))

    def _say(self, number: int, report: Report, took_s: float) -> None:
        faults = " ".join(f"{strike.fault}@{strike.after}" for strike in report.strikes)
        books = report.balance
        verdict = "ok" if books.is_even else "WRONG"
        print(f"lane {number} seed {report.seed} {verdict} {took_s:.0f} s, {books.events} events: {faults}", flush=True)
        for name, items in (("lost", books.lost), ("doubled", books.doubled), ("odd", books.odd), ("door", books.doors)):
            for item in items[:10]:
                print(f"    {name}: {item}", flush=True)

    def summary(self, took_s: float) -> dict[str, object]:
        """The last line."""
        balances = [report.balance for report in self.reports]
        return {
            "schedules": len(self.reports),
            "events": sum(books.events for books in balances),
            "scans": sum(report.scans for report in self.reports),
            "operations": sum(report.operations for report in self.reports),
            "pulses": sum(report.pulses for report in self.reports),
            "commands_refused": sum(report.refused for report in self.reports),
            "remote_opens": sum(report.remote_opens for report in self.reports),
            "fewest_scans": min((report.scans for report in self.reports), default=0),
            "faults": sum(report.struck for report in self.reports),
            "fewest_faults": min((report.struck for report in self.reports), default=0),
            "aimed": sum(aim.is_at_window for aim in self.aims),
            "aimed_hit": sum(aim.is_at_window and aim.has_hit for aim in self.aims),
            "aimed_missed": _counted(aim for aim in self.aims if not aim.has_hit),
            "lost": sum(len(books.lost) for books in balances),
            "doubled": sum(len(books.doubled) for books in balances),
            "doors_opened_without_command": sum(len(books.doors) for books in balances),
            "odd": sum(len(books.odd) for books in balances),
            "mutant": self.mutant,
            "wrong_seeds": sorted(report.seed for report in self.reports if not report.balance.is_even),
            "used": dict(sorted(self.used.items())),
            "steps_hit": _counted(aim for aim in self.aims if aim.has_hit),
            "seconds": round(took_s),
        }


def is_right(summary: Mapping[str, Any]) -> bool:
    """Whether a run shows what it is for. An agent that refuses every command opens no wrong door, either: that shows nothing.

    Of a mutant a loss, a double or a door is wanted: whoever is merely odd has not been caught.
    """
    is_wrong = any(summary[name] for name in ("lost", "doubled", "doors_opened_without_command"))
    if summary["mutant"]:
        return not is_wrong
    has_struck = summary["fewest_faults"] >= FEWEST_FAULTS and 2 * summary["aimed_hit"] >= summary["faults"]
    has_worked = summary["fewest_scans"] >= FEWEST_SCANS and summary["remote_opens"] and summary["commands_refused"]
    return not is_wrong and not summary["odd"] and has_struck and bool(has_worked)


def _counted(aims: Iterable[Aim]) -> dict[str, int]:
    """How often each step of each process."""
    return dict(sorted(Counter(f"{aim.process}:{aim.step}" for aim in aims).items()))


async def main() -> int:
    """Run the seeds the environment names."""
    mutant = os.environ.get("MUTANT", "")
    if mutant not in ("", *CLOUD_MUTANTS, *EDGE_MUTANTS):
        print(f"MUTANT={mutant}: want one of {', '.join((*CLOUD_MUTANTS, *EDGE_MUTANTS))}", file=sys.stderr)
        return 2
    first = int(os.environ.get("FIRST", "0"))
    seeds = list(range(first, first + int(os.environ.get("SEEDS", "50"))))
    lanes = max(1, min(int(os.environ.get("LANES", "2")), len(seeds)))
    began_s = time.monotonic()
    run = Run(list(seeds), mutant)
    async with asyncio.TaskGroup() as group:
        for number in range(lanes):
            group.create_task(run.lane(number, seeds))
    summary = run.summary(time.monotonic() - began_s)
    print(json.dumps(summary))
    return 0 if is_right(summary) else 1


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background ignores it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # either way everything is cleared away
    sys.exit(asyncio.run(main()))
