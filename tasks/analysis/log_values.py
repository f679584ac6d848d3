"""Measures one log metric in one window: builds the search and interprets its result.

Silence is not health: the value is unknown if a window has fewer documents, of any level, than the metric requires.
It is also unknown if the stream has nothing newer than the window, because its last documents may still arrive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tasks import masking
from tasks.analysis.spans import Span, iso
from tasks.analysis.values import Value
from tasks.domain.analysis import LogQuery
from tasks.domain.errors import FlowmartError
from tasks.elasticsearch.answers import Found, NotPermitted, Rejected
from tasks.elasticsearch.client import Elasticsearch

_WORSE = {
    "warning": ("warn", "warning"),
    "error": ("err", "error", "severe"),
    "critical": ("crit", "critical", "fatal", "alert", "emerg", "emergency", "panic"),
}
"""The names of each level in loggers of many languages, in order of severity."""

_KINDS = 1000
"""The maximum number of kinds of errors that are distinguished."""

_SAMPLES = 5
_LONGEST = 200
"""Maximum characters of a message in the evidence."""


def value(server: Elasticsearch, query: LogQuery, span: Span, past: Span | None) -> Value:
    """Return the value of a window, or why it is unknown. Errors are returned as such a result, not raised.

    Args:
        server: the server that keeps the log.
        query: what is counted: documents of a level, or kinds of errors that never occurred before.
        span: the window.
        past: the time before the apply, for `query.new_kinds`; with None, nothing counts as new.
    """
    try:
        return _new_kinds(server, query, span, past) if query.new_kinds else _count(server, query, span)
    except NotPermitted as error:
        return Value(None, str(error), answered=False)
    except Rejected as error:
        if error.status == 404:
            return Value(None, f"there is no stream {query.stream}", partial=True)
        return Value(None, str(error), answered=False, refused=True)
    except FlowmartError as error:
        return Value(None, str(error), answered=False)


def search_of(query: LogQuery, span: Span) -> str:
    """Return the search of a window, as evidence."""
    about = {"bool": {"filter": [*_about(query), _within(span), {"terms": {query.level_field: levels(query.level)}}]}}
    return f"{query.stream}/_search {json.dumps({'query': about}, separators=(',', ':'))}"


def levels(level: str) -> list[str]:
    """Return the names of a level and of more severe levels, in all spellings."""
    names = [*_WORSE]
    found = [name for each in names[names.index(level) :] for name in _WORSE[each]]
    return [spelled for name in found for spelled in (name, name.upper(), name.capitalize())]


def _count(server: Elasticsearch, query: LogQuery, span: Span) -> Value:
    found = _searched(server, query, span, {"bad": {"filter": _bad(query)}})
    unknown = _unknown(server, query, span, found)
    if unknown is not None:
        return unknown
    bad = int(found.aggregations["bad"]["doc_count"])
    return Value(float(bad), f"{bad} of {found.total} documents")


def _new_kinds(server: Elasticsearch, query: LogQuery, span: Span, past: Span | None) -> Value:
    found = _searched(server, query, span, {"bad": _kinds(query)})
    unknown = _unknown(server, query, span, found)
    if unknown is not None:
        return unknown
    before = _searched(server, query, past, {"bad": _kinds(query)}) if past else None
    if before is None or before.partial or not before.total:
        return Value(0.0, "kinds of errors were not compared: there is no log of the time before")
    new = sorted(_names(found) - _names(before))
    samples = _sampled(server, query, span, new[:3]) if new else ""
    return Value(float(len(new)), f"new: {', '.join(new)}{samples}" if new else "")


def _unknown(server: Elasticsearch, query: LogQuery, span: Span, found: Found) -> Value | None:
    """Return why a window has no value; None if it has one."""
    if found.partial:
        return Value(None, f"{server.where} could read only a part of {query.stream}", partial=True)
    if not _has_newer(server, query, span):
        return Value(None, f"{query.stream} has nothing newer than the window yet", answered=False)
    if found.total < query.min_documents or not found.total:
        needed = max(query.min_documents, 1)
        return Value(None, f"only {found.total} documents of any level, at least {needed} are needed")
    return None


def _searched(server: Elasticsearch, query: LogQuery, span: Span, aggregations: Mapping[str, Any]) -> Found:
    condition = {"bool": {"filter": [*_about(query), _within(span)]}}
    body = {"size": 0, "track_total_hits": True, "query": condition, "aggs": aggregations}
    return server.search(query.stream, body)


def _has_newer(server: Elasticsearch, query: LogQuery, span: Span) -> bool:
    body = {"size": 0, "track_total_hits": 1, "query": {"range": {"@timestamp": {"gte": iso(span.ends)}}}}
    return bool(server.search(query.stream, body).total)


def _about(query: LogQuery) -> list[Mapping[str, Any]]:
    return [query.filter] if query.filter is not None else [{"term": {"service.name": query.service}}]


def _within(span: Span) -> dict[str, Any]:
    return {"range": {"@timestamp": {"gte": iso(span.begins), "lt": iso(span.ends)}}}


def _bad(query: LogQuery) -> dict[str, Any]:
    return {"terms": {query.level_field: levels(query.level)}}


def _kinds(query: LogQuery) -> dict[str, Any]:
    return {"filter": _bad(query), "aggs": {"kinds": {"terms": {"field": query.kind_field, "size": _KINDS}}}}


def _names(found: Found) -> set[str]:
    return {str(bucket["key"]) for bucket in found.aggregations["bad"]["kinds"]["buckets"]}


def _sampled(server: Elasticsearch, query: LogQuery, span: Span, kinds: Sequence[str]) -> str:
    """Return some messages of each kind, masked."""
    hits = {"top_hits": {"size": _SAMPLES, "_source": ["message", "error.message"]}}
    only = {"field": query.kind_field, "include": [*kinds]}
    found = _searched(server, query, span, {"kinds": {"terms": only, "aggs": {"some": hits}}})
    texts = [
        f"\n    {bucket['key']}: {_message(hit['_source'])}"
        for bucket in found.aggregations["kinds"]["buckets"]
        for hit in bucket["some"]["hits"]["hits"]
    ]
    return "".join(dict.fromkeys(texts))


def _message(source: Mapping[str, Any]) -> str:
    error = source.get("error")
    said = source.get("message") or (error.get("message") if isinstance(error, Mapping) else "")
    return masking.mask(" ".join(str(said).split()))[:_LONGEST]
