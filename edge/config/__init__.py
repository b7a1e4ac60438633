"""A site's TOML: hardware and identity, read and checked. Business rules come from the cloud, as ``desired``.

``deploy/site.example.toml`` shows every table. Leaves what a device's settings may be to its family in edge.devices.
"""

from edge.config.reading import ConfigError, load
from edge.config.settings import (
    BrokerSettings,
    ClockSettings,
    EdgeConfig,
    HttpSettings,
    SiteKind,
    SiteSettings,
    machine_id,
)

__all__ = [
    "BrokerSettings", "ClockSettings", "ConfigError", "EdgeConfig", "HttpSettings", "SiteKind",
    "SiteSettings", "load", "machine_id",
]  # fmt: skip
