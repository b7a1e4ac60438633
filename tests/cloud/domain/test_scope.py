import pytest

from cloud.domain.rooms import RoomName, group_room, operator_room, order_room, site_room, sites_room, vans_room
from cloud.domain.scope import Filter, Role, Scope

ADMIN = Scope(Role.ADMIN)
DISPATCHER = Scope(Role.DISPATCHER, operator_id="green", site_ids=frozenset({"s1", "s2"}))
STAFF = Scope(Role.STAFF, operator_id="green", site_ids=frozenset({"s1"}))
RESIDENT = Scope(Role.RESIDENT, order_id="green/7")
GROUP = Scope(Role.GROUP, "green", frozenset(), leader_id="l1")


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (
            ADMIN,
            {
                "order:green/7",
                "order:red/7",
                "site:s1",
                "site:s3",
                "operator:green",
                "operator:red",
                "sites:green",
                "sites:red",
                "vans:green",
                "vans:red",
                "group:green/l1",
                "group:red/l1",
            },
        ),
        (DISPATCHER, {"order:green/7", "site:s1", "operator:green", "sites:green", "vans:green", "group:green/l1"}),
        (STAFF, {"site:s1"}),
        (RESIDENT, {"order:green/7"}),
        (GROUP, {"group:green/l1"}),
        (Scope(Role.GROUP, "green", frozenset(), leader_id="l2"), set()),
    ],
)
def test_each_role_enters_its_own_rooms_and_no_other(scope: Scope, seen: set[str]) -> None:
    rooms = [
        order_room("green/7"),
        order_room("red/7"),
        site_room("s1"),
        site_room("s3"),
        operator_room("green"),
        operator_room("red"),
        sites_room("green"),
        sites_room("red"),
        vans_room("green"),
        vans_room("red"),
        group_room("green", "l1"),
        group_room("red", "l1"),
    ]
    assert {room for room in rooms if scope.may_see_room(room)} == seen


def test_a_dispatcher_does_not_enter_the_room_of_a_site_that_others_use_too_and_its_staff_does() -> None:
    sharing = Scope(Role.DISPATCHER, "green", frozenset({"s1", "s2"}), shared_site_ids=frozenset({"s2"}))
    assert sharing.may_see_room("site:s1")
    assert not sharing.may_see_room("site:s2")
    assert sharing.may_see_site("s2")  # what the site says of itself is the operator's too
    assert STAFF.may_see_room("site:s1")


@pytest.mark.parametrize("name", ["", "order", "order:", "kitchen:1", ":x"])
def test_what_is_no_room_is_seen_by_nobody(name: str) -> None:
    assert not ADMIN.may_see_room(name)
    with pytest.raises(ValueError, match="room"):
        RoomName.parse(name)


def test_a_room_name_survives_reading_and_writing() -> None:
    assert str(RoomName.parse("order:green/2024-7:b")) == "order:green/2024-7:b"


def test_only_admins_and_dispatchers_act_for_an_operator() -> None:
    assert [scope.may_act_for("green") for scope in (ADMIN, DISPATCHER, STAFF, RESIDENT, GROUP)] == [
        True, True, False, False, False,
    ]  # fmt: skip


def limits(
    operator: str | None = None, sites: list[str] | None = None, order: str | None = None, leader: str | None = None
) -> Filter:
    return Filter(scope_operator=operator, scope_sites=sites, scope_order=order, scope_leader=leader)


def test_filters_limit_what_the_role_is_limited_to() -> None:
    assert ADMIN.order_filter() == limits()
    assert DISPATCHER.order_filter() == limits("green")
    assert STAFF.order_filter() == limits("green", ["s1"])
    assert RESIDENT.order_filter() == limits(order="green/7")
    assert GROUP.order_filter() == limits("green", leader="l1")
    assert DISPATCHER.parcel_filter() == DISPATCHER.order_filter()
    assert STAFF.parcel_filter() == limits(sites=["s1"])
    assert ADMIN.site_filter() == {"scope_sites": None}
    assert DISPATCHER.site_filter() == {"scope_sites": ["s1", "s2"]}
    assert RESIDENT.site_filter() == {"scope_sites": []}


def test_who_holds_a_leaders_link_sees_neither_sites_nor_parcels_nor_cases_by_it() -> None:
    assert GROUP.site_filter() == {"scope_sites": []}
    assert GROUP.parcel_filter()["scope_sites"] == []
    assert (GROUP.case_filter()["scope_sites"], GROUP.case_filter()["scope_is_local"]) == ([], True)
    assert not GROUP.may_see_site("s1")


@pytest.mark.parametrize(
    ("role", "operator"),
    [
        (Role.RESIDENT, None),
        (Role.DISPATCHER, None),
        (Role.STAFF, "green"),
        (Role.LEADER, "green"),
        (Role.GROUP, "green"),
    ],
)
def test_a_scope_without_its_limits_is_refused(role: Role, operator: str | None) -> None:
    with pytest.raises(ValueError, match="scope"):
        Scope(role, operator_id=operator)
