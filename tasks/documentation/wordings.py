"""What pages say of environments, units and entries in a few words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks import masking
from tasks.domain import wording
from tasks.domain.platform import Approval, Check, Environment
from tasks.ledger.entries import Entry
from tasks.reports.artifacts import inert, table
from tasks.reports.board import Cell, Column


def code(text: str) -> str:
    """Text as code, whatever is in it; "-" for none."""
    found = " ".join(masking.mask(text).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", found)), default=0))
    space = " " if found.startswith("`") or found.endswith("`") else ""
    return f"{fence}{space}{found}{space}{fence}" if found else "-"


def codes(texts: Iterable[str]) -> str:
    """Several texts as code, by commas; "-" for none."""
    return ", ".join(map(code, texts)) or "-"


def said(text: str) -> str:
    """Text of somebody else's, masked and inert."""
    return inert(masking.mask(text))


def gate(approval: Approval) -> str:
    """When people approve plans, and who."""
    if not approval.when:
        return "never"
    who = ", ".join(map(said, approval.approvers)) or "anybody"
    people = f"{approval.count} different people of {who}" if approval.count > 1 else who
    proof = ", on GitHub" if approval.identity == "github" else ""
    return f"{' or '.join(approval.when)}: {people}{proof}, within {wording.length(approval.expires)}"


def open_when(environment: Environment) -> str:
    """The windows and freezes of an environment."""
    windows = [said(str(window)) for window in environment.windows] or ["always"]
    freezes = [f"frozen from {f.begins} to {f.ends}: {said(f.reason)}" for f in environment.freezes]
    return "; ".join([*windows, *freezes])


def what_is_there(column: Column) -> str:
    """The release of an environment, and what comes to it."""
    arriving = f" → {code(column.arriving)}" if column.arriving else ""
    return f"{code(column.release)}{arriving}"


def health(cell: Cell) -> str:
    """How a unit is in an environment."""
    return f"{cell.health.value} ({wording.number(cell.drifted, 'object')})" if cell.drifted else cell.health.value


def check(declared: Check) -> tuple[str, str, str, str]:
    """A smoke check: name, kind, what it asks for, how long it may take."""
    options = masking.masked({name: value for name, value in declared.options.items() if name != "kind"})
    told = ", ".join(f"{name}: {wording.short(value)}" for name, value in options.items())
    return said(declared.name), declared.kind, code(told), wording.length(declared.within)


def history(entries: Iterable[Entry]) -> str:
    """A table of ledger entries."""
    return table(("when (UTC)", "entry", "unit", "what", "by"), [_entry(entry) for entry in entries])


def _entry(entry: Entry) -> tuple[str, ...]:
    unit, what = wording.happened(entry.event)
    return entry.at[:16].replace("T", " "), code(entry.id), said(unit), said(what), said(entry.actor)
