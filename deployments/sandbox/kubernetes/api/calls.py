"""Handle one request for a resource: map verbs to operations and write the response."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access import reviews
from deployments.sandbox.kubernetes.api import addresses, bodies, proxying, reading, subresources, watching, writing
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.api.answers import View, json_answer, view
from deployments.sandbox.kubernetes.api.permission import require_allowed
from deployments.sandbox.kubernetes.asking import Asking, User
from deployments.sandbox.kubernetes.cluster import Cluster
from deployments.sandbox.kubernetes.deletes import Options
from deployments.sandbox.kubernetes.status import ApiError


class Call:
    """One request for a resource."""

    def __init__(self, cluster: Cluster, request: web.Request, address: Address, user: User) -> None:
        self._cluster = cluster
        self._request = request
        self._address = address
        self._user = user

    async def answer(self, verb: str) -> web.StreamResponse:
        """Handle the request.

        Args:
            verb: The API's verb, such as "deletecollection".

        Raises:
            ApiError: The request is rejected.
        """
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
        """Require the verb create if the applied object does not exist, as a real API server does."""
        address = self._address
        try:
            reading.get(self._cluster.store, address)
        except ApiError:
            named = Address(address.resource, address.namespace, address.name)
            require_allowed(self._cluster, self._user, addresses.attributes(named, "create"), address)

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
            return proxying.answer(cluster.store, address)
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
