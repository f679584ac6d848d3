"""Renders the board as Markdown for an artifact in Prefect.

Times are absolute, so that the text changes only when the platform does.
"""

from __future__ import annotations

from tasks.reports.artifacts import Page, inert, moment, table
from tasks.reports.board import Board, Cell, Column, Health
from tasks.reports.board_notices import Link, Notice

SIGNS = {
    Health.GOOD: "✅",
    Health.DRIFTED: "⚠️",
    Health.UNCHECKED: "❔",
    Health.ABSENT: "·",
    Health.LEFT_BEHIND: "🗑",
}


def page(found: Board) -> Page:
    """Return the artifact."""
    head = ("unit", *(column.name for column in found.columns))
    environments = [
        (
            inert(column.name),
            inert(", ".join(column.after)),
            _release(column),
            moment(column.since),
            _state(column),
        )
        for column in found.columns
    ]
    units = [
        (inert(unit), *(_cell(found.cells.get((unit, column.name))) for column in found.columns))
        for unit in found.units
    ]
    parts = [
        f"# {inert(found.platform)}",
        "\n".join(_notice(notice) for notice in found.notices) or "Nothing waits, runs, or is blocked.",
        table(("environment", "after", "release", "since (UTC)", "state"), environments),
        table(head, units),
    ]
    return Page("board", f"The board of {found.platform}", "\n\n".join(parts)).of(found.platform)


def _notice(notice: Notice) -> str:
    return f"- **{inert(notice.environment)} {notice.kind.value}:** {inert(notice.text)}{_links(notice.links)}"


def _release(column: Column) -> str:
    there = f"`{column.release}` {inert(column.subject)}" if column.release else "-"
    comes = f" → `{column.arriving}` {inert(column.arriving_subject)}" if column.arriving else ""
    return f"{there}{comes}{_links(column.links)}"


def _state(column: Column) -> str:
    return inert("; ".join(filter(None, (column.words, column.coming))))


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if not cell.release:
        return f"{SIGNS[cell.health]} {cell.health.value}"
    drifted = f" ({cell.drifted})" if cell.drifted else ""
    how = f"{cell.health.value}{drifted}{_links(cell.links)}"
    return f"{SIGNS[cell.health]} `{cell.release}` {how}, {moment(cell.since)}"


def _links(links: tuple[Link, ...]) -> str:
    return "".join(f" [{inert(link.text)}]({link.url})" for link in links)
