"""What ingest tells Prometheus. Labels are lanes and reasons, never sites: their number is bounded."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class IngestMetrics:
    """One set a process; a registry of its own, so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.batches = Counter("tuantu_ingest_batches_total", "Batches acknowledged", ["lane"], registry=self.registry)
        self.duplicates = Counter(
            "tuantu_ingest_duplicates_total", "Batches that were there before", ["lane"], registry=self.registry
        )
        self.rows = Counter("tuantu_ingest_rows_total", "Readings, positions and events written", ["lane"], registry=self.registry)
        self.quarantined = Counter(
            "tuantu_ingest_quarantined_total", "Messages put in quarantine", ["reason"], registry=self.registry
        )
        self.conflicts = Counter("tuantu_ingest_conflicts_total", "Batches refused as conflicts", ["lane"], registry=self.registry)
        self.dropped = Counter("tuantu_ingest_dropped_total", "Messages dropped by a full queue", ["lane"], registry=self.registry)
        self.resends = Counter("tuantu_ingest_resends_total", "Times a site was asked to send again", registry=self.registry)
        self.lost = Counter(
            "tuantu_ingest_lost_batches_total", "Batches neither here nor at the site any more", registry=self.registry
        )
        self.restarts = Counter(
            "tuantu_ingest_restarts_total", "Times a lane lost its broker or database", ["lane"], registry=self.registry
        )
        self.is_up = Gauge("tuantu_ingest_lane_up", "1 while a lane takes messages", ["lane"], registry=self.registry)
        self.depth = Gauge("tuantu_ingest_queue_messages", "Messages that wait in this process", ["lane"], registry=self.registry)
        self.flush_seconds = Histogram(
            "tuantu_ingest_flush_seconds", "Transaction of a flush", ["lane"], buckets=_SECONDS, registry=self.registry
        )
        self.lag_seconds = Histogram(
            "tuantu_ingest_lag_seconds", "From arrival to acknowledgement", ["lane"], buckets=_SECONDS, registry=self.registry
        )
