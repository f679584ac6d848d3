"""What a client gets: an object as it is, as a row of a table, or its metadata alone, as its Accept header asks.

https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from deployments.sandbox.kubernetes.conversion import from_kept, to_kept
from deployments.sandbox.kubernetes.printing import tables
from deployments.sandbox.kubernetes.resources import Object, Resource

_META = "meta.k8s.io/v1"


def json_answer(
    body: Any, code: int = 200, warnings: Sequence[str] = (), kind: str = "application/json"
) -> web.Response:
    """An answer with a JSON body. Every warning is a header, which kubectl and helm print."""
    text = json.dumps(body, separators=(",", ":")).encode()
    answer = web.Response(body=text, status=code, headers={"Content-Type": kind})
    for warning in dict.fromkeys(warnings):
        answer.headers.add("Warning", f"299 - {json.dumps(warning)}")
    return answer


@dataclass(frozen=True)
class View:
    """How objects are shown to this client."""

    one: Callable[[Object], Object]
    many: Callable[[Sequence[Object], Object], Object]


def view(accept: str, resource: Resource, include_object: str = "Metadata") -> View:
    """The first form in the Accept header that is known."""
    for choice in accept.split(","):
        wanted = {part.strip().partition("=")[0]: part.strip().partition("=")[2] for part in choice.split(";")[1:]}
        if wanted.get("as") == "Table":
            return _table(resource, include_object)
        if wanted.get("as", "").startswith("PartialObjectMetadata"):
            return View(
                _partial, lambda items, meta: _list("PartialObjectMetadataList", _META, map(_partial, items), meta)
            )
    kind = resource.list_kind or f"{resource.kind}List"
    return View(
        lambda item: _named(item, resource),
        lambda items, meta: _list(kind, resource.api_version, items, meta),
    )


def _named(item: Object, resource: Resource) -> Object:
    """The object in the version that was asked for."""
    known = item.get("apiVersion", resource.api_version) == resource.api_version
    return {"kind": resource.kind, "apiVersion": resource.api_version} | (
        item if known else from_kept(item, resource)
    )


def _table(resource: Resource, include_object: str) -> View:
    def many(items: Sequence[Object], meta: Object) -> Object:
        # Columns are those of the version that is kept.
        return tables.table(resource, [to_kept(item, resource) for item in items], meta, include_object)

    return View(lambda item: many([item], {"resourceVersion": item["metadata"]["resourceVersion"]}), many)


def _list(kind: str, api_version: str, items: Any, meta: Object) -> Object:
    return {"kind": kind, "apiVersion": api_version, "metadata": meta, "items": list(items)}


def _partial(item: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": item["metadata"]}
