"""What the gateway tells Prometheus. No label names a room or a socket: their number is not bounded."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class LiveMeters:
    """One set a gateway, in a registry of its own so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sockets = Gauge("tuantu_live_sockets", "Sockets open", registry=self.registry)
        self.rooms = Gauge("tuantu_live_rooms", "Rooms with somebody in them", registry=self.registry)
        self.lagging = Gauge("tuantu_live_lagging", "Sockets that read too slowly now", registry=self.registry)
        self.deliveries = Counter("tuantu_live_deliveries", "Frames with entries handed to sockets", registry=self.registry)
        self.encoded = Counter("tuantu_live_frames_encoded", "Frames with entries written", registry=self.registry)
        self.hints = Counter("tuantu_live_hints", "Rooms named in notices", ["news"], registry=self.registry)
        self.closed = Counter("tuantu_live_closed", "Sockets closed by the gateway", ["why"], registry=self.registry)
        self.stale = Gauge("tuantu_live_stale", "1 while the database is out of reach", registry=self.registry)
        self.fetch_seconds = Histogram("tuantu_live_fetch_seconds", "Reading entries", buckets=_SECONDS, registry=self.registry)
