"""Structured logs of all cloud processes: one JSON object a line on stderr.

No name, phone or address belongs in a log (ARCHITECTURE, decision 17). Callers don't put them there; what
slips in is struck out here.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PERSONAL_KEYS = frozenset({"name", "phone", "address", "resident", "password", "token", "secret"})
STRUCK_OUT = "…"
# A mainland mobile number: eleven digits that are no part of a longer number.
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


# Without the frames' variables: they hold whatever was being worked on, people included.
_tracebacks = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def strike_out_personal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace personal keys' values, and mobile numbers wherever they stand in a text."""
    for key, value in event.items():
        if key in PERSONAL_KEYS:
            event[key] = STRUCK_OUT
        elif isinstance(value, str):
            event[key] = _MOBILE.sub(STRUCK_OUT, value)
    return event


def configure(process: str, level: int = logging.INFO) -> None:
    """Set up structlog and the standard library's logging for this process; ``process`` is in every line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tracebacks,
        _named(process),
        strike_out_personal,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # links in paths are secrets


def _named(process: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("process", process)
        return event

    return add
