"""The town's roads, imported once for all tests of a worker: by the import itself."""

from datetime import UTC, datetime

import pytest

from cloud.roads.importing import import_extract
from cloud.roads.versions import Versions
from tests.cloud.roads.maps import town_extract

NOW = datetime(2026, 11, 28, 22, tzinfo=UTC)


@pytest.fixture(scope="session")
def town_roads(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    folder = tmp_path_factory.mktemp("town-roads")
    versions = Versions(folder / "roads")
    import_extract(versions, town_extract(folder), NOW, lambda _: None, attribution="generated")
    return versions
