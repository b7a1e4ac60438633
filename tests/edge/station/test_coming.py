"""The vans that come: as said last, over a restart, and nothing older; what a page shows of them."""

from pathlib import Path

from edge.http.views import coming_view
from edge.station.coming import ComingBook
from edge.wire.messages import ComingVan, Desired
from tests.edge.station.counters import open_counter

VAN = ComingVan(run="A1", state="departed", early_ms=1_000, late_ms=2_000, stops_before=2, as_of_ms=900, containers={"chilled": 2})


def said(at_ms: int, *vans: ComingVan) -> Desired:
    return Desired(version=1, hlc=0, coming=vans, coming_at_ms=at_ms)


async def test_what_was_said_last_is_known_after_a_restart_and_an_older_word_changes_nothing(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        book = ComingBook(counter.outbox)
        await book.load()
        assert (book.now.said_ms, book.now.vans) == (0, ())
        await book.apply(said(0))  # of a cloud before this one: it says nothing of vans
        assert book.now.said_ms == 0
        await book.apply(said(5_000, VAN))
        await book.apply(said(4_000))
        assert (book.now.said_ms, book.now.vans) == (5_000, (VAN,))
    async with open_counter(tmp_path) as counter:
        book = ComingBook(counter.outbox)
        await book.load()
        assert book.now.vans == (VAN,)
        shown = coming_view(book.now)
        (van,) = shown.vans
        assert (shown.said_ms, van.run, van.containers, van.planned_ms) == (5_000, "A1", {"chilled": 2}, None)
        await book.apply(said(6_000))
        assert coming_view(book.now).vans == []
