"""Checks that the fields that a log metric needs are mapped in its stream, before anything is applied.

A search for an unmapped field finds nothing and reports no error, so a misspelt name would look healthy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.analysis import LogQuery
from tasks.domain.errors import Unanswered
from tasks.elasticsearch.answers import NotPermitted, Rejected
from tasks.elasticsearch.client import Elasticsearch

_TIME = "@timestamp"


def asked(server: Elasticsearch, query: LogQuery) -> tuple[list[str], list[str]]:
    """Return (mistakes in the specification, warnings about data that is missing so far).

    Raises:
        Unanswered: the server does not respond, or denies permission.
    """
    needed = [_TIME, *([] if query.filter is not None else ["service.name"]), query.level_field]
    needed += [query.kind_field] if query.new_kinds else []
    try:
        found = server.fields(query.stream, needed)
    except NotPermitted as error:
        raise Unanswered(str(error)) from error
    except Rejected as error:
        if error.status != 404:
            return [str(error)], []
        found = {}
    if _TIME not in found:
        return [], [f"{query.stream}: there is no such stream yet, or its name is misspelt"]
    return list(_mistakes(query, needed, found)), []


def _mistakes(query: LogQuery, needed: list[str], found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name in needed:
        kinds = found.get(name)
        if kinds is None:
            yield f"{query.stream} has no field {name}: a search for it would find nothing; check the name"
        elif name != _TIME and not all(kind.get("aggregatable") for kind in kinds.values()):
            listed = ", ".join(sorted(kinds))
            yield f"{name} is {listed} in {query.stream}: it must be a keyword, such as {name}.keyword"
