"""Looks into PromQL without a server: whether it is right, what it gives, and which series it selects. Pure."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
from promql_parser import MatrixSelector, StringLiteral, VectorSelector

WINDOW = "{window}"
"""Stands for the length of a window in a query."""

_SECONDS = "300s"


def fault(query: str) -> str:
    """What is wrong with a query, for whoever wrote it; empty when it gives numbers."""
    try:
        found = promql_parser.parse(filled(query, _SECONDS))
    except ValueError as error:
        return f"is not valid PromQL: {error}"
    if isinstance(found, MatrixSelector):
        return "gives a range of samples: put a function around it, such as increase(...) or avg_over_time(...)"
    return "is a text, and not a query" if isinstance(found, StringLiteral) else ""


def filled(query: str, window: str) -> str:
    """The query with the length of a window, such as "300s"."""
    return query.replace(WINDOW, window)


def selectors(query: str) -> tuple[str, ...]:
    """The selectors of a query, each once, without offset or range: `http_requests_total{code=~"5.."}`."""
    found: list[str] = []

    def visit(node: Any) -> None:
        if isinstance(node, VectorSelector):
            found.append(f"{node.name or ''}{node.matchers}")

    promql_parser.walk(promql_parser.parse(query), pre_visit=visit)
    return tuple(dict.fromkeys(found))


def quoted(value: str) -> str:
    """A value as a string of PromQL."""
    return '"' + re.sub(r'(["\\])', r"\\\1", value).replace("\n", "\\n") + '"'
