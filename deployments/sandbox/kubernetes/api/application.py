"""Handle one request, from authentication to response.

One port serves all clusters, each below its own path (/clusters/<name>). Clients accept such server addresses.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Mapping

from aiohttp import web

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access.rbac import Attributes
from deployments.sandbox.kubernetes.api import addresses, discovery, documents, targets
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.api.answers import json_answer
from deployments.sandbox.kubernetes.api.calls import Call
from deployments.sandbox.kubernetes.api.permission import require_allowed, user_of
from deployments.sandbox.kubernetes.cluster import Cluster
from deployments.sandbox.kubernetes.resources import built_in
from deployments.sandbox.kubernetes.status import ApiError

_LARGEST_BODY = 3 * 1024**2
"""Maximum bytes of a request's body, as in the API server."""


def application(clusters: Mapping[str, Cluster]) -> web.Application:
    """Return the web application that serves all clusters."""

    async def handle(request: web.Request) -> web.StreamResponse:
        cluster, path = _find(clusters, request)
        if cluster is None:
            return json_answer(status.no_such_address(request.path).status, 404)
        return await _answered(_answer(cluster, request, path))

    async def scraped(request: web.Request) -> web.StreamResponse:
        cluster = clusters.get(request.match_info["cluster"])
        if cluster is None:
            return json_answer(status.no_such_address(request.path).status, 404)
        return await _answered(_scraped(cluster, request))

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    served = web.Application(client_max_size=_LARGEST_BODY)
    served.router.add_get("/healthz", alive)
    served.router.add_get("/targets/{cluster}", scraped)
    served.router.add_route("*", "/{path:.*}", handle)
    return served


async def _answered(answering: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    """Await a response. Turn errors into a Status."""
    try:
        return await answering
    except ApiError as error:
        return json_answer(error.status, error.code)
    except web.HTTPRequestEntityTooLarge:
        told = status.too_large(_LARGEST_BODY)
        return json_answer(told.status, told.code)
    except Exception as error:  # noqa: BLE001 a bug of the sandbox is a response too; the log has the traceback
        traceback.print_exc()
        told = ApiError(500, "InternalError", f"Internal error occurred: {error!r}")
        return json_answer(told.status, 500)


async def _scraped(cluster: Cluster, request: web.Request) -> web.StreamResponse:
    pods = Address(built_in("Pod"))
    require_allowed(cluster, user_of(cluster, request), addresses.attributes(pods, "list"), pods)
    found = cluster.store.of_kind(built_in("Pod"))
    return json_answer(targets.targets(cluster.name, found, request.host, f"/clusters/{cluster.name}"))


def _find(clusters: Mapping[str, Cluster], request: web.Request) -> tuple[Cluster | None, str]:
    """Return the cluster of a request, or `None`, and the path within it."""
    first, _, rest = request.path.lstrip("/").partition("/")
    if first == "clusters":
        name, _, path = rest.partition("/")
        return clusters.get(name), f"/{path}"
    # kubectl 1.31 and older drop the server's path for `get --raw`. The token identifies the cluster too.
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    return next((c for c in clusters.values() if token and c.tokens.user(token)), None), request.path


async def _answer(cluster: Cluster, request: web.Request, path: str) -> web.StreamResponse:
    user = user_of(cluster, request)
    address = addresses.parse(path, cluster.catalogue)
    if address is None:
        require_allowed(cluster, user, Attributes(request.method.lower(), path=path.rstrip("/") or "/"))
        return documents.answer(cluster.catalogue, path, request.headers.get("Accept", ""))
    verb = addresses.verb_of(request.method, address, request.query)
    require_allowed(cluster, user, addresses.attributes(address, verb), address)
    if address.part and not _is_served(address):
        raise status.not_emulated(f"{address.resource.plural}/{address.part}")
    return await Call(cluster, request, address, user).answer(verb)


def _is_served(address: Address) -> bool:
    return address.part in {name for name, _, _ in discovery.subresources(address.resource)}
