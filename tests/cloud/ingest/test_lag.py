from cloud.ingest.lag import Lag


def test_lag_is_the_worst_of_what_was_written_since_and_of_what_still_waits() -> None:
    lag = Lag()
    assert lag.take() == 0
    lag.waited(3)
    lag.waited(2)
    with lag.of(lambda: 1.0), lag.of(lambda: 9.0):
        assert lag.take() == 9
    assert lag.take() == 0
    lag.waited(3)
    assert lag.take() == 3
    assert lag.take() == 0
