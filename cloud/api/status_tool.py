"""``python -m cloud status``: what GET /health says, for people; looks by itself, so it works while the api is down."""

import argparse

from cloud.api.clock import clock_out
from cloud.api.health_check import Health, HealthCheck
from cloud.config import CloudConfig
from cloud.store.pool import open_pool
from edge.wire.clock import Clock


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    made = argparse.ArgumentParser(
        prog="python -m cloud status", description="What GET /health says. Exit code 0: ok, 1: it is not"
    )
    made.add_argument("--json", action="store_true", help="one JSON object")
    return made


async def main(arguments: list[str], config: CloudConfig, clock: Clock) -> int:
    """Print it. Exit code 0: ok, 1: degraded or down."""
    options = parser().parse_args(arguments)
    async with open_pool(config.database_url.get_secret_value(), "status", max_size=1) as pool:
        found = await HealthCheck(config, pool).look(clock_out(clock))
    print(found.model_dump_json(indent=1) if options.json else _text(found))  # noqa: T201  # the command's answer
    return 0 if found.status == "ok" else 1


def _text(found: Health) -> str:
    database = found.database
    lines = [f"status    {found.status}", *(f"          - {reason}" for reason in found.reasons)]
    lines.append(
        f"database  PostgreSQL {database.version}, mode {database.mode}, {database.migrations} migrations"
        if database.reachable
        else "database  unreachable"
    )
    lines.append(f"broker    {found.broker}")
    lines += [
        f"process   {one.process} {one.instance}: {'gone, last ' if one.gone else ''}heard {one.silent_s:.0f} s ago"
        for one in found.processes
    ]
    if found.backlog:
        backlog = found.backlog
        lines.append(f"sites     {backlog.sites}, {backlog.online} online; {backlog.quarantined} messages wait in quarantine")
        lines.append(f"lost      {backlog.lost_batches} batches, {backlog.quarantine_lost} messages of a full quarantine")
    if found.ingest_lag_s is not None:
        lines.append(f"ingest    {found.ingest_lag_s:.1f} s behind at worst")
    lines += [f"job       {job.task}: {'failing' if job.failing else 'late' if job.late else 'well'}" for job in found.jobs]
    return "\n".join(lines)
