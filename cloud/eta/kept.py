"""What an operator's runs have taught, as the store keeps it."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import numpy as np

from cloud.eta.errors import Errors
from cloud.eta.experience import Experience
from cloud.store.pool import Connection

_EXPERIENCE = msgspec.json.Decoder(Experience)
_ERRORS = msgspec.json.Decoder(dict[int, list[float]])


@dataclass(frozen=True, slots=True)
class Knowledge:
    """``runs``: of how many."""

    experience: Experience
    errors: Errors
    runs: int = 0


NEW = Knowledge(Experience(), Errors())


async def knowledge_of(connection: Connection, operator_id: str) -> Knowledge:
    """NEW of an operator whose first run is not over yet."""
    cursor = await connection.execute(
        "SELECT experience::text, errors::text, runs FROM eta_experience WHERE operator_id = %s", [operator_id]
    )
    row = await cursor.fetchone()
    if row is None:
        return NEW
    errors = {group: np.array(counts, dtype=np.float64) for group, counts in _ERRORS.decode(row[1]).items()}
    return Knowledge(_EXPERIENCE.decode(row[0]), Errors(errors), row[2])


async def keep_knowledge(connection: Connection, operator_id: str, known: Knowledge, now: datetime) -> None:
    errors = {group: [round(float(one), 3) for one in counts] for group, counts in known.errors.groups.items()}
    await connection.execute(
        """
        INSERT INTO eta_experience (operator_id, experience, errors, runs, learned_at) VALUES (%s, %s::jsonb, %s::jsonb, %s, %s)
        ON CONFLICT (operator_id) DO UPDATE SET experience = excluded.experience, errors = excluded.errors,
            runs = excluded.runs, learned_at = excluded.learned_at
        """,
        [operator_id, msgspec.json.encode(known.experience).decode(), msgspec.json.encode(errors).decode(), known.runs, now],
    )
