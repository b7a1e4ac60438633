from edge.cold_chain.past import Point
from edge.http.cold import with_gaps

MINUTE_MS = 60_000


def test_a_pause_breaks_a_charts_line_and_a_reading_that_dropped_out_does_not() -> None:
    points = [Point(minute * MINUTE_MS, 3.0) for minute in (0, 1, 3, 10)]
    assert with_gaps(points, 60.0) == [*points[:3], Point(4 * MINUTE_MS, None), points[3]]


def test_no_answer_is_a_gap_already() -> None:
    points = [Point(0, 3.0), Point(MINUTE_MS, None), Point(2 * MINUTE_MS, 3.0)]
    assert with_gaps(points, 60.0) == points
    assert with_gaps([], 60.0) == []
