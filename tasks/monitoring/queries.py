"""Analyses PromQL without a server: its validity, its type of result, and the series that it selects. Pure."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
from promql_parser import MatrixSelector, StringLiteral, VectorSelector

WINDOW = "{window}"
"""Placeholder for the length of a window in a query."""

_SECONDS = "300s"


def fault(query: str) -> str:
    """Return what is wrong with a query, such as "is not valid PromQL: ..."; empty if it gives numbers."""
    try:
        found = promql_parser.parse(filled(query, _SECONDS))
    except ValueError as error:
        return f"is not valid PromQL: {error}"
    if isinstance(found, MatrixSelector):
        return "gives a range of samples: put a function around it, such as increase(...) or avg_over_time(...)"
    return "is a text, and not a query" if isinstance(found, StringLiteral) else ""


def filled(query: str, window: str) -> str:
    """Replace the placeholder in a query with the length of a window, such as "300s"."""
    return query.replace(WINDOW, window)


def selectors(query: str) -> tuple[str, ...]:
    """Return the distinct selectors of a query, without offset or range: `http_requests_total{code=~"5.."}`."""
    found: list[str] = []

    def visit(node: Any) -> None:
        if isinstance(node, VectorSelector):
            found.append(f"{node.name or ''}{node.matchers}")

    promql_parser.walk(promql_parser.parse(query), pre_visit=visit)
    return tuple(dict.fromkeys(found))


def quoted(value: str) -> str:
    """Quote a value as a PromQL string."""
    return '"' + re.sub(r'(["\\])', r"\\\1", value).replace("\n", "\\n") + '"'
