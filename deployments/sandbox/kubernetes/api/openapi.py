"""/openapi/v3: a document for each group and version, made from the definitions that the types come from.

What clients use it for: whether a kind takes `fieldValidation` and `dryRun`, `kubectl explain`, merge keys. The older
/openapi/v2 is not served: clients fall back to this.
"""

from __future__ import annotations

import json
from typing import Any

from deployments.sandbox.kubernetes.resources import Catalogue, Object, Resource
from deployments.sandbox.kubernetes.schema.types import custom_schema, definitions, references

_WRITES = ("dryRun", "fieldManager", "fieldValidation")
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


def index(catalogue: Catalogue) -> Object:
    """Where the documents are."""
    paths = dict.fromkeys(resource.path for resource in catalogue)
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def document(catalogue: Catalogue, path: str) -> Object | None:
    """The document of one group and version; `None` when nothing is served there."""
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
    """Put a definition and all that it refers to into `schemas`, in OpenAPI's form."""
    if name in schemas:
        return
    plain = dict(definitions()[name]) if name in definitions() else custom_schema(resource) if resource else {}
    if resource:
        plain["x-kubernetes-group-version-kind"] = [_kind(resource)]
    schemas[name] = json.loads(json.dumps(plain), object_hook=_converted)
    for reference in references(plain):
        _collect(reference, None, schemas)


def _converted(schema: Object) -> Object:
    """References as OpenAPI writes them, and the two types that are a choice."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        kept = {name: value for name, value in schema.items() if name != "$ref"}
        # Beside a reference nothing else counts, so what is there goes around it.
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
