"""What the cloud's processes are told by their environment: every name starts with TUANTU_.

One shape for all processes; each uses what it needs.
"""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConfigError(ValueError):
    """A setting is missing or wrong; the text names the variable and the remedy."""


class CloudConfig(BaseSettings):
    """Settings of all cloud processes."""

    # Compose hands over what its file does not set as empty: that is unset.
    model_config = SettingsConfigDict(env_prefix="TUANTU_", extra="ignore", frozen=True, env_ignore_empty=True)

    database_url: SecretStr = Field(description="postgresql://user:password@host:port/name")
    broker_url: SecretStr = Field(default=SecretStr(""), description="mqtt://user:password@host:1883 or mqtts://…")
    secret: SecretStr = Field(default=SecretStr(""), description="at least 32 characters; signs links, derives keys for phones")
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=1, le=65535)
    live_host: str = "127.0.0.1"
    live_port: int = Field(default=8081, ge=1, le=65535)
    positions_port: int = Field(
        default=5055, ge=1, le=65535, description="where phones send their positions: OsmAnd, Traccar, OwnTracks"
    )
    jt808_port: int = Field(default=7611, ge=0, le=65535, description="where JT/T 808 terminals connect; 0: nowhere")
    positions_url: str = Field(default="http://127.0.0.1:5055", description="what phones are told to send to")
    phones_mqtt_url: str = Field(default="", description="mqtt://host:1883 or mqtts://…, as phones with OwnTracks reach the broker")
    jt808_address: str = Field(default="127.0.0.1:7611", description="host:port that JT/T 808 terminals are told to connect to")
    public_url: str = Field(default="http://127.0.0.1:8080", description="what residents' links start with")
    live_url: str = Field(default="ws://127.0.0.1:8081", description="where browsers open the live socket")
    live_origins: str = Field(
        default="",
        description="origins whose pages may open the live socket, by comma; empty: any, but cookies of its own host",
    )
    trusted_proxies: str = Field(
        default="", description="addresses or networks, by comma, of proxies whose X-Forwarded-For is believed; empty: nobody's"
    )
    pages_dir: Path | None = Field(default=None, description="the built pages")
    roads_dir: Path | None = Field(default=None, description="where imported roads and maps are kept; unset: ways are estimated")
    roads_url: str = Field(
        default="", description="a road engine to ask instead: valhalla+http://host:8002 or osrm+http://host:5000, https too"
    )
    map_url: str = Field(
        default="", description="raster tiles to show instead of the imported map, such as https://host/{z}/{x}/{y}.png"
    )
    map_attribution: str = Field(default="", description="what the pages say of the tiles' source")
    map_crs: Literal["wgs84", "gcj02"] = Field(default="wgs84", description="what the tiles are drawn in: AMap's in gcj02")
    clock_file: Path | None = Field(default=None, description="the town's clock; unset in production")
    town_dir: Path | None = Field(
        default=None, description="the simulated town's folder, with the sockets of its buttons: make run sets it, production never"
    )
    ingest_lanes: str = Field(
        default="event,live,backfill",
        description="which lanes an ingest process serves; one for event alone keeps scans apart from floods of telemetry",
    )
    broker_dir: Path | None = Field(default=None, description="where `broker` keeps Mosquitto's files")
    broker_host: str = Field(default="127.0.0.1", description="where the Mosquitto of `broker` listens")
    broker_port: int = Field(default=1883, ge=1, le=65535)
    broker_tls_port: int = Field(default=8883, ge=0, le=65535, description="by TLS, once there is a certificate; 0: not at all")
    broker_name: str = Field(default="", description="the name in the certificate")
    broker_certificates: Path | None = Field(default=None, description="Caddy's storage, where the certificate of that name lies")
    metrics_port: int = Field(default=0, ge=0, le=65535, description="ingest, live and jobs serve /metrics here; 0: not at all")

    @field_validator("database_url")
    @classmethod
    def _database_url_is_a_url(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("want postgresql://user:password@host:port/name")
        return value

    @field_validator("roads_url")
    @classmethod
    def _roads_url_names_an_engine(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("valhalla+http", "valhalla+https", "osrm+http", "osrm+https"):
            raise ValueError("want valhalla+http://host:8002 or osrm+http://host:5000 (https too)")
        return value.rstrip("/")

    @field_validator("map_url")
    @classmethod
    def _map_url_has_places(cls, value: str) -> str:
        if value and not (value.startswith(("https://", "http://")) and all(part in value for part in ("{z}", "{x}", "{y}"))):
            raise ValueError("want https://host/{z}/{x}/{y}.png")
        return value

    @field_validator("ingest_lanes")
    @classmethod
    def _lanes_are_known(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        unknown = [name for name in names if name not in ("event", "live", "backfill")]
        if unknown or len(set(names)) != len(names):
            raise ValueError("want event, live, backfill, each at most once, with commas between")
        return ",".join(names)

    @field_validator("secret")
    @classmethod
    def _secret_is_long(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < 32:
            raise ValueError("want at least 32 characters, such as the output of: openssl rand -hex 32")
        return value


def load() -> CloudConfig:
    """Read the environment. ConfigError names every variable that is missing or wrong."""
    try:
        return CloudConfig()  # type: ignore[call-arg]  # the environment fills it
    except ValidationError as error:
        faults = "; ".join(f"TUANTU_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(faults) from None
