"""The whole answer of ``python -m edge devices``, for people and for programs."""

import unicodedata
from collections.abc import Sequence

import msgspec

from edge.devices.ports import DeviceState
from edge.devices_tool.found import Finding
from edge.devices_tool.tried import Tried


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``configured`` is None where no site's TOML was given."""

    machine: list[Finding]
    configured: list[Tried] | None = None

    @property
    def is_well(self) -> bool:
        """Every configured device answered."""
        return all(tried.state is DeviceState.OK for tried in self.configured or ())

    def as_json(self) -> str:
        """One line."""
        return msgspec.json.encode(self).decode()

    def as_text(self) -> str:
        """For people."""
        rows = [(finding.kind, thing.path, " ".join(filter(None, (thing.what, thing.leads_to and f"→ {thing.leads_to}"))))
                for finding in self.machine for thing in finding.found]  # fmt: skip
        rows += [(finding.kind, "none", finding.remedy) for finding in self.machine if not finding.found]
        lines = ["ON THIS MACHINE", *_table(rows)]
        if self.configured is None:
            return "\n".join([*lines, "", "with --config site.toml each configured device is tried as well"])
        if not self.configured:
            return "\n".join([*lines, "", "CONFIGURED", "  none; see deploy/site.example.toml"])
        tries = [
            (tried.state.value.upper() if tried.state is not DeviceState.OK else "ok", tried.table, tried.name,
             "; ".join(filter(None, (_AT.get(tried.place, ""), _said(tried)))))
            for tried in self.configured
        ]  # fmt: skip
        return "\n".join([*lines, "", "CONFIGURED", *_table(tries)])


# In whose hand a scanner is decides what its scans mean; at the counter is what everybody expects.
_AT = {"cabinet": "at the cabinet: opens cells for residents, takes no scan of staff"}


def _said(tried: Tried) -> str:
    return ("in use by the agent" + (f": {tried.detail}" if tried.detail else "")) if tried.is_in_use else tried.detail


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as they have to be; the last one as it is."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)][:-1]
    return [
        "  "
        + "  ".join([*(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
