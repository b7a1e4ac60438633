"""Alarms of a site, as ingest folds them into rows and rooms."""

from dataclasses import replace
from typing import Any

import pytest

from cloud.ingest.flush import Flusher
from cloud.store.alarm_waiting import fold_waiting
from cloud.store.migrate import MIGRATIONS
from cloud.store.pool import connect
from edge.wire import messages as m
from edge.wire.clock import utc
from tests.cloud.ingest.sites import TestSite, now_ms, rows
from tests.cloud.ingest.test_events import body, flush, order  # noqa: F401  # order is a fixture

pytestmark = pytest.mark.slow

ID = "fridge-1_c/high/1"
RAISED = m.AlarmRaised(alarm=ID, subject="fridge-1_c", rule="high", severity="warning", value=6.5, limit=5.0, since_ms=1)
WORSE = m.AlarmRaised(alarm=ID, subject="fridge-1_c", rule="high", severity="critical", value=9.5, limit=5.0, since_ms=1)


def alarm(url: str, site: str = "s1") -> tuple[Any, ...]:
    found = rows(url, "SELECT state, severity, is_open, acknowledged_by, note, value FROM alarm WHERE site_id = %s", site)
    assert len(found) <= 1
    return found[0] if found else ()


def number(url: str) -> int:
    return int(rows(url, "SELECT id FROM alarm")[0][0])


@pytest.fixture(autouse=True)
def served(order: None, database_url: str) -> None:  # noqa: F811
    rows(database_url, "INSERT INTO site_operator (site_id, operator_id) VALUES ('s1', 'green') RETURNING 1")


async def test_an_alarm_is_in_the_rooms_of_its_site_and_operator_until_it_is_over_and_seen(
    flusher: Flusher, database_url: str
) -> None:
    site, t0 = TestSite("s1"), now_ms()
    await flush(flusher, site.scans(RAISED, ms=t0 - 9000))
    assert alarm(database_url) == ("raised", "warning", True, "", "", 6.5)
    key = f"alarm/{number(database_url)}"
    shown = body(database_url, "site:s1", key)
    assert (shown["site"], shown["subject"], shown["state"], shown["limit"]) == ("s1", "fridge-1_c", "raised", 5.0)
    assert body(database_url, "sites:green", key) == shown
    seen = replace_actor(site.event(m.AlarmAcknowledged(alarm=ID, note="门没关"), ms=t0 - 8000), "staff-9")
    await flush(flusher, site.events(seen))
    assert body(database_url, "sites:green", key)["acknowledged_by"] == "staff-9"
    await flush(flusher, site.scans(m.AlarmCleared(alarm=ID, value=4.0), ms=t0 - 7000))
    assert alarm(database_url) == ("cleared", "warning", False, "staff-9", "门没关", 6.5)
    assert (body(database_url, "site:s1", key), body(database_url, "sites:green", key)) == (None, None)


def replace_actor(event: m.Event, actor: str) -> m.Event:
    return m.Event(
        n=event.n, hlc=event.hlc, boot=event.boot, measured_at_ms=event.measured_at_ms, clock=event.clock, fact=event.fact,
        device=event.device, actor=actor,
    )  # fmt: skip


async def test_what_comes_late_twice_and_in_another_order_ends_in_the_same_life(flusher: Flusher, database_url: str) -> None:
    site, t0 = TestSite("s1"), now_ms()
    told = [
        site.scans(RAISED, ms=t0 - 9000),
        site.scans(m.AlarmAcknowledged(alarm=ID, note="看到了"), ms=t0 - 8000),
        site.scans(WORSE, ms=t0 - 7000),
        site.scans(m.AlarmCleared(alarm=ID, value=4.0), ms=t0 - 6000),
    ]
    for batch in (told[3], told[1]):
        await flush(flusher, batch)
    assert alarm(database_url) == (), "nobody knows yet what was seen, and what is over"
    for batch in (told[2], told[0], told[1], told[2]):
        await flush(flusher, batch)
    assert alarm(database_url) == ("cleared", "critical", True, "", "", 9.5)


async def test_what_was_raised_by_mistake_and_undone_was_no_alarm(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    await flush(flusher, site.scans(RAISED, ms=now_ms() - 9000))
    key = f"alarm/{number(database_url)}"
    await flush(flusher, site.scans(m.EventUndone(target=f"s1/{site.epoch}/1")))
    assert (alarm(database_url), body(database_url, "sites:green", key)) == ((), None)


async def test_two_sites_may_call_their_alarms_the_same(flusher: Flusher, database_url: str) -> None:
    one, other = TestSite("s1"), TestSite("s2")
    await flush(flusher, one.scans(RAISED), other.scans(WORSE))
    await flush(flusher, other.scans(m.AlarmAcknowledged(alarm=ID)))
    assert (alarm(database_url)[:2], alarm(database_url, "s2")[:2]) == (("raised", "warning"), ("acknowledged", "critical"))


async def test_an_undone_acknowledgement_is_none_and_a_corrected_clock_moves_the_times(flusher: Flusher, database_url: str) -> None:
    site, t0 = TestSite("s1"), now_ms()
    await flush(flusher, site.scans(RAISED, m.AlarmAcknowledged(alarm=ID), ms=t0 - 90_000))
    await flush(flusher, site.scans(m.EventUndone(target=f"s1/{site.epoch}/2"), ms=t0 - 80_000))
    assert alarm(database_url)[0] == "raised"
    before = rows(database_url, "SELECT raised_at FROM alarm")[0][0]
    await flush(flusher, site.scans(m.ClockCorrected(boot=1, offset_ms=30_000), ms=t0 - 70_000))
    after = rows(database_url, "SELECT raised_at FROM alarm")[0][0]
    assert (after - before).total_seconds() == pytest.approx(30.0)


async def test_a_batch_that_cannot_be_read_takes_no_alarm_along(flusher: Flusher, database_url: str) -> None:
    site = TestSite("s1")
    bad = replace(site.scans(m.ParcelReceived(parcel="P1")), payload=b"\xc1")
    outcome = await flusher.flush([bad.arrival(), site.scans(RAISED).arrival()])
    assert len(outcome.quarantined) == 1
    assert alarm(database_url)[0] == "raised"


async def test_an_alarm_that_stood_before_there_were_alarms_is_folded_once_it_is_found(flusher: Flusher, database_url: str) -> None:
    """The events are there and no alarm is, as the migration finds it."""
    site = TestSite("s1")
    await flush(flusher, site.scans(RAISED, ms=now_ms() - 9000))
    for table in ("alarm", "event_subject", "room_entry"):
        rows(database_url, f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone")  # of a literal
    _, _, statements = (MIGRATIONS / "common" / "0071_alarms_before.sql").read_text().partition(");\n")
    rows(database_url, statements.partition("-- migrate:down")[0].rstrip().rstrip(";") + " RETURNING 1")
    assert rows(database_url, "SELECT * FROM alarm_waiting") == [("s1", ID)]
    async with await connect(database_url, "test") as connection:
        assert await fold_waiting(connection, utc(now_ms())) == 1
        assert await fold_waiting(connection, utc(now_ms())) == 0
    assert alarm(database_url) == ("raised", "warning", True, "", "", 6.5)
    assert body(database_url, "sites:green", f"alarm/{number(database_url)}")["state"] == "raised"


def test_event_subjects_are_checked_again(database_url: str) -> None:
    assert rows(database_url, "SELECT convalidated FROM pg_constraint WHERE conname = 'event_subject_entity_check'") == [(True,)]
