"""The pages' client is made from the api's description; the stored one must be the api's."""

from pathlib import Path

from cloud.api.openapi import description

ROOT = Path(__file__).resolve().parents[2]


def test_the_stored_description_is_that_of_the_api() -> None:
    stored = (ROOT / "dashboards" / "openapi.json").read_text(encoding="utf-8")
    assert stored == description(), "run: python -m cloud.api.openapi > dashboards/openapi.json && npm --prefix dashboards run api"
