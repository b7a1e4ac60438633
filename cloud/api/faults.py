"""Everything the api finds wrong, by a stable code: the words are for people without a page, pages say it in theirs by the code.

A code is never given another meaning; parameters are only ever added. Zh-CN: dashboards/shared/i18n/faults.ts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

Param = str | int | float

_LOOK = "check the spelling, or log in as somebody who may see it"
_NEW_LINK = "ask your leader (团长) for a new one"
_DISPATCHER = "ask the dispatcher (调度员) for a new one"
_OPERATOR = "ask the operator (运营方) for a new one"
_PARTS = "send it in parts"
_AGAIN = "correct this field and send it again"
_CELL = "correct this cell and send the order again"

# code → what is wrong, what the reader can do
WORDS: Mapping[str, tuple[str, str]] = {
    "no_log_in": ("this needs a log-in", "log in with POST /api/login"),
    "role_may_not": ("the role {role} may not do this", "ask {roles}"),
    "foreign_page": ("this was sent by a page of another site", "use the pages of this address, or a bearer token"),
    "town_elsewhere": ("the simulated town is played with on its own machine only", "open http://127.0.0.1 there"),
    "town_away": ("the simulated town does not answer", "wait a few seconds; it starts, or is started again"),
    "wrong_password": ("log-in or password is wrong", "check both; an administrator can give a new password"),
    "account_disabled": ("this account is disabled", "ask an administrator"),
    "too_many_attempts": ("too many attempts", "wait {minutes} min"),
    "bad_login": ("{wanted}", "correct the log-in"),
    "no_operator": ("there is no such operator", _LOOK),
    "no_site": ("there is no such site", _LOOK),
    "no_sensor": ("there is no such sensor at this site", _LOOK),
    "no_resident": ("nobody with this phone has ordered here", _LOOK),
    "no_order": ("there is no such order", _LOOK),
    "no_parcel": ("there is no such parcel", _LOOK),
    "no_message": ("there is no such message", _LOOK),
    "no_address": ("there is no such address", _LOOK),
    "no_page": ("there is no such page", _LOOK),
    "nothing_here": ("there is nothing at this address", "see /api/openapi.json for the addresses there are"),
    "wrong_method": ("{method} is not possible at this address", "see /api/openapi.json for what this address takes"),
    "bad_request": ("{detail}", "correct the request and send it again"),
    "no_json": ("the body is no JSON", "send JSON in UTF-8"),
    "too_large": ("larger than {most} bytes", _PARTS),
    "path_too_long": ("longer than {most} bytes", "shorten the query"),
    "nul_in_path": ("holds a NUL character", "leave it out"),
    "unforeseen": ("something went wrong here; it has been logged", "try again, or tell the operator"),
    "database_away": ("the database cannot serve now; nothing was changed", "try again in a few seconds"),
    "import_busy": (
        "scans and other imports kept getting in the way {times} times; nothing was imported",
        "send the same file again in a minute",
    ),
    "no_time_zone": ("'{name}' is no time zone", "such as Asia/Shanghai"),
    "operator_differs": ("{id} is registered already, with other content", "choose another id"),
    "site_taken": ("{id} is registered already", "choose another id, or ask an admin to relate it"),
    "not_your_operator": ("this account does not act for {operator}", "leave it out, or ask an admin"),
    "half_coordinates": ("latitude and longitude go together", "give both or neither"),
    "dates_reversed": ("is not after valid_from", "the last day is not included"),
    "unknown_operator": ("there is no operator {operator}", "register it with POST /api/operators"),
    "message_settled": ("it is {state}", "only what is kept can be replayed or discarded"),
    "loss_number": ("{wanted}", "look again with GET /api/losses"),
    "leader_link_invalid": ("this link is not one of ours, or was cut short when it was copied", _OPERATOR),
    "leader_link_expired": ("this link has expired", _OPERATOR),
    "leader_link_taken_back": ("this link was taken back", _OPERATOR),
    "no_leader": ("there is no such leader", _LOOK),
    "no_leader_of_order": ("there is no leader {leader}", "add the leader on the operations page, or correct the number"),
    "leader_station_taken": ("{site} is kept by the leader {leader} already", "take it off there first, or name another station"),
    "nothing_waits": ("nothing of this order lies there to be fetched now", "look again: it may have been handed out"),
    "no_phone_of_order": ("no phone number is known of this order", "ask the operator, or wait until the resident comes"),
    "too_many_phones": ("{most} numbers were shown since yesterday", "go on tomorrow, or ask the operator"),
    "link_invalid": ("{detail}", _NEW_LINK),
    "link_expired": ("this link has expired", _NEW_LINK),
    "link_taken_back": ("this link was taken back", _NEW_LINK),
    "order_gone": ("this order is not here any more", "ask your leader (团长)"),
    "bad_range": ("{wanted}", _AGAIN),
    "no_calendar": ("no calendar has this time", _AGAIN),
    "no_file": ("the form holds no file", "send the CSV as a file, or as the body itself"),
    "too_many_orders": ("{count} orders, want at most {most}", "send them in parts"),
    "csv_nul": ("holds a NUL character", "export it again as CSV, not as a spreadsheet"),
    "csv_encoding": ("is in no encoding we know", "save it as UTF-8 or GBK"),
    "csv_empty": ("is empty", "send a header and one row for each item"),
    "csv_broken": ("line {line}: {detail}", "close the quotes, or export it again"),
    "csv_too_many_rows": ("more than {most} rows", _PARTS),
    "csv_column_twice": ("two columns mean the same", "leave one out; header: {header}"),
    "csv_column_missing": (
        "the header has no column for {columns}; it reads: {header}",
        "name the columns in the first line; GET /api/order-columns/template.csv is a file to begin with",
    ),
    "row_too_wide": ("has {cells} cells, the header {columns}", "quote commas in texts"),
    "cell_too_long": ("a cell is longer than {most} characters", "shorten it"),
    "order_number_empty": ("is empty", "give the order's number (订单号)"),
    "rows_differ": ("differs from line {line} of the same order", "make them the same"),
    "quantity_not_whole": ("want a whole number", "such as 2"),
    "order_twice": ("{order} was given with other content at {line}", "send one of them"),
    "no_map": ("there is no such map", "ask again for the one in use: GET /api/map"),
    "no_roads": ("{detail}", "try again in a minute, or tell the operator"),
    "off_road": ("no road within {metres} m of {lat}, {lon}", "correct the coordinates"),
    "no_place": ("{site} has no coordinates", "set them with PUT /api/sites/{site}/place"),
    "no_station": ("{site} is no station of {operator}", "register it with POST /api/sites, or correct it"),
    "no_plan": ("there is no such plan", _LOOK),
    "plan_state": ("a plan that is {state} does not allow this", "look again: somebody may have been quicker"),
    "plans_of_two_days": ("the two plans are not of the same date and operator", "choose two of one date"),
    "plans_of_two_spans": (
        "one of the plans is of a whole day, the other of what is left of it",
        "compare the two answers to one event; what a plan of the rest changes stands in its moves",
    ),
    "plan_of_rest": (
        "a plan of the rest of a day is not changed by hand",
        "ask for another answer to what has happened (POST …/replans), or change the plan before the day begins",
    ),
    "plan_outdated": (
        "the day has gone on since this plan was asked for: {name} was loaded, is over, or was planned anew",
        "ask for it again, of the plan that is committed now (POST …/replans)",
    ),
    "not_of_plan": (
        "a run has {site}, which the plan does not know: somebody has changed it by hand",
        "take it out of the run, or plan the day again",
    ),
    "no_van": ("the plan has no van {van}", "name one of its vans"),
    "van_out": ("van {van} drives no more today", "name another van"),
    "no_van_left": (
        "van {van} is the only one that still drives",
        "send another van: commit a plan that has it, then tell the breakdown",
    ),
    "no_stop_ahead": ("no van is still to come to {site}", "name a station that is ahead, or add it as a new stop"),
    "stop_served": ("{site} was served already, and what is done stays", "leave it out"),
    "stop_planned": ("van {van} comes to {site} already", "leave it out, or say what has changed for it under stations"),
    "no_new_times": ("no station with new times is named", "say under stations where goods are taken, from when to when"),
    "times_reversed": ("{site} takes goods from {begin} until {end}, and that is not later", "correct from or until"),
    "times_over": ("{site} takes goods until {end}, and it is {now}", "give a later time, or say that the station is closed"),
    "aboard_elsewhere": ("what {site} gets is aboard van {van}", "pin it to that van, or leave the pin out"),
    "plan_problem": ("{detail}", "{remedy}"),
    "nothing_to_bring": ("nothing is packed for this date", "allocate and pack its batch first"),
    "not_due": ("nothing is to be brought to {site} that day", "leave it out, or correct it"),
    "which_dock": ("{count} docks are meant, want one", "name the dock the vans load at, or register one with POST /api/sites"),
    "no_vehicle": ("{site} is no vehicle of {operator}", "register it with POST /api/sites as a van, or correct it"),
    "no_tracker": ("there is no such device", _LOOK),
    "terminal_missing": ("a JT/T 808 terminal is known by its number", "give the number its maker has set, mostly its SIM's"),
    "terminal_taken": ("a terminal with the number {terminal} is enrolled already", "revoke that one first, or correct the number"),
    "driver_link_invalid": ("this link is not one of ours, or was cut short when it was copied", _DISPATCHER),
    "driver_link_expired": ("this link has expired", _DISPATCHER),
    "driver_link_taken_back": ("this link was taken back", _DISPATCHER),
    "run_no_vehicle": ("run {run} has no van yet", "give it one first: a driver's phone is kept with the van"),
    "no_driver_phone": (
        "nobody has written down a phone for the van of run {run}",
        "ask the driver for it, and write it down here",
    ),
    "run_not_left": ("run {run} has not been sent off yet", "call the dispatcher (调度员), then send it again"),
    "run_over": ("run {run} was ended before this", "tell the dispatcher (调度员) what happened"),
    "stop_taken_off": ("this stop was taken off the run", "call the dispatcher (调度员)"),
    "stop_signed": ("this stop was handed over already", "call the dispatcher (调度员) if that was a mistake"),
    "not_of_run": ("run {run} does not come to {site} any more", "call the dispatcher (调度员): another van may have the stop"),
    "not_for_stop": ("{container} is not for {site}, or is not there", "look at the label again"),
    "act_key_taken": ("another act has the key {key}", "give each act a key of its own"),
    "act_unknown": ("this release does not know {kind}", "reload the page and say it again"),
    "act_no_reason": ("no reason is given", "say why it could not be delivered"),
    "act_no_containers": ("want the containers it is about, and only where it is about some", "choose them and say it again"),
    "no_run_id": ("there is no such run", _LOOK),
    "run_underway": ("{name} is being loaded, underway or over", "choose another name, or end it first"),
    "run_state": ("a run that is {state} cannot become {wanted}", "look again: somebody may have been quicker; it needs a vehicle"),
    "parcel_taken": ("{parcel} belongs to {order}", "give every order its own label"),
    "parcel_taken_elsewhere": ("{parcel} belongs to another operator", "give every order its own label"),
    "parcel_in_two_zones": ("{parcel} is {zone} too", "one parcel, one zone"),
    "order_scanned": ("{order} has other content, and was scanned already", "send a new order number"),
    "order_locked": ("{order} has other content, and was frozen at the cut-off", "send a new order number for another date"),
    "order_withdrawn": ("{order} has other content, and was cancelled", "send a new order number"),
    "cancel_too_late": (
        "{order} is past the cut-off: what was ordered is being prepared",
        "open an after-sales case for it and refund it there (POST /api/cases)",
    ),
    "cancel_scanned": (
        "a parcel of {order} was scanned already: it is on its way",
        "open an after-sales case for it and refund it there (POST /api/cases)",
    ),
    "batch_frozen": ("orders for {date} are closed", "give a later pickup date"),
    "no_batch": ("there are no orders for this date", _LOOK),
    "no_article": ("nobody has ordered or registered this article", _LOOK),
    "no_run": ("no run of this name carries anything that day", "see the plan for the runs there are"),
    "cut_off_ahead": ("orders are taken until {at}", 'wait for it, or freeze them with "early": true'),
    "batch_open": ("this date's orders are not frozen yet", "freeze them with POST …/freeze"),
    "article_twice": ("an article is given twice", "give each once, with all there is of it"),
    "routes_contradict": ("{detail}", "send every station on one run, once"),
    "no_container": ("there is no such container", _LOOK),
    "no_label": ("there is nothing with the label {id}", _LOOK),
    "label_cancelled": ("the order of {id} was cancelled", "leave it out: nothing is to be packed for it"),
    "label_other_kind": ("{id} is the label of a {kind}", "print it as what it is"),
    "label_misread": ("{id} is no label of ours, or was misread", "look at the label again: its last character checks the others"),
    "no_manifest": ("this manifest is not the station's any more", "fetch the one that is announced now"),
    "not_the_site": (
        "this is only for the site itself",
        "send the site's id and key by HTTP Basic (POST /api/sites/…/credentials)",
    ),
    "shared_site": ("other operators use this station too", "ask an admin"),
    "no_staff": ("nobody of this id works there", _LOOK),
    "bad_pin": ("want 4 to 8 digits", "choose another PIN"),
    "pin_taken": ("somebody else at this station has this PIN", "choose another PIN"),
    "place_twice": ("a place is given twice", "give each once"),
    "bad_rules": ("{detail}", _AGAIN),
    "other_bytes": ("these are not the bytes of this name", "send what hashes to it"),
    "no_picture": ("want a JPEG, PNG or WebP, and to be told which", "send it with its content type"),
    "photos_full": ("there is no room for more photographs of this site", "old ones go after half a year; tell the operator"),
    "no_photo": ("there is no such photograph of this site", _LOOK),
    "no_alarm": ("there is no such alarm", _LOOK),
    "no_cold_account": ("nothing has to keep this parcel cold, or nobody has seen it yet", "look again once it was scanned"),
    "bad_limits": ("{detail}", _AGAIN),
    "alarm_stands": ("what it complains of still goes on", "acknowledge it now, and close it when it is over"),
    "no_command": ("there is no such command", _LOOK),
    "site_away": ("the site is not connected", "somebody has to do it there, or try again when it is back"),
    "nothing_to_fetch": ("nothing of this order is left to be fetched", "ask your leader (团长)"),
    "wrong_tail": (
        "these are not the last four digits of the order's phone",
        "try again; after ten tries wait a quarter of an hour",
    ),
    "no_phone_known": ("no phone is known for this order", "staff can hand it out by its label"),
    "too_many_proxies": ("{most} people may come instead already", "take one of them back first"),
    "no_proxy": ("nobody may come instead by this", "look again who may"),
    "no_case": ("there is no such case", _LOOK),
    "case_state": ("a case that is {state} does not allow this", "look again: somebody may have decided it already"),
    "case_conflict": (
        "two scans contradict each other: nothing is refunded by that alone",
        "undo one of the two at its station, or close the case and say why",
    ),
    "case_text": ("say why", "write a few words"),
    "case_liability": ("nobody is named who is liable", "choose who is"),
    "case_reference": ("the payment has no number", "give the shop system's number of the payment"),
    "not_of_case": ("this is none of the scans that contradict each other", "choose one of the two"),
    "undone_before": ("it is undone already", "look again: the case is settled"),
    "not_in_order": ("{sku} is not in this parcel", "choose an article of the order"),
    "more_than_ordered": ("only {ordered} were ordered", "correct the number"),
    "order_cancelled": ("this order was cancelled", "ask your leader (团长)"),
    "report_too_early": ("the pickup day has not come yet", "report it once you have seen the goods"),
    "report_too_late": ("the time for reporting is over", "ask your leader (团长)"),
    "reported_before": ("this was reported already and is being looked at (case {case})", "add to that report"),
    "covered_before": (
        "case {case} is about this already, and only {ordered} were ordered",
        "correct the number, or look at that case",
    ),
    "too_many_reports": ("{most} reports of one order", "ask your leader (团长)"),
    "too_many_photos": ("more than {most} photographs", "leave some out"),
}


class Fault(BaseModel):
    """What is wrong, where, and what the reader can do. ``code`` and ``params`` say the same for who says it in other words."""

    field: str
    message: str
    remedy: str
    code: str
    params: dict[str, Param] = {}


def fault(code: str, field: str, **params: Param) -> Fault:
    """A fault of WORDS."""
    message, remedy = WORDS[code]
    return Fault(field=field, message=message.format(**params), remedy=remedy.format(**params), code=code, params=params)


def form_fault(error: Mapping[str, Any], *, remedy: str = _AGAIN, location: Sequence[str | int] | None = None) -> Fault:
    """One of pydantic's errors: ``("body", "lines", 0, "sku")`` becomes ``lines[0].sku``, its type ``invalid.string_too_short``."""
    parts = list(error["loc"] if location is None else location)
    if parts and parts[0] in ("body", "query", "path", "header", "cookie") and len(parts) > 1:
        parts = parts[1:]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    params = {name: value for name, value in (error.get("ctx") or {}).items() if isinstance(value, str | int | float)}
    return Fault(
        field=field or "body", message=str(error["msg"]).removeprefix("Value error, "), remedy=remedy,
        code=f"invalid.{error['type']}", params=params,
    )  # fmt: skip


def cell_fault(error: Mapping[str, Any], location: Sequence[str | int]) -> Fault:
    """The same, of a cell of a file."""
    return form_fault(error, remedy=_CELL, location=location)
