"""Get one object, or list many."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.api.addresses import Address
from deployments.sandbox.kubernetes.api.answers import View
from deployments.sandbox.kubernetes.conversion import from_kept
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.selectors import combined
from deployments.sandbox.kubernetes.storage import Store, key

Query = Mapping[str, str]


def get(store: Store, address: Address) -> Object:
    """Return the object at an address.

    Raises:
        ApiError: 404 if it does not exist.
    """
    found = store.get(key(address.resource, address.namespace, address.name))
    if found is None:
        raise status.not_found(address.resource, address.name)
    return in_version(found, address.resource)


def in_version(item: Object, resource: Resource) -> Object:
    """Return an object in the requested version."""
    return item if item.get("apiVersion") == resource.api_version else from_kept(item, resource)


def selected(store: Store, address: Address, query: Query) -> list[Object]:
    """Return all objects that a list or a collection's deletion selects."""
    matches = combined(address.resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    found = store.of_kind(address.resource, address.namespace)
    return [in_version(item, address.resource) for item in found if matches(item)]


def listed(store: Store, address: Address, query: Query, view: View) -> Object:
    """Return a list, or one page of it.

    Args:
        store: The cluster's store.
        address: The kind and namespace.
        query: The request's query, with selectors, `limit` and `continue`.
        view: The form of the list.

    Raises:
        ApiError: 400 if a selector or the `continue` token is invalid.
    """
    items = selected(store, address, query)
    after = _position(query.get("continue", ""))
    if after is not None:
        items = [item for item in items if _place(item) > after]
    limit = int(query.get("limit") or 0)
    meta: Object = {"resourceVersion": str(store.revision)}
    if limit and len(items) > limit:
        meta |= {"continue": _token(_place(items[limit - 1])), "remainingItemCount": len(items) - limit}
        items = items[:limit]
    return view.many(items, meta)


def _place(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _token(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _position(token: str) -> tuple[str, str] | None:
    if not token:
        return None
    try:
        namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise status.bad_request("continue key is not valid") from error
    return namespace, name
