from pathlib import Path

import pytest

from edge.config import load

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "site.example.toml"


def test_the_example_that_the_readme_tells_people_to_copy_is_a_good_configuration(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "broker-password").write_text("secret\n")
    config = load(site)
    assert (config.site.id, config.broker.is_tls, config.scanner[0].name) == ("st-0001", True, "counter")
    assert config.broker.password_file is not None
    assert config.broker.read_password() == "secret"


@pytest.mark.parametrize("line", ['# ca_file = "ca.pem"', "# baud = 9600", "# [[camera]]"])
def test_what_the_example_leaves_out_is_said_in_it(line: str) -> None:
    assert line in EXAMPLE.read_text(encoding="utf-8")
