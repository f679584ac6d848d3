"""One request, from authentication to its answer.

All clusters are served on one port, each below its own path (/clusters/<name>), as clients' server addresses allow.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access import reviews
from deployments.sandbox.kubernetes.access.rbac import Attributes
from deployments.sandbox.kubernetes.access.tokens import ANONYMOUS
from deployments.sandbox.kubernetes.api import (
    addresses,
    bodies,
    discovery,
    openapi,
    proxying,
    reading,
    subresources,
    watching,
    writing,
)
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.api.answers import View, json_answer, view
from deployments.sandbox.kubernetes.asking import Asking, User
from deployments.sandbox.kubernetes.cluster import Cluster
from deployments.sandbox.kubernetes.deletes import Options
from deployments.sandbox.kubernetes.status import ApiError

_LARGEST_BODY = 64 * 1024**2
_HEALTH = ("healthz", "livez", "readyz")


def application(clusters: Mapping[str, Cluster]) -> web.Application:
    """The web application that serves all clusters."""

    async def handle(request: web.Request) -> web.StreamResponse:
        cluster, path = _find(clusters, request)
        if cluster is None:
            return json_answer(status.no_such_address(request.path).status, 404)
        try:
            return await _answer(cluster, request, path)
        except ApiError as error:
            return json_answer(error.status, error.code)
        except Exception as error:  # noqa: BLE001 a mistake of ours is an answer too; it is in the log
            traceback.print_exc()
            told = ApiError(500, "InternalError", f"Internal error occurred: {error!r}")
            return json_answer(told.status, 500)

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    served = web.Application(client_max_size=_LARGEST_BODY)
    served.router.add_get("/healthz", alive)
    served.router.add_route("*", "/{path:.*}", handle)
    return served


def _find(clusters: Mapping[str, Cluster], request: web.Request) -> tuple[Cluster | None, str]:
    """The cluster that a request is for, and the path there."""
    first, _, rest = request.path.lstrip("/").partition("/")
    if first == "clusters":
        name, _, path = rest.partition("/")
        return clusters.get(name), f"/{path}"
    # kubectl 1.31 and older leave out the server's path for `get --raw`; the token tells the cluster too.
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    return next((c for c in clusters.values() if token and c.tokens.user(token)), None), request.path


async def _answer(cluster: Cluster, request: web.Request, path: str) -> web.StreamResponse:
    user = _user(cluster, request)
    address = addresses.parse(path, cluster.catalogue)
    if address is None:
        return _document(cluster, request, path, user)
    verb = addresses.verb_of(request.method, address, request.query)
    _require_allowed(cluster, user, addresses.attributes(address, verb), address)
    if address.part and not _is_served(address):
        raise status.not_emulated(f"{address.resource.plural}/{address.part}")
    return await _Call(cluster, request, address, user).answer(verb)


def _user(cluster: Cluster, request: web.Request) -> User:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        return ANONYMOUS
    user = cluster.tokens.user(token.strip()) if kind.lower() == "bearer" else None
    if user is None:
        raise status.unauthorized()
    return user


def _require_allowed(cluster: Cluster, user: User, asked: Attributes, address: Address | None = None) -> None:
    if cluster.rbac.allows(user, asked):
        return
    why = f'User "{user.name}" {asked}'
    if address is None:
        raise ApiError(403, "Forbidden", f"forbidden: {why}")
    raise status.forbidden(address.resource, address.name, why)


def _is_served(address: Address) -> bool:
    return address.part in {name for name, _, _ in discovery.subresources(address.resource)}


def _document(cluster: Cluster, request: web.Request, path: str, user: User) -> web.Response:
    """What is no resource: discovery, OpenAPI, health."""
    _require_allowed(cluster, user, Attributes(request.method.lower(), path=path.rstrip("/") or "/"))
    parts = path.strip("/").split("/")
    if parts[0] in _HEALTH:
        return web.Response(text="ok")
    kind = discovery.aggregated_type(request.headers.get("Accept", ""))
    if kind and parts in (["api"], ["apis"]):
        return json_answer(discovery.aggregated(cluster.catalogue, parts == ["api"], kind), kind=kind)
    found = _found_document(cluster, parts)
    if found is None:
        raise status.no_such_address(path)
    return json_answer(found)


def _found_document(cluster: Cluster, parts: list[str]) -> Any:
    catalogue = cluster.catalogue
    match parts:
        case ["version"]:
            return discovery.version()
        case ["api"]:
            return discovery.core_versions()
        case ["apis"]:
            return discovery.groups(catalogue)
        case ["api", version]:
            return discovery.resources(catalogue, "", version)
        case ["apis", group]:
            return discovery.group(catalogue, group)
        case ["apis", group, version]:
            return discovery.resources(catalogue, group, version)
        case ["openapi", "v3"]:
            return openapi.index(catalogue)
        case ["openapi", "v3", *rest]:
            return openapi.document(catalogue, "/".join(rest))
    return None


class _Call:
    """One request for a resource."""

    def __init__(self, cluster: Cluster, request: web.Request, address: Address, user: User) -> None:
        self._cluster = cluster
        self._request = request
        self._address = address
        self._user = user

    async def answer(self, verb: str) -> web.StreamResponse:
        """Carry out the request."""
        if self._address.resource.verbs == ("create",):
            return await self._review()
        if self._address.part not in ("", "status"):
            return await self._below(verb)
        if verb not in self._address.resource.verbs:
            raise status.method_not_allowed(f"{verb} {self._address.resource.name}")
        return await getattr(self, f"_{verb}")()  # type: ignore[no-any-return]

    @property
    def _view(self) -> View:
        include = self._request.query.get("includeObject", "Metadata")
        return view(self._request.headers.get("Accept", ""), self._address.resource, include)

    @property
    def _by(self) -> Asking:
        return writing.asking(self._user, self._request.query, self._request.headers.get("User-Agent", ""))

    async def _get(self) -> web.Response:
        return json_answer(self._view.one(reading.get(self._cluster.store, self._address)))

    async def _list(self) -> web.Response:
        return json_answer(reading.listed(self._cluster.store, self._address, self._request.query, self._view))

    async def _watch(self) -> web.StreamResponse:
        return await watching.watch(self._request, self._cluster.store, self._address, self._view)

    async def _create(self) -> web.Response:
        item, by = await self._body(), self._by
        made = writing.create(self._cluster.writes, self._address, item, by)
        return json_answer(self._view.one(made), 201, by.warnings)

    async def _update(self) -> web.Response:
        item, by = await self._body(), self._by
        changed = writing.replace(self._cluster.writes, self._address, item, by)
        return json_answer(self._view.one(changed), 200, by.warnings)

    async def _patch(self) -> web.Response:
        by, kind, query = self._by, self._request.content_type, self._request.query
        if kind not in bodies.PATCHES:
            raise status.unsupported_media_type(kind, bodies.PATCHES)
        body = await bodies.read(self._request)
        if kind == bodies.APPLY_PATCH:
            self._may_create()
            item, code = writing.apply(self._cluster.writes, self._address, body, query, by)
            return json_answer(self._view.one(item), code, by.warnings)
        item = writing.patch(self._cluster.writes, self._address, kind, body, by)
        return json_answer(self._view.one(item), 200, by.warnings)

    async def _delete(self) -> web.Response:
        body, by = await self._body(), self._by
        answer, code = writing.delete(self._cluster.deletes, self._address, body, self._request.query, by)
        return json_answer(answer, code)

    async def _deletecollection(self) -> web.Response:
        body, by, query = await self._body(), self._by, self._request.query
        cluster = self._cluster
        gone = writing.delete_many(cluster.store, cluster.deletes, self._address, body, query, by)
        return json_answer(self._view.many(gone, {"resourceVersion": str(cluster.store.revision)}))

    def _may_create(self) -> None:
        """An apply that makes a new object needs the verb create too, as on a real API server."""
        address = self._address
        try:
            reading.get(self._cluster.store, address)
        except ApiError:
            named = Address(address.resource, address.namespace, address.name)
            _require_allowed(self._cluster, self._user, addresses.attributes(named, "create"), address)

    async def _review(self) -> web.Response:
        item = await self._body()
        cluster = self._cluster
        return json_answer(
            reviews.answered(item, self._address.resource, self._user, cluster.rbac, cluster.tokens), 201
        )

    async def _below(self, verb: str) -> web.StreamResponse:
        cluster, address, part = self._cluster, self._address, self._address.part
        if part == "log":
            return subresources.log(cluster.store, address, self._request.query)
        if part == "proxy":
            return json_answer(proxying.answer(cluster.store, address))
        if part == "token":
            return json_answer(subresources.token(cluster.store, cluster.tokens, address, await self._body()), 201)
        if part == "eviction":
            return await self._evict()
        return await self._scale(verb)

    async def _body(self) -> dict[str, Any]:
        return await bodies.read_object(self._request)

    async def _scale(self, verb: str) -> web.Response:
        address, paths = self._address, self._address.resource.scale
        if paths is None:
            raise status.not_emulated(f"{address.resource.plural}/scale")
        shown = subresources.scale_of(reading.get(self._cluster.store, address), paths)
        if verb == "get":
            return json_answer(shown)
        body = await bodies.read(self._request)
        wanted = writing.scale_after(shown, self._request.content_type, body) if verb == "patch" else body
        return json_answer(subresources.set_scale(self._cluster.writes, address, paths, wanted, self._by))

    async def _evict(self) -> web.Response:
        body, by = await self._body(), self._by
        address, cluster = self._address, self._cluster
        cluster.budgets.require_evictable(reading.get(cluster.store, address))
        grace = (body.get("deleteOptions") or {}).get("gracePeriodSeconds")
        cluster.deletes.delete(address.resource, address.namespace, address.name, Options(grace=grace), by)
        return json_answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 201)
