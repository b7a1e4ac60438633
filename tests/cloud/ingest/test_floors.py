from datetime import timedelta
from typing import Any

import pytest

from cloud.ingest.batch import Sealed
from cloud.ingest.checks import check
from cloud.ingest.floors import MOST_ASKED, RESEND_EVERY_S, Advance, Claim, Claims, Floors
from cloud.ingest.flush import Flusher
from cloud.store.pool import Connection
from edge.wire.clock import utc
from edge.wire.ids import Lane, OperatorId, Seq, SiteId
from edge.wire.messages import LabelUnknown, Resend
from tests.cloud.ingest.sites import Batch, TestSite, count, now_ms, rows

pytestmark = pytest.mark.slow


class Monotonic:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def heard(flusher: Flusher, floors: Floors, *batches: Batch, later: timedelta = timedelta(0)) -> Advance:
    claims = Claims()
    outcome = await flusher.flush([batch.arrival() for batch in batches])
    claims.hear(outcome.answered)
    return await floors.advance(flusher.connection, claims.take(), utc(now_ms()) + later)


def live(site: TestSite, seq: int, *, floor: int = 1, kept: int = 1) -> Batch:
    batch = site.readings([float(seq)])
    return site.seal(Lane.LIVE, batch.payload, seq=seq, floor=floor, kept=kept)


def floor_of(url: str) -> tuple[Any, ...]:
    return rows(url, "SELECT floor, claimed, lost FROM lane_floor")[0]


async def test_the_floor_moves_over_keys_that_are_all_there_and_takes_them_away(flusher: Flusher, database_url: str) -> None:
    site, floors = TestSite("s1"), Floors(Monotonic())
    await heard(flusher, floors, *(live(site, seq) for seq in range(1, 10)))
    advance = await heard(flusher, floors, live(site, 10, floor=8))
    assert advance == Advance((), 0)
    assert floor_of(database_url) == (8, 8, 0)
    assert [row[0] for row in rows(database_url, "SELECT seq FROM batch ORDER BY 1")] == [8, 9, 10]


async def test_a_repeat_from_below_the_floor_is_not_applied_again(flusher: Flusher, database_url: str) -> None:
    site, floors = TestSite("s1"), Floors(Monotonic())
    first = live(site, 1)
    await heard(flusher, floors, first, live(site, 2))
    await heard(flusher, floors, live(site, 3, floor=3))
    outcome = await flusher.flush([first.arrival()])
    assert (outcome.duplicates, outcome.rows) == (1, 0)
    assert count(database_url, "SELECT count(*) FROM reading") == 3


async def test_keys_of_events_are_kept_below_the_floor_so_that_a_clone_is_told_apart(flusher: Flusher, database_url: str) -> None:
    card, clone, floors = TestSite("s1"), TestSite("s1"), Floors(Monotonic())
    clone.epoch = card.epoch
    await heard(flusher, floors, card.scans(LabelUnknown(text="a")))
    second = card.seal(Lane.EVENT, card.scans(LabelUnknown(text="b")).payload, seq=2, floor=2)
    await heard(flusher, floors, second)
    assert floor_of(database_url)[0] == 2
    outcome = await flusher.flush([clone.scans(LabelUnknown(text="other")).arrival()])
    assert len(outcome.refused) == 1
    third = card.seal(Lane.EVENT, card.scans(LabelUnknown(text="c")).payload, seq=3, floor=3)
    await heard(flusher, floors, third, later=timedelta(days=800))
    assert floor_of(database_url)[0] == 3
    assert [row[0] for row in rows(database_url, "SELECT seq FROM batch ORDER BY 1")] == [1, 2, 3]


async def test_what_an_old_card_image_writes_far_below_the_floor_is_applied_and_its_other_content_refused(
    flusher: Flusher, connection: Connection, database_url: str
) -> None:
    site, floors = TestSite("s1"), Floors(Monotonic())
    first = site.scans(LabelUnknown(text="a"))
    await heard(flusher, floors, first)
    far = site.seal(Lane.EVENT, site.scans(LabelUnknown(text="b")).payload, seq=500, floor=500, kept=500)
    await heard(flusher, floors, far)
    assert floor_of(database_url)[0] == 500
    unknown = site.seal(Lane.EVENT, site.scans(LabelUnknown(text="scanned anew")).payload, seq=2)
    outcome = await flusher.flush([unknown.arrival()])
    assert (outcome.duplicates, outcome.rows, len(outcome.answered), outcome.refused) == (0, 1, 1, [])
    other = site.seal(Lane.EVENT, site.scans(LabelUnknown(text="other")).payload, seq=2)
    outcome = await flusher.flush([other.arrival()])
    assert [item.envelope for item in outcome.refused] == [other.envelope]
    outcome = await flusher.flush([unknown.arrival()])
    assert (outcome.duplicates, outcome.rows) == (1, 0)
    assert count(database_url, "SELECT count(*) FROM event") == 3


async def test_a_restored_cloud_asks_for_what_it_misses_and_the_floor_waits_for_it(
    flusher: Flusher, connection: Connection, database_url: str
) -> None:
    monotonic = Monotonic()
    site, floors = TestSite("s1"), Floors(monotonic)
    await heard(flusher, floors, live(site, 1), live(site, 2))
    # What 3 to 7 brought was lost with the old database; the site had heard of their commit.
    advance = await heard(flusher, floors, live(site, 8, floor=8))
    (answer,) = advance.resends
    assert answer.topic == "tt/v1/green/s1/ack"
    assert isinstance(answer.message, Resend)
    assert (answer.message.lane, answer.message.from_seq, answer.message.to_seq) == ("live", 3, 7)
    assert floor_of(database_url) == (3, 8, 0)
    again = await heard(flusher, floors, live(site, 9, floor=8))
    assert again.resends == ()
    monotonic.now_s += RESEND_EVERY_S
    assert len((await heard(flusher, floors, live(site, 10, floor=8))).resends) == 1
    await heard(flusher, floors, *(live(site, seq, floor=3) for seq in range(3, 8)))
    assert floor_of(database_url) == (8, 8, 0)


async def test_a_site_that_did_not_hear_is_asked_again_though_it_has_nothing_new_to_say(
    flusher: Flusher, connection: Connection
) -> None:
    monotonic = Monotonic()
    site, floors = TestSite("s1"), Floors(monotonic)
    assert await floors.unanswered(connection) == []
    await heard(flusher, floors, live(site, 1), live(site, 2))
    await heard(flusher, floors, live(site, 8, floor=8))
    await connection.execute(
        "INSERT INTO site_status (site_id, operator_id, boot, connect, online, heard_at) VALUES ('s1', 'green', 1, 1, true, now())"
    )
    assert await floors.unanswered(connection) == []  # it was asked a moment ago
    monotonic.now_s += RESEND_EVERY_S
    (claim,) = await floors.unanswered(connection)
    (answer,) = (await floors.advance(connection, [claim], utc(now_ms()))).resends
    assert isinstance(answer.message, Resend)
    assert (answer.topic, answer.message.from_seq, answer.message.to_seq) == ("tt/v1/green/s1/ack", 3, 7)
    await heard(flusher, floors, *(live(site, seq, floor=3) for seq in range(3, 8)))
    monotonic.now_s += RESEND_EVERY_S
    assert await floors.unanswered(connection) == []


async def test_what_the_site_no_longer_keeps_is_counted_as_lost_and_passed_over(flusher: Flusher, database_url: str) -> None:
    site, floors = TestSite("s1"), Floors(Monotonic())
    await heard(flusher, floors, live(site, 1), live(site, 2))
    advance = await heard(flusher, floors, live(site, 20, floor=20, kept=15))
    assert advance.lost == 12
    (answer,) = advance.resends
    assert isinstance(answer.message, Resend)
    assert (answer.message.from_seq, answer.message.to_seq) == (15, 19)
    assert floor_of(database_url) == (15, 20, 12)
    again = await heard(flusher, floors, live(site, 21, floor=20, kept=15))
    assert again.lost == 0


async def test_a_floor_never_moves_back(flusher: Flusher, database_url: str) -> None:
    site, floors = TestSite("s1"), Floors(Monotonic())
    await heard(flusher, floors, *(live(site, seq) for seq in range(1, 6)))
    await heard(flusher, floors, live(site, 6, floor=6))
    await heard(flusher, floors, live(site, 7, floor=2))
    assert floor_of(database_url) == (6, 6, 0)


def test_of_several_claims_the_newest_is_kept() -> None:
    site, claims = TestSite("s1"), Claims()
    for seq, floor in ((5, 4), (6, 5), (4, 2)):
        item = check(live(site, seq, floor=floor).arrival())
        assert isinstance(item, Sealed)
        claims.hear([item])
    (claim,) = claims.take()
    assert claim.floor == 5
    assert claims.take() == []


async def test_a_site_is_heard_by_what_it_sends(flusher: Flusher, database_url: str) -> None:
    site, floors = TestSite("s1"), Floors(Monotonic())
    for received_ms in (5_000, 9_000, 7_000):
        outcome = await flusher.flush([live(site, len(site.seqs) + received_ms).arrival(received_ms)])
        claims = Claims()
        claims.hear(outcome.answered)
        await floors.advance(flusher.connection, claims.take(), utc(now_ms()))
    assert rows(database_url, "SELECT heard_at FROM lane_floor") == [(utc(9_000),)]


async def test_what_a_site_cannot_send_is_asked_for_a_bounded_number_of_times_and_then_told_as_lost(
    flusher: Flusher, connection: Connection, database_url: str
) -> None:
    """Refused, for a twin of the card had its number, it moved to another epoch; then the twin's content was lost too."""
    monotonic = Monotonic()
    site, floors = TestSite("s1"), Floors(monotonic)
    await heard(flusher, floors, live(site, 1), live(site, 2))
    await heard(flusher, floors, live(site, 5), live(site, 8, floor=8))
    asked = 1
    for _ in range(MOST_ASKED - 1):
        monotonic.now_s += RESEND_EVERY_S
        advance = await floors.advance(connection, [_claim(site)], utc(now_ms()))
        asked += len(advance.resends)
        assert advance.lost == 0
    assert asked == MOST_ASKED
    monotonic.now_s += RESEND_EVERY_S
    assert await floors.advance(connection, [_claim(site)], utc(now_ms())) == Advance((), 2)
    assert floor_of(database_url) == (5, 8, 2), "what is there after the gap is not given up with it"
    monotonic.now_s += RESEND_EVERY_S
    (answer,) = (await floors.advance(connection, [_claim(site)], utc(now_ms()))).resends
    assert isinstance(answer.message, Resend)
    assert (answer.message.from_seq, answer.message.to_seq) == (6, 7), "the next gap has its own count"


def _claim(site: TestSite) -> Claim:
    return Claim(OperatorId("green"), SiteId("s1"), site.epoch, Lane.LIVE, Seq(8), Seq(1))


async def test_whoever_sends_what_is_missing_is_asked_on(flusher: Flusher, connection: Connection, database_url: str) -> None:
    monotonic = Monotonic()
    site, floors = TestSite("s1"), Floors(monotonic)
    await heard(flusher, floors, live(site, 1), live(site, 60, floor=60))
    for seq in range(2, 2 + MOST_ASKED + 5):
        monotonic.now_s += RESEND_EVERY_S
        advance = await heard(flusher, floors, live(site, seq))  # as it was sealed, when it waited for the first
        assert (len(advance.resends), advance.lost) == (1, 0), seq
    assert floor_of(database_url)[2] == 0
