"""What the positions process tells Prometheus. Labels are protocols and outcomes, never devices: their number is bounded."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cloud.positions.messages import Answer, Message

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class PositionMeters:
    """One set a process; a registry of its own, so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.fixes = Counter(
            "tuantu_positions_fixes_total", "Fixes by what became of them", ["protocol", "outcome"], registry=self.registry
        )
        self.messages = Counter(
            "tuantu_positions_messages_total", "Messages by what became of them", ["protocol", "outcome"], registry=self.registry
        )
        self.terminals = Gauge("tuantu_positions_terminals", "Open connections of JT/T 808 terminals", registry=self.registry)
        self.is_up = Gauge("tuantu_positions_up", "1 while the database takes fixes", registry=self.registry)
        self.flush_seconds = Histogram(
            "tuantu_positions_flush_seconds", "Transaction of a flush", buckets=_SECONDS, registry=self.registry
        )
        self.lag_seconds = Histogram(
            "tuantu_positions_lag_seconds", "From arrival to commit", buckets=_SECONDS, registry=self.registry
        )

    def count(self, message: Message, answer: Answer) -> None:
        """One message and its fixes."""
        protocol = message.caller.protocol
        told = {"kept": answer.kept, "repeated": answer.repeated, "unheard": answer.unheard, "refused": len(answer.refused)}
        for outcome, number in told.items():
            if number:
                self.fixes.labels(protocol, outcome).inc(number)
        outcome = "stranger" if not answer.is_known else "unreadable" if message.report is None else "taken"
        self.messages.labels(protocol, outcome).inc()
