"""Searches the cluster for the same documents as the log folder, and for those that it lacks.

The streams are those of the index template in `infrastructure/elasticsearch/logs`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tasks.domain.errors import Unanswered
from tasks.elasticsearch.client import Elasticsearch
from tasks.logs.documents import trace_id
from tasks.logs.reading import LEVELS, Document, Wanted, ordered

STREAMS = "logs-flowmart.*"

_PAGE = 1000
"""Documents in one response, and ids in one query."""

_MOST = 100_000
"""Maximum number of documents that are read."""


def find(server: Elasticsearch, wanted: Wanted) -> list[Document]:
    """Return the wanted documents, oldest first, without duplicates, which a stream may hold after a rollover.

    Raises:
        Refused, Unanswered: as for every search.
    """
    return ordered(_pages(server, query(wanted)))


def absent(server: Elasticsearch, ids: Collection[str]) -> set[str]:
    """Return the ids (`event.id`) for which the streams hold no document.

    Raises:
        Refused, Unanswered: as for every search.
    """
    left = sorted(ids)
    return {each for begin in range(0, len(left), _PAGE) for each in _absent(server, left[begin : begin + _PAGE])}


def query(wanted: Wanted) -> dict[str, Any]:
    """Return the query, in the API's format, that selects the wanted documents."""
    levels = list(LEVELS[LEVELS.index(wanted.level) :])
    conditions: list[dict[str, Any]] = [{"terms": {"log.level": levels}}]
    if wanted.since:
        conditions.append({"range": {"@timestamp": {"gte": wanted.since}}})
    if wanted.subject:
        conditions.append({"bool": {"should": _about(wanted.subject), "minimum_should_match": 1}})
    return {"bool": {"filter": conditions}}


def _about(subject: str) -> list[dict[str, Any]]:
    if "/" in subject:
        return [{"term": {name: subject}} for name in ("transaction.id", "flowmart.entry", "flowmart.receipt")]
    found: list[dict[str, Any]] = [
        {"term": {"labels.environment": subject}},
        {"prefix": {"labels.release": subject}},
    ]
    compact = trace_id(subject)
    if len(compact) >= 8:
        found += [{"prefix": {name: compact}} for name in ("trace.id", "flowmart.root_run")]
    return found


def _pages(server: Elasticsearch, asked: dict[str, Any]) -> Iterator[Document]:
    body: dict[str, Any] = {
        "size": _PAGE,
        "query": asked,
        "sort": [{"@timestamp": "asc"}, {"event.id": {"order": "asc", "unmapped_type": "keyword"}}],
        "track_total_hits": False,
    }
    for _ in range(_MOST // _PAGE):
        hits = server.search(STREAMS, body).hits
        yield from (hit["_source"] for hit in hits)
        if len(hits) < _PAGE:
            return
        body["search_after"] = hits[-1]["sort"]


def _absent(server: Elasticsearch, ids: Sequence[str]) -> set[str]:
    kinds = {"terms": {"field": "event.id", "size": len(ids)}}
    body = {"size": 0, "query": {"terms": {"event.id": [*ids]}}, "aggs": {"ids": kinds}, "track_total_hits": False}
    found = server.search(STREAMS, body)
    if found.partial:
        raise Unanswered(f"{server.where} answered for a part of its shards only; retry")
    there = found.aggregations.get("ids", {}).get("buckets", ())
    return {*ids} - {str(bucket["key"]) for bucket in there}
