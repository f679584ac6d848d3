"""Read request bodies: JSON, YAML, and a few protobuf messages."""

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
    """Parse the body of a request. An empty body is an empty object.

    Raises:
        ApiError: 400 if the body is malformed, 415 if its format is not supported.
    """
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
    """Parse the body, which must be an object.

    Raises:
        ApiError: 400 or 415, also if the body is not an object.
    """
    item = await read(request)
    if not isinstance(item, dict):
        raise status.bad_request(f"expected an object, got {type(item).__name__}")
    return item
