"""What the api counts for Prometheus, in a registry of its own so that tests can run many apps in one process."""

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector


class Meters:
    """Counters of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        # The route's pattern, never the path: a link's token stands in the path.
        self.requests = Counter("tuantu_api_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry)
        self.seconds = Histogram("tuantu_api_request_seconds", "Time to answer.", ["route"], registry=self.registry)
        self.logins = Counter("tuantu_api_logins", "Log-in attempts.", ["outcome"], registry=self.registry)
        self.orders = Counter("tuantu_api_orders_imported", "Orders of imports.", ["outcome"], registry=self.registry)
