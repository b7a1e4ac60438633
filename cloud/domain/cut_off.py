"""When orders close (截单): server time, in the operator's own zone, on the evening before their pickup date."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class CutOff:
    """An operator's rule."""

    at: time
    time_zone: str

    def closes(self, pickup_date: date) -> datetime:
        """From when on no order for that date is taken or changed."""
        return datetime.combine(pickup_date - timedelta(days=1), self.at, ZoneInfo(self.time_zone))

    def is_closed(self, pickup_date: date, now: datetime) -> bool:
        """``now``: the server's domain time, aware."""
        return now >= self.closes(pickup_date)

    def today(self, now: datetime) -> date:
        """The service date there."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()
