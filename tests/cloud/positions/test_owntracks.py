import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.positions.owntracks import decode, user_of
from cloud.positions.report import KM_H_M_S, Report, ReportError, TrackerFix
from tests.cloud.positions.vectors import messages


def test_every_published_message_is_decoded_or_refused_as_its_readme_says() -> None:
    told = messages("owntracks_messages.json")
    assert len(told) == 6
    for one in told:
        (fix,) = decode(json.dumps(one["body"]).encode()).fixes
        assert one["expect"] == "verifyPosition"
        assert (fix.lat, fix.lon, fix.at_ms) == (one["body"]["lat"], one["body"]["lon"], one["body"]["tst"] * 1000)


def test_a_speed_is_kilometres_an_hour_and_a_battery_per_cent() -> None:
    said = b'{"_type":"location","tst":1497349316,"lat":48.85833,"lon":2.29513,"vel":61,"cog":360,"acc":5,"batt":67,"tid":"JJ"}'
    assert decode(said) == Report("", (TrackerFix(48.85833, 2.29513, 1497349316000, 61 * KM_H_M_S, 0.0, 5.0, 0.67),))


def test_what_is_unknown_is_not_zero() -> None:
    (fix,) = decode(b'{"_type":"location","tst":1,"lat":1,"lon":2,"vel":-1,"cog":-1,"batt":-1}').fixes
    assert (fix.speed_m_s, fix.heading_deg, fix.accuracy_m, fix.battery) == (None, None, None, None)


@pytest.mark.parametrize("kind", ["transition", "waypoint", "lwt", "status", "steps", "beacon", "card"])
def test_its_other_messages_are_signs_of_life(kind: str) -> None:
    report = decode(json.dumps({"_type": kind, "lat": "no number", "tst": 1}).encode())
    assert report.fixes == ()
    assert kind in report.note


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b'{"lat": 1, "lon": 2}', "_type"),
        (b'{"_type": "location", "lat": 1, "tst": 1}', "lon"),
        (b'{"_type": "location", "lat": "x", "lon": 2, "tst": 1}', "lat"),
        (b'{"_type": "location", "lat": 1, "lon": 2}', "tst"),
        (b'{"_type": "encrypted", "data": "x"}', "encryption key"),
        (b'{"_type": "card", "face": "' + b"x" * 20_000 + b'"}', "at most"),
    ],
)
def test_what_is_none_is_refused_by_its_field(body: bytes, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        decode(body)


ANYTHING = st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner))


@given(st.binary(max_size=300) | ANYTHING.map(lambda any_: json.dumps({"_type": "location", "tst": any_, "lat": any_}).encode()))
def test_anything_is_a_report_or_refused(body: bytes) -> None:
    with suppress(ReportError):
        assert isinstance(decode(body), Report)


@pytest.mark.parametrize(
    ("topic", "user"),
    [
        ("owntracks/tracker-7/phone", "tracker-7"),
        ("owntracks/tracker-7/phone/cmd", None),
        ("owntracks/tracker-7", None),
        ("owntracks//phone", None),
        ("other/a/b", None),
    ],
)
def test_the_topic_names_the_brokers_user(topic: str, user: str | None) -> None:
    assert user_of(topic) == user
