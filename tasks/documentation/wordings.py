"""Describes environments, units and entries in a few words. Pure."""

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
    """Format a text as code, with its secrets masked; "-" for none."""
    found = " ".join(masking.mask(text).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", found)), default=0))
    space = " " if found.startswith("`") or found.endswith("`") else ""
    return f"{fence}{space}{found}{space}{fence}" if found else "-"


def codes(texts: Iterable[str]) -> str:
    """Format several texts as code, separated by commas; "-" for none."""
    return ", ".join(map(code, texts)) or "-"


def safe(text: str) -> str:
    """Mask a foreign text and make it inert."""
    return inert(masking.mask(text))


def gate(approval: Approval) -> str:
    """Describe when plans need an approval, and by whom."""
    if not approval.when:
        return "never"
    who = ", ".join(map(safe, approval.approvers)) or "anybody"
    people = f"{approval.count} different people of {who}" if approval.count > 1 else who
    proof = ", on GitHub" if approval.identity == "github" else ""
    return f"{' or '.join(approval.when)}: {people}{proof}, within {wording.length(approval.expires)}"


def open_when(environment: Environment) -> str:
    """Describe the windows and freezes of an environment."""
    windows = [safe(str(window)) for window in environment.windows] or ["always"]
    freezes = [f"frozen from {f.begins} to {f.ends}: {safe(f.reason)}" for f in environment.freezes]
    return "; ".join([*windows, *freezes])


def what_is_there(column: Column) -> str:
    """Describe the release of an environment, and the one that arrives."""
    arriving = f" → {code(column.arriving)}" if column.arriving else ""
    return f"{code(column.release)}{arriving}"


def health(cell: Cell) -> str:
    """Describe the health of a unit in an environment."""
    return f"{cell.health.value} ({wording.number(cell.drifted, 'object')})" if cell.drifted else cell.health.value


def check(declared: Check) -> tuple[str, str, str, str]:
    """Return a smoke check's name, kind, options and time limit."""
    options = masking.masked({name: value for name, value in declared.options.items() if name != "kind"})
    options_shown = ", ".join(f"{name}: {wording.short(value)}" for name, value in options.items())
    return safe(declared.name), declared.kind, code(options_shown), wording.length(declared.within)


def history(entries: Iterable[Entry]) -> str:
    """Return a table of ledger entries."""
    return table(("when (UTC)", "entry", "unit", "what", "by"), [_entry(entry) for entry in entries])


def _entry(entry: Entry) -> tuple[str, ...]:
    unit, what = wording.happened(entry.event)
    return entry.at[:16].replace("T", " "), code(entry.id), safe(unit), safe(what), safe(entry.actor)
