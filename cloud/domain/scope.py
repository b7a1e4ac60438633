"""Who may see what (ARCHITECTURE, decision 25): the one place that turns an account or a link into limits on queries and rooms.

Pure: the caller has loaded the account's operator and sites. Every query of orders, parcels, sites applies a Scope.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from cloud.domain.rooms import RoomKind, RoomName, group_room


class Role(StrEnum):
    """The roles of `account.role`, and who holds a link: a resident, or a leader bound to a group by one."""

    ADMIN = "admin"
    DISPATCHER = "dispatcher"
    LEADER = "leader"
    STAFF = "staff"
    RESIDENT = "resident"
    GROUP = "group"


class Filter(dict[str, object]):
    """Parameters of a query: ``%(scope_operator)s``, ``%(scope_sites)s``, ``%(scope_order)s``, ``%(scope_leader)s``.

    None limits nothing.
    """


# Whose group an order is of, null: nobody's. Stands in a query over customer_order AS o: the leader it names, else who keeps its
# station.
LEADER_OF_ORDER = """coalesce(o.leader_id, (
    SELECT keeper.id FROM leader keeper WHERE keeper.operator_id = o.operator_id AND keeper.keeps_site_id = o.site_id))"""

# Stands in a WHERE of a query over customer_order AS o; takes Scope.order_filter(). The last condition says what LEADER_OF_ORDER
# does, so that an index is of use.
ORDERS_IN_SCOPE = """(
    (%(scope_operator)s::text IS NULL OR o.operator_id = %(scope_operator)s)
    AND (%(scope_sites)s::text[] IS NULL OR o.site_id = ANY(%(scope_sites)s))
    AND (%(scope_order)s::text IS NULL OR o.id = %(scope_order)s)
    AND (%(scope_leader)s::text IS NULL OR o.leader_id = %(scope_leader)s
        OR o.leader_id IS NULL AND o.site_id = (
            SELECT kept.keeps_site_id FROM leader kept WHERE (kept.operator_id, kept.id) = (%(scope_operator)s, %(scope_leader)s)))
)"""

# Stands in a WHERE of a query over site AS s; takes Scope.site_filter().
SITES_IN_SCOPE = "(%(scope_sites)s::text[] IS NULL OR s.id = ANY(%(scope_sites)s))"

# Stands in a WHERE of a query over parcel AS p; takes Scope.parcel_filter(). A skeleton (no order yet) belongs to nobody's order:
# it is seen by who sees the site where it lies.
PARCELS_IN_SCOPE = """(
    (%(scope_operator)s::text IS NULL OR p.operator_id = %(scope_operator)s OR p.operator_id IS NULL)
    AND (%(scope_sites)s::text[] IS NULL OR p.site_id = ANY(%(scope_sites)s) OR p.at_site_id = ANY(%(scope_sites)s))
    AND (%(scope_order)s::text IS NULL OR p.order_id = %(scope_order)s)
)"""


# Stands in a WHERE of a query over container AS c; takes Scope.parcel_filter(). One that was only heard of is seen where it is.
CONTAINERS_IN_SCOPE = """(
    %(scope_order)s::text IS NULL
    AND (%(scope_operator)s::text IS NULL OR c.operator_id = %(scope_operator)s)
    AND (%(scope_sites)s::text[] IS NULL OR c.site_id = ANY(%(scope_sites)s) OR c.at_site_id = ANY(%(scope_sites)s))
)"""

# Stands in a WHERE of a query over after_sales_case AS c; takes Scope.case_filter(). Two stations that contradict each other both
# see it, whoever sent the parcel: they have to talk.
CASES_IN_SCOPE = """(
    (%(scope_order)s::text IS NULL OR c.order_id = %(scope_order)s)
    AND (%(scope_operator)s::text IS NULL
        OR c.operator_id = %(scope_operator)s AND (NOT %(scope_is_local)s OR c.sites && %(scope_sites)s::text[])
        OR c.origin = 'conflict' AND c.sites && %(scope_sites)s::text[] AND (c.operator_id IS NULL OR %(scope_is_local)s))
)"""


# Stand in a WHERE of a query over tracker AS t, run AS r or plan AS l; take Scope.order_filter(). All are an
# operator's own, for who may act for it.
TRACKERS_IN_SCOPE = "(%(scope_operator)s::text IS NULL OR t.operator_id = %(scope_operator)s)"
RUNS_IN_SCOPE = "(%(scope_operator)s::text IS NULL OR r.operator_id = %(scope_operator)s)"
PLANS_IN_SCOPE = "(%(scope_operator)s::text IS NULL OR l.operator_id = %(scope_operator)s)"


@dataclass(frozen=True, slots=True)
class Scope:
    """The limits of one principal.

    ``operator_id`` None and ``site_ids`` None: no limit (an admin). A dispatcher's ``site_ids`` are the sites of the operator,
    a leader's or a staff member's those of `account_site`. A resident has an ``order_id`` and sees nothing else. Who holds a
    leader's link sees the orders of the group of ``leader_id``, and of sites nothing by this scope.
    ``shared_site_ids``: those of a dispatcher's sites that other operators use too.
    """

    role: Role
    operator_id: str | None = None
    site_ids: frozenset[str] | None = None
    order_id: str | None = None
    shared_site_ids: frozenset[str] = frozenset()
    leader_id: str | None = None

    def __post_init__(self) -> None:
        if self.role is Role.RESIDENT and self.order_id is None:
            raise ValueError("scope: a resident needs an order_id")
        if self.role is Role.GROUP and (self.leader_id is None or self.site_ids != frozenset()):
            raise ValueError("scope: a group needs a leader_id, and no sites")
        if self.role in (Role.DISPATCHER, Role.LEADER, Role.STAFF, Role.GROUP) and self.operator_id is None:
            raise ValueError(f"scope: {self.role} needs an operator_id")
        if self.role in (Role.LEADER, Role.STAFF) and self.site_ids is None:
            raise ValueError(f"scope: {self.role} needs site_ids")

    def may_act_for(self, operator_id: str) -> bool:
        """True where orders and sites of this operator may be created or changed."""
        match self.role:
            case Role.ADMIN:
                return True
            case Role.DISPATCHER:
                return self.operator_id == operator_id
            case Role.LEADER | Role.STAFF | Role.RESIDENT | Role.GROUP:
                return False
            case _:
                assert_never(self.role)

    def may_see_site(self, site_id: str) -> bool:
        """True where a site's status, parcels and position may be shown."""
        if self.role is Role.RESIDENT:
            return False
        return self.site_ids is None or site_id in self.site_ids

    def may_see_room(self, room_name: str) -> bool:
        """True where the room may be entered. A name that is none may not.

        An order's room names the operator but not the site, so leaders and staff follow orders through their site's room. It holds
        every operator's parcels: who works there hands them all out, a dispatcher sees only where all are the operator's own.
        """
        try:
            room = RoomName.parse(room_name)
        except ValueError:
            return False
        match room.kind:
            case RoomKind.SITE:
                return self.may_see_site(room.subject) and room.subject not in self.shared_site_ids
            case RoomKind.OPERATOR | RoomKind.SITES | RoomKind.VANS:
                return self.may_act_for(room.subject)
            case RoomKind.ORDER:
                if self.role is Role.RESIDENT:
                    return room.subject == self.order_id
                return self.may_act_for(room.subject.partition("/")[0])
            case RoomKind.GROUP:
                if self.role is Role.GROUP:
                    return str(room) == group_room(self.operator_id or "", self.leader_id or "")
                return self.may_act_for(room.subject.partition("/")[0])
            case _:
                assert_never(room.kind)

    def order_filter(self) -> Filter:
        """Parameters for ORDERS_IN_SCOPE."""
        limited_to_sites = self.role in (Role.LEADER, Role.STAFF)
        return Filter(
            scope_operator=self.operator_id,
            scope_sites=sorted(self.site_ids or ()) if limited_to_sites else None,
            scope_order=self.order_id,
            scope_leader=self.leader_id,
        )

    def parcel_filter(self) -> Filter:
        """Parameters for PARCELS_IN_SCOPE: who works at a site sees every parcel there, whichever operator sent it."""
        works_at_sites = self.role in (Role.LEADER, Role.STAFF)
        only_orders: dict[str, object] = {"scope_sites": []} if self.role is Role.GROUP else {}
        return Filter(self.order_filter(), scope_operator=None if works_at_sites else self.operator_id, **only_orders)

    def case_filter(self) -> Filter:
        """Parameters for CASES_IN_SCOPE."""
        return Filter(
            scope_operator=self.operator_id,
            scope_sites=sorted(self.site_ids or ()),
            scope_is_local=self.role in (Role.LEADER, Role.STAFF, Role.GROUP),
            scope_order=self.order_id,
        )

    def site_filter(self) -> Filter:
        """Parameters for SITES_IN_SCOPE; a resident sees no site."""
        if self.role is Role.RESIDENT:
            return Filter(scope_sites=[])
        return Filter(scope_sites=None if self.site_ids is None else sorted(self.site_ids))
