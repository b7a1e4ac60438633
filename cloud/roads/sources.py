"""Who knows the roads now: an engine over HTTP where one is configured, else the imported version, else nobody.

Looks again whenever it is asked, which costs one small file: an import is in use without a restart.
"""

import threading
from urllib.parse import urlsplit

from cloud.config import CloudConfig
from cloud.roads.estimate import Estimate
from cloud.roads.osrm_http import OsrmHttp
from cloud.roads.valhalla_here import ValhallaHere, is_here
from cloud.roads.valhalla_http import ValhallaHttp
from cloud.roads.versions import GRAPH, About, Versions
from cloud.roads.ways import RoadSource


class Roads:
    """Of one process."""

    def __init__(self, config: CloudConfig) -> None:
        self._versions = None if config.roads_dir is None else Versions(config.roads_dir)
        self._over_http = _over_http(config.roads_url)
        self._opened: ValhallaHere | None = None
        self._opening = threading.Lock()

    @property
    def versions(self) -> Versions | None:
        return self._versions

    def about(self) -> About | None:
        """The imported version in use; its map is shown also where another engine knows the ways."""
        return None if self._versions is None else self._versions.current()

    def source(self) -> RoadSource:
        """Who answers from now on. An estimate is one that says so."""
        if self._over_http is not None:
            return self._over_http
        about = self.about()
        if self._versions is None or about is None or not about.has_graph or not is_here():
            return Estimate()
        with self._opening:
            if self._opened is None or self._opened.graph != about.version:
                self._opened = ValhallaHere(self._versions.path(about.version, GRAPH), about.version)
            return self._opened


def _over_http(url: str) -> RoadSource | None:
    if not url:
        return None
    engine, _, scheme = urlsplit(url).scheme.partition("+")
    address = f"{scheme}{url[len(engine) + 1 + len(scheme) :]}"
    return ValhallaHttp(address) if engine == "valhalla" else OsrmHttp(address)
