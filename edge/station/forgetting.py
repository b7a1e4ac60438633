"""What a site forgets of what it has booked: the old, but never the newest, whatever the clock says.

A clock that jumps for a moment makes everything look old; what lies on the shelves must be known all the same.
"""

from edge.outbox.transaction import Execute

_BITE = 500  # rows at a time: housekeeping holds nobody up


def forget_old(execute: Execute, table: str, at: str, before_ms: int, newest: int, which: str = "TRUE") -> None:
    """Rows of ``table`` whose column ``at`` (ms since 1970) lies before ``before_ms``, but for the ``newest``; of ``which`` alone.

    Names and ``which`` are the caller's own literals.
    """
    execute(
        f"""DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table}
            WHERE {at} < ? AND {which} AND rowid <= (SELECT max(rowid) FROM {table}) - ? ORDER BY rowid LIMIT {_BITE})""",  # noqa: S608  # literals only
        (before_ms, newest),
    )
