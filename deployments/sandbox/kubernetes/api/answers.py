"""Write objects in the form of the client's Accept header: as they are, as table rows, or metadata alone.

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
    """Return a response with a JSON body.

    Args:
        body: JSON values.
        code: The HTTP status.
        warnings: Each becomes a `Warning` header, once. kubectl and helm print them.
        kind: The content type.
    """
    text = json.dumps(body, separators=(",", ":")).encode()
    answer = web.Response(body=text, status=code, headers={"Content-Type": kind})
    for warning in dict.fromkeys(warnings):
        answer.headers.add("Warning", f"299 - {json.dumps(warning)}")
    return answer


@dataclass(frozen=True)
class View:
    """Formats one object, or a list of objects, for a client."""

    one: Callable[[Object], Object]
    many: Callable[[Sequence[Object], Object], Object]


def view(accept: str, resource: Resource, include_object: str = "Metadata") -> View:
    """Return the view for the first known form in the Accept header.

    Args:
        accept: The Accept header. Without a known form, objects are shown as they are.
        resource: The kind, in the requested version.
        include_object: How much of each object a table includes, as in the query's `includeObject`.
    """
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
    """Return the object in the requested version."""
    known = item.get("apiVersion", resource.api_version) == resource.api_version
    return {"kind": resource.kind, "apiVersion": resource.api_version} | (
        item if known else from_kept(item, resource)
    )


def _table(resource: Resource, include_object: str) -> View:
    def many(items: Sequence[Object], meta: Object) -> Object:
        # Columns are defined for the stored version.
        return tables.table(resource, [to_kept(item, resource) for item in items], meta, include_object)

    return View(lambda item: many([item], {"resourceVersion": item["metadata"]["resourceVersion"]}), many)


def _list(kind: str, api_version: str, items: Any, meta: Object) -> Object:
    return {"kind": kind, "apiVersion": api_version, "metadata": meta, "items": list(items)}


def _partial(item: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": item["metadata"]}
