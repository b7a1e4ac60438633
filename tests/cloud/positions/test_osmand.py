import json
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.positions.osmand import MAX_FIXES, decode_json, decode_query
from cloud.positions.report import Report, ReportError
from tests.cloud.positions.vectors import messages


def test_every_published_request_is_decoded_or_refused_as_its_readme_says() -> None:
    told = messages("osmand_requests.json")
    assert len(told) == 14
    outcomes = []
    for one in told:
        try:
            if one["method"] == "GET":
                report = decode_query(urlsplit(one["query"]).query)
            else:
                report = decode_json(json.dumps(one["body"]).encode())
        except ReportError as error:
            outcomes.append((one["expect"], f"refused: {error.field}"))
            continue
        assert report.device
        outcomes.append((one["expect"], f"{len(report.fixes)} positions"))
    assert sorted(set(outcomes)) == [
        ("verifyAttribute", "1 positions"),
        ("verifyNotNull", "0 positions"),  # cells and WLANs alone: a sign of life
        ("verifyNull", "refused: id"),
        ("verifyPosition", "1 positions"),
    ]


def test_a_query_speaks_knots() -> None:
    (fix,) = decode_query("id=7&lat=40.7&lon=-74.0&timestamp=1504763810&speed=40&bearing=7.2&accuracy=5&batt=24").fixes
    assert (fix.lat, fix.lon, fix.at_ms) == (40.7, -74.0, 1504763810000)
    assert fix.speed_m_s == pytest.approx(20.578, abs=1e-3)
    assert (fix.heading_deg, fix.accuracy_m, fix.battery) == (7.2, 5.0, 0.24)


def test_json_speaks_metres_a_second_and_says_minus_one_for_unknown() -> None:
    coords = {"latitude": -6.1, "longitude": 106.7, "accuracy": 3.8, "speed": 18.67, "heading": 63}
    said = {"device_id": "x", "location": {"timestamp": "2021-07-21T08:06:34.444Z", "coords": coords, "battery": {"level": 0.79}}}
    (fix,) = decode_json(json.dumps(said).encode()).fixes
    assert (fix.lat, fix.lon, fix.at_ms, fix.speed_m_s, fix.heading_deg) == (-6.1, 106.7, 1626854794444, 18.67, 63.0)
    assert fix.battery == 0.79
    coords |= {"speed": -1, "heading": -1}
    (fix,) = decode_json(json.dumps(said).encode()).fixes
    assert (fix.speed_m_s, fix.heading_deg) == (None, None)


def test_what_an_outage_left_comes_as_a_list() -> None:
    one = {"coords": {"latitude": 1.0, "longitude": 2.0}}
    assert len(decode_json(json.dumps({"device_id": 5, "location": [one] * 3}).encode()).fixes) == 3
    with pytest.raises(ReportError, match="at most"):
        decode_json(json.dumps({"device_id": 5, "location": [one] * (MAX_FIXES + 1)}).encode())


@pytest.mark.parametrize(
    ("said", "at_ms"),
    [
        ("1377177267", 1377177267000),
        ("1377177267.5", 1377177267500),
        ("1442068686579", 1442068686579),
        ("2016-01-27T18:55:47Z", 1453920947000),
        ("2016-01-28T02:55:47+08:00", 1453920947000),
        ("2014-06-04 09:10:11", 1401873011000),
        ("", None),
    ],
)
def test_a_time_is_seconds_milliseconds_or_iso(said: str, at_ms: int | None) -> None:
    (fix,) = decode_query(urlencode({"id": "7", "lat": 1, "lon": 2, "timestamp": said})).fixes
    assert fix.at_ms == at_ms


def test_a_position_that_its_device_does_not_believe_is_a_sign_of_life() -> None:
    assert decode_query("id=7&lat=1&lon=2&valid=false").fixes == ()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "id"),
        ("lat=1&lon=2", "id"),
        ("id=7&lat=1", "lon"),
        ("id=7&lon=1", "lat"),
        ("id=7&lat=x&lon=2", "lat"),
        ("id=7&lat=nan&lon=2", "lat"),
        ("id=7&lat=1&lon=inf", "lon"),
        ("id=7&location=1", "location"),
        ("id=7&lat=1&lon=2&timestamp=yesterday", "timestamp"),
        ("id=7&lat=1&lon=2&timestamp=1e300", "timestamp"),
        ("id=7&lat=%ff&lon=2", "query"),
        ("&".join(f"a{n}=1" for n in range(200)), "query"),
    ],
)
def test_a_bad_query_is_refused_by_its_field(query: str, field: str) -> None:
    with pytest.raises(ReportError) as refused:
        decode_query(query)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "body"),
        (b"{}", "device_id"),
        (b'{"device_id": "", "location": []}', "device_id"),
        (b'{"device_id": "7"}', "location"),
        (b'{"device_id": "7", "location": {"coords": {"latitude": 1}}}', "longitude"),
        (b'{"device_id": "7", "location": {"coords": {"latitude": "1", "longitude": 2}}}', "latitude"),
    ],
)
def test_bad_json_is_refused_by_its_field(body: bytes, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        decode_json(body)


@given(
    st.text(max_size=200)
    | st.dictionaries(st.sampled_from(["id", "lat", "lon", "location", "timestamp", "speed"]), st.text()).map(urlencode)
)
def test_any_query_is_a_report_or_refused(query: str) -> None:
    with suppress(ReportError):
        assert isinstance(decode_query(query), Report)


@given(st.binary(max_size=200))
def test_any_body_is_a_report_or_refused(body: bytes) -> None:
    with suppress(ReportError):
        assert isinstance(decode_json(body), Report)
