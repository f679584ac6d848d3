"""What a client sent: JSON, YAML, or the few messages in protobuf that are read."""

from __future__ import annotations

import json
from typing import Any

import yaml
from aiohttp import web

from deployments.sandbox.kubernetes import protobuf, status

JSON, YAML = "application/json", "application/yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


async def read(request: web.Request) -> Any:
    """The body, parsed; an empty object for none. `ApiError` 400 or 415 when it cannot be read."""
    body = await request.read()
    if not body:
        return {}
    kind = request.content_type
    if kind == protobuf.TYPE:
        return protobuf.decode(body)
    if kind not in (JSON, YAML, *PATCHES, "application/octet-stream"):
        raise status.unsupported_media_type(kind, (JSON, YAML, protobuf.TYPE))
    try:
        return json.loads(body) if body[:1] in b"{[" else yaml.load(body, Loader=_Loader)  # noqa: S506 a safe loader
    except (ValueError, yaml.YAMLError) as error:
        raise status.bad_request(f"the object provided is unrecognized (must be of type {kind}): {error}") from error


async def read_object(request: web.Request) -> dict[str, Any]:
    """The body, which must be one object."""
    item = await read(request)
    if not isinstance(item, dict):
        raise status.bad_request(f"expected an object, got {type(item).__name__}")
    return item
