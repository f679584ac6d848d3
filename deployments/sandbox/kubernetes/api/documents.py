"""Serve documents that are not resources: discovery, OpenAPI, version and health."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.api import discovery, openapi
from deployments.sandbox.kubernetes.api.answers import json_answer
from deployments.sandbox.kubernetes.resources import Catalogue, Object

_HEALTH = ("healthz", "livez", "readyz")


def answer(catalogue: Catalogue, path: str, accept: str) -> web.Response:
    """Return the document at a path.

    Raises:
        ApiError: 404 if no document exists there.
    """
    parts = path.strip("/").split("/")
    if parts[0] in _HEALTH:
        return web.Response(text="ok")
    if parts == ["openapi", "v2"]:
        return openapi.without_definitions(accept)
    kind = discovery.aggregated_type(accept)
    if kind and parts in (["api"], ["apis"]):
        return json_answer(discovery.aggregated(catalogue, parts == ["api"], kind), kind=kind)
    found = _found(catalogue, parts)
    if found is None:
        raise status.no_such_address(path)
    return json_answer(found)


def _found(catalogue: Catalogue, parts: list[str]) -> Object | None:
    match parts:
        case ["apis", group]:
            return discovery.group(catalogue, group)
        case ["api", version]:
            return discovery.resources(catalogue, "", version)
        case ["apis", group, version]:
            return discovery.resources(catalogue, group, version)
        case ["openapi", "v3", first, *rest]:
            return openapi.document(catalogue, "/".join([first, *rest]))
    fixed = _FIXED.get("/".join(parts))
    return fixed(catalogue) if fixed else None


_FIXED: Mapping[str, Callable[[Catalogue], Object]] = {
    "version": lambda _: discovery.version(),
    "api": lambda _: discovery.core_versions(),
    "apis": discovery.groups,
    "openapi/v3": openapi.index,
}
