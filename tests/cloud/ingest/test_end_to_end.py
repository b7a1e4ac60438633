import pytest

from edge.wire.ids import Lane
from edge.wire.messages import ParcelReceived
from tests.cloud.ingest.sites import TestSite, count, running_ingest, until, uplink_of

pytestmark = pytest.mark.slow


async def test_an_event_and_readings_are_stored_once_and_acknowledged_every_time(database_url: str, broker: object) -> None:
    site = TestSite("e2e-1")
    async with running_ingest(database_url, broker), uplink_of(site, broker) as link:
        event = site.scans(ParcelReceived(parcel="TTP1"))
        readings = site.readings([3.5, None, 4.0])
        for round_ in range(1, 4):
            link.send(event)
            link.send(readings)
            await until(lambda wanted=round_: len(link.acked()) == len(link.acked(Lane.LIVE)) == wanted)  # type: ignore[misc]
    assert count(database_url, "SELECT count(*) FROM event") == 1
    assert count(database_url, "SELECT count(*) FROM reading") == 3
    assert count(database_url, "SELECT count(*) FROM batch") == 2
