"""What the logs let through."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from cloud import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """What is configured here would write to a file pytest has closed by then, in every test after it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    access = logging.getLogger("uvicorn.access")
    access_level = access.level
    configured = structlog.get_config()
    yield
    structlog.configure(**configured)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    access.setLevel(access_level)


def test_names_and_phone_numbers_are_struck_out() -> None:
    event = logs.strike_out_personal(
        None, "info", {"event": "called 13812345678 twice", "phone": "13812345678", "parcel": "TT13812345678901"}
    )
    assert event == {"event": "called … twice", "phone": "…", "parcel": "TT13812345678901"}


def test_both_loggers_write_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ingest")
    structlog.get_logger().info("flushed", rows=3)
    logging.getLogger("uvicorn.error").warning("odd %s", "request")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["rows"], first["process"], first["level"]) == ("flushed", 3, "ingest", "info")
    assert (second["event"], second["process"], second["level"]) == ("odd request", "ingest", "warning")


def test_a_traceback_shows_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("test")
    resident = "王小明"
    try:
        raise ValueError(len(resident))
    except ValueError:
        structlog.get_logger().exception("failed")
    line = capsys.readouterr().err
    assert "ValueError" in line
    assert resident not in line
