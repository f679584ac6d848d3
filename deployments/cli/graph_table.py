"""Formats the environments for `flowmart status`: one row each, ordered and indented by wave. Pure.

environment        after    release  since             state
dev                         b → c    2026-11-23 18:40  busy: anna began to promote c
  staging          dev      b        2026-11-23 19:02  verified
    production-eu  staging  a        2026-11-20 10:11  verified; b soaks until 2026-11-23 21:02:00 UTC
    production-us  staging  a        2026-11-20 10:13  verified; b soaks until 2026-11-23 21:02:00 UTC
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tasks.domain import environment_graph
from tasks.reports.board import Column

COLUMNS = ("environment", "after", "release", "", "since (UTC)", "state")


def rows(columns: Sequence[Column], said: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield a row per environment with the fields of `COLUMNS`.

    Args:
        columns: the board's columns, in promotion order.
        said: each environment's state in words.
    """
    depth = _depths(columns)
    for column in columns:
        yield (
            f"{'  ' * depth[column.name]}{column.name}",
            ", ".join(column.after),
            column.releases,
            column.subjects,
            f"{column.since:%Y-%m-%d %H:%M}" if column.since else "-",
            said[column.name] + (f"; {column.coming}" if column.coming else ""),
        )


def document(column: Column) -> dict[str, Any]:
    """Return an environment for `--json`: its place in the graph, its current, arriving and next release."""
    return {
        "after": list(column.after),
        "since": column.since and column.since.isoformat(timespec="milliseconds"),
        "there": column.release or None,
        "subject": column.subject,
        "arriving": column.arriving or None,
        "next": column.next or None,
        "soaks_until": column.soaks_until and column.soaks_until.isoformat(),
        "links": [asdict(link) for link in column.links],
    }


def _depths(columns: Sequence[Column]) -> dict[str, int]:
    waves = environment_graph.waves({column.name: column.after for column in columns})
    return {name: depth for depth, wave in enumerate(waves) for name in wave}
