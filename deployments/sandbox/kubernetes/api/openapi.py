"""Serve /openapi/v3: one document per group and version, from the definitions that the types use too.

Clients read it for `kubectl explain`, for merge keys, and to see whether a kind supports `fieldValidation` and
`dryRun`. The older /openapi/v2 has no definitions: what clients would check by it, they leave to the server.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from deployments.sandbox.kubernetes.api.answers import json_answer
from deployments.sandbox.kubernetes.resources import Catalogue, Object, Resource
from deployments.sandbox.kubernetes.schema.types import custom_schema, definitions, references

_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_ANSWERED = _PROTOBUF.replace("@", ".")
"""What the server says it is: a media type may not hold an `@`."""
_WRITES = ("dryRun", "fieldManager", "fieldValidation")
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


def without_definitions(accept: str) -> web.Response:
    """Return the older document, in which clients look up what is neither in v3 nor in discovery, such as lists."""
    if _PROTOBUF in accept:
        # An empty message is a Document without any fields.
        return web.Response(body=b"", content_type=_ANSWERED)
    info = {"title": "Kubernetes (sandbox)", "version": "v1.34.0"}
    return json_answer({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}})


def index(catalogue: Catalogue) -> Object:
    """Return the index of the documents."""
    paths = dict.fromkeys(resource.path for resource in catalogue)
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def document(catalogue: Catalogue, path: str) -> Object | None:
    """Return the document of one group and version, or `None` if nothing is served there."""
    found = [resource for resource in catalogue if resource.path == path]
    if not found:
        return None
    schemas: dict[str, Any] = {}
    for resource in found:
        _collect(_name(resource), resource, schemas)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes (sandbox)", "version": "v1.34.0"},
        "paths": {address: item for resource in found for address, item in _paths(resource).items()},
        "components": {"schemas": schemas},
    }


def _name(resource: Resource) -> str:
    if resource.definition:
        return resource.definition
    reversed_group = ".".join(reversed(resource.group.split(".")))
    return f"{reversed_group}.{resource.version}.{resource.kind}"


def _collect(name: str, resource: Resource | None, schemas: dict[str, Any]) -> None:
    """Add a definition, and all definitions that it refers to, to `schemas` in OpenAPI's form."""
    if name in schemas:
        return
    plain = dict(definitions()[name]) if name in definitions() else custom_schema(resource) if resource else {}
    if resource:
        plain["x-kubernetes-group-version-kind"] = [_kind(resource)]
    schemas[name] = json.loads(json.dumps(plain), object_hook=_converted)
    for reference in references(plain):
        _collect(reference, None, schemas)


def _converted(schema: Object) -> Object:
    """Write a reference in OpenAPI's form."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        kept = {name: value for name, value in schema.items() if name != "$ref"}
        # OpenAPI ignores keys beside `$ref`, so `allOf` wraps the reference.
        return kept | {"allOf": [{"$ref": f"#/components/schemas/{reference}"}]}
    return schema


def _kind(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _paths(resource: Resource) -> Object:
    scope = "namespaces/{namespace}/" if resource.namespaced else ""
    whole = f"/{resource.path}/{scope}{resource.plural}"
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{_name(resource)}"}}}
    collection = {"post": _operation(resource, "post", content)}
    if "list" in resource.verbs:
        collection["get"] = _operation(resource, "list", content)
    paths = {whole: collection}
    if "get" in resource.verbs:
        actions = ("get", "put", "patch", "delete")
        paths[f"{whole}/{{name}}"] = {action: _operation(resource, action, content) for action in actions}
    return paths


def _operation(resource: Resource, action: str, content: Object) -> Object:
    names = () if action in ("get", "list") else _WRITES
    parameters = [{"name": n, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for n in names]
    body = {kind: {"schema": {"type": "object"}} for kind in _PATCHES} if action == "patch" else content
    operation = {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _kind(resource),
        "parameters": parameters,
        "responses": {"200": {"description": "OK", "content": content}},
    }
    return operation if action in ("get", "list", "delete") else operation | {"requestBody": {"content": body}}
