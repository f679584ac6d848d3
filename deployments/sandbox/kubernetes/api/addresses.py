"""Find the object or kind of a request's path, and the verb of the request.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.access.rbac import Attributes
from deployments.sandbox.kubernetes.resources import Catalogue, Resource

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True)
class Address:
    """The target of a request. `part` is the subresource; `rest` is the path after it, for proxies."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    part: str = ""
    rest: str = ""


def parse(path: str, catalogue: Catalogue) -> Address | None:
    """Parse a path into an address.

    Args:
        path: The path below the cluster's address.
        catalogue: The resources served now.

    Returns:
        The address, or `None` if the path is not the path of a resource.

    Raises:
        ApiError: 404 if the resource is not served.
    """
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and (group or rest[2] not in ("status", "finalize")):
        namespace, rest = rest[1], rest[2:]
    resource = catalogue.find(group, version, rest[0])
    if resource is None:
        raise status.no_such_address(path)
    name, part = (*rest[1:3], "", "")[:2]
    return Address(resource, namespace, name, part, "/".join(rest[3:]))


def verb_of(method: str, address: Address, query: Mapping[str, str]) -> str:
    """Return the API's verb for a request.

    Raises:
        ApiError: 405 if the API has no verb for the HTTP method.
    """
    if address.part == "proxy":
        return {"GET": "get", "HEAD": "get", "DELETE": "delete"}.get(method, _VERBS.get(method, "get"))
    if method in ("GET", "HEAD"):
        if query.get("watch") in ("1", "true"):
            return "watch"
        return "get" if address.name else "list"
    if method == "DELETE":
        return "delete" if address.name else "deletecollection"
    if method not in _VERBS:
        raise status.method_not_allowed(method)
    return _VERBS[method]


def attributes(address: Address, verb: str) -> Attributes:
    """Return the attributes that RBAC checks for a request."""
    resource = address.resource
    part = f"/{address.part}" if address.part else ""
    return Attributes(verb, resource.group, resource.plural + part, address.namespace, address.name)
