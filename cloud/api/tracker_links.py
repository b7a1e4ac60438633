"""How a phone or a terminal is set up to tell us where it is: links that configure the app, and what to type where none does. Pure.

OwnTracks: https://owntracks.org/booklet/features/remoteconfig; Traccar Client takes the address it sends to, with its id.
"""

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from cloud.store.trackers import TrackerProtocol, broker_user

# What apps are asked to do: a fix every 10 s or 20 m while it moves.
_INTERVAL_S, _DISTANCE_M = 10, 20


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where devices reach us from outside. ``mqtt``: "" where phones cannot reach the broker; ``jt808``: host:port."""

    phones: str
    mqtt: str
    jt808: str


@dataclass(frozen=True, slots=True)
class SetUp:
    """``link``: the app opens it, or scans it as a QR; "" where there is none. ``settings``: name and value, to be typed."""

    app: str
    link: str
    settings: tuple[tuple[str, str], ...]


def set_ups(protocol: TrackerProtocol, tracker_id: int, secret: str, at: Addresses) -> list[SetUp]:
    """The ways to set it up, the best first. ``secret``: the token, or a terminal's number."""
    match protocol:
        case TrackerProtocol.OSMAND:
            return _phone(secret, at.phones.rstrip("/"))
        case TrackerProtocol.OWNTRACKS:
            return _owntracks(broker_user(tracker_id), secret, at)
        case TrackerProtocol.JT808:
            host, _, port = at.jt808.rpartition(":")
            return [SetUp("JT/T 808", "", (("server", host), ("port", port), ("terminal", secret)))]


def _phone(token: str, address: str) -> list[SetUp]:
    traccar = f"{address}/?id={quote(token, safe='')}&interval={_INTERVAL_S}&distance={_DISTANCE_M}&buffer=true"
    # No speed: OsmAnd says it in m/s where the protocol means knots, and ours follows from the places.
    osmand = f"{address}/?id={quote(token, safe='')}&lat={{0}}&lon={{1}}&timestamp={{2}}&hdop={{3}}"
    return [
        SetUp("Traccar Client", traccar, (("server", address), ("id", token))),
        SetUp("OsmAnd", "", (("address", osmand),)),
    ]


def _owntracks(user: str, token: str, at: Addresses) -> list[SetUp]:
    common = {
        "_type": "configuration", "auth": True, "username": user, "password": token, "deviceId": "phone", "monitoring": 2,
        "locatorInterval": _INTERVAL_S, "locatorDisplacement": _DISTANCE_M,
    }  # fmt: skip
    url = f"{at.phones.rstrip('/')}/owntracks"
    by_http = SetUp(
        "OwnTracks HTTP", _inline({**common, "mode": 3, "url": url}), (("url", url), ("username", user), ("password", token))
    )
    broker = urlsplit(at.mqtt)
    if not broker.hostname:
        return [by_http]
    is_tls = broker.scheme == "mqtts"
    port = broker.port or (8883 if is_tls else 1883)
    settings = {**common, "mode": 0, "host": broker.hostname, "port": port, "tls": is_tls, "pubTopicBase": "owntracks/%u/%d"}
    typed = (("host", broker.hostname), ("port", str(port)), ("username", user), ("password", token))
    return [by_http, SetUp("OwnTracks MQTT", _inline(settings), typed)]


def _inline(settings: dict[str, object]) -> str:
    text = base64.b64encode(json.dumps(settings, separators=(",", ":")).encode()).decode()
    return f"owntracks:///config?inline={quote(text, safe='')}"
